"""The ledger's rows: a verb is begun, then ended; unique by (delivery, rule, verb, n)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.switches import EFFECTS
from store.tables import deliveries, ledger, systems

BEGUN = "begun"
PUT_OFF = "put_off"  # begun, and known to have had no effect
FAILED = "failed"  # the same, and no retry can help: a replay begins it anew
# What is never done again. The rest (off, observed, put off, failed) had no effect: a replay may, by then, act.
ENDED = ("done", "unchanged", "refused", "warned")


@dataclass(frozen=True)
class Step:
    """The identity of a verb's row within its delivery."""

    delivery: int
    rule: str
    verb: str
    n: int


@dataclass(frozen=True)
class Entry:
    """What the ledger knows of a step; the `reason` of one under way says that its last call has ended, and how."""

    id: int
    outcome: str
    result: Any
    begun_at: datetime
    reason: str | None = None


@dataclass(frozen=True)
class Standing:
    """What decides whether a step may begin: its row, if it ever was begun; who runs its delivery; the pause."""

    entry: Entry | None
    owner: str | None
    paused: bool


# Three statements a verb: made once, because putting one together takes as long as asking SQLite.
_ENTRY = [ledger.c[name] for name in Entry.__annotations__]
_OWNER = sa.case((deliveries.c.state == "running", deliveries.c.run_token))
_STANDING = (
    sa.select(_OWNER, systems.c.closed_at, *_ENTRY)
    .select_from(deliveries)
    .outerjoin(systems, systems.c.name == EFFECTS)
    .outerjoin(ledger, sa.and_(*(ledger.c[name] == sa.bindparam(name) for name in Step.__annotations__)))
    .where(deliveries.c.id == sa.bindparam("delivery"))
)
_BEGIN = sa.insert(ledger).returning(ledger.c.id)
# by the owner of the delivery alone: what another has begun meanwhile stands in the same row
_OWNED = sa.exists().where(
    deliveries.c.id == ledger.c.delivery,
    deliveries.c.state == "running",
    deliveries.c.run_token == sa.bindparam("token"),
)
_END = sa.update(ledger).where(ledger.c.id == sa.bindparam("entry"), ledger.c.outcome == BEGUN, _OWNED)


Recorded = Mapping[tuple[str, str, int], Any]  # (rule, verb, n) → the result of a step that is never done again


def recorded(connection: sa.Connection, delivery: int) -> Recorded:
    """What a delivery has done for good."""
    query = sa.select(ledger.c.rule, ledger.c.verb, ledger.c.n, ledger.c.result)
    rows = connection.execute(query.where(ledger.c.delivery == delivery, ledger.c.outcome.in_(ENDED)))
    return {(row.rule, row.verb, row.n): row.result for row in rows}


def standing(connection: sa.Connection, step: Step) -> Standing:
    """How it stands with a step, of a delivery that there is."""
    owner, paused, *entry = connection.execute(_STANDING, asdict(step)).one()
    return Standing(Entry(*entry) if entry[0] is not None else None, owner, paused is not None)


def begin(connection: sa.Connection, entry: Entry | None, step: Step, values: Mapping[str, Any], now: datetime) -> int:
    """Record that the verb is about to act (`values`: mode, target); the row's id.

    A step of unknown outcome keeps the moment at which it was begun.
    """
    if entry is None:
        row = {**asdict(step), **values, "outcome": BEGUN, "begun_at": now}
        return int(connection.execute(_BEGIN, row).scalar_one())
    if entry.outcome != BEGUN:
        again = {**values, "outcome": BEGUN, "begun_at": now, "reason": None, "done_at": None}
        connection.execute(sa.update(ledger).where(ledger.c.id == entry.id).values(**again))
    return entry.id


# Of these each is a run's, by its `token`. False, and nothing is written: the step is not under way, or the delivery
# is another's by now. A worker that slept overwrites nothing of what its successor has recorded or begun.


def begin_again(connection: sa.Connection, entry: int, token: str, now: datetime) -> bool:
    """The effect of the last try was looked for in vain: the step is tried anew from now."""
    return _end(connection, entry, token, {"begun_at": now, "reason": None})


def failed(connection: sa.Connection, entry: int, token: str, reason: str) -> bool:
    """The step's call has ended, but nobody knows whether it had its effect: the step stays under way."""
    return _end(connection, entry, token, {"reason": reason})


def end(connection: sa.Connection, entry: int, token: str, values: Mapping[str, Any], now: datetime) -> bool:
    """Record how the step ended: outcome, before, after, result, reason, target."""
    return _end(connection, entry, token, {**values, "done_at": now})


def _end(connection: sa.Connection, entry: int, token: str, values: Mapping[str, Any]) -> bool:
    return int(connection.execute(_END, {"entry": entry, "token": token, **values}).rowcount) > 0


def of_delivery(connection: sa.Connection, delivery: int) -> list[sa.Row[Any]]:
    """All steps of a delivery, in the order in which they were begun."""
    return list(connection.execute(sa.select(ledger).where(ledger.c.delivery == delivery).order_by(ledger.c.id)))


def results(connection: sa.Connection, target: str) -> list[Any]:
    """The results of all steps that were done to a target."""
    return list(
        connection.execute(
            sa.select(ledger.c.result).where(ledger.c.target == target, ledger.c.result.is_not(None))
        ).scalars()
    )


def results_of(connection: sa.Connection, label: str, rule: str, verb: str) -> list[Any]:
    """The results of a verb of the delivery that is called so (source/id)."""
    source, _, name = label.partition("/")
    of = sa.select(deliveries.c.id).where(deliveries.c.source == source, deliveries.c.delivery_id == name)
    where = (ledger.c.delivery == of.scalar_subquery(), ledger.c.rule == rule, ledger.c.verb == verb)
    return list(connection.execute(sa.select(ledger.c.result).where(*where)).scalars())


def failed_rule(connection: sa.Connection, delivery: int) -> str | None:
    """The rule of the verb that failed or was under way last."""
    rule: str | None = connection.execute(
        sa.select(ledger.c.rule)
        .where(ledger.c.delivery == delivery, ledger.c.outcome.in_((FAILED, BEGUN, PUT_OFF)))
        .order_by(ledger.c.id.desc())
        .limit(1)
    ).scalar()
    return rule


def newest(connection: sa.Connection, limit: int) -> list[sa.Row[Any]]:
    """The newest steps of all deliveries."""
    rows = sa.select(ledger, deliveries.c.case_id).join(deliveries, deliveries.c.id == ledger.c.delivery)
    return list(connection.execute(rows.order_by(ledger.c.id.desc()).limit(limit)))
