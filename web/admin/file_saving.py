"""Saving a file of the configuration, with a row in the audit, and taking such a change back."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from desk.clock import machine_now
from store import audit
from store.audit import Actor, Change
from store.rows import ChangeRow
from web.admin import config_files
from web.admin.config_files import ChangedError, ConfigFile
from web.admin.file_changes import FileChange
from web.admin.file_trial import trial
from web.admin.own_access import locks_out
from web.parts import Parts

WHAT = "file_changed"


@dataclass(frozen=True)
class NewText:
    """A text that was tried out, for a file in which `seen` stands."""

    file: ConfigFile
    text: str
    seen: str


def save(engine: sa.Engine, new: NewText, by: Actor, reason: str | None = None) -> int:
    """Write a text into its file; the number of the row in the audit.

    The other processes take it up by themselves, as they do when the file is edited by hand. Raises ChangedError
    when something else stands there by now, OSError when the file cannot be written; nothing is recorded then.
    """
    file = new.file
    with config_files.alone(file, new.seen) as now, engine.begin() as connection:
        body, change = now.with_text(new.text), FileChange.between(now.text, new.text)
        digests = now.digest, config_files.digest_of(body)
        before, after = change.kept(digests, with_lines=file.remembered)
        row = Change(WHAT, file.name, before=before, after=after, reason=reason)
        number = audit.write(connection, by, row, machine_now())
        config_files.replace(file, body)
    return number


def undoable(parts: Parts, row: ChangeRow) -> NewText | None:
    """What a change would be taken back to; None when the file is another since, or its lines were not kept."""
    change = FileChange.of_audit(row.before, row.after) if row.what == WHAT else None
    file = config_files.file_of(parts, row.target or "") if change else None
    if change is None or file is None:
        return None
    now = config_files.read(file)
    before, after = (FileChange.digest(side) for side in (row.before, row.after))
    text = change.taken_back(now.text) if now.digest == after else None
    if text is None or config_files.digest_of(now.with_text(text)) != before:
        return None
    return NewText(file, text, now.digest)


def undo(parts: Parts, row: ChangeRow, by: Actor) -> bool:
    """Take a change back; False when that is no longer possible."""
    found = undoable(parts, row)
    if found is None:
        return False
    with trial(parts, found.file, found.text) as tried:
        if tried.problems or locks_out(parts, tried):  # as when another file does not fit to it any more
            return False
    try:
        save(parts.process.engine, found, by, "undo")
    except (ChangedError, OSError):
        return False
    return True
