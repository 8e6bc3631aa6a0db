"""The rows of the ledger: an action is begun, then ended; unique by (delivery, rule, action, subject, n)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from store.owners import OWNED, Owner
from store.switches import EFFECTS
from store.systems import QUIET
from store.tables import deliveries, ledger, systems

BEGUN = "begun"
PUT_OFF = "put_off"  # begun, and known to have had no effect
FAILED = "failed"  # as `PUT_OFF`, but no retry can help; a replay begins it anew
# Never done again. The other outcomes (off, observed, put off, failed) had no effect, so a replay may act.
ENDED = ("done", "unchanged", "refused", "warned")


class Identity(NamedTuple):
    """What distinguishes an action of a delivery from the others; `n` counts actions of a rule on a subject.

    `subject=None`: a row of the previous release, which counted `n` across all subjects.
    """

    rule: str
    action: str
    subject: str | None
    n: int


@dataclass(frozen=True)
class Entry:
    """The ledger's row of an action; if one under way has a `reason`, its last call has ended, with that error."""

    id: int
    outcome: str
    result: Any
    begun_at: datetime
    reason: str | None = None


# Used at every action, so built once: building a statement takes as long as running it on SQLite.
_ENTRY = [ledger.c[name] for name in Entry.__annotations__]
_IDENTITY = [ledger.c.rule, ledger.c.verb, ledger.c.subject, ledger.c.n]
_ENTRIES = sa.select(*_IDENTITY, *_ENTRY).where(ledger.c.delivery == sa.bindparam("delivery")).order_by(ledger.c.id)
_HOW = ("outcome", "before", "after", "result", "reason")
_NEW = ("rule", "verb", "subject", "n", "mode", "target", *_HOW, "begun_at", "done_at")


def _insert(*conditions: sa.ColumnElement[bool]) -> Any:
    """Build a conditional insert of one row that returns the row's id, or nothing."""
    given = [sa.bindparam(name, type_=ledger.c[name].type) for name in _NEW]
    row = sa.select(sa.bindparam("delivery", type_=ledger.c.delivery.type), *given).where(*conditions)
    return sa.insert(ledger).from_select(["delivery", *_NEW], row).returning(ledger.c.id)


_BEGIN_IN_QUIET = _insert(OWNED, QUIET)
_INSERT_OWNED = _insert(OWNED)
# ends only require the token: an expired lease does not matter until another run takes the delivery
_INSERT_MINE = _insert(
    sa.exists().where(
        deliveries.c.id == sa.bindparam("delivery"),
        deliveries.c.state == "running",
        deliveries.c.run_token == sa.bindparam("token"),
    )
)
_RUNNING = sa.case((deliveries.c.state == "running", deliveries.c.run_token))
_STANDING = (
    sa.select(OWNED, systems.c.closed_at)
    .select_from(deliveries)
    .outerjoin(systems, systems.c.name == EFFECTS)
    .where(deliveries.c.id == sa.bindparam("delivery"))
)
# only for the delivery's owner, since another run may have begun the action in the same row
_MINE = sa.exists().where(
    deliveries.c.id == ledger.c.delivery,
    deliveries.c.state == "running",
    deliveries.c.run_token == sa.bindparam("token"),
)
_END = sa.update(ledger).where(ledger.c.id == sa.bindparam("entry"), ledger.c.outcome == BEGUN, _MINE)


Recorded = Mapping[Identity, Entry]


def recorded(connection: sa.Connection, delivery: int) -> dict[Identity, Entry]:
    """Return all actions of a delivery."""
    rows = connection.execute(_ENTRIES, {"delivery": delivery})
    return {Identity(*row[:4]): Entry(*row[4:]) for row in rows}


class RunStanding(NamedTuple):
    """What decides whether an action may begin: whether the run owns the delivery, and whether effects are paused."""

    owned: bool
    paused: bool


def standing(connection: sa.Connection, owner: Owner) -> RunStanding:
    """Return whether a run may begin an action."""
    owned, closed_at = connection.execute(_STANDING, owner.asked()).one()
    return RunStanding(bool(owned), closed_at is not None)


def begin_in_quiet(connection: sa.Connection, owner: Owner, row: Mapping[str, object]) -> int | None:
    """Record the beginning of an action, if the run owns its delivery and nothing stands in the way of any call.

    Returns the row's id. `row`: identity, mode, target.
    """
    return _inserted(connection, _BEGIN_IN_QUIET, owner, {**row, "outcome": BEGUN})


