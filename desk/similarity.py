"""How similar two tickets are, and why: the manual does not define «the same question», so it is a score (C-03)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from rapidfuzz import fuzz, utils

from config import Config
from config.names import match_key
from store.known_tickets import KnownTicket

Kind = Literal["order_no", "shipment_no", "supply_no", "topic", "text"]
NUMBERS: tuple[Kind, ...] = ("supply_no", "shipment_no", "order_no")
_ROUNDING = 0.005  # the error of a rounded score
_WHOLE = 100  # rapidfuzz's score for equal texts


class Reason(NamedTuple):
    """What two tickets have in common: a number, Тип and Подтип, or the words (similarity in per cent)."""

    kind: Kind
    value: str


@dataclass(frozen=True)
class Similar:
    """Another ticket that asks the same question: how similar it is (0…1), and why, strongest reason first."""

    ticket: KnownTicket
    score: float
    reasons: tuple[Reason, ...]


def similar(ticket: KnownTicket, others: Iterable[KnownTicket], config: Config) -> list[Similar]:
    """Return the other tickets that seem to ask the same question, most similar first, oldest first among equals."""
    mine = _Seen(ticket, config)
    found = [_compared(mine, _Seen(other, config)) for other in others if other.ticket_id != ticket.ticket_id]
    alike = [one for one in found if one.score >= config.duplicates.threshold]
    return sorted(alike, key=lambda one: (-one.score, one.ticket.opened_at, one.ticket.ticket_id))


@dataclass(frozen=True)
class _Seen:
    """A ticket prepared for comparison."""

    ticket: KnownTicket
    config: Config

    @cached_property
    def numbers(self) -> Mapping[Kind, Mapping[str, str]]:
        """The numbers of all kinds."""
        return {kind: self.numbers_of(kind) for kind in NUMBERS}

    def numbers_of(self, kind: Kind) -> Mapping[str, str]:
        """Return the numbers of a kind, from its field and from the text, by their folded form."""
        found = self.config.resolutions.numbers.found_of(kind, self.ticket.text or "")
        given = [*filter(None, [getattr(self.ticket, kind)]), *found]
        return {key: number for number in given if (key := match_key(number))}

    @cached_property
    def topic(self) -> tuple[str, str]:
        """Тип and Подтип, folded."""
        return match_key(self.ticket.type or ""), match_key(self.ticket.subtype or "")

    @cached_property
    def words(self) -> list[str]:
        """The words of the question, without ignored ones such as greetings."""
        text = utils.default_process((self.ticket.text or "").replace("ё", "е").replace("Ё", "Е"))
        return [word for word in text.split() if word not in self.config.duplicates.ignored]


def _compared(mine: _Seen, other: _Seen) -> Similar:
    weights = mine.config.duplicates.weights
    number, others = _numbers(mine, other)
    score, reasons = 0.0, []
    if number:
        score += weights.number
        reasons.append(number)
    elif others:
        score -= weights.other_number
    if all(mine.topic) and mine.topic == other.topic:
        score += weights.topic
        reasons.append(Reason("topic", ": ".join(filter(None, (other.ticket.type, other.ticket.subtype)))))
    enough = score + weights.text + _ROUNDING >= mine.config.duplicates.threshold
    if enough and (
        alike := _texts(mine, other)
    ):  # compare texts only where they can still decide: most tickets have nothing else in common
        score += weights.text * alike
        reasons.append(Reason("text", str(round(alike * 100))))
    return Similar(other.ticket, round(min(max(score, 0.0), 1.0), 2), tuple(reasons))


def _numbers(mine: _Seen, other: _Seen) -> tuple[Reason | None, bool]:
    """Return the number that both share, narrowest kind first; and whether they have different numbers of some kind."""
    differ = False
    for kind in NUMBERS:
        ours = mine.numbers[kind]
        theirs = other.numbers_of(kind) if ours else {}  # searching a text is the slowest step
        common = sorted(ours.keys() & theirs.keys())
        if common:
            return Reason(kind, theirs[common[0]]), False
        differ = differ or bool(ours and theirs)
    return None, differ


def _texts(mine: _Seen, other: _Seen) -> float:
    """Return how similar the words are, in any order; 0 if they are too few or not similar enough to count."""
    table = mine.config.duplicates.texts
    if min(len(mine.words), len(other.words)) < table.words:
        return 0.0
    cutoff = table.least * _WHOLE
    return fuzz.token_sort_ratio(" ".join(mine.words), " ".join(other.words), score_cutoff=cutoff) / _WHOLE
