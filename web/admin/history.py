"""The audit as pages show it: who did what, and what can be undone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from store import switches, users
from store.rows import ChangeRow
from web.access import granting
from web.access.guard import person
from web.admin.file_changes import FileChange
from web.admin.file_saving import WHAT, undoable
from web.parts import Parts
from web.shown import View
from web.times import ShownMoment
from web.words import word

_TABLES = {  # of `words.yml`, for what stands before and after
    "mode_set": "modes",
    "replayed": "states",
    "dropped": "states",
    **dict.fromkeys(("role_set", "user_added", "token_added"), "roles"),
}


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


class Standing:
    """How things stand now: what nobody has changed since can be taken back."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        with parts.process.engine.connect() as connection:
            self._modes = switches.modes(connection)
            self._users = {user.email: user for user in users.all_users(connection)}

    def can_be_undone(self, row: ChangeRow) -> bool:
        """Whether a rule, a user or a file is still as this change left it; one's own rights are for others to give."""
        target = row.target or ""
        if row.what == "mode_set":
            return bool(row.before != row.after and self._modes.get(target, "file") == row.after)
        if row.what in granting.CHANGES:
            return target != person().email and granting.still_stands(row, self._users.get(target))
        return undoable(self._parts, row) is not None


class DeliveryHistory:
    """Rows of the audit for a page."""

    def __init__(self, parts: Parts, view: View) -> None:
        self._parts, self._view = parts, view

    def rows(self, found: Iterable[ChangeRow]) -> list[HistoryEntry]:
        """A page of them. E-mails of colleagues are what the audit is about, so they are shown."""
        standing = Standing(self._parts)
        return [self._entry(row, standing) for row in found]

    def _entry(self, row: ChangeRow, standing: Standing) -> HistoryEntry:
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
            undo=standing.can_be_undone(row),
        )

    def _value(self, row: ChangeRow, value: object) -> str:
        table = _TABLES.get(row.what)
        return word(table, value) if table and value else self._view.value(value)


def _counted(row: ChangeRow) -> str:
    """How many lines of a file are gone, and how many are new."""
    return word("file_lines", "changed").format(gone=FileChange.count(row.before), new=FileChange.count(row.after))
