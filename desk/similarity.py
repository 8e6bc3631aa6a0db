"""How alike two tickets are, and why: the manual gives no criterion of «the same question», so it is a score (C-03)."""

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
_ROUNDING = 0.005  # of a score
_WHOLE = 100  # rapidfuzz's similarity of equal texts


class Reason(NamedTuple):
    """What two tickets have in common: a number, Тип and Подтип, or the words (their likeness in per cent)."""

    kind: Kind
    value: str


@dataclass(frozen=True)
class Similar:
    """Another ticket that asks the same: how alike they are (0…1), and why, what says most first."""

    ticket: KnownTicket
    score: float
    reasons: tuple[Reason, ...]


def similar(ticket: KnownTicket, others: Iterable[KnownTicket], config: Config) -> list[Similar]:
    """Those of the others that seem to ask the same, the likest first, and of equal ones the oldest."""
    mine = _Seen(ticket, config)
    found = [_compared(mine, _Seen(other, config)) for other in others if other.ticket_id != ticket.ticket_id]
    alike = [one for one in found if one.score >= config.duplicates.threshold]
    return sorted(alike, key=lambda one: (-one.score, one.ticket.opened_at, one.ticket.ticket_id))


@dataclass(frozen=True)
class _Seen:
    """A ticket as it is compared."""

    ticket: KnownTicket
    config: Config

    @cached_property
    def numbers(self) -> Mapping[Kind, Mapping[str, str]]:
        """The numbers of all kinds."""
        return {kind: self.numbers_of(kind) for kind in NUMBERS}

    def numbers_of(self, kind: Kind) -> Mapping[str, str]:
        """The numbers of a kind, as a field or in the text, by their folded form."""
        found = self.config.resolutions.numbers.found_of(kind, self.ticket.text or "")
        given = [*filter(None, [getattr(self.ticket, kind)]), *found]
        return {key: number for number in given if (key := match_key(number))}

    @cached_property
    def topic(self) -> tuple[str, str]:
        """Тип and Подтип, folded."""
        return match_key(self.ticket.type or ""), match_key(self.ticket.subtype or "")

    @cached_property
    def words(self) -> list[str]:
        """What was asked, word by word, without greetings."""
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
    if enough and (alike := _texts(mine, other)):  # most have nothing else in common: their words change nothing
        score += weights.text * alike
        reasons.append(Reason("text", str(round(alike * 100))))
    return Similar(other.ticket, round(min(max(score, 0.0), 1.0), 2), tuple(reasons))


def _numbers(mine: _Seen, other: _Seen) -> tuple[Reason | None, bool]:
    """The number that both have, the narrowest kind first; and whether both have numbers of a kind, none of them the
    same."""
    differ = False
    for kind in NUMBERS:
        ours = mine.numbers[kind]
        theirs = other.numbers_of(kind) if ours else {}  # to look through every text takes longer than all else
        common = sorted(ours.keys() & theirs.keys())
        if common:
            return Reason(kind, theirs[common[0]]), False
        differ = differ or bool(ours and theirs)
    return None, differ


def _texts(mine: _Seen, other: _Seen) -> float:
    """How alike the words are, in whatever order; 0 where that says nothing."""
    table = mine.config.duplicates.texts
    if min(len(mine.words), len(other.words)) < table.words:
        return 0.0
    cutoff = table.least * _WHOLE
    return fuzz.token_sort_ratio(" ".join(mine.words), " ".join(other.words), score_cutoff=cutoff) / _WHOLE