def begin(connection: sa.Connection, owner: Owner, row: Mapping[str, object], entry: Entry | None) -> int | None:
    """Record the beginning of an action, whatever stands in the way of calls; `None` if another run has the delivery.

    An action with an unknown outcome keeps the moment at which it was begun.
    """
    if entry is None:
        return _inserted(connection, _INSERT_OWNED, owner, {**row, "outcome": BEGUN})
    if entry.outcome != BEGUN:
        again = {"mode": row["mode"], "target": row["target"], "outcome": BEGUN, "begun_at": datetime.now(UTC)}
        values = {**again, "reason": None, "done_at": None}
        connection.execute(sa.update(ledger).where(ledger.c.id == entry.id).values(**values))
    return entry.id


def decide(connection: sa.Connection, owner: Owner, row: Mapping[str, object], entry: Entry | None) -> bool:
    """Record an action that ended without being begun (`row` says how); False if another run has the delivery."""
    if entry is None:
        return _inserted(connection, _INSERT_MINE, owner, row) is not None
    again = sa.update(ledger).where(ledger.c.id == entry.id, ledger.c.outcome.not_in(ENDED), _MINE)
    values = {name: row.get(name) for name in ("mode", "target", *_HOW)} | {"done_at": datetime.now(UTC)}
    return int(connection.execute(again.values(**values), {"token": owner.token}).rowcount) > 0


def _inserted(connection: sa.Connection, statement: Any, owner: Owner, row: Mapping[str, object]) -> int | None:
    now = datetime.now(UTC)
    done_at = None if row["outcome"] == BEGUN else now
    given = {**dict.fromkeys(_NEW), **row, "begun_at": now, "done_at": done_at}
    number = connection.execute(statement, given | owner.asked()).scalar()
    return None if number is None else int(number)


# The next functions act for the run with `token`. They return False and write nothing if the action is not under way
# or another run has the delivery, so a stalled worker never overwrites what its successor recorded or began.


def begin_again(connection: sa.Connection, entry: int, token: str, now: datetime) -> bool:
    """Count the action as begun now: its effect was looked for and not found."""
    return _end(connection, entry, token, {"begun_at": now, "reason": None})


def failed(connection: sa.Connection, entry: int, token: str, reason: str) -> bool:
    """Record that the call ended with an unknown outcome: the action stays under way."""
    return _end(connection, entry, token, {"reason": reason})


def end(connection: sa.Connection, entry: int, token: str, values: Mapping[str, object], now: datetime) -> bool:
    """Record how the action ended: outcome, before, after, result, reason, target."""
    return _end(connection, entry, token, {**values, "done_at": now})


def _end(connection: sa.Connection, entry: int, token: str, values: Mapping[str, object]) -> bool:
    return int(connection.execute(_END, {"entry": entry, "token": token, **values}).rowcount) > 0


def of_delivery(connection: sa.Connection, delivery: int) -> list[sa.Row[Any]]:
    """Return all actions of a delivery, in the order in which they were begun."""
    return list(connection.execute(sa.select(ledger).where(ledger.c.delivery == delivery).order_by(ledger.c.id)))


def results(connection: sa.Connection, target: str) -> list[Any]:
    """Return the results of all actions on a target."""
    return list(
        connection.execute(
            sa.select(ledger.c.result).where(ledger.c.target == target, ledger.c.result.is_not(None))
        ).scalars()
    )


def results_of(connection: sa.Connection, label: str, rule: str, verb: str) -> list[Any]:
    """Return the results of an action of the delivery with this label (source/id)."""
    source, _, name = label.partition("/")
    of = sa.select(deliveries.c.id).where(deliveries.c.source == source, deliveries.c.delivery_id == name)
    where = (ledger.c.delivery == of.scalar_subquery(), ledger.c.rule == rule, ledger.c.verb == verb)
    return list(connection.execute(sa.select(ledger.c.result).where(*where)).scalars())


def failed_rule(connection: sa.Connection, delivery: int) -> str | None:
    """Return the rule of the latest action that failed or was under way."""
    rule: str | None = connection.execute(
        sa.select(ledger.c.rule)
        .where(ledger.c.delivery == delivery, ledger.c.outcome.in_((FAILED, BEGUN, PUT_OFF)))
        .order_by(ledger.c.id.desc())
        .limit(1)
    ).scalar()
    return rule


def newest(connection: sa.Connection, limit: int) -> list[sa.Row[Any]]:
    """Return the newest actions of all deliveries."""
    rows = sa.select(ledger, deliveries.c.case_id).join(deliveries, deliveries.c.id == ledger.c.delivery)
    return list(connection.execute(rows.order_by(ledger.c.id.desc()).limit(limit)))
