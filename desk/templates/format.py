"""The YAML structure of template files, validated; every string in them is Jinja2 (`desk.templates.compiler`)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, RootModel, ValidationError, model_validator

from config.yaml_file import LOADER

FieldName = Literal["ticket", "type", "subtype", "warehouse"]
ContextName = Literal["escalation", "hold", "seller", "case"]


class TemplateError(Exception):
    """A template is wrong; each problem reads `file: key path: expression: what is wrong`."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LinkBlock(_Strict):
    """A line that links to a page."""

    text: str
    url: str


class ConversationBlock(_Strict):
    """The messages of `ticket`, each under a line made of `role`, `at` (a text), `sent` (a moment) and `visibility`.

    `roles` and `visibility` map the values of the two to words.
    """

    line: str
    roles: dict[str, str] = {}
    visibility: dict[str, str] = {}


class Block(_Strict):
    """A block of a document: exactly one of the kinds, shown if the expression `when` is true."""

    when: str | None = None
    heading: str | None = None
    text: str | None = None
    quote: str | None = None
    list: tuple[str, ...] | None = None
    facts: dict[str, str] | None = None
    link: LinkBlock | None = None
    conversation: ConversationBlock | None = None
    rule: Literal[True] | None = None
    include: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Block:
        kinds = sorted(self.model_fields_set - {"when"})
        if len(kinds) != 1:
            raise ValueError(f"a block is exactly one thing, this one is {kinds or 'nothing'}: split it")
        return self


class IssueFile(_Strict):
    """`jira_templates/<template>.yml`: a Jira issue.

    `context` determines the values it may use. A seller reads an issue with the context `seller`: it uses nothing from
    `_shared.yml`, so it has a `cut_note` of its own.
    """

    context: ContextName = "escalation"
    summary: str
    labels: tuple[str, ...] = ()
    priority: str | None = None
    fields: dict[FieldName, str] = {}
    description: tuple[Block, ...]
    cut_note: LinkBlock | None = None

    @model_validator(mode="after")
    def _cut_note_is_for_sellers(self) -> IssueFile:
        if (self.cut_note is None) == (self.context == "seller"):
            raise ValueError("cut_note is needed with context: seller, and only there (others: _shared.yml)")
        return self


class SharedFile(_Strict):
    """`jira_templates/_shared.yml`: what several templates share. A text may use those before it as `texts.<name>`."""

    texts: dict[str, str] = {}
    labels: tuple[str, ...] = ()
    fields: dict[FieldName, str] = {}
    blocks: dict[str, tuple[Block, ...]] = {}
    cut_note: LinkBlock


class _FormatEntry(_Strict):
    """`values`: the values of a text, each with an example; `also`: what differs in further examples."""

    values: dict[str, object] = {}
    also: tuple[dict[str, object], ...] = ()

    @model_validator(mode="after")
    def _also_of_the_same(self) -> Self:
        if unknown := sorted({name for example in self.also for name in example} - self.values.keys()):
            raise ValueError(f"also: values does not have {', '.join(unknown)}: add it there, or take it away here")
        return self

    def examples(self) -> tuple[dict[str, object], ...]:
        """Return the values of each example, the main one first."""
        return self.values, *(self.values | more for more in self.also)


class CommentEntry(_FormatEntry):
    """A comment."""

    body: tuple[Block, ...]


class NoteEntry(_FormatEntry):
    """A note, plain text."""

    text: str


class CommentFile(RootModel[dict[str, CommentEntry]]):
    """`jira_templates/comments.yml`: the comments in issues, by name."""


class NoteFile(RootModel[dict[str, NoteEntry]]):
    """A file of notes in `crm_templates/`, such as `notes.yml`: texts by name."""


_Model = TypeVar("_Model", bound=BaseModel)


def read(root: Path, file: str, model: type[_Model]) -> _Model:
    """Return the validated structure of a file. Raises `TemplateError` with every problem."""
    try:
        content = yaml.load((root / file).read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 # safe, both of them
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{file}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise TemplateError(f"{file}: not YAML: {' '.join(str(error).split())}") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise TemplateError(
            *(f"{file}: {key_path(fault['loc'])}: {fault['msg']}" for fault in error.errors())
        ) from error


def key_path(parts: tuple[str | int, ...]) -> str:
    """Format the keys that lead to a place, such as `description[3].facts.Склад`."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return path.removeprefix(".") or "(whole file)"
