"""What the bot writes: issues and comments for Jira (`jira_templates/`), notes for the CRM (`crm_templates/`).

Files are compiled once, and again when they change; if a changed file is faulty, the previous version stays in use and
the fault is logged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from desk import adf
from desk.adf_text import plain_text
from desk.moments import Wall
from desk.templates.compiler import Values
from desk.templates.contexts import CaseContext, CaseView, HoldContext, IssueContext, samples
from desk.templates.files import (
    CASE_NOTES,
    COMMENTS,
    INTERIM,
    NOTES,
    SHARED,
    CompiledIssue,
    RenderedIssue,
    TemplateEntry,
    issue_file,
    load_all_notes,
    load_comments,
    load_issue,
    load_notes,
)
from desk.templates.format import TemplateError
from desk.templates.kept import Kept

__all__ = [
    "CaseContext",
    "CaseView",
    "EmptyDescriptionError",
    "HoldContext",
    "IssueContext",
    "RenderedIssue",
    "TemplateError",
    "Templates",
]

EMPTY_DESCRIPTION = "empty_description"
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_Made = TypeVar("_Made")


class EmptyDescriptionError(Exception):
    """There is nothing to describe (W-63); the message tells the agent what to fill in."""


class Templates:
    """The templates in a folder that contains `jira_templates/` and `crm_templates/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._wall: Wall | None = None
        self._issues: dict[str, Kept[CompiledIssue]] = {}
        self._comments = Kept([folder / COMMENTS], partial(load_comments, folder))
        self._notes = Kept([folder / NOTES, folder / CASE_NOTES], partial(load_all_notes, folder))

    def read_by(self, wall: Wall) -> Templates:
        """Return the same templates, with moments in the time zone of `wall`."""
        other = copy(self)
        other._wall = wall
        return other

    def issue(self, template: str, context: IssueContext | HoldContext | CaseContext) -> RenderedIssue:
        """Render the issue of a template.

        Raises `EmptyDescriptionError` (W-63; never for a hold), `TemplateError` if the template fails or is for another
        kind of context.
        """
        if not context.said():
            raise EmptyDescriptionError(self.note(EMPTY_DESCRIPTION))
        issue = self._issue(template)
        return issue.render({**context.values(issue.context), "wall": self._wall})

    def comment(self, name: str, **values: object) -> dict[str, Any]:
        """Render a comment for Jira in ADF. Raises `TemplateError` for an unknown name or undeclared values."""
        nodes = _entry(self._comments.get(), COMMENTS, name, values).make({**values, "wall": self._wall})
        return adf.fit(adf.doc(*nodes))

    def note(self, name: str, **values: object) -> str:
        """Render an internal note for the agent (W-19) as plain text. Raises `TemplateError` like `comment`."""
        return adf.clean(self._made(name, values)).strip()

    def _made(self, name: str, values: Mapping[str, object]) -> str:
        return _entry(self._notes.get(), NOTES, name, values).make({**values, "wall": self._wall})

    def has_note(self, name: str) -> bool:
        """Whether there is a note with this name."""
        return name in self._notes.get()

    def examples(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each note and comment, by file and name, as it reads in each of its examples."""
        for name, note in self._notes.get().items():
            yield f"{NOTES}: {name}", [self.note(name, **values) for values in note.examples]
        for name, comment in self._comments.get().items():
            yield f"{COMMENTS}: {name}", [plain_text(self.comment(name, **values)) for values in comment.examples]

    def check(self) -> list[str]:
        """Return every problem of every template, found by compiling it and rendering it with full and minimal data."""
        report: list[str] = []
        files = (path.name for path in sorted((self.folder / "jira_templates").glob("*.yml")))
        for name in files:
            if f"jira_templates/{name}" not in {SHARED, COMMENTS}:
                _try(report, partial(_try_issue, self.folder, name.removesuffix(".yml")))
        _try(report, partial(_try_entries, self.folder, load_comments))
        _try(report, partial(_try_entries, self.folder, load_all_notes))
        _try(report, partial(_try_entries, self.folder, partial(load_notes, file=INTERIM)))
        return list(dict.fromkeys(report))

    def _issue(self, template: str) -> CompiledIssue:
        if template not in self._issues:
            if not _NAME.match(template):
                raise TemplateError(f"jira_templates: {template!r} cannot be the name of a template")
            files = [self.folder / issue_file(template), self.folder / SHARED]
            self._issues[template] = Kept(files, partial(load_issue, self.folder, template))
        return self._issues[template].get()


def _entry(entries: Mapping[str, TemplateEntry[_Made]], file: str, name: str, values: Values) -> TemplateEntry[_Made]:
    """Return an entry by name; raise `TemplateError` unless it gets exactly the values that it declares."""
    if name not in entries:
        raise TemplateError(f"{file}: no {name}; there are: {', '.join(sorted(entries))}")
    if values.keys() != entries[name].names:
        declared, given = (", ".join(sorted(names)) or "nothing" for names in (entries[name].names, values))
        raise TemplateError(f"{file}: {name}: it declares {declared} and was given {given}")
    return entries[name]


def _try(report: list[str], trial: Callable[[list[str]], None]) -> None:
    try:
        trial(report)
    except TemplateError as error:
        report.extend(error.problems)


def _try_issue(folder: Path, template: str, report: list[str]) -> None:
    issue = load_issue(folder, template, report)
    for context in samples(issue.context):
        issue.render(context.values(issue.context))


def _try_entries(
    folder: Path, load: Callable[[Path, list[str]], Mapping[str, TemplateEntry[Any]]], report: list[str]
) -> None:
    for entry in load(folder, report).values():
        for example in entry.examples:
            entry.make(example)
