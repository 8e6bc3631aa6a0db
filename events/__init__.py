"""The vocabulary of events: what a delivery means, as frozen, typed values.

A receiver parses a body once into one of these; handlers decide by them and never see raw JSON.
Every field that a sender may leave out is optional; ids are strings; moments are timezone-aware.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from events.issues import CommentEvent, FieldChange, IssueEvent, IssueLinkEvent, IssueRef, Person
from events.own import (
    AlertEvent,
    CaseEvent,
    DeadLetterEvent,
    DuplicateEvent,
    HeardEvent,
    HoldAnsweredEvent,
    IncidentEvent,
    JiraAskedEvent,
    RecoveredEvent,
    RequestEvent,
    StrayEvent,
    TimerEvent,
)
from events.person_action import DigestEvent, PersonActionEvent
from events.secrets import hide_in_event
from events.tickets import (
    Agent,
    Attachment,
    Author,
    Client,
    Closing,
    CustomField,
    DepartmentRequest,
    HoldDetail,
    Message,
    Package,
    Seller,
    Ticket,
    TicketChange,
    TicketEvent,
    TicketEventType,
    TicketTopic,
)
from events.values import (
    ACCOUNT_ID,
    ISSUE_ID,
    ISSUE_KEY,
    TICKET_ID,
    AccountId,
    Frozen,
    IssueId,
    IssueKey,
    Moment,
    Text,
    TicketId,
)

BotEvent = (
    AlertEvent
    | DeadLetterEvent
    | RecoveredEvent
    | HoldAnsweredEvent
    | TimerEvent
    | RequestEvent
    | JiraAskedEvent
    | DuplicateEvent
    | PersonActionEvent
    | StrayEvent
    | DigestEvent
    | IncidentEvent
    | TicketEvent
    | CaseEvent
)
Event = Annotated[
    TicketEvent
    | IssueEvent
    | CommentEvent
    | IssueLinkEvent
    | AlertEvent
    | DeadLetterEvent
    | RecoveredEvent
    | HoldAnsweredEvent
    | TimerEvent
    | JiraAskedEvent
    | DuplicateEvent
    | RequestEvent
    | HeardEvent
    | PersonActionEvent
    | StrayEvent
    | DigestEvent
    | CaseEvent
    | IncidentEvent,
    Field(discriminator="kind"),
]
JiraEvent = IssueEvent | CommentEvent | IssueLinkEvent
_adapter: TypeAdapter[Event] = TypeAdapter(Event)


def load_event(stored: str | bytes) -> Event:
    """Read an event back from the JSON that the store keeps."""
    return _adapter.validate_json(stored)


def dump_event(event: Event) -> str:
    """Write an event as the JSON that the store keeps: without empty fields, and with secrets hidden."""
    return hide_in_event(event.model_dump_json(exclude_none=True, by_alias=True))


def issue_case(ref: IssueRef) -> str:
    """Return the case of an issue that is linked to no ticket: `site:issue id`."""
    return f"{ref.site}:{ref.id}"


def ticket_case(source: str, ticket_id: str) -> str:
    """Return the case of a ticket and all its issues: `source:ticket id`."""
    return f"{source}:{ticket_id}"


def event_case(event: TicketEvent) -> str:
    """Return the case of a CRM's event: its ticket's, except for events that nothing may hold up.

    Answers of departments and agents' statuses have cases of their own, so a waiting ticket does not delay them.
    """
    if event.type == "request.answered":
        return f"{event.source}:answers:{event.ticket.id}"
    if event.type == "agent.status_changed" and event.agent.id:
        return f"{event.source}:agent:{event.agent.id}"[:160]
    return ticket_case(event.source, event.ticket.id)


__all__ = [
    "ACCOUNT_ID",
    "ISSUE_ID",
    "ISSUE_KEY",
    "TICKET_ID",
    "AccountId",
    "Agent",
    "AlertEvent",
    "Attachment",
    "Author",
    "BotEvent",
    "CaseEvent",
    "Client",
    "Closing",
    "CommentEvent",
    "CustomField",
    "DeadLetterEvent",
    "DepartmentRequest",
    "DigestEvent",
    "DuplicateEvent",
    "Event",
    "FieldChange",
    "Frozen",
    "HeardEvent",
    "HoldAnsweredEvent",
    "HoldDetail",
    "IncidentEvent",
    "IssueEvent",
    "IssueId",
    "IssueKey",
    "IssueLinkEvent",
    "IssueRef",
    "JiraAskedEvent",
    "JiraEvent",
    "Message",
    "Moment",
    "Package",
    "Person",
    "PersonActionEvent",
    "RecoveredEvent",
    "RequestEvent",
    "Seller",
    "StrayEvent",
    "Text",
    "Ticket",
    "TicketChange",
    "TicketEvent",
    "TicketEventType",
    "TicketId",
    "TicketTopic",
    "TimerEvent",
    "dump_event",
    "event_case",
    "issue_case",
    "load_event",
    "ticket_case",
]
