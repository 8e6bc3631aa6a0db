"""Circuit breakers of the outside systems, rate limits in force, live workers, stored configurations, alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from store.dialect import insert_into
from store.owners import OWNED, Owner
from store.rows import AlertRow, ClockRow, RateLimitRow, SystemRow, WorkerRow
from store.tables import alerts, clocks, config_versions, pauses, systems, workers


def _upsert(connection: sa.Connection, table: sa.Table, key: dict[str, object], values: dict[str, object]) -> None:
    statement = insert_into(connection, table).values(**key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


def _add_once(connection: sa.Connection, table: sa.Table, row: dict[str, object]) -> bool:
    key = next(iter(table.primary_key.columns))
    added = insert_into(connection, table).values(**row).on_conflict_do_nothing().returning(key)
    return connection.execute(added).first() is not None


class Hindrance(NamedTuple):
    """What stands in the way of a call.

    `failures`, `closed_at` and `reason` are those of its system, `None` without a row. `until` is the latest moment
    before which one of its scopes must not be called (kept after it has passed, until `end_rate_limits`). `owned`:
    whether the delivery still belongs to the run that asks.
    """

    failures: int | None = None
    closed_at: datetime | None = None
    reason: str | None = None
    until: datetime | None = None
    owned: bool = True


# No system is down or failing, and no rate limit is stored: nothing stands in the way of any call.
QUIET = sa.and_(
    ~sa.exists().where(sa.or_(systems.c.closed_at.is_not(None), systems.c.failures > 0)),
    ~sa.exists().select_from(pauses),
)
# used before every call, so built once, and a single query
_LIMITED_UNTIL = sa.select(sa.func.max(pauses.c.until, type_=pauses.c.until.type)).where(
    pauses.c.scope.in_(sa.bindparam("scopes", expanding=True))
)
_ALWAYS = sa.select(sa.literal_column("1")).subquery("always")  # always one row, even if the system has none
_HINDRANCE: sa.Select[Any] = sa.select(
    systems.c.failures, systems.c.closed_at, systems.c.reason, _LIMITED_UNTIL.scalar_subquery().label("until")
).select_from(_ALWAYS.outerjoin(systems, systems.c.name == sa.bindparam("system")))
_HINDRANCE_OF_OWNER = _HINDRANCE.add_columns(OWNED.label("owned"))


def hindrance(connection: sa.Connection, name: str, scopes: Sequence[str], owner: Owner | None = None) -> Hindrance:
    """Return what stands in the way of a call; with an `owner`, also whether it still owns its delivery."""
    given = {"system": name, "scopes": scopes}
    if owner is None:
        return Hindrance(*connection.execute(_HINDRANCE, given).one())
    return Hindrance(*connection.execute(_HINDRANCE_OF_OWNER, given | owner.asked()).one())


def breaker(connection: sa.Connection, name: str) -> SystemRow | None:
    """Return the circuit breaker of a system; without a row or `closed_at`, the system may be called."""
    return connection.execute(sa.select(systems).where(systems.c.name == name)).first()


def is_tripped(connection: sa.Connection, name: str) -> bool:
    """Whether a system's breaker is tripped."""
    closed = connection.execute(sa.select(systems.c.closed_at).where(systems.c.name == name)).scalar()
    return closed is not None


def breakers(connection: sa.Connection) -> list[SystemRow]:
    """Return all systems that have a row."""
    return list(connection.execute(sa.select(systems).order_by(systems.c.name)))


def set_breaker(connection: sa.Connection, name: str, **values: object) -> None:
    """Change columns of a system's row."""
    _upsert(connection, systems, {"name": name}, values)


def count_failure(connection: sa.Connection, name: str) -> int:
    """Count one more failure in a row; return the count."""
    _add_once(connection, systems, {"name": name})
    statement = sa.update(systems).where(systems.c.name == name).values(failures=systems.c.failures + 1)
    return int(connection.execute(statement.returning(systems.c.failures)).scalar_one())


def trip_breaker(
    connection: sa.Connection, name: str, *, reason: str, now: datetime, probe_at: datetime | None
) -> bool:
    """Trip the breaker; True if it was not tripped before. Without `probe_at` no clock probes it."""
    _add_once(connection, systems, {"name": name})
    closed = connection.execute(
        sa.update(systems)
        .where(systems.c.name == name, systems.c.closed_at.is_(None))
        .values(closed_at=now, reason=reason, probe_at=probe_at, probes=0)
    )
    return int(closed.rowcount) > 0


