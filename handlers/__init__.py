"""What the bot does: which procedures an event goes through, in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from desk.desk import Desk
from handlers import (
    hold_answers,
    hold_labels,
    holds,
    jira_task,
    own,
    reminders,
    usedesk_checks,
    usedesk_jira,
    usedesk_taken,
    usedesk_waiting,
    usedesk_watches,
)

Procedure = Callable[[Any, Desk], None]

CLOSING: tuple[Procedure, ...] = (hold_answers.follow_ticket, holds.put_on_hold, jira_task.escalate_to_jira)
ISSUE: tuple[Procedure, ...] = (
    hold_answers.follow_issue,
    hold_labels.hold_from_jira,
    jira_task.tend_issue,
    usedesk_jira.remember_status,
)
PROCEDURES: Mapping[str, tuple[Procedure, ...]] = {
    "ticket.closing": CLOSING,
    "ticket.closed": CLOSING,
    "ticket.created": (usedesk_checks.check_new,),
    "ticket.message": (hold_answers.hear_message, usedesk_waiting.hear_client, usedesk_checks.check_message),
    "ticket.status_changed": (
        hold_answers.follow_ticket,
        usedesk_taken.list_neighbours,
        usedesk_checks.check_change,
        usedesk_waiting.wait_for_client,
    ),
    "issue.created": ISSUE,
    "issue.updated": ISSUE,
    "issue.deleted": ISSUE,
    "comment.created": (hold_answers.hear_comment,),
    "jira.asked": (usedesk_jira.make_asked_task,),
    "hold.answered": (hold_answers.hear_of_linked_issue,),
    "alarm.due": (reminders.ring_hold, usedesk_waiting.remind_of_client, usedesk_watches.look_again),
    "alert.raised": (own.send_alert,),
    "delivery.dead": (own.tell_owner,),
}
