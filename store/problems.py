"""The register of problem cases: opened, followed, edited, listed (J-38)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

import sqlalchemy as sa

from store import timers
from store.dialect import insert_into
from store.distinct import distinct
from store.tables.problems import problem_cases as p

OPEN, DONE = "open", "done"
UNCOVERED = "uncovered"  # no branch of the manual (C-16)
PAGE = 100
MOST = 20_000  # rows of a file
FILTERS = ("state", "kind", "branch", "city", "platform")
IN_JIRA = "jira"  # before the account of an issue's assignee, where an agent of a CRM has the CRM
_COPIED = ("order_no", "city", "platform")  # facts that have a column


class Wait(TypedDict):
    """A step that is waited for: since when, how often a person was reminded, when its timer `no` fires."""

    since: str
    n: int
    due: str | None
    no: int


@dataclass(frozen=True)
class Problem:
    """A case as it stands; `id` 0: it is only spoken of."""

    id: int
    source: str
    ticket_id: str
    kind: str
    branch: str
    reason: str | None
    state: str
    site: str | None
    issue_id: str | None
    issue_key: str | None
    status: str | None
    assignee: str | None
    owner_id: str | None
    owner_gender: str | None
    url: str | None
    opened_by: str
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    moves: int
    facts: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)
    waits: Mapping[str, Wait] = field(default_factory=dict)

    @property
    def real(self) -> bool:
        """Whether the register has it."""
        return self.id > 0


_COLUMNS = [p.c[name] for name in Problem.__annotations__]
_CLOSED = sa.text("closed_at IS NOT NULL")  # to the letter as in its partial index, so that SQLite uses it
_NEWEST = sa.select(*_COLUMNS).order_by(p.c.id.desc())


def get(connection: sa.Connection, number: int) -> Problem | None:
    """A case by its number."""
    return _one(connection, p.c.id == number)


def of_ticket(connection: sa.Connection, source: str, ticket_id: str) -> Problem | None:
    """The case of a ticket."""
    return _one(connection, (p.c.source == source) & (p.c.ticket_id == ticket_id))


def of_issue(connection: sa.Connection, site: str, issue_id: str) -> Problem | None:
    """The case that an issue stands for."""
    return _one(connection, (p.c.site == site) & (p.c.issue_id == issue_id))


def _one(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Problem | None:
    row = connection.execute(sa.select(*_COLUMNS).where(where)).first()
    return Problem(*row) if row else None


def add(connection: sa.Connection, values: Mapping[str, object]) -> bool:
    """Open a case; False: its ticket has one."""
    row = insert_into(connection, p).values(**values).on_conflict_do_nothing().returning(p.c.id)
    return connection.execute(row).first() is not None


def change(connection: sa.Connection, number: int, values: Mapping[str, object]) -> None:
    """Write columns; what is known keeps its copies."""
    connection.execute(sa.update(p).where(p.c.id == number).values(**values, **copies(values.get("facts"))))


def copies(facts: object) -> dict[str, str | None]:
    """The columns that repeat facts, for the filters."""
    if not isinstance(facts, Mapping):
        return {}
    return {name: str(facts[name])[:64] if facts.get(name) else None for name in _COPIED}


def timer_key(number: int, step: str, no: int) -> str:
    """The key of a step's timer; `no` counts those of a case."""
    return f"case:{number}:{step}:{no}"


def set_timers(connection: sa.Connection, before: Problem, waits: Mapping[str, Wait], now: datetime) -> None:
    """Set the timers that are new, and silence those that are not waited for any more."""
    old = dict(_timers(before.id, before.waits))
    new = dict(_timers(before.id, waits))
    gone = [key for key, due in old.items() if new.get(key) != due]
    if gone:
        timers.cancel(connection, *gone)
    for key, due in new.items():
        if old.get(key) != due:
            timers.add(connection, key, datetime.fromisoformat(due), now)


def _timers(number: int, waits: Mapping[str, Wait]) -> Iterator[tuple[str, str]]:
    for step, wait in waits.items():
        if wait["due"]:
            yield timer_key(number, step, wait["no"]), wait["due"]


def page(
    connection: sa.Connection, asked: Mapping[str, str], before: int | None = None, limit: int = PAGE
) -> Sequence[Problem]:
    """The newest cases older than number `before`; `asked` narrows them by `FILTERS`, the order and the `agent`."""
    query = _NEWEST.limit(limit)
    if before is not None:
        query = query.where(p.c.id < before)
    for name, value in asked.items():
        query = query.where(*(_of_agent(value) if name == "agent" else [p.c[name] == value]))
    return [Problem(*row) for row in connection.execute(query)]


def _of_agent(agent: str) -> list[sa.ColumnElement[bool]]:
    source, _, number = agent.partition(":")
    return [p.c.assignee == number] if source == IN_JIRA else [p.c.source == source, p.c.owner_id == number]


def workers(connection: sa.Connection, sources: Iterable[str]) -> list[str]:
    """List who works on cases, as `source:id`: the owners of tickets in these CRMs and the assignees of issues."""
    found = [
        f"{source}:{owner}"
        for source in sources
        for owner in distinct(connection, p.name, "owner_id", "source = :source", source=source)
    ]
    assigned = distinct(connection, p.name, "assignee", "assignee IS NOT NULL")
    return [*found, *(f"{IN_JIRA}:{account}" for account in assigned)]


def counts(connection: sa.Connection) -> dict[str, int]:
    """How many open cases each branch has."""
    found = sa.select(p.c.branch, sa.func.count()).where(p.c.state == OPEN).group_by(p.c.branch)
    return {branch: int(count) for branch, count in connection.execute(found)}


def purge(connection: sa.Connection, before: datetime, limit: int) -> int:
    """Delete cases that were closed before a moment, the oldest first; return how many."""
    old = sa.select(p.c.id).where(_CLOSED, p.c.closed_at < before).order_by(p.c.closed_at).limit(limit)
    return int(connection.execute(sa.delete(p).where(p.c.id.in_(old.scalar_subquery()))).rowcount)
