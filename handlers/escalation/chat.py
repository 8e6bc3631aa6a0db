"""What is known of a customer's chat when a line is chosen for it: the event read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from config import Config
from config.escalation import Delivery, EscalationConfig, EscalationRow, Need
from config.names import match_key
from desk.phrases import read
from events import Message, TicketEvent

CLIENTS = ("partner", "client", "customer", "seller")
NEWEST = 200  # messages of a ticket that are looked at
TOLD = 1.0  # how sure a topic is that the CRM tells
SPECIAL: tuple[Delivery, ...] = ("express", "ds_mini", "flex")


class LikelyTopic(NamedTuple):
    """What the chat seems to be about, and how sure that is."""

    id: str
    sure: float


@dataclass(frozen=True)
class Chat:
    """One customer's chat; nothing here asks another system, the store or the clock."""

    event: TicketEvent
    config: Config

    @property
    def table(self) -> EscalationConfig:
        """The tables of the chapter."""
        return self.config.escalation

    @cached_property
    def rows(self) -> tuple[EscalationRow, ...]:
        """The rows of T-9 whose rules are not off."""
        return tuple(row for row in self.table.rows if self.obeys(self.table.lines[row.line].rule))

    def obeys(self, rule: str) -> bool:
        """Whether a rule is not off."""
        return self.config.rules.mode(rule) != "off"

    @cached_property
    def is_chat(self) -> bool | None:
        """Whether the client writes in a chat; None: the CRM does not say where."""
        ticket = self.event.ticket
        channel = self.config.resolutions.kind_of(ticket.channel, ticket.channel_kind).channel
        return None if channel is None and not ticket.channel else channel == "chat"

    @cached_property
    def said(self) -> str:
        """What the client wrote since the last answer, up to the message that is judged (E-43)."""
        messages = [message for message in self.event.ticket.messages[-NEWEST:] if message.public]
        asked = next((n for n, one in enumerate(messages) if one.id and one.id == self.event.message_id), None)
        messages = messages if asked is None else messages[: asked + 1]
        last = max((n for n, one in enumerate(messages) if not _is_clients(one)), default=-1)
        return "\n".join(one.text for one in messages[last + 1 :]) or (messages[-1].text if messages else "")

    @cached_property
    def topics(self) -> tuple[LikelyTopic, ...]:
        """The topics that the CRM tells, else those that the words speak of; the surest first."""
        given = self.config.resolutions.topics.chosen(topic.levels for topic in self.event.ticket.topics or ())
        told = [found for topic in given if (found := self.table.topic_of(topic.levels))]
        if told:
            return tuple(LikelyTopic(name, TOLD) for name in dict.fromkeys(told))
        return tuple(LikelyTopic(name, round(sure, 2)) for name, sure in self.table.topics_in(read(self.said)).items())

    @cached_property
    def known(self) -> tuple[LikelyTopic, ...]:
        """The topics that are sure enough to go by."""
        return tuple(topic for topic in self.topics if topic.sure >= self.table.threshold)

    @cached_property
    def deliveries(self) -> tuple[Delivery | None, ...]:
        """How each package comes (E-29, E-52)."""
        tell = self.table.packages.delivery
        return tuple(tell(one.delivery, one.warehouse, one.interval_minutes) for one in self.event.ticket.packages)

    @property
    def is_about_order(self) -> bool:
        """Whether it is about an order, as far as anybody knows."""
        subjects = [self.table.topics[topic.id] for topic in self.known]
        return not subjects or any(subject.order for subject in subjects)

    @property
    def is_company(self) -> bool:
        """Whether the client is a legal entity."""
        return bool(self.event.ticket.client.is_legal_entity)

    def meets(self, need: Need | None) -> bool | None:
        """Whether what a row needs holds; None where the CRM does not tell the field that `MISSING` names."""
        if need == "badge":
            return _any_of(self.event.ticket.client.badges, self.table.badges)
        if need == "person":
            return not self.is_company
        if need == "company":
            return self.is_company and self._lacks(self.event.agent.skills, self.table.skills)
        if need == "no_right":
            staff = _any_of((self.event.agent.org or "",), self.table.orgs)
            return staff and self._lacks(self.event.agent.permissions, self.table.permissions)
        return True

    def _lacks(self, given: tuple[str, ...] | None, named: tuple[str, ...]) -> bool | None:
        return None if given is None else not _any_of(given, named)


MISSING: dict[Need, str] = {"company": "agent.skills", "no_right": "agent.permissions"}


def _is_clients(message: Message) -> bool:
    return (message.author.role or "client").casefold() in CLIENTS


def _any_of(given: tuple[str, ...], named: tuple[str, ...]) -> bool:
    return not set(map(match_key, named)).isdisjoint(map(match_key, given))
