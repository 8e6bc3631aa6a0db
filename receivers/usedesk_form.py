"""Reads Usedesk's form-encoded bodies: `comment[ticket_id]=5` becomes `{"comment": {"ticket_id": "5"}}`."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl

from receivers.body import DEPTH, decoded
from receivers.refusal import Refusal

FIELDS = 20_000  # in one body; Usedesk's own have a few hundred at most
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_STEP = re.compile(r"\[([^\[\]]*)\]")


def to_json(content: bytes) -> bytes:
    """Return a form as JSON; raises Refusal when it has too many fields or is nested too deep."""
    try:
        pairs = parse_qsl(decoded(content), keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError:
        raise Refusal(f"over {FIELDS} fields", "send JSON instead (the channel's «JSON request»)") from None
    body: dict[str, object] = {}
    for name, value in pairs:
        _put(body, name, value)
    return json.dumps(_with_lists(body), ensure_ascii=False).encode(errors="replace")


def _put(body: dict[str, object], name: str, value: str) -> None:
    found = _NAME.fullmatch(name)
    steps = [found[1], *_STEP.findall(found[2])] if found else [name]
    if len(steps) >= DEPTH:
        raise Refusal(f"nested deeper than {DEPTH} levels", "send it flatter", path="$")
    holder = body
    for step in steps[:-1]:
        inner = holder.setdefault(step or str(len(holder)), {})
        if not isinstance(inner, dict):
            return  # the name holds a plain value already
        holder = inner
    holder.setdefault(steps[-1] or str(len(holder)), value)


def _with_lists(value: object) -> object:
    if not isinstance(value, dict):
        return value
    members = {name: _with_lists(member) for name, member in value.items()}
    numbered = bool(members) and list(members) == [str(place) for place in range(len(members))]
    return list(members.values()) if numbered else members
