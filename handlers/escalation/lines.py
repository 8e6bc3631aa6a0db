"""Which line a customer's chat goes to, by T-9 from the top down (C-21)."""

from __future__ import annotations

from collections.abc import Iterator

from config.escalation import EscalationRow
from handlers.escalation.chat import MISSING, SPECIAL, TOLD, Chat
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
    rule = {"financial": "E-49", "b2b": "E-22"}.get(found.line or "", found.rule)
    return Verdict("self", rule, found.sure, topic=found.topic)


def _special(chat: Chat) -> Verdict | None:
    """Express, DS mini and Flex before everything else (E-30, E-53), by the package in question (E-29)."""
    lines = {row.line for row in chat.rows}
    named = next((topic for topic in chat.known if topic.id in SPECIAL and topic.id in lines), None)
    coming = [delivery for delivery in chat.deliveries if delivery in lines]
    if named:
        kinds = set[str](coming) or {named.id}
        line = named.id if named.id in kinds or len(kinds) > 1 else next(iter(kinds))
        return Verdict.of(LineChoice(line, chat.table.lines[line].rule, named.sure, named.id), words=_hint(line, chat))
    if not coming or not chat.is_about_order:
        return None
    topic = chat.known[0].id if chat.known else None
    choices = tuple(LineChoice(kind, chat.table.lines[kind].rule, _BY_ORDER, topic) for kind in dict.fromkeys(coming))
    if len(choices) == 1 and len(coming) == len(chat.deliveries):
        return Verdict.of(choices[0], words=_hint(choices[0].line, chat))
    return Verdict("ask", "E-29", _BY_ORDER, topic=topic, words=("escalation_ask_package",), alternatives=choices)


def _hint(line: str | None, chat: Chat) -> tuple[str, ...]:
    """Where delivery may be switched, the agent is told (E-52a)."""
    return ("escalation_hint_switch",) if line == "ds_mini" and chat.deliveries else ()


def _ordinary(chat: Chat) -> Verdict:
    choices = sorted(_choices(chat), key=lambda choice: -choice.sure)
    lines = {choice.line for choice in choices}
    if len(lines) > 1 and choices[0].sure - choices[1].sure < chat.table.close:
        words = ("escalation_ask_topic",)
        rule = "E-11" if {"bank", "balance"} <= {choice.topic for choice in choices} else _DOUBT
        return Verdict("ask", rule, choices[0].sure, words=words, alternatives=tuple(choices))
    return Verdict.of(choices[0]) if choices else _company(chat) or _own(chat)


def _choices(chat: Chat) -> Iterator[LineChoice]:
    for topic in chat.known:
        for row in chat.rows:
            if row.topics and row.speaks_of(topic.id) and chat.meets(row.needs):
                yield LineChoice(row.line, chat.table.lines[row.line].rule, topic.sure, topic.id)


def _company(chat: Chat) -> Verdict | None:
    """The rows of whatever topic, and those whose condition the CRM does not let us tell (E-15…E-25)."""
    topic = chat.known[0] if chat.known else None
    for row in chat.rows:
        holds = chat.meets(row.needs)
        if holds is False or not row.speaks_of(topic.id if topic else None) or (row.topics and holds):
            continue
        choice = LineChoice(row.line, chat.table.lines[row.line].rule, _sure(chat), topic.id if topic else None)
        if holds:
            return Verdict.of(choice) if topic or not chat.topics else _doubt(chat, choice)
        missing = (MISSING[row.needs],) if row.needs in MISSING else ()
        return Verdict("ask", choice.rule, choice.sure, topic=choice.topic, words=("escalation_ask_fields",),
                       alternatives=(choice,), missing=missing)  # fmt: skip
    return None


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
