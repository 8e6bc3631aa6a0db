"""Checks that the table of resolutions fits together: names have one meaning, and places are among its channels."""

from __future__ import annotations

from collections.abc import Iterator

from config.channels import Place
from config.doubles import spellings_of, twice, unknown
from config.faults import Fault, Steps
from config.resolutions import Resolutions
from config.yaml_file import Document


def check_resolutions(document: Document, table: Resolutions) -> Iterator[Fault]:
    """Yield faults for spellings with two meanings, and for checks or advice in unknown places."""
    yield from twice(document, spellings_of(("channels",), table.channels))
    for name, channel in table.channels.items():
        yield from twice(document, spellings_of(("channels", name, "kinds"), channel.kinds))
    yield from twice(document, spellings_of(("activities",), table.activities))
    yield from twice(document, spellings_of(("circumstances",), table.circumstances))
    for rule, check in table.checks.items():
        yield from _places(document, table, ("checks", rule, "channels"), check.channels)
    for number, row in enumerate(table.advice):
        yield from _places(document, table, ("advice", number, "channels"), row.channels)
        yield from _places(document, table, ("advice", number, "besides"), row.besides)


def _places(document: Document, table: Resolutions, steps: Steps, places: tuple[Place, ...]) -> Iterator[Fault]:
    known = [*table.channels, *(f"{name}.{kind}" for name, row in table.channels.items() for kind in row.kinds)]
    for number, place in enumerate(places):
        if place not in known:
            yield unknown(document, (*steps, number), "place_unknown", place, known)
