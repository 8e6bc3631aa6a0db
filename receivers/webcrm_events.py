"""Reads the neutral CRM event: strict about what identifies it, lenient about everything else.

`id`, `type`, `occurred_at` and `ticket.id` are required. Any other field that is null counts as missing, and so does
one of the wrong type, which is named in a warning: a CRM's mistake in one field must not lose the event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from events import TICKET_ID, TicketEvent, TicketEventType, event_case, ticket_case
from events.untrusted import entries
from receivers.fields import part, text
from receivers.refusal import Refusal

SOURCE = "webcrm"
NO_CASE = f"{SOURCE}:none"
LONGEST = 5000  # entries of a list; of a longer one only the last are kept
LISTS = (
    ("ticket", "messages"),
    ("ticket", "seller", "schemes"),
    ("ticket", "tags"),
    ("ticket", "custom_fields"),
    ("ticket", "topics"),
    ("ticket", "packages"),
    ("ticket", "client", "badges"),
    ("agent", "skills"),
    ("agent", "permissions"),
    ("closing", "circumstances"),
    ("changes",),
)
_TYPES = frozenset(get_args(TicketEventType))
_TYPE_NAME = re.compile(r"[\w:.-]{1,100}", re.ASCII)
_TICKET_ID = re.compile(TICKET_ID.removesuffix("$"))
# The required fields, each with what to send when it is missing or wrong.
_REQUIRED: Mapping[tuple[int | str, ...], str] = {
    ("id",): "send the event's own id: a string of 1 to 200 characters",
    ("type",): "send the event's type, for example ticket.closing",
    ("occurred_at",): "send when it happened, with an offset, for example 2026-11-20T16:04:11+03:00",
    ("ticket",): 'send the ticket as an object, at least {"id": "23814352"}',
    ("ticket", "id"): "send the ticket's id: 1 to 64 of the characters A-Z a-z 0-9 _ -",
}
_WARNINGS = 20


@dataclass(frozen=True)
class ParsedWebCrm:
    """One parsed event; where `event` is None its type is unknown, and `ignored` says so."""

    type: str
    case: str
    event: TicketEvent | None = None
    ignored: str | None = None
    warnings: tuple[str, ...] = ()


def parse(body: dict[str, Any]) -> ParsedWebCrm:
    """Parse a body; raises Refusal with the path of the first fault among the required fields."""
    name = body.get("type")
    if isinstance(name, str) and name not in _TYPES:
        return _ignored(body, name)
    neutral = _pruned({key: value for key, value in body.items() if key != "kind"} | {"source": SOURCE})
    warnings = list(_listed(neutral))
    while True:
        try:
            event = TicketEvent.model_validate(neutral)
        except ValidationError as error:
            warnings += _drop_faults(neutral, error)
        else:
            return ParsedWebCrm(event.type, event_case(event), event, warnings=_bounded(warnings))


def _ignored(body: dict[str, Any], name: str) -> ParsedWebCrm:
    shown = name if _TYPE_NAME.fullmatch(name) else "unknown"
    ticket_id = text(part(body, "ticket").get("id")) or ""
    case = ticket_case(SOURCE, ticket_id) if _TICKET_ID.fullmatch(ticket_id) else NO_CASE
    return ParsedWebCrm(shown, case, ignored=f"unknown type {shown}")


def _pruned(value: Any) -> Any:
    """Copy the containers without nulls, so that faults can be dropped; the caller's body stays as it came."""
    if isinstance(value, dict):
        return {key: _pruned(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_pruned(item) for item in value if item is not None]
    return value


def _listed(body: dict[str, Any]) -> Iterator[str]:
    """Normalise lists and cut them before validation, which would report every bad entry of a million.

    Yields a warning for each list that was cut.
    """
    for path in LISTS:
        holder: Any = body
        for name in path[:-1]:
            holder = holder.get(name) if isinstance(holder, dict) else None
        listed = entries(holder.get(path[-1])) if isinstance(holder, dict) else ()
        if listed:
            holder[path[-1]] = listed[-LONGEST:]
        if len(listed) > LONGEST:
            yield f"{_json_path(path)}: only the last {LONGEST} entries are read"


def _drop_faults(body: dict[str, Any], error: ValidationError) -> list[str]:
    """Remove every faulty optional value from the body; raise Refusal when a required one is faulty."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    required = [fault for fault in faults if fault["loc"] in _REQUIRED]
    if required:
        location = required[0]["loc"]
        raise Refusal(_problem(required[0]), _REQUIRED[location], path=_json_path(location), count=len(required))
    # From the end, so that the indices of earlier list entries stay valid.
    for fault in reversed(faults):
        _drop(body, fault["loc"])
    return [f"{_json_path(fault['loc'])}: {_problem(fault)}; left out" for fault in faults]


def _problem(fault: ErrorDetails) -> str:
    return "is missing" if fault["type"] == "missing" else fault["msg"][:1].lower() + fault["msg"][1:]


def _drop(body: Any, location: tuple[int | str, ...]) -> None:
    for step in location[:-1]:
        body = body[step]
    del body[location[-1]]


def _json_path(location: tuple[int | str, ...]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)


def _bounded(warnings: list[str]) -> tuple[str, ...]:
    more = len(warnings) - _WARNINGS
    return tuple(warnings[:_WARNINGS]) + ((f"and {more} more",) if more > 0 else ())
