"""What the bot tells itself: alerts, dead letters, answers from elsewhere, timers, a person's action on a request."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from events.issues import CommentEvent, IssueEvent
from events.tickets import TicketEvent
from events.values import Frozen, IssueId, Moment, Text, TicketId


class AlertEvent(Frozen):
    """The bot has something that an admin must look at; it goes out once for each `key`."""

    kind: Literal["alert"] = "alert"
    source: Text = "bot"
    type: Literal["alert.raised"] = "alert.raised"
    occurred_at: Moment
    key: Text
    text: str


class DeadLetterEvent(Frozen):
    """A delivery of the bot became a dead letter; `rule` is the one that could not be obeyed."""

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
    """A delivery that was a dead letter is done by now; `stopped` is the own event that told of that."""

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
    """A run that owned nothing any more had an effect, or may have had one: something of `delivery` is there twice.

    `of` an issue: that of the ticket for this `purpose` (`issue_id` None: nobody saw whether it was made); of a
    comment: in this issue; of a message: the `message` in the ticket.
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
    """What a ticket's hold waits for has happened outside its case: the linked task is done (W-53)."""

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
    """An agent asked for a Jira task of a ticket, by the names of T-1; `key` makes it unique."""

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
    """duplicate.look: a ticket that came in later may ask the same, so this one is looked at again; duplicate.asked: a
    person wants the draft that sends the client of `ticket_id` to the `original`. `key` makes it unique.
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
    """A due moment has come; `late` by more than a minute means that no clock was there at the time.

    `key` says of what: `hold:<number>`, `request:<number>:<ring>`, `client:<request>`, `promise:<number>`,
    `uninformed:<request>`, `escalation:<number>` or `case:<number>:<step>:<count>`.
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
        """What it is a timer of: hold, request, client or promise."""
        return self.key.split(":")[0]

    @property
    def number(self) -> int:
        """The number of the hold, request or promise."""
        return int(self.key.split(":")[1])

    @property
    def timer_number(self) -> int:
        """Which timer of its request it is, counted from 1."""
        return int(self.key.split(":")[2])


class IncidentEvent(Frozen):
    """A mass failure is over (`ended`), and of one of its tickets (`over`): its owner is to hear of it (R-24)."""

    kind: Literal["incident"] = "incident"
    source: Text = "bot"
    type: Literal["incident.ended", "incident.over"]
    occurred_at: Moment
    incident: int
    ticket_source: Text | None = None
    ticket_id: TicketId | None = None


class RequestEvent(Frozen):
    """A person's word on a request, given on a page: put off `until` for a `reason`, or answered.

    `key` makes it unique: what is posted twice is heard once.
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
    """Something for the problem case of this `number`: `event` happened to its ticket or issue, or a person edited it.

    `facts`: what a person wrote into it (empty: taken back); `done`, `undone`: steps of its checklist. `key` makes it
    unique.
    """

    kind: Literal["case"] = "case"
    source: Text = "bot"
    type: Literal["case.heard", "case.edited"]
    occurred_at: Moment
    key: Text
    number: int
    ticket_source: Text
    ticket_id: TicketId
    event: Annotated[TicketEvent | IssueEvent | CommentEvent, Field(discriminator="kind")] | None = None
    facts: dict[Text, str] = Field(default_factory=dict)
    done: tuple[Text, ...] = ()
    undone: tuple[Text, ...] = ()
    by: Text | None = None


class HeardEvent(Frozen):
    """Something happened where an open request lives; it may be the answer, which nothing may hold up."""

    kind: Literal["heard"] = "heard"
    source: Text = "bot"
    type: Literal["request.heard"] = "request.heard"
    occurred_at: Moment
    request: int
    event: Annotated[TicketEvent | IssueEvent | CommentEvent, Field(discriminator="kind")]
