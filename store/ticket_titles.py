"""What tickets are about, read from their newest events; not stored elsewhere, so it is deleted with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store.database import over_rows
from store.dialect import is_postgresql
from store.tables import deliveries as d
from store.types import to_json

LOOKED_AT = 20  # newest deliveries of a case that are searched for a subject, which bounds the cost of a long case
_SUBJECT = {
    "sqlite": "json_extract(near.event, '$.ticket.subject')",
    "postgresql": "json_extract_path_text(CAST(near.event AS json), 'ticket', 'subject')",
}
_NEWEST = """
    SELECT r.case_id, (SELECT max(near.id) FROM (SELECT id, event FROM deliveries
        WHERE deliveries.case_id = r.case_id ORDER BY id DESC LIMIT {most}) AS near WHERE {subject} IS NOT NULL)
    FROM {{rows}}
"""
_PATHS = (("subject",), ("type",), ("subtype",), ("seller", "name"), ("client", "name"))


@dataclass(frozen=True)
class TicketTitle:
    """A ticket in the words of its CRM; what the event does not contain is empty."""

    subject: str
    type: str = ""
    subtype: str = ""
    seller: str = ""
    client: str = ""

    @property
    def topic(self) -> str:
        """«Тип / Подтип»."""
        return " / ".join(filter(None, (self.type, self.subtype)))

    @property
    def whose(self) -> str:
        """The seller, otherwise the client."""
        return self.seller or self.client


def of_cases(connection: sa.Connection, cases: Iterable[str]) -> dict[str, TicketTitle]:
    """Return titles by case (`webcrm:238`), always with two statements; cases without a known subject are left out."""
    asked = sorted(set(cases))
    if not asked:
        return {}
    dialect = connection.dialect.name
    statement = over_rows(dialect, _NEWEST.format(most=LOOKED_AT, subject=_SUBJECT[dialect]), ("case_id",))
    found = connection.execute(statement, {"rows": to_json([{"case_id": case} for case in asked])})
    numbers = {number: case for case, number in found if number is not None}
    query = sa.select(d.c.id, *(_told(connection, path) for path in _PATHS)).where(d.c.id.in_(numbers))
    rows = connection.execute(query) if numbers else ()
    return {numbers[row[0]]: TicketTitle(*(value or "" for value in row[1:])) for row in rows}


def _told(connection: sa.Connection, path: tuple[str, ...]) -> sa.ColumnElement[str]:
    if is_postgresql(connection):
        value: object = sa.func.json_extract_path_text(sa.cast(d.c.event, sa.JSON), "ticket", *path)
    else:
        value = sa.func.json_extract(d.c.event, ".".join(("$.ticket", *path)))
    return sa.type_coerce(value, sa.Text).label("_".join(path))
