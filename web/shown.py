"""Rows of the store as the pages show them; every text from outside is redacted first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from config import Config
from desk.clock import machine_now
from events import ISSUE_KEY
from store.rows import ListedRow, StepRow
from store.ticket_titles import TicketTitle
from web.access import roles
from web.access.guard import person
from web.language import said
from web.parts import Parts
from web.times import ShownMoment, as_moment, zone_of
from web.words import verb, word, words

_KEY = re.compile(ISSUE_KEY)
_NUMBER = "№"
_VALUE = 2000  # characters of one value of a ledger
_DOCUMENT = 200_000  # characters of a body; it may be 25 MB
_INTERNAL = ("write_comment", "draft_comment")
_OF_PEOPLE = ("hand_over_requests", "reassign_hold")  # actions that leave an agent's id
_OWN = "own"  # the ledger's rule for actions that no rule of the manuals asks for


@dataclass(frozen=True)
class Step:
    """One row of a ledger; `kind` is the outcome's id, by which it is coloured."""

    rule: str
    quote: str
    verb: str
    target: str
    url: str | None
    mode: str
    outcome: str
    kind: str
    before: str
    after: str
    reason: str
    internal: bool  # it writes what only colleagues see, shown in orange as in WebCRM (W-20)
    at: ShownMoment


@dataclass(frozen=True)
class Shown:
    """One delivery in a list."""

    id: int
    source: str
    delivery_id: str
    type: str
    type_words: str
    case: str
    ticket_url: str | None
    state: str
    state_words: str
    attempts: int
    reason: str
    received: ShownMoment
    due: ShownMoment | None
    steps: Sequence[Step]
    replayable: bool
    droppable: bool


class View:
    """Shows things to a role, as of one moment and one configuration."""

    def __init__(self, parts: Parts, config: Config, now: datetime, role: str = "admin") -> None:
        self._redact = roles.mask(role, parts.redact)
        self._config = config
        self._now = now
        self._zone = zone_of(config)
        self._clock = parts.process.clock

    def moment(self, at: datetime) -> ShownMoment:
        """Return a moment as seen by the machine's clock."""
        return ShownMoment(at, self._now, self._zone)

    def due(self, at: datetime) -> ShownMoment:
        """Return a moment as seen by the desk's clock, which a sandbox may move: for what waits or falls due."""
        return ShownMoment(at, self._clock.now(), self._zone)

    def delivery(self, row: ListedRow, steps: Iterable[StepRow], *, replayable: bool = False) -> Shown:
        """Return a delivery with its ledger. `replayable`: a person may replay it."""
        url = row.ticket_url if is_web(row.ticket_url) else None
        return Shown(
            id=row.id,
            source=word("sources", row.source),
            delivery_id=row.delivery_id,
            type=row.type,
            type_words=word("types", row.type),
            case=row.case_id,
            ticket_url=url,
            state=row.state,
            state_words=word("states", row.state),
            attempts=row.attempts,
            reason=self.reason(row.reason),
            received=self.moment(row.received_at),
            due=self.moment(row.due_at) if row.due_at and row.state == "waiting" else None,
            steps=[self.step(step, row.case_id, url) for step in steps],
            replayable=replayable,
            droppable=row.state == "dead",
        )

    def step(self, row: StepRow, case: str, ticket_url: str | None = None) -> Step:
        """Return a row of a ledger."""
        rule = self._config.rules.rules.get(row.rule)
        target = row.target or ""
        own_ticket = target != "" and case.endswith(f":{target}")
        return Step(
            rule=row.rule if row.rule != _OWN else "",
            quote=rule.said if rule else said(str(words()["own_rule"])),
            verb=verb(row.verb),
            target=_labelled("targets", row.verb, str(self._redact(target))),
            url=self.issue_url(target) or (ticket_url if own_ticket else None),
            mode=word("modes", row.mode),
            outcome=word("outcomes", row.outcome),
            kind=row.outcome,
            before=self._person(row.before) if row.verb in _OF_PEOPLE else self._kept(row.before),
            after=self.left(row.verb, row.after) if row.after != target else "",
            reason=self.reason(row.reason),
            internal=row.verb.startswith("note_") or row.verb in _INTERNAL,
            at=self.moment(row.done_at or row.begun_at),
        )

    def issue_url(self, key: str) -> str | None:
        """Return the URL of an issue of a configured project, else None."""
        project = self._config.jira.projects.get(key.rpartition("-")[0]) if _KEY.match(key) else None
        return f"{self._config.jira.sites[project.site].url.rstrip('/')}/browse/{key}" if project else None

    def reason(self, reason: str | None) -> str:
        """Return a reason as text; the bot's own fixed phrases are translated."""
        return word("reasons", self._redact(reason or ""))

    def value(self, value: object) -> str:
        """Return a value of the ledger as text."""
        return _cut(_plain(self._redact(value)), _VALUE)

    def left(self, verb: str, value: object) -> str:
        """Return the value that an action left, or would leave, with a word for what it is."""
        return _labelled("values", verb, self._person(value) if verb in _OF_PEOPLE else self._kept(value))

    def _person(self, agent: object) -> str:
        """Return an agent's name; the id when `people.yml` has none."""
        return self._config.people.name(str(agent)) if agent else ""

    def _kept(self, value: object) -> str:
        """Return a value as text: a moment in local time, an internal name in words, anything else as it is."""
        at = as_moment(value)
        return self.moment(at).exact if at else word("kept", self.value(value))

    def titles(self, found: Mapping[str, TicketTitle]) -> dict[str, TicketTitle]:
        """Return what tickets are about, as far as this role may read it."""
        return {
            case: TicketTitle(**{name: str(self._redact(value)) for name, value in vars(title).items()})
            for case, title in found.items()
        }

    def document(self, text: str | None) -> str:
        """Return a stored JSON text, indented."""
        if not text:
            return ""
        try:
            value = self._redact(json.loads(text))
        except ValueError:
            return _cut(str(self._redact(text)), _DOCUMENT)
        return _cut(json.dumps(value, ensure_ascii=False, indent=2), _DOCUMENT)


def _labelled(table: str, name: str, text: str) -> str:
    """Put a word for what it is before a text, where `words.yml` has one."""
    label = words()[table].get(name)
    # an action that was only intended has no number yet
    fits = label and text and (text.isdecimal() or not label.endswith(_NUMBER))
    return f"{said(label)} {text}" if fits else text


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return said(str(words()["bool"][value]))
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value)) or str(words()["nothing"])
    if isinstance(value, Mapping):
        return "\n".join(
            f"{word('fields', key)}: {_plain(member) or words()['nothing']}" for key, member in value.items()
        )
    return str(value)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}\n{said(words()['cut']).format(size=len(text))}"


def is_web(url: str | None) -> bool:
    """Return whether an address is http(s): a `javascript:` address would run on our page."""
    return bool(url) and str(url).startswith(("http://", "https://"))


def view_of(parts: Parts) -> View:
    """Return the view of whoever is signed in, as of now."""
    return View(parts, parts.process.effective_config.current(), machine_now(), person().role)
