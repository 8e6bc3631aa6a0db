"""What the bot does: which procedures an event goes through, in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from desk.desk import Desk
from handlers import (
    hold_answers,
    hold_labels,
    holds,
    interim,
    jira_task,
    own,
    reminders,
    request_answers,
    requests,
)

Procedure = Callable[[Any, Desk], None]

CLOSING: tuple[Procedure, ...] = (hold_answers.follow_ticket, holds.put_on_hold, jira_task.escalate_to_jira)
ISSUE: tuple[Procedure, ...] = (
    request_answers.follow_issue,
    hold_answers.follow_issue,
    hold_labels.hold_from_jira,
    jira_task.tend_issue,
    requests.ask_from_jira,
)
PROCEDURES: Mapping[str, tuple[Procedure, ...]] = {
    "ticket.created": (requests.ask_from_usedesk,),
    "ticket.assigned": (requests.hand_over,),
    "ticket.closing": CLOSING,
    "ticket.closed": CLOSING,
    "ticket.message": (request_answers.hear_message, hold_answers.hear_message, interim.hear_reply),
    "ticket.status_changed": (
        request_answers.follow_status,
        requests.reopen_in_usedesk,
        requests.ask_on_hold,
        requests.hand_over,
        hold_answers.follow_ticket,
    ),
    "request.created": (requests.ask_from_crm,),
    "request.answered": (request_answers.hear_from_crm,),
    "request.snoozed": (requests.snooze,),
    "request.heard": (request_answers.hear,),
    "agent.status_changed": (requests.keep_status,),
    "issue.created": ISSUE,
    "issue.updated": ISSUE,
    "issue.deleted": ISSUE,
    "issuelink.created": (requests.ask_by_link,),
    "comment.created": (request_answers.hear_comment, hold_answers.hear_comment),
    "hold.answered": (hold_answers.hear_of_linked_issue,),
    "alarm.due": (reminders.ring_hold, reminders.ring_request, reminders.ring_client, interim.break_promise),
    "alert.raised": (own.send_alert,),
    "delivery.dead": (own.tell_owner,),
}
