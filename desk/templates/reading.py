"""A template file as people read it: each of its texts in each of its examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from desk import adf
from desk.adf_text import plain_text
from desk.templates.contexts import samples
from desk.templates.files import (
    CASE_NOTES,
    COMMENTS,
    INTERIM,
    NOTES,
    SHARED,
    RenderedIssue,
    load_comments,
    load_issue,
    load_notes,
)

_PLAIN = (NOTES, CASE_NOTES, INTERIM)


def values_of(root: Path, file: str) -> Mapping[str, frozenset[str]]:
    """Return the names of the texts in a file, each with the names of the values that the program passes to it.

    An issue template has no named texts. Raises `TemplateError`.
    """
    if file in _PLAIN:
        return {name: note.names for name, note in load_notes(root, file=file).items()}
    return {name: comment.names for name, comment in load_comments(root).items()} if file == COMMENTS else {}


def examples_of(root: Path, file: str) -> Mapping[str, list[str]]:
    """Return each text of a file as it reads in each of its examples, without repetitions. Raises `TemplateError`.

    An issue has one text without a name, with a full and with an almost empty ticket; the shared pieces have none.
    """
    if file in _PLAIN:
        notes = load_notes(root, file=file)
        return {name: _each(adf.clean(note.make(one)).strip() for one in note.examples) for name, note in notes.items()}
    if file == COMMENTS:
        comments = load_comments(root)
        return {
            name: _each(plain_text(adf.doc(*comment.make(one))) for one in comment.examples)
            for name, comment in comments.items()
        }
    if file == SHARED:
        return {}
    issue = load_issue(root, Path(file).stem)
    return {"": _each(_said(issue.render(one.values(issue.context))) for one in samples(issue.context))}


def _each(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _said(issue: RenderedIssue) -> str:
    return f"{issue.summary}\n\n{plain_text(issue.description)}"
