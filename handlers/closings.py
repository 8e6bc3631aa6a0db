"""What a closing asks for (T-4): a hold, waiting for an answer, or an escalation by a Jira task."""

from __future__ import annotations

from typing import Literal

from config import Config
from desk.adf import is_blank
from desk.desk import Desk
from events import Message, TicketEvent

Scenario = Literal["hold_ozon", "hold_seller", "turned", "waiting", "other"]
OURS = ("agent", "operator", "employee")


def scenario(event: TicketEvent, desk: Desk) -> Scenario:
    """Return which hold the closing is, if any; `turned`: a category of T-3 with a question must be held (W-26)."""
    closing, ticket, categories = event.closing, event.ticket, desk.config.categories
    if closing.hold is not None:
        return "hold_ozon" if closing.hold == "ozon" else "hold_seller"
    if (
        not question(event)
        or categories.resolution(closing.resolution) != "not_solved"
        or escalates(event, desk.config)
    ):
        return "other"
    if categories.hold_category(ticket.type, ticket.subtype):
        return "turned"
    if closing.create_jira or categories.topic(ticket.type, ticket.subtype):
        return "other"
    return "waiting"


def escalates(event: TicketEvent, config: Config) -> bool:
    """Return whether the closing hands the ticket over: by the tick «Эскалация», or by its resolution (R-50)."""
    done = event.type == "ticket.escalated"
    return done or bool(event.closing.escalate) or config.categories.escalates(event.closing.resolution)


def question(event: TicketEvent) -> str | None:
    """Return the agent's unanswered question: the closing's own, else the last public message if it is one."""
    if event.closing.question and not is_blank(event.closing.question):
        return event.closing.question.strip()
    last = next((message for message in reversed(event.ticket.messages) if message.public), None)
    return last.text if last is not None and is_our_question(last) else None


def is_our_question(message: Message) -> bool:
    """Return True for a public question of an agent."""
    return message.public and message.author.role in OURS and message.kind == "question"


def mandatory_question(event: TicketEvent, config: Config) -> str | None:
    """Return the open question if it must be answered (R-15, C-11).

    The agent's own mark decides; without one, every question that is not a courtesy like «Могу ещё чем-то помочь?»
    must be answered (R-16).
    """
    asked = question(event)
    if asked is None:
        return None
    marked = event.closing.mandatory_question
    if marked is None and is_blank(event.closing.question or ""):
        marked = next(message.mandatory for message in reversed(event.ticket.messages) if message.public)
    if marked is None:
        marked = not config.resolutions.is_soft(asked)
    return asked if marked else None


def is_mandatory(message: Message, config: Config) -> bool:
    """Return whether a message of ours asks a question that must be answered (R-15, R-16, C-11).

    The agent's own mark decides; without one, every question that is not a courtesy must be.
    """
    asks = config.resolutions.label(message.kind) == "question" or "?" in message.text
    marked = message.mandatory
    return asks and (marked if marked is not None else not config.resolutions.is_soft(message.text))
