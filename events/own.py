"""The bot's own events: alerts, dead letters, stray effects, timers, answers, and what people do on the pages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from events.issues import CommentEvent, IssueEvent
from events.tickets import Attachment, TicketEvent
from events.values import Frozen, IssueId, Moment, Text, TicketId


class AlertEvent(Frozen):
    """Something that an admin must look at; it is sent once for each `key`."""

    kind: Literal["alert"] = "alert"
    source: Text = "bot"
    type: Literal["alert.raised"] = "alert.raised"
    occurred_at: Moment
    key: Text
    text: str


class DeadLetterEvent(Frozen):
    """A delivery became a dead letter; `rule` is the one whose action failed."""

    kind: Literal["dead_letter"] = "dead_letter"
    source: Text = "bot"
    type: Literal["delivery.dead"] = "delivery.dead"
    occurred_at: Moment
    delivery: Text
    reason: str
    rule: Text | None = None
    ticket_source: Text = "webcrm"
    ticket_id: TicketId | None = None


class RecoveredEvent(Frozen):
    """A delivery that was a dead letter is done; `stopped` is the delivery label of the DeadLetterEvent about it."""

    kind: Literal["recovered"] = "recovered"
    source: Text = "bot"
    type: Literal["delivery.recovered"] = "delivery.recovered"
    occurred_at: Moment
    delivery: Text
    stopped: Text
    rule: Text | None = None
    ticket_source: Text = "webcrm"
    ticket_id: TicketId | None = None


class StrayEvent(Frozen):
    """A run that had lost its delivery had an effect, or may have had one, so `delivery` may have done it twice.

    `of` says what there may be two of: an issue of the ticket for this `purpose` (`issue_id` None: it is unknown
    whether it was created), a comment in this issue, or the `message` in the ticket.
    """

    kind: Literal["stray"] = "stray"
    source: Text = "bot"
    type: Literal["effect.stray"] = "effect.stray"
    occurred_at: Moment
    key: Text
    delivery: Text
    case: Text
    of: Literal["issue", "comment", "message"]
    rule: Text
    verb: Text
    site: Text | None = None
    issue_id: IssueId | None = None
    purpose: Text | None = None
    ticket_source: Text | None = None
    ticket_id: TicketId | None = None
    message: Text | None = None


class HoldAnsweredEvent(Frozen):
    """What a ticket's hold waits for has happened outside the ticket's case: the linked task is done (W-53)."""

    kind: Literal["hold_answered"] = "hold_answered"
    source: Text = "bot"
    type: Literal["hold.answered"] = "hold.answered"
    occurred_at: Moment
    delivery: Text
    ticket_source: Text
    ticket_id: TicketId
    hold: int
    who: str


class JiraAskedEvent(Frozen):
    """An agent asked for a ticket's Jira task, with a type and subtype of T-1; `key` makes the event unique."""

    kind: Literal["jira_asked"] = "jira_asked"
    source: Text = "bot"
    type: Literal["jira.asked"] = "jira.asked"
    occurred_at: Moment
    key: Text
    ticket_source: Text
    ticket_id: TicketId
    topic_type: Text
    topic_subtype: Text


class DuplicateEvent(Frozen):
    """A ticket may be a duplicate; `key` makes the event unique.

    duplicate.look: a later ticket may ask the same, so this one is checked again. duplicate.asked: a person wants the
    draft that sends the client of `ticket_id` to the `original`.
    """

    kind: Literal["duplicate"] = "duplicate"
    source: Text = "bot"
    type: Literal["duplicate.look", "duplicate.asked"]
    occurred_at: Moment
    key: Text
    ticket_source: Text
    ticket_id: TicketId
    original: TicketId | None = None
    by: Text | None = None


class TimerEvent(Frozen):
    """A timer fired; `late` by more than a minute means that no clock was running at the time.

    `key` names the timer: `hold:<number>`, `request:<number>:<ring>`, `client:<request>`, `promise:<number>`,
    `uninformed:<request>`, `escalation:<number>`, `case:<number>:<step>:<count>` and the like.
    """

    kind: Literal["alarm"] = "alarm"
    source: Text = "bot"
    type: Literal["alarm.due"] = "alarm.due"
    occurred_at: Moment
    key: Text
    due_at: Moment
    late: bool

    @property
    def of(self) -> str:
        """The first part of the key, what it is a timer of: hold, request, client, promise, …"""
        return self.key.split(":")[0]

    @property
    def number(self) -> int:
        """The number in the key: of the hold, request, promise, …"""
        return int(self.key.split(":")[1])

    @property
    def timer_number(self) -> int:
        """The third part of the key: which of its owner's timers this is."""
        return int(self.key.split(":")[2])


class IncidentEvent(Frozen):
    """A mass failure is over (`incident.ended`), or a ticket's owner is to hear of that (`incident.over`, R-24)."""

    kind: Literal["incident"] = "incident"
    source: Text = "bot"
    type: Literal["incident.ended", "incident.over"]
    occurred_at: Moment
    incident: int
    ticket_source: Text | None = None
    ticket_id: TicketId | None = None


class RequestEvent(Frozen):
    """What a person said on a page about a request: snoozed `until` a moment for a `reason`, or answered.

    `key` makes the event unique, so a form that is posted twice counts once.
    """

    kind: Literal["request"] = "request"
    source: Text = "bot"
    type: Literal["request.snoozed", "request.answered"]
    occurred_at: Moment
    key: Text
    request: int
    until: Moment | None = None
    reason: str | None = None
    by: Text | None = None


class CaseEvent(Frozen):
    """An event of a problem case: `event` happened to its ticket or issue, or a person edited the case.

    `facts` are what a person entered (an empty value clears one), `done` and `undone` steps of its checklist. `key`
    makes the event unique. case.photo: the client's `file` is to be attached to the issue. case.photo_left: the bot
    could not do that (J-06).
    """

    kind: Literal["case"] = "case"
    source: Text = "bot"
    type: Literal["case.heard", "case.edited", "case.photo", "case.photo_left"]
    occurred_at: Moment
    key: Text
    number: int
    ticket_source: Text
    ticket_id: TicketId
    event: Annotated[TicketEvent | IssueEvent | CommentEvent, Field(discriminator="kind")] | None = None
    facts: dict[Text, str] = Field(default_factory=dict)
    done: tuple[Text, ...] = ()
    undone: tuple[Text, ...] = ()
    file: Attachment | None = None
    by: Text | None = None


class HeardEvent(Frozen):
    """Something happened in the ticket or issue of an open request; it may be the answer, which nothing may delay."""

    kind: Literal["heard"] = "heard"
    source: Text = "bot"
    type: Literal["request.heard"] = "request.heard"
    occurred_at: Moment
    request: int
    event: Annotated[TicketEvent | IssueEvent | CommentEvent, Field(discriminator="kind")]
