"""The template files, compiled: issues with their shared pieces, comments, notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from desk import adf
from desk.templates.compiler import Compiler, Leaf, Step, Values
from desk.templates.contexts import NAMES, STAFF_NAMES
from desk.templates.format import (
    CommentFile,
    ContextName,
    FieldName,
    IssueFile,
    NoteFile,
    SharedFile,
    TemplateError,
    read,
)

SHARED = "jira_templates/_shared.yml"
COMMENTS = "jira_templates/comments.yml"
NOTES = "crm_templates/notes.yml"
CASE_NOTES = "crm_templates/cases.yml"
INTERIM = "crm_templates/interim.yml"
READ_BY_SELLERS = frozenset({"hold_seller"})
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class RenderedIssue:
    """An issue as Jira takes it: summary and labels of at most 255 units, description in ADF, fields by our names."""

    summary: str
    description: dict[str, Any]
    labels: tuple[str, ...]
    priority: str | None
    fields: Mapping[FieldName, str]


@dataclass(frozen=True, slots=True)
class CompiledIssue:
    """A compiled issue template."""

    context: ContextName
    texts: Mapping[str, Leaf]
    summary: Leaf
    labels: Sequence[Leaf]
    priority: Leaf | None
    fields: Mapping[FieldName, Leaf]
    description: Step
    cut_note: Step

    def render(self, values: Values) -> RenderedIssue:
        """Render the issue with these values; raise `TemplateError` if an expression fails."""
        texts: dict[str, str] = {}
        values = {**values, "texts": texts}
        for name, leaf in self.texts.items():
            texts[name] = leaf.render(values)
        labels = (adf.one_line(leaf.render(values)).replace(" ", "_") for leaf in self.labels)
        fields = {name: adf.one_line(leaf.render(values)) for name, leaf in self.fields.items()}
        nodes = _without_empty_sections(self.description(values))
        return RenderedIssue(
            summary=adf.one_line(self.summary.render(values)),
            description=adf.fit(adf.doc(*nodes), note=next(iter(self.cut_note(values)), None)),
            labels=tuple(dict.fromkeys(filter(None, labels))),
            priority=(self.priority and adf.one_line(self.priority.render(values))) or None,
            fields={name: value for name, value in fields.items() if value},
        )


@dataclass(frozen=True, slots=True)
class TemplateEntry(Generic[_Made]):
    """A compiled comment or note, the names of its values, and examples of them."""

    names: frozenset[str]
    examples: tuple[Values, ...]
    make: Callable[[Values], _Made]


def issue_file(template: str) -> str:
    """Return the path of an issue template."""
    return f"jira_templates/{template}.yml"


def load_issue(folder: Path, template: str, report: list[str] | None = None) -> CompiledIssue:
    """Compile an issue template and the shared pieces. Raises `TemplateError`, or adds all faults to `report`."""
    shared, issue = read(folder, SHARED, SharedFile), read(folder, issue_file(template), IssueFile)
    if template in READ_BY_SELLERS and issue.context != "seller":
        raise TemplateError(f"{issue_file(template)}: context: the seller reads this issue, so it must be seller")
    if issue.cut_note:  # the shared pieces are for staff: an issue that a seller reads uses none of them
        shared = SharedFile(cut_note=issue.cut_note)
    names = NAMES[issue.context]
    common = Compiler(issue_file(template) if issue.cut_note else SHARED, names & STAFF_NAMES, report=report)
    pieces = {name: common.steps(blocks, "blocks", name) for name, blocks in shared.blocks.items()}
    own = Compiler(issue_file(template), names, pieces, report)
    return CompiledIssue(
        context=issue.context,
        texts={name: common.leaf(text, "texts", name) for name, text in shared.texts.items()},
        summary=own.leaf(issue.summary, "summary"),
        labels=[
            *(common.leaf(label, "labels", number) for number, label in enumerate(shared.labels)),
            *(own.leaf(label, "labels", number) for number, label in enumerate(issue.labels)),
        ],
        priority=own.leaf(issue.priority, "priority") if issue.priority else None,
        fields={name: common.leaf(value, "fields", name) for name, value in shared.fields.items()}
        | {name: own.leaf(value, "fields", name) for name, value in issue.fields.items()},
        description=own.steps(issue.description, "description"),
        cut_note=common.link(shared.cut_note, "cut_note"),
    )


def load_comments(folder: Path, report: list[str] | None = None) -> dict[str, TemplateEntry[list[adf.Node]]]:
    """Compile the comments, by name; faults as in `load_issue`."""
    entries = {}
    for name, entry in read(folder, COMMENTS, CommentFile).root.items():
        names = frozenset(entry.values)
        make = Compiler(COMMENTS, names, report=report).steps(entry.body, name, "body")
        entries[name] = TemplateEntry(names, entry.examples(), make)
    return entries


def load_notes(folder: Path, report: list[str] | None = None, file: str = NOTES) -> dict[str, TemplateEntry[str]]:
    """Compile the notes of a file, by name; faults as in `load_issue`."""
    entries = {}
    for name, entry in read(folder, file, NoteFile).root.items():
        names = frozenset(entry.values)
        make = Compiler(file, names, report=report).leaf(entry.text, name, "text").render
        entries[name] = TemplateEntry(names, entry.examples(), make)
    return entries


def load_all_notes(folder: Path, report: list[str] | None = None) -> dict[str, TemplateEntry[str]]:
    """Compile the notes of both files; faults as in `load_issue`."""
    return {**load_notes(folder, report), **load_notes(folder, report, CASE_NOTES)}


def _without_empty_sections(nodes: Sequence[adf.Node]) -> list[adf.Node]:
    """Return the nodes without headings that have no content."""
    following = [*(node["type"] for node in nodes[1:]), "rule"]
    return [
        node
        for node, after in zip(nodes, following, strict=False)
        if node["type"] != "heading" or after not in {"heading", "rule"}
    ]
