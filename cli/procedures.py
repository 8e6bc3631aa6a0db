"""`procedures`: prints the procedures that each event goes through, in order, with their rules."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from cli.rules_table import NAMED
from cli.words import columns, table
from handlers import PROCEDURES, Procedure


def printed() -> str:
    """Return the table of `handlers/__init__.py`, with rules and descriptions from the procedures' docstrings."""
    return table(columns("procedure_columns"), _rows())


def _rows() -> Iterator[dict[str, str]]:
    for event, procedures in PROCEDURES.items():
        for number, procedure in enumerate(procedures):
            yield {"event": "" if number else event, "procedure": _name(procedure), **_told(procedure)}


def _name(procedure: Procedure) -> str:
    return f"{procedure.__module__.removeprefix('handlers.')}.{procedure.__name__}"


def _told(procedure: Procedure) -> dict[str, str]:
    text = (inspect.getdoc(procedure) or "").partition("\n\n")[0]
    return {"rules": " ".join(found[0] for found in NAMED.finditer(text)), "what": text}
