"""Turns pydantic's errors into faults: the line, the key, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.faults import Fault, Steps, listed, shown
from config.yaml_file import Document

_QUOTED = re.compile(r"'([^']*)'")


def faults_of(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Fault]:
    """Return a fault for each error, in the order of the file."""
    errors = error.errors(include_url=False)
    faults = [_fault(details, document, model) for details in errors if not _only_spoilt(details, errors)]
    return sorted(faults, key=lambda fault: fault.line or 0)


def near(wrong: str, known: Sequence[str]) -> str:
    """Return the known name that was probably meant, or an empty string."""
    folded = {name.casefold(): name for name in known}
    found = get_close_matches(wrong.casefold(), folded, n=1)
    return folded[found[0]] if found else ""


def _fault(details: ErrorDetails, document: Document, model: type[BaseModel]) -> Fault:
    steps: Steps = tuple(step for step in details["loc"] if step != "[key]")
    code, values = details["type"], dict(details.get("ctx") or {})
    values |= {"value": shown(details["input"]), "said": details["msg"], "key": str(steps[-1]) if steps else ""}
    if details["input"] is None and code != "missing":
        code = "empty"
    if code == "extra_forbidden":
        code, extra = _unknown_key(steps, model)
        values |= extra
    if code == "literal_error":
        values["known"] = listed(_QUOTED.findall(str(values["expected"])))
    return document.fault(steps, code, **values)


def _only_spoilt(details: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """Return True for a list that is too short only because pydantic does not count its invalid items."""
    place = details["loc"]
    inside = (other["loc"] for other in errors if len(other["loc"]) > len(place))
    return details["type"] == "too_short" and any(other[: len(place)] == place for other in inside)


def _unknown_key(steps: Steps, model: type[BaseModel]) -> tuple[str, Mapping[str, str]]:
    known = _keys_at(steps[:-1], model)
    meant = near(str(steps[-1]), known)
    return "key_unknown_near" if meant else "key_unknown", {"known": listed(known), "meant": meant}


def _keys_at(steps: Steps, model: type[BaseModel]) -> list[str]:
    """Return the keys that the table at this place may have."""
    kind: Any = model
    for step in steps:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = _plain(kind.model_fields[str(step)].annotation)
        else:
            kind = _plain(get_args(kind)[-1])
    return [name for name, field in kind.model_fields.items() if not field.exclude]


def _plain(annotation: Any) -> Any:
    """Strip Annotated[…] from a type."""
    while hasattr(annotation, "__metadata__"):
        annotation = get_args(annotation)[0]
    return annotation
