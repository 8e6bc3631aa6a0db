"""«Настройки»: the tables and the bot's texts, edited as files with their checks, a look before, and an undo."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from store import audit
from store.audit import AuditFilter
from web.access.guard import person
from web.admin import config_files
from web.admin.config_files import ChangedError, ConfigFile
from web.admin.file_changes import FileChange
from web.admin.file_saving import WHAT, NewText, save, undo
from web.admin.file_trial import trial
from web.admin.history import DeliveryHistory
from web.admin.own_access import locks_out
from web.parts import Parts
from web.query_parameters import NUMBER, number_of_query
from web.shown import view_of
from web.words import notice, word, words

_log = structlog.get_logger("files")
_HISTORY = 10
_FILE = "/files/<folder>/<name>"


@dataclass(frozen=True)
class ReviewedText:
    """What a review found: `lines` that change, what is wrong, how changed texts read."""

    text: str
    seen: str
    change: FileChange | None = None
    problems: list[str] = field(default_factory=list)
    previews: dict[str, list[str]] = field(default_factory=dict)
    told: str = ""

    @property
    def digest(self) -> str:
        """The name of the text that was looked at."""
        return config_files.digest_of(self.text.encode())


def blueprint(parts: Parts) -> Blueprint:
    """`/files`, each file with its buttons, and `/file-changes`."""
    routes = Blueprint("files", __name__)

    @routes.get("/files")
    def page() -> str:
        """All files by folder, each with what it is for."""
        folders: dict[str, list[ConfigFile]] = {}
        for file in config_files.files(parts):
            folders.setdefault(file.name.partition("/")[0], []).append(file)
        elsewhere = parts.process.settings.people_file
        titles = words()["file_folders"]
        return render_template("files.html", folders=folders, titles=titles, word=word, people_file=elsewhere)

    @routes.get(_FILE)
    def file(folder: str, name: str) -> str:
        """One file, to be edited."""
        found = _file(parts, folder, name)
        now = config_files.read(found)
        return _page(parts, found, ReviewedText(now.text, now.digest))

    @routes.post(f"{_FILE}/review")
    def review(folder: str, name: str) -> str:
        """What would change, what is wrong with it, how the texts would read."""
        found = _file(parts, folder, name)
        return _page(parts, found, _looked(parts, found))

    _keeping(routes, parts)
    _of_changes(routes, parts)
    return routes


def _keeping(routes: Blueprint, parts: Parts) -> None:
    """Two ways to keep a text: in the file, or at home."""

    @routes.post(f"{_FILE}/save")
    def save_file(folder: str, name: str) -> ResponseReturnValue:
        """Write what was looked at; anything else is looked at first."""
        found = _file(parts, folder, name)
        look = _looked(parts, found)
        if look.told or look.problems or not look.change or request.form.get("reviewed") != look.digest:
            return _page(parts, found, look)
        try:
            number = save(parts.process.engine, NewText(found, look.text, look.seen), person().actor)
        except ChangedError:
            return _page(parts, found, _looked(parts, found))
        except OSError as error:
            _log.warning("file not written", file=found.name, error=error.strerror)
            return _page(parts, found, ReviewedText(look.text, look.seen, told="file_not_written"))
        _log.info("file written", file=found.name, change=number)
        return redirect(url_for("files.file", folder=folder, name=name, saved=number), 303)

    @routes.post(f"{_FILE}/download")
    def download(folder: str, name: str) -> Response:
        """The text of the form as a file, for where the bot may not write."""
        _file(parts, folder, name)
        answer = Response(_text(), mimetype="application/yaml")
        answer.headers["Content-Disposition"] = f"attachment; filename={name}"
        return answer


def _of_changes(routes: Blueprint, parts: Parts) -> None:
    """The history."""

    @routes.get(f"/file-changes/{NUMBER}")
    def change(number: int) -> str:
        """One change, line by line."""
        with parts.process.engine.connect() as connection:
            row = audit.one(connection, number)
        if row is None or row.what != WHAT:
            abort(404)
        (entry,) = DeliveryHistory(parts, view_of(parts)).rows([row])
        return render_template("file_change.html", entry=entry, change=FileChange.of_audit(row.before, row.after))

    @routes.post(f"/file-changes/{NUMBER}/undo")
    def undo_change(number: int) -> ResponseReturnValue:
        """«Отменить», as long as the file is what this change made of it."""
        with parts.process.engine.connect() as connection:
            row = audit.one(connection, number)
        if row is None or row.what != WHAT:
            abort(404)
        told = "file_undone" if undo(parts, row, person().actor) else "file_not_undone"
        folder, _, name = str(row.target).partition("/")
        return redirect(url_for("files.file", folder=folder, name=name, told=told), 303)


def _file(parts: Parts, folder: str, name: str) -> ConfigFile:
    found = config_files.file_of(parts, f"{folder}/{name}")
    if found is None:
        abort(404)
    return found


def _text() -> str:
    return config_files.as_written(request.form.get("text", ""))


def _looked(parts: Parts, file: ConfigFile) -> ReviewedText:
    """Look at the text of the form, against the file as it is now."""
    now, text = config_files.read(file), _text()
    told = "" if request.form.get("seen") == now.digest else "file_changed_meanwhile"
    change = FileChange.between(now.text, text)
    with trial(parts, file, text) as tried:
        problems = [word("file_faults", "own_rights")] if locks_out(parts, tried) else tried.problems
        return ReviewedText(text, now.digest, change, problems, dict(tried.previews), told)


def _page(parts: Parts, file: ConfigFile, look: ReviewedText) -> str:
    saved = number_of_query("saved")
    with parts.process.engine.connect() as connection:
        changes = audit.page(connection, AuditFilter(what=WHAT, target=file.name), None, _HISTORY)
    rows = DeliveryHistory(parts, view_of(parts)).rows(changes)
    return render_template(
        "file.html",
        file=file,
        folder=file.name.partition("/")[0],
        look=look,
        writable=config_files.is_writable(file),
        changes=rows,
        saved=next((row for row in rows if row.id == saved), None),
        **notice(look.told or request.args.get("told", "") or ("file_saved" if saved else "")),
    )