def claim_probe(connection: sa.Connection, name: str, *, now: datetime, next_at: datetime) -> bool:
    """Let one clock probe a tripped system; True for the clock that may."""
    claimed = connection.execute(
        sa.update(systems)
        .where(systems.c.name == name, systems.c.closed_at.is_not(None), systems.c.probe_at <= now)
        .values(probe_at=next_at, probes=systems.c.probes + 1)
    )
    return int(claimed.rowcount) > 0


def rate_limit_of(connection: sa.Connection, scope: str) -> RateLimitRow | None:
    """Return the last rate limit of a scope, even an expired one if no call has succeeded since."""
    return connection.execute(sa.select(pauses).where(pauses.c.scope == scope)).first()


def set_rate_limit(connection: sa.Connection, scope: str, until: datetime, reason: str | None, times: int = 1) -> None:
    """Forbid calls in this scope before `until`; it is rate limit number `times` in a row."""
    _upsert(connection, pauses, {"scope": scope}, {"until": until, "times": times, "reason": reason})


def end_rate_limits(connection: sa.Connection, scopes: Sequence[str], now: datetime) -> None:
    """After a successful call, let the next rate limit of these scopes count as the first one again."""
    connection.execute(sa.delete(pauses).where(pauses.c.scope.in_(scopes), pauses.c.until <= now))


def lift_rate_limit(connection: sa.Connection, scope: str, now: datetime) -> datetime | None:
    """Allow calls in this scope again; return when the rate limit would have ended, `None` if none is in force."""
    lifted = sa.delete(pauses).where(pauses.c.scope == scope, pauses.c.until > now)
    return connection.execute(lifted.returning(pauses.c.until)).scalar()


def rate_limits_in_force(connection: sa.Connection, now: datetime) -> list[RateLimitRow]:
    """Return the rate limits in force now."""
    return list(connection.execute(sa.select(pauses).where(pauses.c.until > now).order_by(pauses.c.until)))


def purge_rate_limits(connection: sa.Connection, now: datetime) -> None:
    """Delete the rate limits that had expired at a moment."""
    connection.execute(sa.delete(pauses).where(pauses.c.until <= now))


def worker_seen(connection: sa.Connection, executor_id: str, now: datetime) -> None:
    """Record a worker's sign of life."""
    if connection.execute(sa.update(workers).where(workers.c.executor_id == executor_id).values(seen_at=now)).rowcount:
        return
    connection.execute(sa.insert(workers).values(executor_id=executor_id, started_at=now, seen_at=now))


def workers_known(connection: sa.Connection) -> list[WorkerRow]:
    """Return all workers that signed on and have not signed off."""
    return list(connection.execute(sa.select(workers).order_by(workers.c.started_at)))


def worker_gone(connection: sa.Connection, executor_id: str) -> None:
    """Sign a worker off."""
    connection.execute(sa.delete(workers).where(workers.c.executor_id == executor_id))


def clock_seen(connection: sa.Connection, clock_id: str, now: datetime) -> None:
    """Record a clock's sign of life."""
    if connection.execute(sa.update(clocks).where(clocks.c.clock_id == clock_id).values(seen_at=now)).rowcount:
        return
    connection.execute(sa.insert(clocks).values(clock_id=clock_id, started_at=now, seen_at=now))


def clocks_known(connection: sa.Connection) -> list[ClockRow]:
    """Return all clocks that signed on and have not signed off or been deleted."""
    return list(connection.execute(sa.select(clocks).order_by(clocks.c.started_at)))


def clock_gone(connection: sa.Connection, clock_id: str) -> None:
    """Sign a clock off."""
    connection.execute(sa.delete(clocks).where(clocks.c.clock_id == clock_id))


def forget_silent(connection: sa.Connection, before: datetime) -> None:
    """Delete the clocks and workers without a sign of life since a moment."""
    for table in (clocks, workers):
        connection.execute(sa.delete(table).where(table.c.seen_at < before))


def keep_config(connection: sa.Connection, version: str, content: str, now: datetime) -> None:
    """Store a configuration for the deliveries that began with it."""
    _add_once(connection, config_versions, {"version": version, "content": content, "loaded_at": now})


def kept_config(connection: sa.Connection, version: str) -> str | None:
    """Return a stored configuration."""
    return connection.execute(sa.select(config_versions.c.content).where(config_versions.c.version == version)).scalar()


def raise_alert(connection: sa.Connection, key: str, text: str, now: datetime) -> bool:
    """Record an alert; True the first time."""
    return _add_once(connection, alerts, {"key": key[:200], "text": text, "raised_at": now})


def newest_alerts(connection: sa.Connection, limit: int) -> list[AlertRow]:
    """Return the newest alerts."""
    return list(connection.execute(sa.select(alerts).order_by(alerts.c.raised_at.desc()).limit(limit)))
