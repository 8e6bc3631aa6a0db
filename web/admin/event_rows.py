"""The rows of the page of events: what the bot woke itself for, and echoes, stand in the row of their ticket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from store.rows import ListedRow
from web.shown import Shown

_OVER = ("done", "ignored")


@dataclass(frozen=True)
class FoldedRow:
    """One row: an event, and those of the same case that are folded into it."""

    head: Shown
    inner: Sequence[Shown]


def folded(rows: Sequence[ListedRow], cases: Mapping[int, str], shown: Callable[[ListedRow], Shown]) -> list[FoldedRow]:
    """The rows of a page in their order; what has stopped or still waits is never folded.

    `cases`: by a row's id, its case, or that of the ticket that a timer of the bot is about.
    """
    heads = {cases[row.id]: row.id for row in reversed(rows) if not _is_inner(row)}
    inner = [row for row in rows if _is_inner(row) and cases[row.id] in heads]
    return [
        FoldedRow(shown(row), [shown(one) for one in inner if heads[cases[one.id]] == row.id])
        for row in rows
        if row not in inner
    ]


def _is_inner(row: ListedRow) -> bool:
    """Of the bot itself, or its own change coming back."""
    return row.state in _OVER and (row.source == "bot" or row.state == "ignored")
