"""What every check of tables asks: is there such a thing, and does a spelling mean one thing alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.faults import Fault, Steps, listed
from config.named import Key, Named
from config.names import match_key
from config.problems import near
from config.rules import KNOWN
from config.yaml_file import Document


def unknown(document: Document, steps: Steps, code: str, value: str, known: list[str]) -> Fault:
    """A name of what there is not, with all that there are."""
    return document.fault(steps, code, value=value, known=listed(known))


def spellings_of(steps: Steps, table: Mapping[Key, Named]) -> dict[Steps, tuple[str, str]]:
    """Every spelling of a table's rows: place → (owner, spelling)."""
    places: dict[Steps, tuple[str, str]] = {}
    for owner, named in table.items():
        places[(*steps, owner, "name")] = (owner, named.name)
        for number, alias in enumerate(named.aliases):
            places[(*steps, owner, "aliases", number)] = (owner, alias)
    return places


def twice(document: Document, spellings: Mapping[Steps, tuple[str, str]]) -> Iterator[Fault]:
    """Find spellings that mean nothing, or two things. `spellings`: place → (owner, spelling)."""
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
    """Find the number of a rule that the manuals do not have."""
    if rule not in KNOWN:
        meant = near(rule, sorted(KNOWN))
        yield document.fault(steps, "rule_unknown" if meant else "rule_id", value=rule, meant=meant)
