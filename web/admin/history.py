"""The audit as pages show it: who did what, and what can be undone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from store import switches
from store.rows import ChangeRow
from web.admin.file_changes import FileChange
from web.admin.file_saving import WHAT, undoable
from web.parts import Parts
from web.shown import View
from web.times import ShownMoment
from web.words import word


@dataclass(frozen=True)
class HistoryEntry:
    """One row; `undo`: whether it can be undone now."""

    id: int
    at: ShownMoment
    who: str
    door: str
    what: str
    what_words: str
    target: str
    before: str
    after: str
    reason: str
    address: str
    undo: bool


class DeliveryHistory:
    """Rows of the audit for a page."""

    def __init__(self, parts: Parts, view: View) -> None:
        self._parts, self._view = parts, view

    def rows(self, found: Iterable[ChangeRow]) -> list[HistoryEntry]:
        """A page of them. E-mails of colleagues are what the audit is about, so they are shown."""
        with self._parts.process.engine.connect() as connection:
            modes = switches.modes(connection)
        return [self._entry(row, modes) for row in found]

    def _entry(self, row: ChangeRow, modes: dict[str, str]) -> HistoryEntry:
        return HistoryEntry(
            id=row.id,
            at=self._view.moment(row.at),
            who=row.who,
            door=word("doors", row.door),
            what=row.what,
            what_words=word("changes", row.what),
            target=word("roles", row.target) if row.what == "signed_in" else row.target or "",
            before="" if row.what == WHAT else self._value(row, row.before),
            after=_counted(row) if row.what == WHAT else self._value(row, row.after),
            reason=self._view.reason(row.reason),
            address=row.address or "",
            undo=can_be_undone(row, modes) or undoable(self._parts, row) is not None,
        )

    def _value(self, row: ChangeRow, value: object) -> str:
        table = {"mode_set": "modes", "replayed": "states", "dropped": "states", "role_set": "roles"}.get(row.what)
        return word(table, value) if table and value else self._view.value(value)


def _counted(row: ChangeRow) -> str:
    """How many lines of a file are gone, and how many are new."""
    return word("file_lines", "changed").format(gone=FileChange.count(row.before), new=FileChange.count(row.after))


def can_be_undone(row: ChangeRow, modes: dict[str, str]) -> bool:
    """A switched rule, as long as nobody has switched it since."""
    return bool(row.what == "mode_set" and row.before != row.after and modes.get(row.target or "", "file") == row.after)
