"""What the agent's card shows before a ticket is closed: forbidden resolutions, the advised one, and the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from config import Config
from desk.known_tickets import plain
from desk.templates import Templates
from events import TicketEvent
from handlers.closing_checks import Facts, Others, Violation, check_closing, named
from handlers.closing_checks.topics import STATED
from handlers.closing_checks.words import told
from store import known_tickets
from store.known_tickets import KnownTicket
from web.agent.duplicates import panel

SHOWN = ("forbid", "warn")


@dataclass(frozen=True)
class Broken:
    """A rule that a closing would break; `draft`: a helpful message to the client, where the rule is first shown."""

    rule: str
    severity: str
    text: str
    draft: str | None


@dataclass(frozen=True)
class ClosingChoice:
    """A resolution as the manual spells it, and the rules that closing with it would break."""

    name: str
    forbidden: bool
    broken: Sequence[Broken]


@dataclass(frozen=True)
class BeforeClosing:
    """What is known before a closing.

    `advised`: the resolution by T-5, and its rule. `numbers`: found in the texts but not stated (R-05). `incident`: the
    mass failure that the ticket belongs to, and its issue (R-24).
    """

    choices: Sequence[ClosingChoice]
    advised: tuple[str, str] | None
    numbers: Sequence[tuple[str, Sequence[str]]]
    incident: tuple[str, str] | None


def others_of(connection: sa.Connection, event: TicketEvent, config: Config) -> Others:
    """Return what is known of the tickets that this one names (R-43, R-44, W-16)."""
    numbers = [number for number in named(event, config) if plain(number)]
    found = {number: known_tickets.get(connection, event.source, number) for number in numbers}
    return {number: one for number, one in found.items() if one is not None}


def before_closing(
    event: TicketEvent,
    config: Config,
    templates: Templates,
    original: KnownTicket | None = None,
    others: Others | None = None,
) -> BeforeClosing:
    """Try each resolution on the ticket as its last event describes it (R-45…R-50, R-53).

    `original`: the ticket that this one is a duplicate of, if known; `others`: the tickets that it names.
    """
    others = others or {}
    if original is not None:
        closing = event.closing.model_copy(update={"duplicate_of": original.ticket_id})
        event = event.model_copy(update={"closing": closing})
        others = {**others, original.ticket_id: original}
    choices = []
    names = {name: row.name for name, row in config.categories.resolutions.items()}
    drafts = Drafts(event, templates)
    for name in names.values():
        closing = event.closing.model_copy(update={"resolution": name})
        found = check_closing(event.model_copy(update={"closing": closing}), config, others).violations
        shown = [one for one in found if one.severity in SHOWN]
        broken = [Broken(one.rule, one.severity, told(one, templates.note)[0], drafts.new(one)) for one in shown]
        choices.append(ClosingChoice(name, any(one.severity == "forbid" for one in broken), broken))
    result, facts = check_closing(event, config, others), Facts(event, config)
    advised = (names[result.advice.resolution], result.advice.rule) if result.advice else None
    missing = [name for name in STATED if not getattr(event.ticket, name) and result.numbers.get(name)]
    incident = (facts.incident.name, facts.incident.issue_key) if facts.incident else None
    return BeforeClosing(choices, advised, [(name, result.numbers[name]) for name in missing], incident)


def judged(
    connection: sa.Connection,
    config: Config,
    templates: Templates,
    told: TicketEvent | None,
    at: tuple[str, str, datetime],
) -> dict[str, object]:
    """Return the card's parts on similar tickets and on what closing would break; `at` is (source, id, now)."""
    source, ticket, now = at
    like = panel(connection, config, templates.note, (source, ticket), now)
    if told is None:
        return {"duplicates": like, "closing": None}
    original, others = like.original if like else None, others_of(connection, told, config)
    return {"duplicates": like, "closing": before_closing(told, config, templates, original, others)}


class Drafts:
    """Drafts to the client for the checks that have one, each once on a card."""

    def __init__(self, event: TicketEvent, templates: Templates) -> None:
        self._client = (event.ticket.client.name or "").partition(" ")[0]
        self._templates = templates
        self._told: set[str] = set()

    def new(self, found: Violation) -> str | None:
        """Return the draft of a check; None when it has none, or it was returned before."""
        name = f"draft_{found.rule.lower().replace('-', '')}"
        if found.rule in self._told or not self._templates.has_note(name):
            return None
        self._told.add(found.rule)
        return self._templates.note(name, client=self._client)
