"""Events about tickets in a CRM: the neutral event, as `/openapi.json` describes it."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from events.untrusted import part, text
from events.values import AccountId, Frozen, Moment, PastedKey, Text, TicketId, as_text


class Author(Frozen):
    """Who wrote a message in the CRM: `role` is partner, client, agent, bot …"""

    role: Text | None = None
    id: Text | None = None


_LONGEST_URL = 2000  # characters
_MOST_FILES = 50  # of a message; nobody sends more photos at once


class Attachment(Frozen):
    """A file of a message. With a `url` of the CRM's own host the bot can pass it on (J-06)."""

    name: Text | None = None
    url: Text | None = None

    @property
    def fingerprint(self) -> str:
        """A short name of the address."""
        return sha256((self.url or "").encode()).hexdigest()[:8]


FILES: dict[str, object] = {
    "type": ["array", "null"],
    "items": {
        "type": "object",
        "properties": {"name": {"type": ["string", "null"]}, "url": {"type": ["string", "null"]}},
    },
}


def _files(value: object) -> object:
    """Read a list of files leniently: a malformed one must not stop the event. Former releases kept their number."""
    if isinstance(value, int):
        return [{}] * min(value, _MOST_FILES)
    if not isinstance(value, list | tuple):
        return value
    return [
        one if isinstance(one, Attachment) else {"name": text(part(one).get("name")), "url": _url(part(one).get("url"))}
        for one in value[:_MOST_FILES]
    ]


