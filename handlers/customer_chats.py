"""Escalation of customers' chats (manual E): every message is judged, and the right line is suggested or assigned.

`handlers.escalation` decides the line; this module acts on it, times it and compares it with what agents do.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from desk.closings import Finding
from desk.crm.desk import HandingOn
from desk.desk import Desk
from desk.escalations import CLOSED, ESCALATED, Escalation, JudgedChat, handed_on
from desk.tickets import Telling
from events import Message, TicketEvent, TimerEvent
from handlers.closings import OURS, escalates
from handlers.escalation import check_escalation
from handlers.escalation.chat import CLIENTS
from handlers.escalation.verdict import Verdict
from handlers.escalation.words import comment, reason_of, refused
from handlers.usedesk_checks import message_of


def follow_chat(event: TicketEvent, desk: Desk) -> None:
    """A client wrote, or the chat has another agent: judge it anew (E-43); a new line is offered, or given, by the mode
    of its rule (E-08…E-14, E-25, E-53). An agent's answer where it is another line's is a finding (E-04).
    """
    if not _is_customers(event, desk):
        return
    message = message_of(event)
    if asks(event):
        _judge(event, desk)
    elif message is not None and _by(message, OURS):
        open_one = desk.escalations.of_ticket(event.source, event.ticket.id)
        if open_one is not None:
            _tell_answered(event, message, reason_of(open_one.line, desk.config), desk)


def asks(event: TicketEvent) -> bool:
    """Return whether a chat is judged at an event: a client wrote, or the chat is new or newly assigned."""
    message = message_of(event)
    if event.type == "ticket.message":
        return message is not None and _by(message, CLIENTS)
    return event.type in ("ticket.created", "ticket.assigned")


def follow_closing(event: TicketEvent, desk: Desk) -> None:
    """The chat is handed on, or closed: its minutes end (E-57); what may not be is a finding (E-04, E-05, E-09 …)."""
    if not _is_customers(event, desk):
        return
    config = desk.config
    chosen, line = event.closing.escalation_reason, config.escalation.line_of(event.closing.escalation_reason)
    known = desk.escalations.of_ticket(event.source, event.ticket.id)
    if not (event.type == "ticket.escalated" or chosen or escalates(event, config)):
        if known is not None:
            desk.escalations.stop(known, CLOSED)
        return
    verdict = check_escalation(event, config)
    if verdict.decision == "refuse":
        _tell(event.ticket.id, f"refused:{line}", verdict.rule, refused(verdict, chosen, config, desk.note), desk)
    said = [one for one in event.ticket.messages if _by(one, (*CLIENTS, *OURS))]
    if said and _by(said[-1], OURS):
        _tell_answered(event, said[-1], chosen, desk)
    if known is None:
        with_it = desk.escalations.newest(event.source, event.ticket.id)
        if with_it is None or with_it.line != line:
            desk.escalations.record(_judged(event, verdict, line or chosen, desk))
        return
    desk.escalations.stop(known, ESCALATED, line or chosen)
    if known.due_at is not None and event.occurred_at > known.due_at:
        _tell_late(known, event.occurred_at, desk)


def fire_escalation(event: TimerEvent, desk: Desk) -> None:
    """The minutes are over, and the chat is here still (E-02). Long after, its escalation tells how late it was."""
    known = desk.escalations.get(event.number) if event.of == "escalation" else None
    if known is not None and known.ended_at is None and not event.late:
        _tell_late(known, None, desk)


def _judge(event: TicketEvent, desk: Desk) -> None:
    verdict = check_escalation(event, desk.config)
    line = verdict.line if verdict.decision == "escalate" else None
    begun = desk.escalations.judge(_judged(event, verdict, line, desk))
    if begun is None or not begun.new:
        return
    reason, said = reason_of(line, desk.config) or "", comment(event, verdict, desk.config, desk.note)
    if desk.mode(verdict.rule) == "act":
        also = partial(handed_on, begun.id, desk.now)
        desk.crm.escalate(event.ticket.id, HandingOn(reason, said, also), why=verdict.rule)
        return
    quote = desk.config.rules.rules[verdict.rule].said
    values = {"line": reason, "rule": verdict.rule, "quote": quote, "comment": said}
    advice = Telling("escalation_advice", values, warns=True, reminds=True)
    desk.crm.tell(event.ticket.id, advice, why=verdict.rule)


def _judged(event: TicketEvent, verdict: Verdict, line: str | None, desk: Desk) -> JudgedChat:
    """Describe a judged chat; with `start: assigned` the minutes begin at every assignment to an agent (C-18)."""
    by_agent = desk.config.escalation.countdown.start == "assigned"
    agent = event.agent.id or event.ticket.assignee_id
    named = {"line": reason_of(line, desk.config), "own": verdict.decision == "self", "rule": verdict.rule}
    return JudgedChat(
        event.source, event.ticket.id, line and line[:64], verdict.rule,
        words=desk.note("chat_judged", **named),
        since=min(event.occurred_at, desk.now),
        agent_id=agent and agent[:64],
        running=bool(agent) or not by_agent,
        anew=by_agent and event.type == "ticket.assigned",
    )  # fmt: skip


def _is_customers(event: TicketEvent, desk: Desk) -> bool:
    """Return whether this is a customer's ticket of WebCRM; partners' tickets follow another manual (C-07)."""
    return event.source == desk.crm.source and event.ticket.audience == "customer"


def _by(message: Message, roles: tuple[str, ...]) -> bool:
    """Return whether this is a public message by one of these roles."""
    return message.public and (message.author.role or "client").casefold() in roles


def _tell_answered(event: TicketEvent, message: Message, line: str | None, desk: Desk) -> None:
    words = desk.note("escalation_answered", line=line or ""), desk.note("escalation_silently")
    _tell(event.ticket.id, f"answered:{message.id}", "E-04", words, desk)


def _tell_late(known: Escalation, done_at: datetime | None, desk: Desk) -> None:
    minutes = int(desk.config.escalation.countdown.limit.total_seconds() // 60)
    took = None if done_at is None else int((done_at - known.since).total_seconds() // 60)
    line = reason_of(known.line, desk.config) or ""
    words = desk.note("escalation_late", line=line, limit=minutes, took=took), desk.note("escalation_hurry", took=took)
    _tell(known.ticket_id, f"late:{known.id}", "E-02", words, desk)


def _tell(ticket_id: str, occasion: str, rule: str, words: tuple[str, str], desk: Desk) -> None:
    desk.closings.tell(ticket_id, occasion, [Finding(rule, *words)], of="chat")
