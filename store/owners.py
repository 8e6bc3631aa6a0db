"""Who owns a delivery: the run whose token it has, as long as its worker holds the lease on the case.

The lease matters too: until it expires nobody takes the delivery away, so the next owner knows that a call sent under
it may still be under way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from store.tables import cases, deliveries
from store.types import Moment


@dataclass(frozen=True)
class Owner:
    """A run of a delivery; if `worker` is `None`, nobody leases the case and only the token counts."""

    delivery: int
    token: str
    worker: str | None

    def asked(self) -> dict[str, object]:
        """Return the parameters of `OWNED`, as of now."""
        return {"delivery": self.delivery, "token": self.token, "worker": self.worker, "now": datetime.now(UTC)}


_LEASED = sa.exists().where(
    cases.c.case_id == deliveries.c.case_id,
    cases.c.worker == sa.bindparam("worker", type_=sa.String()),
    cases.c.until > sa.bindparam("now", type_=Moment()),
)
# built once, because it is used before every write
OWNED: sa.Exists = sa.exists().where(
    deliveries.c.id == sa.bindparam("delivery"),
    deliveries.c.state == "running",
    deliveries.c.run_token == sa.bindparam("token"),
    sa.or_(sa.bindparam("worker", type_=sa.String()).is_(None), _LEASED),
)
_ASKED = sa.select(OWNED)


def owns(connection: sa.Connection, owner: Owner) -> bool:
    """Whether the run still owns the delivery."""
    return bool(connection.execute(_ASKED, owner.asked()).scalar_one())
