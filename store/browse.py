"""Read-only queries for pages, the API and metrics; each uses an index, newest first, paged by id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store.database import over_rows
from store.deliveries import UNFINISHED
from store.dialect import is_postgresql
from store.rows import ListedRow, ObservedRow, StepRow, WholeRow
from store.tables import deliveries as d
from store.tables import ledger, links
from store.types import to_json

PAGE = 50  # deliveries
STATES = (*UNFINISHED, "done", "ignored")
_ASTRAY = 1000  # ids: processes commit concurrently, so ids may be slightly out of order
_CASES = 20  # cases that one issue key may lead to
_LARGE = ("body", "event")
NOT_IGNORED = sa.text("state <> 'ignored'")  # exactly as in the partial index, or SQLite does not use it
OBSERVED = sa.text("outcome = 'observed'")  # exactly as in its partial index too
_OBSERVED = """
    SELECT r.rule, (SELECT count(*) FROM (SELECT 1 FROM ledger
        WHERE ledger.rule = r.rule AND ledger.outcome = 'observed' AND ledger.begun_at >= :since LIMIT :most) AS found)
    FROM {rows}
"""
_COLUMNS = [column for column in d.c if column.name not in _LARGE]


@dataclass(frozen=True)
class Filter:
    """The filter of a list; `None` = any."""

    state: str | None = None
    source: str | None = None
    case: str | None = None
    text: str | None = None  # a delivery's id (`source/id` or bare), a case, a ticket's id, an issue key
    concerned: bool = False  # leave out what no procedure handles, such as the bot's own changes in Jira
    since: datetime | None = None  # received at or after
    until: datetime | None = None  # received before


@dataclass(frozen=True)
class Page:
    """At most `PAGE` deliveries, without body and event, and the id to continue from; `ticket_url` may be `None`."""

    rows: Sequence[ListedRow]
    before: int | None


def page(connection: sa.Connection, wanted: Filter, sources: Sequence[str], before: int | None = None) -> Page:
    """Return the newest deliveries older than `before`; `sources` are all sources, to look up a bare delivery id."""
    query = sa.select(*_COLUMNS, _ticket_url(connection)).order_by(d.c.id.desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(d.c.id < before)
    for column, value in ((d.c.state, wanted.state), (d.c.source, wanted.source), (d.c.case_id, wanted.case)):
        if value is not None:
            query = query.where(column == value)
    if wanted.concerned:
        query = query.where(NOT_IGNORED)
    for bound in _between(connection, wanted):
        query = query.where(bound)
    if wanted.text is not None:
        query = query.where(_named(connection, wanted.text, sources))
    rows = connection.execute(query).all()
    return Page(rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None)


def _between(connection: sa.Connection, wanted: Filter) -> list[sa.ColumnElement[bool]]:
    """Translate a range of time into one of ids, which order all lists: deliveries are numbered as they come in.

    Close to the bounds, the moments themselves decide.
    """
    bounds: list[sa.ColumnElement[bool]] = []
    for moment, before in ((wanted.since, False), (wanted.until, True)):
        if moment is None:
            continue
        beyond = d.c.received_at < moment if before else d.c.received_at >= moment
        order = (d.c.received_at.desc(), d.c.id.desc()) if before else (d.c.received_at, d.c.id)
        edge = connection.execute(sa.select(d.c.id).where(beyond).order_by(*order).limit(1)).scalar()
        if edge is None:
            return [sa.false()]
        bounds += [beyond, d.c.id <= edge + _ASTRAY if before else d.c.id >= edge - _ASTRAY]
    return bounds


def one(connection: sa.Connection, number: int) -> WholeRow | None:
    """Return the whole row of a delivery, with `ticket_url`."""
    return connection.execute(sa.select(d, _ticket_url(connection)).where(d.c.id == number)).first()


def ended_at(row: ListedRow) -> datetime | None:
    """Return when a delivery ended; `None` if it has not."""
    return None if row.state in ("waiting", "running") else row.finished_at


def _ticket_url(connection: sa.Connection) -> sa.Label[str]:
    """Extract the ticket's URL from the event in the database."""
    if is_postgresql(connection):
        value: object = sa.func.json_extract_path_text(sa.cast(d.c.event, sa.JSON), "ticket", "url")
    else:
        value = sa.func.json_extract(d.c.event, "$.ticket.url")
    return sa.type_coerce(value, sa.Text).label("ticket_url")