def _url(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= _LONGEST_URL else None


class Message(Frozen):
    """One message of a ticket; anything that is not `public` is internal (W-19).

    `mandatory`: whether this is a question without whose answer nothing can be done (R-15). `draft`: not sent yet.
    """

    id: Text | None = None
    at: Moment | None = None
    author: Author = Author()
    visibility: Text | None = None
    kind: Text | None = None
    text: str = ""
    mandatory: bool | None = None
    draft: bool | None = None
    attachments: Annotated[tuple[Attachment, ...] | None, BeforeValidator(_files), WithJsonSchema(FILES)] = None

    @property
    def public(self) -> bool:
        """True only when the CRM said so explicitly (W-19) and the message was sent."""
        return self.visibility == "public" and not self.draft


class Seller(Frozen):
    """The seller's card (W-04), without the e-mail, which nothing needs."""

    id: Text | None = None
    name: Text | None = None
    legal_entity: Text | None = None
    jira_account_id: AccountId | None = None
    schemes: tuple[Text, ...] = ()
    size: Text | None = None
    top: bool | None = None


class Client(Frozen):
    """The client who asks, where the sender tells clients apart; without e-mail and phones, which nothing needs."""

    id: Text | None = None
    name: Text | None = None
    is_legal_entity: bool | None = None
    badges: tuple[Text, ...] = ()


def _topic(value: object) -> object:
    """Accept a topic that is one text with all its levels."""
    return {"topic": value} if isinstance(value, str) else value


class TicketTopic(Frozen):
    """One of a ticket's topics (R-52), from the top of the tree down; `topic` alone may hold all levels as one text."""

    direction: Text | None = None
    category: Text | None = None
    topic: Text | None = None

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that are set."""
        return tuple(level for level in (self.direction, self.category, self.topic) if level)


class Package(Frozen):
    """One of an order's packages.

    `delivery`: express, ds_mini, flex, rFBS …; `interval_minutes`: the length of the promised interval (E-52).
    """

    id: Text | None = None
    delivery: Text | None = None
    warehouse: Text | None = None
    interval_minutes: int | None = None


class CustomField(Frozen):
    """A field that the CRM's own admin has added."""

    id: Text | None = None
    name: Text | None = None
    value: Text | None = None


class Ticket(Frozen):
    """A ticket in a CRM as the event describes it (`rules.md`, data dictionary).

    `topics` None: the CRM does not send them; empty: none is set (R-51). `activity`: the line of work that it belongs
    to (W-02). `chatbot_promised_human`: the chat-bot said that a person will come back with an answer (R-07).
    `assigned_at`: when it was assigned to its present agent (W-29).
    """

    id: TicketId
    url: Text | None = None
    audience: Literal["partner", "customer"] | None = None
    channel: Text | None = None
    channel_kind: Text | None = None
    status: Text | None = None
    type: Text | None = None
    subtype: Text | None = None
    topics: tuple[Annotated[TicketTopic, BeforeValidator(_topic)], ...] | None = None
    activity: Text | None = None
    chatbot_promised_human: bool | None = None
    subject: Text | None = None
    created_at: Moment | None = None
    assigned_at: Moment | None = None
    seller: Seller = Seller()
    client: Client = Client()
    assignee_id: Text | None = None
    group_id: Text | None = None
    priority: Text | None = None
    external_id: Text | None = None
    tags: tuple[Text, ...] = ()
    custom_fields: tuple[CustomField, ...] = ()
    order_no: Text | None = None
    shipment_no: Text | None = None
    supply_no: Text | None = None
    warehouse: Text | None = None
    city: Text | None = None
    platform: Text | None = None
    jira_key: PastedKey | None = None
    packages: tuple[Package, ...] = ()
    payment_method: Text | None = None
    messages: tuple[Message, ...] = ()


class Agent(Frozen):
    """The CRM's operator who acts; `skills` and `permissions` are None when the CRM does not send them."""

    id: Text | None = None
    name: Text | None = None
    gender: Literal["f", "m"] | None = None
    status: Text | None = None
    org: Text | None = None
    skills: tuple[Text, ...] | None = None
    permissions: tuple[Text, ...] | None = None
    jira_account_id: AccountId | None = None


class HoldDetail(Frozen):
    """Why a ticket is on hold for Ozon, and what or whom it waits for (W-53, W-55, W-56)."""

    reason: Literal["external_jira", "slack", "outlook", "mention"] | None = None
    jira_key: PastedKey | None = None
    link: Text | None = None
    account_id: AccountId | None = None


class Closing(Frozen):
    """What the agent chose in the closing window.

    `mandatory_question`: nothing can be done without the answer (R-15, C-11). `answer_required` False: the task only
    passes information on (R-17). `nto_reason`: why no answer is needed (R-29). `duplicate_of`: the number of the
    original (R-49). `circumstances`: facts that the agent states and no system shows (`resolutions.yml`).
    `escalation_reason`: what was chosen beside the tick «Эскалация» (E-55). `escalation_type`, `escalation_subtype`:
    the reason of a partner's escalation; they are not the Тип and Подтип of the ticket itself (W-31).
    """

    resolution: Text | None = None
    escalate: bool | None = None
    escalation_reason: Text | None = None
    escalation_type: Text | None = None
    escalation_subtype: Text | None = None
    create_jira: bool | None = None
    hold: Literal["ozon", "seller"] | None = None
    hold_detail: HoldDetail = HoldDetail()
    description: Text | None = None
    question: Text | None = None
    actions_done: Text | None = None
    mandatory_question: bool | None = None
    answer_required: bool | None = None
    nto_reason: Text | None = None
    duplicate_of: Text | None = None
    circumstances: tuple[Text, ...] = ()
    comment: Text | None = None


class DepartmentRequest(Frozen):
    """A question to a neighbour department as the CRM sends it (U-14); `answer` is set once it is answered.

    `answer_required` False: it only informs, and nobody is reminded (R-17).
    """

    id: TicketId | None = None
    department: Text | None = None
    text: str = ""
    ticket_id: TicketId | None = None
    jira_key: PastedKey | None = None
    answer: str | None = None
    answer_required: bool | None = None


class TicketChange(Frozen):
    """One change of a `ticket.status_changed`."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    field: Text | None = None
    before: Text | None = Field(default=None, alias="from")
    after: Text | None = Field(default=None, alias="to")


TicketEventType = Literal[
    "ticket.created",
    "ticket.assigned",
    "ticket.message",
    "ticket.status_changed",
    "ticket.closing",
    "ticket.closed",
    "ticket.escalated",
    "request.created",
    "request.answered",
    "agent.status_changed",
]


class TicketEvent(Frozen):
    """Something that happened to a CRM ticket (the neutral event, `design.md` part 4).

    `assigned_by`: who gave the ticket to the agent, the router or a person (W-06).
    """

    kind: Literal["ticket"] = "ticket"
    source: Text = "webcrm"
    id: Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(as_text)]
    type: TicketEventType
    occurred_at: Moment
    ticket: Ticket
    agent: Agent = Agent()
    assigned_by: Author = Author()
    closing: Closing = Closing()
    request: DepartmentRequest | None = None
    message_id: Text | None = None
    draft_of: TicketId | None = None
    case: dict[Text, Text] | None = None  # facts of a problem case by their names in `cases.yml`, and its `kind` (J)
    change: TicketChange | None = None
    changes: tuple[TicketChange, ...] = ()  # all of them, where one event has several; `change` is the first
