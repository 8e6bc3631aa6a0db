"""The rows of the inbox: how a delivery is stored, taken up, postponed and ended.

States: `waiting` → `running` → `done | ignored | dead`; a delivery that must wait returns to `waiting`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.tables import deliveries as d

UNFINISHED = ("waiting", "running", "dead")


@dataclass(frozen=True)
class Delivery:
    """A delivery as the runner sees it; an unfinished one with a `finished_at` was a dead letter before."""

    id: int
    source: str
    delivery_id: str
    case_id: str
    type: str
    state: str
    event: str | None
    attempts: int
    due_at: datetime | None
    waits_for: str | None
    taken_at: datetime | None
    config_version: str | None
    run_token: str | None
    finished_at: datetime | None

    @property
    def label(self) -> str:
        """The delivery's name for people: source/delivery id."""
        return f"{self.source}/{self.delivery_id}"


_COLUMNS = [d.c[name] for name in Delivery.__annotations__]
# used at every look-up, so built once
_FIRST_UNFINISHED = (
    sa.select(*_COLUMNS).where(d.c.case_id == sa.bindparam("case"), d.c.state.in_(UNFINISHED)).order_by(d.c.id).limit(2)
)

_ITS = d.c.id == sa.bindparam("its_id")
_TAKE = (
    sa.update(d)
    .where(_ITS, d.c.state == sa.bindparam("its_state"), d.c.case_id == sa.bindparam("its_case"))
    .where(d.c.run_token.is_not_distinct_from(sa.bindparam("its_token", type_=d.c.run_token.type)))
    .values(
        taken_at=sa.func.coalesce(d.c.taken_at, sa.bindparam("moment", type_=d.c.taken_at.type)),
        config_version=sa.func.coalesce(d.c.config_version, sa.bindparam("version", type_=d.c.config_version.type)),
    )
)
_LET_GO = sa.update(d).where(_ITS, d.c.run_token == sa.bindparam("its_token"), d.c.state == "running")


def first_unfinished(connection: sa.Connection, case_id: str) -> tuple[Delivery | None, bool]:
    """Return the delivery of this case whose turn it is, the oldest unfinished one, and whether others follow it."""
    rows = connection.execute(_FIRST_UNFINISHED, {"case": case_id}).all()
    return (Delivery(*rows[0]) if rows else None), len(rows) > 1


def last_of_case(connection: sa.Connection, case_id: str) -> Delivery | None:
    """Return the latest delivery of a case."""
    row = connection.execute(
        sa.select(*_COLUMNS).where(d.c.case_id == case_id).order_by(d.c.id.desc()).limit(1)
    ).first()
    return Delivery(*row) if row else None


def newest_of_case(connection: sa.Connection, case_id: str) -> int:
    """Return the id of the newest delivery of a case that was not ignored; 0 if there is none."""
    found = sa.select(sa.func.max(d.c.id)).where(d.c.case_id == case_id, d.c.state != "ignored")
    return connection.execute(found).scalar() or 0


def take(
    connection: sa.Connection, delivery: Delivery, *, token: str, now: datetime, config_version: str, **ended: object
) -> bool:
    """Mark a delivery as running by `token`, or as ended at once; the first `now` and configuration version are kept.

    Returns False if it was taken, ended or moved to another case since it was read.
    """
    values = {"state": "running", "waits_for": None, **ended, "run_token": token}
    read = {"its_id": delivery.id, "its_state": delivery.state, "its_case": delivery.case_id}
    given = {"its_token": delivery.run_token, "moment": now, "version": config_version}
    return int(connection.execute(_TAKE, values | read | given).rowcount) > 0


def refuse(connection: sa.Connection, delivery: Delivery, reason: str, now: datetime) -> bool:
    """Make a delivery that cannot be begun a dead letter; False if it changed since it was read."""
    refused = connection.execute(
        sa.update(d)
        .where(d.c.id == delivery.id, d.c.state == delivery.state)
        .where(d.c.run_token.is_not_distinct_from(delivery.run_token))
        .values(state="dead", reason=reason, due_at=None, finished_at=now)
    )
    return int(refused.rowcount) > 0


