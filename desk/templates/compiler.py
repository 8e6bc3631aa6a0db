"""Compiles template files: each string becomes Jinja2 that is rendered once, into literal text for its own place.

The content of a value can therefore never become structure or template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, meta, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from desk import adf
from desk.moments import Wall
from desk.templates.format import Block, ConversationBlock, LinkBlock, TemplateError, key_path

Values = Mapping[str, Any]
Step = Callable[[Values], list[adf.Node]]
_ABSENT = object()
LINE_NAMES = frozenset({"role", "at", "sent", "visibility"})
_MARKUP = re.compile(r"\{[{%#]")
_FIELD = re.compile(r"\{\{ ([a-z]\w*)\.([a-z]\w*) \}\}")


def _utc(value: datetime | None) -> str:
    """Return a moment in UTC, in a form for people and programs; empty if there is none."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else ""


@pass_context
def _moment(context: Context, value: datetime | str | None) -> str:
    """Return a moment as people write it, in the writer's time zone; a text is returned as is."""
    return _said(context.get("wall"), value) if isinstance(value, datetime) else value or ""


def _said(wall: Wall | None, moment: datetime | None) -> str:
    return (wall or Wall()).say(moment) if moment else ""


def _short(value: object, limit: int) -> str:
    return "" if value is None else adf.one_line(str(value), limit)


@lru_cache(maxsize=2048)
def _compiled(source: str) -> tuple[Template, frozenset[str]]:
    """Return a template and the variables it uses; each text is compiled once per process."""
    environment = _environment()
    return environment.from_string(source), frozenset(meta.find_undeclared_variables(environment.parse(source)))


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # texts go into ADF nodes or plain notes, never into HTML
        keep_trailing_newline=False,
        finalize=lambda value: "" if value is None else value,
    )
    environment.filters |= {"short": _short, "utc": _utc, "moment": _moment}
    return environment


@dataclass(frozen=True, slots=True)
class Leaf:
    """One compiled string of a template."""

    place: str  # file: key path
    source: str
    template: Template | None  # None: a constant text
    report: list[str] | None = None
    field: tuple[str, str] | None = None  # if the string is just `{{ ticket.city }}`

    def render(self, values: Values) -> str:
        """Return the text; if the expression fails, raise `TemplateError`, or report it if compiled with `report`."""
        if self.template is None:
            return self.source
        if self.field:  # half of all strings are just a field, and Jinja2 takes 20 times as long for them
            value = _attribute(values, *self.field)
            if value is None or isinstance(value, str):
                return value or ""
        try:
            return self.template.render(values)
        except Exception as error:  # an admin's expression may fail in any way
            _fault(self.report, f"{self.place}: {self.source.strip()}: {error}", error)
            return ""


