"""What the bot tells itself: alerts, dead letters, answers from elsewhere, alarms."""

from __future__ import annotations

from typing import Literal

from events.values import Frozen, Moment, Text, TicketId


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
    ticket_id: TicketId | None = None


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


class AlarmEvent(Frozen):
    """A hold's due moment has come; `late` by more than a minute means that no clock was there at the time."""

    kind: Literal["alarm"] = "alarm"
    source: Text = "bot"
    type: Literal["alarm.due"] = "alarm.due"
    occurred_at: Moment
    key: Text
    hold: int
    due_at: Moment
    late: bool
