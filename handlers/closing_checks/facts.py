"""What the checks of a closing know of it: the event read once, by the tables of the configuration."""

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

NEWEST = 200  # messages of a ticket that are looked at
NEWEST_WORDS = 5  # of the client's, that are looked through for an incident
CLIENTS = ("partner", "client", "customer", "seller")
# by number, what is known of tickets that this one names; None: there certainly is none of this number
Others = Mapping[str, KnownTicket | None]


@dataclass(frozen=True)
class Facts:
    """One closing; nothing here asks another system, the store or the clock."""

    event: TicketEvent
    config: Config
    others: Others = field(default_factory=dict)

    @property
    def original(self) -> KnownTicket | None:
        """The ticket that this one is said to be a duplicate of, as far as anybody knows (R-43, R-44)."""
        return self.others.get(plain(self.closing.duplicate_of))

    @cached_property
    def notice(self) -> MergeNotice | None:
        """The agent's newest words to the client that two tickets were merged (W-16)."""
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
        """The id of the resolution; None: none is chosen, or it is not known."""
        return self.config.categories.resolution(self.closing.resolution)

    @property
    def audience(self) -> str:
        """`partner` unless the CRM says that it is a customer."""
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
        """The tick «Эскалация», or a resolution that means it (R-50)."""
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
        """The topics that were added; None: the CRM does not tell."""
        given = self.ticket.topics
        return None if given is None else self.config.resolutions.topics.chosen(topic.levels for topic in given)

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The newest messages, the oldest of them first."""
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
        """Whether the last public word is ours."""
        last = next((message for message in reversed(self.messages) if message.public), None)
        return last is not None and last.author.role in closings.OURS

    @cached_property
    def spoke(self) -> bool:
        """Whether anybody but the client has ever said something in public."""
        return any(message.public and not _is_client(message) for message in self.messages)

    @cached_property
    def noted(self) -> bool:
        """Whether an agent has left a comment: in the closing window, or for colleagues."""
        inner = any(not message.public and message.author.role in closings.OURS for message in self.messages)
        return inner or not blank(self.closing.comment)

    @cached_property
    def client_words(self) -> tuple[Message, ...]:
        """What the client has said after our last public word."""
        last = -1
        for place, message in enumerate(self.messages):
            if message.public and not _is_client(message):
                last = place
        return tuple(message for message in self.messages[last + 1 :] if message.public and _is_client(message))

    @property
    def client_messages(self) -> list[Message]:
        """All that the client has said."""
        return [message for message in self.messages if message.public and _is_client(message)]

    @cached_property
    def said(self) -> ClientMessages:
        """What those words are, as the CRM calls them or as they look."""
        return listen(self.client_words, self.config)

    @cached_property
    def circumstances(self) -> frozenset[str]:
        """What the agent says of the case; `test` is known by the sender too (R-19)."""
        table = self.config.resolutions
        told = {found for text in self.closing.circumstances if (found := table.circumstance(text))}
        senders = {self.ticket.client.id, self.ticket.seller.id} - {None}
        return frozenset(told | ({"test"} if senders & set(table.staff) else set()))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Everything that the ticket's topics are called: Тип, Подтип, both, and each level of each topic."""
        ticket = self.ticket
        pair = [name for name in (ticket.type, ticket.subtype) if name]
        levels = [name for topic in self.topics or () for name in (*topic.levels, topic.text)]
        return tuple(dict.fromkeys([*pair, ": ".join(pair), *levels]))

    @cached_property
    def about_documents(self) -> bool:
        """A task about a legal entity's documents (R-18, R-23), if the client is one."""
        return self.has_task and self.config.resolutions.topics.is_about_documents(self.names)

    @cached_property
    def numbers(self) -> dict[str, list[str]]:
        """The numbers that the ticket's texts hold, by field (R-05)."""
        texts = [self.ticket.subject or "", self.closing.description or "", *(one.text for one in self.messages)]
        return self.config.resolutions.numbers.found(texts)

    @cached_property
    def incident(self) -> Incident | None:
        """The open mass failure that the ticket is of, the oldest of several (R-24)."""
        return next((one for one in self.config.incidents if one.is_of(self._all_names, self._told)), None)

    @cached_property
    def _all_names(self) -> tuple[str, ...]:
        """The topics, and the category that is a field of Usedesk's."""
        category = value_of(self.ticket.custom_fields, self.config.usedesk.category_field)[1]
        return (*self.names, category) if category else self.names

    @cached_property
    def _told(self) -> list[Word]:
        """The words of the subject, and of what the client said last."""
        said = [message.text for message in reversed(self.messages) if message.public and _is_client(message)]
        return [word for text in (self.ticket.subject or "", *said[:NEWEST_WORDS]) for word in read(text)]

    @property
    def has_task(self) -> bool:
        """A task is created with this closing, or there is one."""
        return bool(self.closing.create_jira or self.closing.hold or self.ticket.jira_key)


def blank(text: str | None) -> bool:
    """Nothing that a person could read."""
    return is_blank(text or "")


def _is_client(message: Message) -> bool:
    return message.author.role in CLIENTS
