"""Checks that all tables share: does a named thing exist, and does a spelling mean only one thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.faults import Fault, Steps, listed
from config.named import Key, Named
from config.names import match_key
from config.problems import near
from config.rules import KNOWN
from config.yaml_file import Document


def unknown(document: Document, steps: Steps, code: str, value: str, known: list[str]) -> Fault:
    """Make a fault about an unknown name, which lists the known ones."""
    return document.fault(steps, code, value=value, known=listed(known))


def spellings_of(steps: Steps, table: Mapping[Key, Named]) -> dict[Steps, tuple[str, str]]:
    """Return every spelling of a table's rows: place → (owner, spelling)."""
    places: dict[Steps, tuple[str, str]] = {}
    for owner, named in table.items():
        places[(*steps, owner, "name")] = (owner, named.name)
        for number, alias in enumerate(named.aliases):
            places[(*steps, owner, "aliases", number)] = (owner, alias)
    return places


def twice(document: Document, spellings: Mapping[Steps, tuple[str, str]]) -> Iterator[Fault]:
    """Yield faults for spellings without a letter or with two meanings. `spellings`: place → (owner, spelling)."""
    first: dict[str, tuple[str, Steps]] = {}
    for steps, (owner, spelling) in spellings.items():
        key = match_key(spelling)
        if not key:
            yield document.fault(steps, "name_of_signs", value=spelling)
            continue
        other, place = first.setdefault(key, (owner, steps))
        if other != owner:
            yield document.fault(steps, "name_twice", value=spelling, other=other, line=document.line(place))


def rule_known(document: Document, steps: Steps, rule: str) -> Iterator[Fault]:
    """Yield a fault if the manuals have no rule with this number."""
    if rule not in KNOWN:
        meant = near(rule, sorted(KNOWN))
        yield document.fault(steps, "rule_unknown" if meant else "rule_id", value=rule, meant=meant)
