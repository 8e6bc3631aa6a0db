"""Reads a file of neutral events: one JSON object per line, or CSV with a column for each field (`ticket.id`, …).

A line without `type` is a `ticket.closing`. One without `id` gets an id made of type, ticket and moment, so the same
line is the same delivery each time.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import IO, TypeAlias

from events import TicketEvent
from events.untrusted import entries, objects, part
from receivers import body, webcrm
from receivers.intake import arrival_of
from receivers.refusal import Refusal, TooLarge
from receivers.webcrm_events import LISTS, SOURCE
from runtime.inbox import Arrival

USUAL = "ticket.closing"
NEEDED = ("ticket.id", "occurred_at")
_OF_CASE = re.compile(r"case\.\w+")  # its names are those of `cases.yml`
_CHOICES = 9  # a model, or null
_NO_CELL = {"kind", "source", "case"}  # the first two are fixed for a file of WebCRM's events
_Content: TypeAlias = bytes | Refusal


@dataclass(frozen=True)
class FileLine:
    """One line, numbered as in an editor: its `arrival`, or the `fault` because of which there is none."""

    number: int
    arrival: Arrival | None = None
    fault: Refusal | None = None
    warnings: tuple[str, ...] = ()


class UnreadableFileError(Exception):
    """The file cannot be read from `line` on; says what is wrong and what to do."""

    def __init__(self, line: int, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.line, self.problem, self.fix = line, problem, fix


@dataclass
class _Before:
    """The deliveries of earlier lines: their line numbers and the hashes of their contents."""

    seen: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def checked(self, line: FileLine) -> FileLine:
        """Return the line, or a fault when an earlier line has the same id but other content."""
        if line.arrival is None:
            return line
        content = sha256(line.arrival.body).digest()
        number, told = self.seen.setdefault(line.arrival.delivery_id, (line.number, content))
        if told == content:
            return line
        same = Refusal(f"the same event as line {number}, told otherwise", "give each line an id of its own")
        return FileLine(line.number, fault=same)


def lines(path: Path) -> Iterator[FileLine]:
    """Yield each line that is not empty; raises UnreadableFileError, OSError."""
    before = _Before()
    for number, content in _contents(path):
        yield before.checked(_understood(number, content))


def _contents(path: Path) -> Iterator[tuple[int, _Content]]:
    with path.open("rb") as file:
        start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        with path.open("rb") as file:
            yield from ((number, text) for number, text in enumerate(file, 1) if text.strip())
        return
    with path.open(encoding="utf-8-sig", newline="") as table:
        yield from _rows(table)


def _rows(file: IO[str]) -> Iterator[tuple[int, _Content]]:
    csv.field_size_limit(body.LIMIT)
    reader, begins = None, 1
    try:
        reader = csv.reader(file, delimiter=_delimiter(file), strict=True)
        header = _header(next(reader, []))
        begins = reader.line_num + 1
        for cells in reader:
            if any(cells):
                yield begins, _event(header, cells)
            begins = reader.line_num + 1
    except UnicodeDecodeError:
        raise UnreadableFileError(begins, "not UTF-8", "save it as CSV UTF-8") from None
    except csv.Error as error:
        raise UnreadableFileError(begins, f"not CSV: {error}", 'close every " and double those inside a cell') from None


def _delimiter(file: IO[str]) -> str:
    """Return the one that is most frequent in the header: comma, semicolon (Excel's, with decimal commas) or tab."""
    first = file.readline()
    file.seek(0)
    return max(",;\t", key=first.count)


def _header(cells: Sequence[str]) -> list[str]:
    """Return the names of the columns; raises UnreadableFileError for an unknown, repeated or missing one."""
    names = [cell.strip() for cell in cells]
    for name in names:
        if name not in columns() and not _OF_CASE.fullmatch(name):
            near = get_close_matches(name, columns(), 1, 0.6)
            fix = f"call it {near[0]}" if near else "call it as the event does, for example closing.resolution"
            raise UnreadableFileError(1, f'no field of an event is called "{name[:64]}"', f"{fix}, or take it out")
        if names.count(name) > 1:
            raise UnreadableFileError(1, f"the column {name} is there twice", "keep one of them")
    for name in NEEDED:
        if name not in names:
            raise UnreadableFileError(1, f"the column {name} is missing", "add it; the first line names the columns")
    return names


@cache
def columns() -> frozenset[str]:
    """Return the paths of the event fields that a cell can hold."""
    schema = TicketEvent.model_json_schema()
    return frozenset(_paths(schema, schema["$defs"])) - _NO_CELL


def _paths(schema: Mapping[str, object], known: Mapping[str, object], above: str = "") -> Iterator[str]:
    for name, about in part(schema, "properties").items():
        inner = part(known, _kind(about))
        if inner:
            yield from _paths(inner, known, f"{above}{name}.")
        else:
            yield above + name


def _kind(about: object) -> str:
    """Return the name of the model that a field holds, or an empty string."""
    given = objects([about], 1)
    choices = objects([*given, *(one for it in given for one in entries(it.get("anyOf")))], _CHOICES)
    return next((str(one["$ref"]).rpartition("/")[2] for one in choices if "$ref" in one), "")


def _event(header: Sequence[str], cells: Sequence[str]) -> _Content:
    """Return a row as JSON without its empty cells, or the Refusal for a malformed one."""
    if len(cells) != len(header):
        return Refusal(f"{len(cells)} cells, but {len(header)} columns", 'put a cell with separators in it into ""')
    event: dict[str, object] = {}
    try:
        for name, cell in zip(header, cells, strict=True):
            if cell.strip():
                _put(event, name, _value(name, cell))
    except ValueError:
        return Refusal("not a JSON list", "separate entries by ;, or write JSON", path=f"$.{name}")
    return json.dumps(event, ensure_ascii=False).encode(errors="replace")


def _value(name: str, cell: str) -> object:
    """Return a cell's text; in a list's column its entries, separated by `;` or written as a JSON list."""
    if tuple(name.split(".")) not in LISTS:
        return cell.strip()
    if cell.lstrip().startswith("["):
        return json.loads(cell)
    return [entry.strip() for entry in cell.split(";") if entry.strip()]


def _put(event: dict[str, object], name: str, value: object) -> None:
    first, dot, rest = name.partition(".")
    if not dot:
        event[first] = value
        return
    inner = event.setdefault(first, {})
    assert isinstance(inner, dict)  # noqa: S101 # for the type alone: no column stands for a whole object
    _put(inner, rest, value)


def _understood(number: int, content: _Content) -> FileLine:
    try:
        arrival, warnings = taken(content)
    except Refusal as fault:
        return FileLine(number, fault=fault)
    return FileLine(number, arrival, warnings=warnings)


def taken(content: _Content) -> tuple[Arrival, tuple[str, ...]]:
    """Return the delivery that an event without a sender's signature becomes, and what of it was left out.

    Raises Refusal.
    """
    document = _document(content)
    reading = webcrm.read(document, str(document["id"]))
    if reading.event is None:
        raise Refusal(reading.ignored or "not an event", f"send {USUAL}, or leave it out", path="$.type")
    return arrival_of(SOURCE, document, reading), reading.warnings


def _document(content: _Content) -> dict[str, object]:
    """Return the event of a line with a type and an id filled in; as strict as for a webhook's body."""
    if isinstance(content, Refusal):
        raise content
    if len(content) > body.LIMIT:
        raise TooLarge(f"over {body.LIMIT // 1024 // 1024} MB", "leave long histories out")
    document = body.parse(content)
    document["type"] = document.get("type") or USUAL
    what = [document["type"], part(document, "ticket").get("id"), document.get("occurred_at")]
    document["id"] = document.get("id") or "file-" + sha256(json.dumps(what, default=str).encode()).hexdigest()[:32]
    return document
