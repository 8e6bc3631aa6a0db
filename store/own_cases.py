"""Which tickets the bot's own cases are about: those of timers, and of what a department may have answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import sqlalchemy as sa

from store.tables import holds
from store.tables.escalations import escalations
from store.tables.requests import promises, requests
from store.tables.usedesk import watches

_TIMERS = {
    "request": requests,
    "client": requests,
    "uninformed": requests,
    "promise": promises,
    "hold": holds,
    "watch": watches,
    "escalation": escalations,
}


def tickets(connection: sa.Connection, cases: Iterable[str]) -> dict[str, str]:
    """Return the ticket's case (`webcrm:238`) by the bot's own (`bot:alarm:hold:7`), with a statement for each table.

    Other cases are left out, and so are those of rows that are gone.
    """
    wanted: dict[sa.Table, dict[str, int]] = defaultdict(dict)
    for case in set(cases):
        match case.split(":"):
            case ["bot", "alarm", kind, number, *_] if kind in _TIMERS and number.isdecimal():
                wanted[_TIMERS[kind]][case] = int(number)
            case ["bot", "heard", number] if number.isdecimal():
                wanted[requests][case] = int(number)
    return dict(pair for table, numbers in wanted.items() for pair in _of_rows(connection, table, numbers))


def _of_rows(connection: sa.Connection, table: sa.Table, numbers: dict[str, int]) -> Iterable[tuple[str, str]]:
    query = sa.select(table.c.id, table.c.source, table.c.ticket_id).where(table.c.id.in_(set(numbers.values())))
    found = {row.id: f"{row.source}:{row.ticket_id}" for row in connection.execute(query)}
    return ((case, found[number]) for case, number in numbers.items() if number in found)