class Compiler:
    """Compiles the strings and blocks of one file.

    `names` are the variables that it may use, `shared` the pieces it may include. With `report`, faults are added there
    instead of raised, and conditions are evaluated but ignored, so that a check covers every block.
    """

    def __init__(
        self,
        file: str,
        names: frozenset[str],
        shared: Mapping[str, Step] | None = None,
        report: list[str] | None = None,
    ) -> None:
        self._file = file
        self._names = names
        self._shared = shared or {}
        self._report = report

    def leaf(self, source: str, *path: str | int, names: frozenset[str] = frozenset()) -> Leaf:
        """Compile a string. Raises `TemplateError` for bad syntax and for unknown variables."""
        return self._leaf(source, source, path, names)

    def steps(self, blocks: tuple[Block, ...], *path: str | int) -> Step:
        """Compile blocks into one step that makes their nodes."""
        steps = [self._step(block, (*path, number)) for number, block in enumerate(blocks)]
        return lambda values: [node for step in steps for node in step(values)]

    def _leaf(self, shown: str, source: str, path: tuple[str | int, ...], names: frozenset[str]) -> Leaf:
        place = f"{self._file}: {key_path(path)}"
        if not _MARKUP.search(source):
            return Leaf(place, shown, None)
        try:
            template, variables = _compiled(source)
        except TemplateSyntaxError as error:
            _fault(self._report, f"{place}: {shown.strip()}: {error.message}", error)
            return Leaf(place, shown, None)
        unknown = variables - self._names - names
        if unknown:
            known = ", ".join(sorted(self._names | names)) or "none"
            _fault(self._report, f"{place}: {shown.strip()}: unknown {', '.join(sorted(unknown))}; there are: {known}")
            return Leaf(place, shown, None)
        field = _FIELD.fullmatch(source.removesuffix("\n"))
        return Leaf(place, shown, template, self._report, (field[1], field[2]) if field else None)

    def _step(self, block: Block, path: tuple[str | int, ...]) -> Step:
        step = self._kind(block, path)
        if block.when is None:
            return step
        otherwise = "" if self._report is None else "{% else %}1"
        source = f"{{% if {block.when} %}}1{otherwise}{{% endif %}}"
        condition = self._leaf(block.when, source, (*path, "when"), frozenset())
        return lambda values: step(values) if condition.render(values) else []

    def _kind(self, block: Block, path: tuple[str | int, ...]) -> Step:
        match block:
            case Block(heading=str(text)):
                step: Step = self._text(adf.heading, text, (*path, "heading"))
            case Block(text=str(text)):
                step = self._text(adf.paragraph, text, (*path, "text"))
            case Block(quote=str(text)):
                step = self._text(adf.quote, text, (*path, "quote"))
            case Block(list=tuple(items)):
                step = _list([self.leaf(item, *path, "list", number) for number, item in enumerate(items)])
            case Block(facts=dict(rows)):
                step = _facts({label: self.leaf(value, *path, "facts", label) for label, value in rows.items()})
            case Block(link=LinkBlock() as link):
                step = self.link(link, *path, "link")
            case Block(conversation=ConversationBlock() as conversation):
                step = self._conversation(conversation, path)
            case Block(include=str(name)):
                step = self._include(name, (*path, "include"))
            case _:
                step = _rule
        return step

    def link(self, link: LinkBlock, *path: str | int) -> Step:
        """Compile a paragraph with a link: plain text if the address is invalid, nothing if the text is blank."""
        text, url = self.leaf(link.text, *path, "text"), self.leaf(link.url, *path, "url")

        def step(values: Values) -> list[adf.Node]:
            line = text.render(values)
            return [adf.paragraph(adf.link(line, url.render(values)))] if not adf.is_blank(line) else []

        return step

    def _text(self, build: Callable[[str], adf.Node], source: str, path: tuple[str | int, ...]) -> Step:
        leaf = self.leaf(source, *path)

        def step(values: Values) -> list[adf.Node]:
            text = leaf.render(values)
            return [] if adf.is_blank(text) else [build(text)]

        return step

    def _conversation(self, block: ConversationBlock, path: tuple[str | int, ...]) -> Step:
        line = self.leaf(block.line, *path, "conversation", "line", names=LINE_NAMES)

        def step(values: Values) -> list[adf.Node]:
            nodes: list[adf.Node] = []
            size = 0
            for message in values["ticket"].messages:
                if size > adf.LIMIT:
                    break  # more would be cut anyway, and a ticket may have very many
                if adf.is_blank(message.text):
                    continue
                role, visibility = message.author.role or "", message.visibility or ""
                about = {
                    "role": block.roles.get(role, role),
                    "at": _said(values.get("wall"), message.at),
                    "sent": message.at,
                    "visibility": block.visibility.get(visibility, visibility),
                }
                quote = adf.quote(message.text)
                size += adf.size(quote)
                nodes += [adf.paragraph(adf.strong(line.render({**values, **about}))), quote]
            return nodes

        return step

    def _include(self, name: str, path: tuple[str | int, ...]) -> Step:
        if name not in self._shared:
            known = ", ".join(sorted(self._shared)) or "none"
            _fault(self._report, f"{self._file}: {key_path(path)}: no shared piece {name}; there are: {known}")
        return self._shared.get(name, lambda _: [])


def _attribute(values: Values, name: str, attribute: str) -> object:
    """Return an attribute or entry of a value, or a sentinel that is not a text if there is none."""
    value = values.get(name)
    return value.get(attribute, _ABSENT) if isinstance(value, dict) else getattr(value, attribute, _ABSENT)


def _fault(report: list[str] | None, problem: str, cause: Exception | None = None) -> None:
    if report is None:
        raise TemplateError(problem) from cause
    report.append(problem)


def _rule(_: Values) -> list[adf.Node]:
    return [adf.rule()]


def _list(items: list[Leaf]) -> Step:
    def step(values: Values) -> list[adf.Node]:
        node = adf.bullet_list(item.render(values) for item in items)
        return [node] if node else []

    return step


def _facts(rows: Mapping[str, Leaf]) -> Step:
    def step(values: Values) -> list[adf.Node]:
        node = adf.facts({label: leaf.render(values) for label, leaf in rows.items()})
        return [node] if node else []

    return step
