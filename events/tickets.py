"""What happens to tickets in a CRM: the neutral event, as `/openapi.json` describes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from events.values import AccountId, Frozen, Moment, PastedKey, Text, TicketId, as_text


class Author(Frozen):
    """Who wrote a message in the CRM: `role` is partner, client, agent, bot …"""

    role: Text | None = None
    id: Text | None = None


class Message(Frozen):
    """One message of a ticket; anything that is not `public` is internal (W-19)."""

    id: Text | None = None
    at: Moment | None = None
    author: Author = Author()
    visibility: Text | None = None
    kind: Text | None = None
    text: str = ""

    @property
    def public(self) -> bool:
        """True only when the CRM said so in as many words (W-19)."""
        return self.visibility == "public"


class Seller(Frozen):
    """The seller's card (W-04), without the e-mail: nothing needs it, so it is not kept."""

    id: Text | None = None
    name: Text | None = None
    legal_entity: Text | None = None
    jira_account_id: AccountId | None = None
    schemes: tuple[Text, ...] = ()
    size: Text | None = None
    top: bool | None = None


class Client(Frozen):
    """Who asks, where the sender keeps clients apart; without e-mail and phones: nothing needs them."""

    id: Text | None = None
    name: Text | None = None


class CustomField(Frozen):
    """A field that the desk's own admin made."""

    id: Text | None = None
    name: Text | None = None
    value: Text | None = None


class Ticket(Frozen):
    """A request in a CRM as its event described it (`rules.md`, data dictionary)."""

    id: TicketId
    url: Text | None = None
    audience: Literal["partner", "customer"] | None = None
    channel: Text | None = None
    channel_kind: Text | None = None
    status: Text | None = None
    type: Text | None = None
    subtype: Text | None = None
    subject: Text | None = None
    created_at: Moment | None = None
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
    messages: tuple[Message, ...] = ()


class Agent(Frozen):
    """The CRM's operator who acts."""

    id: Text | None = None
    name: Text | None = None
    gender: Literal["f", "m"] | None = None
    status: Text | None = None
    org: Text | None = None
    jira_account_id: AccountId | None = None


class HoldDetail(Frozen):
    """Why a ticket is put on hold for Ozon, and whom it waits for (W-53, W-55, W-56)."""

    reason: Literal["external_jira", "slack", "outlook", "mention"] | None = None
    jira_key: PastedKey | None = None
    link: Text | None = None
    account_id: AccountId | None = None


class Closing(Frozen):
    """What the agent chose in the closing window."""

    resolution: Text | None = None
    escalate: bool | None = None
    create_jira: bool | None = None
    hold: Literal["ozon", "seller"] | None = None
    hold_detail: HoldDetail = HoldDetail()
    description: Text | None = None
    question: Text | None = None
    actions_done: Text | None = None
    comment: Text | None = None


class DepartmentRequest(Frozen):
    """A question to a neighbour department as the CRM tells it (U-14); `answer` when it was answered.

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
    """What a `ticket.status_changed` changed."""

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
    """Something that happened to a CRM ticket (the neutral event, `design.md` part 4)."""

    kind: Literal["ticket"] = "ticket"
    source: Text = "webcrm"
    id: Annotated[str, Field(min_length=1, max_length=200), BeforeValidator(as_text)]
    type: TicketEventType
    occurred_at: Moment
    ticket: Ticket
    agent: Agent = Agent()
    closing: Closing = Closing()
    request: DepartmentRequest | None = None
    message_id: Text | None = None
    draft_of: TicketId | None = None
    change: TicketChange | None = None
    changes: tuple[TicketChange, ...] = ()  # all of them, where a sender tells several at once; `change` is the first