def _named(connection: sa.Connection, text: str, sources: Sequence[str]) -> sa.ColumnElement[bool]:
    """Match the deliveries that a person may mean by a text."""
    source, slash, rest = text.partition("/")
    meant = [(source, rest)] if slash and source in sources else [(one, text) for one in sources]
    ids = sa.select(d.c.id).where(sa.or_(*(sa.and_(d.c.source == one, d.c.delivery_id == name) for one, name in meant)))
    numbers = connection.execute(ids).scalars().all()
    cases = [text, *(f"{one}:{text}" for one in sources), *_cases_of_key(connection, text)]
    return sa.or_(d.c.case_id.in_(cases), d.c.id.in_(numbers))


def _cases_of_key(connection: sa.Connection, key: str) -> list[str]:
    """Return the cases of the tickets that an issue is linked to, and its own case from before it was linked."""
    found = connection.execute(sa.select(links).where(links.c.issue_key == key).limit(_CASES))
    return [case for row in found for case in (f"{row.source}:{row.ticket_id}", f"{row.site}:{row.issue_id}")]


def steps(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, list[StepRow]]:
    """Return the ledger rows of these deliveries, in the order in which they were begun."""
    found: dict[int, list[StepRow]] = {number: [] for number in numbers}
    query = sa.select(ledger).where(ledger.c.delivery.in_(numbers)).order_by(ledger.c.delivery, ledger.c.id)
    for row in connection.execute(query) if numbers else ():
        found[row.delivery].append(row)
    return found


def open_counts(connection: sa.Connection) -> dict[str, int]:
    """Return the number of unfinished deliveries, by state; counting the finished ones would read them all."""
    query = sa.select(d.c.state, sa.func.count()).where(d.c.state.in_(UNFINISHED)).group_by(d.c.state)
    return dict.fromkeys(UNFINISHED, 0) | {state: count for state, count in connection.execute(query)}


def oldest_waiting(connection: sa.Connection) -> datetime | None:
    """Return when the delivery that has waited longest was received."""
    query = sa.select(d.c.received_at).where(d.c.state == "waiting").order_by(d.c.id).limit(1)
    return connection.execute(query).scalar()


def any_delivery(connection: sa.Connection) -> bool:
    """Whether any delivery ever came in."""
    return connection.execute(sa.select(d.c.id).limit(1)).first() is not None


def dead_letters(connection: sa.Connection, before: int | None, limit: int = PAGE) -> Page:
    """Return the newest dead letters older than `before`."""
    query = sa.select(*_COLUMNS, _ticket_url(connection)).where(d.c.state == "dead").order_by(d.c.id.desc())
    if before is not None:
        query = query.where(d.c.id < before)
    rows = connection.execute(query.limit(limit + 1)).all()
    return Page(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def among(connection: sa.Connection, numbers: Sequence[int]) -> list[ListedRow]:
    """Return these deliveries, in the order in which they came in."""
    query = sa.select(*_COLUMNS, _ticket_url(connection)).where(d.c.id.in_(numbers)).order_by(d.c.id)
    return list(connection.execute(query)) if numbers else []


def observed_counts(connection: sa.Connection, rules: Sequence[str], since: datetime, most: int) -> dict[str, int]:
    """Return how often each of these rules would have acted since a moment; counting stops at `most`."""
    if not rules:
        return {}
    statement = over_rows(connection.dialect.name, _OBSERVED, ("rule",), ("since",))
    values = {"rows": to_json([{"rule": rule} for rule in rules]), "since": since, "most": most}
    return {rule: count for rule, count in connection.execute(statement, values)}


def observed(connection: sa.Connection, rule: str, limit: int) -> list[ObservedRow]:
    """Return the newest actions that a rule would have done, with the case of each."""
    query = sa.select(ledger, d.c.case_id).join(d, d.c.id == ledger.c.delivery).where(ledger.c.rule == rule, OBSERVED)
    return list(connection.execute(query.order_by(ledger.c.begun_at.desc()).limit(limit)))
