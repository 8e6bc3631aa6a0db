"""The facts that the checks of a closing use: the event, interpreted once by the tables of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from config import Config, HoldCategory, Topic
from config.channels import TicketKind
from config.incidents import Incident
from config.phrases import Word
from config.topics import ChosenTopic
from desk.adf import is_blank
from desk.known_tickets import KnownTicket, plain
from desk.phrases import read
from desk.usedesk.view import value_of
from events import Closing, Message, Ticket, TicketEvent
from handlers import closings, merge_notices
from handlers.closing_checks.judging import ClientMessages, listen
from handlers.merge_notices import MergeNotice

NEWEST = 200  # messages of a ticket that are read
NEWEST_WORDS = 5  # of the client's messages, that are searched for an incident
CLIENTS = ("partner", "client", "customer", "seller")
# what is known of the tickets that this one names, by number; None: there is certainly no such ticket
Others = Mapping[str, KnownTicket | None]


@dataclass(frozen=True)
class Facts:
    """One closing; nothing here asks another system, the store or the clock."""

    event: TicketEvent
    config: Config
    others: Others = field(default_factory=dict)

    @property
    def original(self) -> KnownTicket | None:
        """The ticket that this one is said to be a duplicate of, if it is known (R-43, R-44)."""
        return self.others.get(plain(self.closing.duplicate_of))

    @cached_property
    def notice(self) -> MergeNotice | None:
        """The agent's newest message to the client that two tickets were merged (W-16)."""
        return merge_notices.newest(self.event, self.config.duplicates)

    @property
    def ticket(self) -> Ticket:
        """The ticket as the event describes it."""
        return self.event.ticket

    @property
    def closing(self) -> Closing:
        """What the agent chose."""
        return self.event.closing

    @cached_property
    def resolution(self) -> str | None:
        """The id of the resolution; None when none is chosen, or it is unknown."""
        return self.config.categories.resolution(self.closing.resolution)

    @property
    def audience(self) -> str:
        """The ticket's audience; `partner` when the CRM does not say."""
        return self.ticket.audience or "partner"

    @cached_property
    def kind(self) -> TicketKind:
        """The channel and the kind of the ticket."""
        return self.config.resolutions.kind_of(self.ticket.channel, self.ticket.channel_kind)

    @cached_property
    def activity(self) -> str | None:
        """The activity that the ticket belongs to (W-02)."""
        return self.config.resolutions.activity_id(self.ticket.activity)

    @cached_property
    def escalates(self) -> bool:
        """Whether the tick «Эскалация» is set, or the resolution means it (R-50)."""
        return closings.escalates(self.event, self.config)

    @cached_property
    def hold_category(self) -> HoldCategory | None:
        """The row of T-3."""
        return self.config.categories.hold_category(self.ticket.type, self.ticket.subtype)

    @cached_property
    def pair(self) -> Topic | None:
        """The row of T-1."""
        return self.config.categories.topic(self.ticket.type, self.ticket.subtype)

    @cached_property
    def topics(self) -> list[ChosenTopic] | None:
        """The topics that were added; None when the CRM does not send them."""
        given = self.ticket.topics
        return None if given is None else self.config.resolutions.topics.chosen(topic.levels for topic in given)

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The newest messages, in order of time."""
        return self.ticket.messages[-NEWEST:]

    @cached_property
    def question(self) -> str | None:
        """The agent's question that nobody has answered yet."""
        return closings.question(self.event)

    @cached_property
    def mandatory(self) -> bool:
        """Whether there is an open question that must be answered before anything can be done (R-15, R-16, C-11)."""
        return closings.mandatory_question(self.event, self.config) is not None

    @cached_property
    def answered(self) -> bool:
        """Whether the last public message is ours."""
        last = next((message for message in reversed(self.messages) if message.public), None)
        return last is not None and last.author.role in closings.OURS

    @cached_property
    def spoke(self) -> bool:
        """Whether anybody except the client has written a public message."""
        return any(message.public and not _is_client(message) for message in self.messages)

    @cached_property
    def noted(self) -> bool:
        """Whether an agent has left a comment: in the closing window, or for colleagues."""
        inner = any(not message.public and message.author.role in closings.OURS for message in self.messages)
        return inner or not blank(self.closing.comment)

    @cached_property
    def client_words(self) -> tuple[Message, ...]:
        """The client's messages after our last public one."""
        last = -1
        for place, message in enumerate(self.messages):
            if message.public and not _is_client(message):
                last = place
        return tuple(message for message in self.messages[last + 1 :] if message.public and _is_client(message))

    @property
    def client_messages(self) -> list[Message]:
        """All of the client's public messages."""
        return [message for message in self.messages if message.public and _is_client(message)]

    @cached_property
    def said(self) -> ClientMessages:
        """What kind of messages `client_words` are, as the CRM calls them or as they look."""
        return listen(self.client_words, self.config)

    @cached_property
    def circumstances(self) -> frozenset[str]:
        """The circumstances that the agent states; `test` is also recognised by the sender (R-19)."""
        table = self.config.resolutions
        told = {found for text in self.closing.circumstances if (found := table.circumstance(text))}
        senders = {self.ticket.client.id, self.ticket.seller.id} - {None}
        return frozenset(told | ({"test"} if senders & set(table.staff) else set()))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names of the ticket's topics: Тип, Подтип, both together, and each level and text of each topic."""
        ticket = self.ticket
        pair = [name for name in (ticket.type, ticket.subtype) if name]
        levels = [name for topic in self.topics or () for name in (*topic.levels, topic.text)]
        return tuple(dict.fromkeys([*pair, ": ".join(pair), *levels]))

    @cached_property
    def about_documents(self) -> bool:
        """Whether there is a task about documents; the rules apply if the client is a legal entity (R-18, R-23)."""
        return self.has_task and self.config.resolutions.topics.is_about_documents(self.names)

    @cached_property
    def numbers(self) -> dict[str, list[str]]:
        """The numbers found in the ticket's texts, by field (R-05)."""
        texts = [self.ticket.subject or "", self.closing.description or "", *(one.text for one in self.messages)]
        return self.config.resolutions.numbers.found(texts)

    @cached_property
    def incident(self) -> Incident | None:
        """The open mass failure that the ticket belongs to, the first of several (R-24)."""
        return next((one for one in self.config.incidents if one.is_of(self._all_names, self._told)), None)

    @cached_property
    def _all_names(self) -> tuple[str, ...]:
        """The names of the topics, and Usedesk's category field."""
        category = value_of(self.ticket.custom_fields, self.config.usedesk.category_field)[1]
        return (*self.names, category) if category else self.names

    @cached_property
    def _told(self) -> list[Word]:
        """The words of the subject and of the client's newest messages."""
        said = [message.text for message in reversed(self.messages) if message.public and _is_client(message)]
        return [word for text in (self.ticket.subject or "", *said[:NEWEST_WORDS]) for word in read(text)]

    @property
    def has_task(self) -> bool:
        """Whether a task is created with this closing, or exists."""
        return bool(self.closing.create_jira or self.closing.hold or self.ticket.jira_key)


def blank(text: str | None) -> bool:
    """Return True for a text with nothing that a person could read."""
    return is_blank(text or "")


def _is_client(message: Message) -> bool:
    return message.author.role in CLIENTS
