"""The distinct values of a column, each found by one index look-up, however many rows have it."""

from __future__ import annotations

import sqlalchemy as sa

OFFERED = 200  # values of a list on a page

_DISTINCT = """
    WITH RECURSIVE found(value) AS (
        SELECT min({column}) FROM {table} WHERE {where}
        UNION ALL
        SELECT (SELECT min({column}) FROM {table} WHERE {where} AND {column} > found.value)
        FROM found WHERE found.value IS NOT NULL
    )
    SELECT value FROM found WHERE value IS NOT NULL LIMIT {most}
"""


def distinct(connection: sa.Connection, table: str, column: str, where: str, **values: str) -> list[str]:
    """Return the first `OFFERED` distinct values, sorted. `where` is SQL that refers to `values` as `:name`."""
    query = sa.text(_DISTINCT.format(table=table, column=column, where=where, most=OFFERED))
    return list(connection.execute(query, values).scalars())
