"""A verdict in words: the line as WebCRM names it, what to tell the agent, the comment for whoever takes the chat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config import Config
from events import TicketEvent
from handlers.escalation.chat import Chat
from handlers.escalation.verdict import LineChoice, Verdict

Note = Callable[..., str]
_REFUSALS = {"E-05": "no_comment", "E-54": "resolution"}


@dataclass(frozen=True)
class Offered:
    """A line that may be chosen instead; `line` None: the agent answers."""

    line: str | None
    rule: str
    sure: float


@dataclass(frozen=True)
class Worded:
    """A verdict as people read it. `resolution` and `category`: what to choose in the closing window (E-40, E-54)."""

    line: str | None
    topic: str | None
    quote: str
    texts: Sequence[str]
    alternatives: Sequence[Offered]
    resolution: str | None
    category: str | None
    comment: str | None


def reason_of(line: str | None, config: Config) -> str | None:
    """A line as it is chosen in WebCRM (E-55)."""
    return config.escalation.lines[line].reason if line in config.escalation.lines else line


def worded(event: TicketEvent, verdict: Verdict, config: Config, note: Note) -> Worded:
    """Put a verdict into words (E-05, E-40, E-54)."""
    subject = config.escalation.topics.get(verdict.topic or "")
    named = {name: resolution.name for name, resolution in config.categories.resolutions.items()}
    answers, of_bank = verdict.decision == "self", verdict.rule == "E-40"
    return Worded(
        line=reason_of(verdict.line, config),
        topic=subject.name if subject else None,
        quote=config.rules.rules[verdict.rule].said,
        texts=[_text(name, event, verdict, note) for name in verdict.words],
        alternatives=[_offered(choice, config) for choice in verdict.alternatives],
        resolution=None if answers and not of_bank else named["solved" if answers else "not_solved"],
        category=config.escalation.bank_category if answers and of_bank else None,
        comment=None if answers else comment(event, verdict, config, note),
    )


def comment(event: TicketEvent, verdict: Verdict, config: Config, note: Note) -> str:
    """The comment for whoever takes the chat over: topic, what is wanted, what was checked, numbers (E-05)."""
    ticket, subject = event.ticket, config.escalation.topics.get(verdict.topic or "")
    numbers = [number for number in (ticket.order_no, ticket.shipment_no) if number]
    said = Chat(event, config).said
    return note("escalation_comment", topic=subject.name if subject else "", said=said, numbers=numbers)


def refused(verdict: Verdict, chosen: str | None, config: Config, note: Note) -> tuple[str, str]:
    """Why an escalation that was chosen may not be, and what to do instead."""
    lines = [reason_of(choice.line, config) for choice in verdict.alternatives if choice.line]
    values = {"chosen": chosen or "", "quote": config.rules.rules[verdict.rule].said}
    name = _REFUSALS.get(verdict.rule, "line")
    return (
        note(f"escalation_refused_{name}", **values),
        note("escalation_instead", lines=lines, perhaps=bool(verdict.words), comment=verdict.rule == "E-05"),
    )


def _text(name: str, event: TicketEvent, verdict: Verdict, note: Note) -> str:
    if name == "escalation_m6":
        return note(name, client=event.ticket.client.name)
    return note(name, missing=list(verdict.missing)) if name == "escalation_ask_fields" else note(name)


def _offered(choice: LineChoice, config: Config) -> Offered:
    return Offered(reason_of(choice.line, config), choice.rule, choice.sure)
