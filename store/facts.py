"""What happened to requests in a range of time: asked, reminded, answered, ignored; from the requests' own rows.

A fact belongs to the moment at which it happened, so the figures of a past day do not change. A request that needs no
answer (R-17) is not counted. Ignored: a day after the last escalation step there was still no answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from store.tables.reports import STEPS
from store.tables.requests import reminders as m
from store.tables.requests import requests as r

Kind = Literal["asked", "sent", "answered", "ignored"]
SILENT = timedelta(hours=24)  # after the last reminder
_ABOUT = (r.c.id, r.c.department, r.c.source, r.c.owner_id, r.c.topic)


@dataclass(frozen=True)
class Narrow:
    """The filter of facts; `None` = any. `agent` is `source:id`; an empty topic means requests without one."""

    department: str | None = None
    agent: str | None = None
    topic: str | None = None

    @property
    def values(self) -> dict[str, str]:
        """The filters that are set, by dimension."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def where(self) -> list[sa.ColumnElement[bool]]:
        """Return the filters as conditions on requests."""
        found: list[sa.ColumnElement[bool]] = []
        if self.department is not None:
            found.append(r.c.department == self.department)
        if self.agent is not None:
            source, _, owner = self.agent.partition(":")
            found += [r.c.source == source, r.c.owner_id == owner if owner else r.c.owner_id.is_(None)]
        if self.topic is not None:
            found.append(r.c.topic == self.topic if self.topic else r.c.topic.is_(None))
        return found


EVERYBODY = Narrow()


@dataclass(frozen=True)
class Span:
    """A range of moments, the end excluded; `last` is the last escalation step, which decides what is ignored."""

    start: datetime
    end: datetime
    last: int


@dataclass(frozen=True, slots=True)
class Fact:
    """`step`: which reminder was sent, or how many preceded the answer (0…3); `took`: the time to the answer."""

    kind: Kind
    request: int
    at: datetime
    department: str
    agent: str
    topic: str
    step: int = 0
    took: timedelta | None = None


def facts(
    connection: sa.Connection, span: Span, narrow: Narrow = EVERYBODY, limit: int | None = None
) -> Iterator[Fact]:
    """Yield all facts of a range, at most `limit` of each kind."""
    for kind in ("asked", "answered", "sent", "ignored"):
        for row in connection.execute(_query(kind, span, narrow).limit(limit)):
            yield from _of(kind, row)


def listed(
    connection: sa.Connection, kind: Kind, span: Span, narrow: Narrow, **page: Any
) -> list[tuple[int, datetime]]:
    """Return the requests behind a figure and the moment of each, newest fact first.

    `page`: `step` of reminder or answer (`None`: any), `after` (moment and number to continue from), `limit`.
    """
    found, at = _query(kind, span, narrow), _moment(kind)
    step, after = page.get("step"), page.get("after")
    if step is not None and kind in ("sent", "answered"):
        column = m.c.step + 1 if kind == "sent" else r.c.step
        found = found.where(column >= step if step == STEPS else column == step)
    if after is not None:
        found = found.where(sa.or_(at < after[0], sa.and_(at == after[0], r.c.id < after[1])))
    found = found.order_by(at.desc(), r.c.id.desc()).limit(page["limit"])
    return [(row.id, row.at) for row in connection.execute(found)]


def _moment(kind: str) -> sa.ColumnElement[datetime]:
    if kind == "asked":
        return r.c.since
    return r.c.answered_at if kind == "answered" else m.c.sent_at


def _query(kind: str, span: Span, narrow: Narrow) -> sa.Select[Any]:
    at = _moment(kind)
    back = SILENT if kind == "ignored" else timedelta(0)
    where = [at >= span.start - back, at < span.end - back, r.c.answer_required, *narrow.where()]
    if kind == "asked":
        return sa.select(*_ABOUT, at.label("at")).where(*where)
    if kind == "answered":
        return sa.select(*_ABOUT, at.label("at"), r.c.step, r.c.since).where(*where)
    where += [m.c.request == r.c.id, m.c.outcome == "sent"]
    columns = (*_ABOUT, m.c.step, m.c.sent_at.label("at"))
    if kind == "ignored":
        # the facts are 24 hours later than their reminders; a request closed within that time was not ignored
        late = sa.or_(r.c.closed_at.is_(None), r.c.closed_at >= _later(m.c.sent_at))
        where += [m.c.step == span.last, late]
    return sa.select(*columns).where(*where).distinct()


def _later(moment: sa.ColumnElement[datetime]) -> sa.ColumnElement[datetime]:
    """Return the end of the silence, in SQL for either database."""
    return _DayLater(moment)


class _DayLater(GenericFunction[datetime]):
    """A moment plus 24 hours."""

    inherit_cache = True
    name = "day_later"


@compiles(_DayLater, "postgresql")
def _on_postgresql(element: _DayLater, compiler: SQLCompiler, **how: object) -> str:
    return f"({compiler.process(element.clauses, **how)} + interval '24 hours')"


@compiles(_DayLater, "sqlite")
def _on_sqlite(element: _DayLater, compiler: SQLCompiler, **how: object) -> str:
    # as SQLAlchemy stores moments there, with microseconds, which SQLite's own functions drop
    moment = compiler.process(element.clauses, **how)
    return f"(strftime('%Y-%m-%d %H:%M:%S', {moment}, '+24 hours') || substr({moment}, 20))"


def _of(kind: str, row: sa.Row[Any]) -> Iterator[Fact]:
    about = (row.department, f"{row.source}:{row.owner_id or ''}", row.topic or "")
    if kind == "asked":
        yield Fact("asked", row.id, row.at, *about)
    elif kind == "answered":
        yield Fact("answered", row.id, row.at, *about, min(row.step, STEPS), max(row.at - row.since, timedelta(0)))
    elif kind == "sent":
        yield Fact("sent", row.id, row.at, *about, min(row.step + 1, STEPS))
    else:
        yield Fact("ignored", row.id, row.at + SILENT, *about)
