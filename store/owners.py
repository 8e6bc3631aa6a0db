"""Who owns a delivery: the run whose token it bears, while its worker has the lease on the case.

The lease counts too: until it is over nobody takes the delivery away, so a call that is sent while it holds is known
to whoever comes next as one that may be under way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from store.tables import cases, deliveries
from store.types import Moment


@dataclass(frozen=True)
class Owner:
    """A run of a delivery; `worker` None: nobody leases the case, so the token alone counts."""

    delivery: int
    token: str
    worker: str | None

    def asked(self) -> dict[str, object]:
        """The parameters of `OWNED`, as of now."""
        return {"delivery": self.delivery, "token": self.token, "worker": self.worker, "now": datetime.now(UTC)}


_LEASED = sa.exists().where(
    cases.c.case_id == deliveries.c.case_id,
    cases.c.worker == sa.bindparam("worker", type_=sa.String()),
    cases.c.until > sa.bindparam("now", type_=Moment()),
)
# made once: asked before every write
OWNED: sa.Exists = sa.exists().where(
    deliveries.c.id == sa.bindparam("delivery"),
    deliveries.c.state == "running",
    deliveries.c.run_token == sa.bindparam("token"),
    sa.or_(sa.bindparam("worker", type_=sa.String()).is_(None), _LEASED),
)
_ASKED = sa.select(OWNED)


def owns(connection: sa.Connection, owner: Owner) -> bool:
    """Whether the delivery is still this run's."""
    return bool(connection.execute(_ASKED, owner.asked()).scalar_one())
