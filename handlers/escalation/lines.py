"""Which line a customer's chat goes to, by T-9 from the top down (C-21)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from config.escalation import EscalationRow, Need
from handlers.escalation.chat import MISSING, SPECIAL, TOLD, Chat, LikelyTopic
from handlers.escalation.verdict import LineChoice, Verdict

_BY_ORDER = 0.8  # how sure it is that a question beside an Express order is about that order
_NO_ROW = "E-07"  # first the topic, then the decision
_DOUBT = "E-47"


def choose(chat: Chat) -> Verdict:
    """The line of a chat as if nothing had been chosen yet; wherever else the client wrote, none (E-49)."""
    found = _special(chat) or _ordinary(chat)
    if chat.is_chat or (found.line is None and found.decision == "self"):
        return found
    if chat.is_chat is None:
        return Verdict("ask", found.rule, found.sure, topic=found.topic, words=("escalation_ask_fields",),
                       alternatives=_offered(found), missing=("ticket.channel",))  # fmt: skip
    return elsewhere(chat, found)


def elsewhere(chat: Chat, found: Verdict) -> Verdict:
    """The same question in a letter, a call or a review: the agent answers it (E-22, E-37…E-40, E-49)."""
    if found.topic == "bank":
        words = ("escalation_ask_bank_user", "escalation_m7", "escalation_m8")
        return Verdict("self", "E-40", found.sure, topic="bank", words=words)
    line = next((choice.line for choice in _offered(found)), None)
    rule = {"financial": "E-49", "b2b": "E-22"}.get(line or "", found.rule)
    return Verdict("self", rule, found.sure, topic=found.topic)


def _special(chat: Chat) -> Verdict | None:
    """Express, DS mini and Flex before everything else (E-30, E-53), by the package in question (E-29)."""
    lines = {row.line for row in chat.rows}
    named = [topic for topic in chat.known if topic.id in SPECIAL and topic.id in lines]
    coming = [delivery for delivery in chat.deliveries if delivery in lines]
    if named:
        return _named(chat, named, list(dict.fromkeys(coming)))
    if not coming or not chat.is_about_order:
        return None
    topic = chat.known[0].id if chat.known else None
    choices = tuple(LineChoice(kind, chat.table.lines[kind].rule, _BY_ORDER, topic) for kind in dict.fromkeys(coming))
    return _which_package(choices, chat, len(choices) == 1 and len(coming) == len(chat.deliveries))


def _named(chat: Chat, topics: Sequence[LikelyTopic], coming: Sequence[str]) -> Verdict:
    """A special delivery that the client speaks of; where no package comes so, the one by which they do come (E-55)."""
    first = next((topic for topic in topics if topic.id in coming), topics[0])
    kinds = [first.id] if first.id in coming else coming or [first.id]
    choices = tuple(LineChoice(kind, chat.table.lines[kind].rule, first.sure, first.id) for kind in kinds)
    return _which_package(choices, chat, len(choices) == 1)


def _which_package(choices: tuple[LineChoice, ...], chat: Chat, is_known: bool) -> Verdict:
    first = choices[0]
    if is_known:
        return Verdict.of(first, words=_hint(first.line, chat))
    words = ("escalation_ask_package",)
    return Verdict("ask", "E-29", first.sure, topic=first.topic, words=words, alternatives=choices)


def _hint(line: str | None, chat: Chat) -> tuple[str, ...]:
    """Where delivery may be switched, the agent is told (E-52a)."""
    return ("escalation_hint_switch",) if line == "ds_mini" and chat.deliveries else ()


def _ordinary(chat: Chat) -> Verdict:
    """By the rows that take one of the topics; in doubt between lines of like right, or for want of a field, ask."""
    fits = sorted((fit for topic in chat.known or (None,) for fit in _fits(chat, topic)), key=lambda fit: -fit[0].sure)
    near = [fit for fit in fits if fits[0][0].sure - fit[0].sure < chat.table.close]
    choices = tuple(dict.fromkeys(choice for choice, _ in near))
    missing = tuple(dict.fromkeys(MISSING[need] for _, need in near if need in MISSING))
    if not choices:
        return _own(chat)
    first = choices[0]
    if missing:
        return Verdict("ask", first.rule, first.sure, topic=first.topic, words=("escalation_ask_fields",),
                       alternatives=choices, missing=missing)  # fmt: skip
    if chat.topics and not chat.known:
        return _doubt(chat, *choices)
    if len({choice.line for choice in choices}) == 1:
        return Verdict.of(first)
    rule = "E-11" if {"bank", "balance"} <= {choice.topic for choice in choices} else _DOUBT
    return Verdict("ask", rule, first.sure, words=("escalation_ask_topic",), alternatives=choices)


def _fits(chat: Chat, topic: LikelyTopic | None) -> Iterator[tuple[LineChoice, Need | None]]:
    """The first row that takes a topic, after those that perhaps do, each with the need that is not known (C-21)."""
    name, sure = (topic.id, topic.sure) if topic else (None, _sure(chat))
    for row in chat.rows:
        holds = row.speaks_of(name) and chat.meets(row.needs)
        if holds is False:
            continue
        yield LineChoice(row.line, chat.table.lines[row.line].rule, sure, name), None if holds else row.needs
        if holds:
            return


def _own(chat: Chat) -> Verdict:
    """What the agent answers: by a row that does not hold, by a general instruction, or because no row speaks of it."""
    if not chat.known:
        return _doubt(chat) if chat.topics else Verdict("self", _NO_ROW, _sure(chat))
    topic = chat.known[0]
    row = next((row for row in chat.rows if row.topics and row.speaks_of(topic.id)), None)
    rule = _unmet(row, chat) if row else chat.table.own.get(topic.id)
    if rule is None:
        rule = "E-24" if chat.is_company else _NO_ROW
    words = ("escalation_m6",) if topic.id == "cancel" and _paid_by_account(chat) else ()
    return Verdict("self", rule, topic.sure, topic=topic.id, words=words)


def _unmet(row: EscalationRow, chat: Chat) -> str:
    if row.needs == "person":
        return "E-24"  # a legal entity, of an agent who has the skill: without it the row of B2B had taken it
    return chat.table.lines[row.line].rule


def _paid_by_account(chat: Chat) -> bool:
    return chat.table.topic_of((chat.event.ticket.payment_method or "",)) == "bank"


def _doubt(chat: Chat, *others: LineChoice) -> Verdict:
    """Below the threshold a topic is only suggested."""
    rows = [(topic, row) for topic in chat.topics for row in chat.rows if topic.id in row.topics]
    lines = chat.table.lines
    choices = [
        LineChoice(row.line, lines[row.line].rule, topic.sure, topic.id) for topic, row in rows if chat.meets(row.needs)
    ]
    if not choices and not others:
        return Verdict("self", _NO_ROW, _sure(chat))
    return Verdict("ask", _DOUBT, _sure(chat), words=("escalation_ask_topic",), alternatives=(*choices, *others))


def _sure(chat: Chat) -> float:
    """How sure the topic is; that a chat of no topic is nobody else's is as sure as the tables are whole."""
    return chat.topics[0].sure if chat.topics else TOLD - chat.table.threshold / 2


def _offered(found: Verdict) -> tuple[LineChoice, ...]:
    own = (LineChoice(found.line, found.rule, found.sure, found.topic),) if found.line else ()
    return own + found.alternatives