def let_go(connection: sa.Connection, delivery: int, token: str, **values: Any) -> bool:
    """End the run: finished (`state`, `finished_at`, `reason`) or postponed (`due_at`, `waits_for`, `attempts`).

    Returns False, and writes nothing, if the delivery was taken over meanwhile.
    """
    given = {"its_id": delivery, "its_token": token, **values}
    return int(connection.execute(_LET_GO, given).rowcount) > 0


def hold_back(connection: sa.Connection, case_id: str, *, after: int, due_at: datetime | None) -> None:
    """Make the later deliveries of a case wait until `due_at`, like the one before them; `None`: until released."""
    connection.execute(
        sa.update(d)
        .where(d.c.case_id == case_id, d.c.state == "waiting", d.c.id > after)
        .values(due_at=due_at, waits_for=None)
    )


def let_follow(connection: sa.Connection, case_id: str, now: datetime) -> None:
    """Make due the deliveries of a case that waited only for the one before them."""
    connection.execute(
        sa.update(d)
        .where(d.c.case_id == case_id, d.c.state == "waiting", d.c.due_at.is_(None), d.c.waits_for.is_(None))
        .values(due_at=now)
    )


def hand_over(connection: sa.Connection, delivery: int, case_id: str, now: datetime) -> None:
    """Move a delivery to the case that the link table now names."""
    connection.execute(
        sa.update(d).where(d.c.id == delivery).values(case_id=case_id, state="waiting", due_at=now, run_token=None)
    )


def release_case(connection: sa.Connection, case_id: str, now: datetime) -> None:
    """Make every waiting delivery of a case due now."""
    connection.execute(sa.update(d).where(d.c.case_id == case_id, d.c.state == "waiting").values(due_at=now))


def release_system(connection: sa.Connection, system: str, now: datetime, limit: int | None = None) -> int:
    """Make due what waited for a system that is back, at most `limit` deliveries; return how many."""
    waited = (d.c.waits_for == system, d.c.state == "waiting")
    if limit is not None:
        first = sa.select(d.c.id).where(*waited).order_by(d.c.id).limit(limit)
        waited = (d.c.id.in_(first.scalar_subquery()), d.c.state == "waiting")
    result = connection.execute(sa.update(d).where(*waited).values(due_at=now, waits_for=None))
    return int(result.rowcount)


def release_moment(connection: sa.Connection, moment: datetime, now: datetime) -> int:
    """Make due what waited for exactly this moment, after its rate limit was lifted; return how many."""
    waited = (d.c.due_at == moment, d.c.state == "waiting")
    return int(connection.execute(sa.update(d).where(*waited).values(due_at=now)).rowcount)


def revive(connection: sa.Connection, delivery: int, *, state: str, now: datetime) -> str | None:
    """Replay (`waiting`) or drop (`ignored`) a delivery on a person's request.

    Returns its case, `None` if the delivery is unknown or running.
    """
    values: dict[str, Any] = {"state": state, "due_at": now if state == "waiting" else None, "attempts": 0}
    # kept for a dead letter, so that whoever was told of it is told when it is done
    stopped_at = sa.case((d.c.state == "dead", d.c.finished_at))
    values["finished_at"] = stopped_at if state == "waiting" else now
    if state == "waiting":
        # a replay follows a fix, so it uses the configuration of that time
        values |= {"reason": None, "waits_for": None, "config_version": None}
    case: str | None = connection.execute(
        sa.update(d).where(d.c.id == delivery, d.c.state != "running").values(**values).returning(d.c.case_id)
    ).scalar()
    return case


def find(connection: sa.Connection, source: str, delivery_id: str) -> sa.Row[Any] | None:
    """Return the whole row of a delivery, by its source and its own id."""
    return connection.execute(sa.select(d).where(d.c.source == source, d.c.delivery_id == delivery_id)).first()


def get(connection: sa.Connection, delivery: int) -> sa.Row[Any] | None:
    """Return the whole row of a delivery, by our number."""
    return connection.execute(sa.select(d).where(d.c.id == delivery)).first()
