"""Escalations that were chosen and that the manual does not allow (E-05, E-06, E-09, E-24, E-27, E-32, E-41 …)."""

from __future__ import annotations

from config.escalation import EscalationRow
from handlers.escalation.chat import Chat
from handlers.escalation.verdict import LineChoice, Verdict


def refusal(chat: Chat, found: Verdict) -> Verdict | None:
    """Why what was chosen may not be, with the right line; None where it may."""
    rule = _broken(chat, found)
    if rule is None or not chat.obeys(rule):
        return None
    right = found.alternatives or (LineChoice(found.line, found.rule, found.sure, found.topic),)
    line = chat.table.line_of(chat.event.closing.escalation_reason)
    words = tuple(note for note in found.words if found.line is None)
    return Verdict("refuse", rule, found.sure, line, found.topic, words, right, found.missing)


def _broken(chat: Chat, found: Verdict) -> str | None:
    resolution = chat.config.categories.resolution(chat.event.closing.resolution)
    if chat.event.closing.resolution and resolution != "not_solved":
        return "E-54"
    line = chat.table.line_of(chat.event.closing.escalation_reason)
    if chat.is_chat is False:
        return "E-49"
    topics = {topic.id for topic in chat.known}
    if line is None or found.line == line or line in {choice.line for choice in found.alternatives}:
        return "E-05" if len((chat.event.closing.comment or "").strip()) < chat.table.comment else None
    for pair in chat.table.forbidden:
        if pair.line == line and topics.intersection(pair.topics):
            return pair.rule
    row = next((row for row in chat.table.rows if row.line == line), None)
    if row is not None and _contradicts(chat, row, topics):
        return "E-24" if row.needs == "company" and chat.is_company else chat.table.lines[line].rule
    return found.rule if found.decision == "self" and found.topic else None


def _contradicts(chat: Chat, row: EscalationRow, topics: set[str]) -> bool:
    """Whether what is known of a chat forbids its row; a badge alone is no reason (E-06, C-23)."""
    if row.needs == "badge" and not topics.intersection(row.topics):
        return True
    untold = row.needs == "company" and chat.event.ticket.client.is_legal_entity is None
    return not untold and chat.meets(row.needs) is False
