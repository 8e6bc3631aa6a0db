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
    pages,
    reminders,
    request_answers,
    request_issues,
    requests,
    solved,
    strays,
    usedesk_checks,
    usedesk_jira,
    usedesk_taken,
    usedesk_waiting,
    usedesk_watches,
)

Procedure = Callable[[Any, Desk], None]

CLOSING: tuple[Procedure, ...] = (
    hold_answers.follow_ticket,
    solved.ask_whether_needed,
    holds.put_on_hold,
    jira_task.escalate_to_jira,
)
ISSUE: tuple[Procedure, ...] = (
    request_answers.follow_issue,
    hold_answers.follow_issue,
    hold_labels.hold_from_jira,
    jira_task.tend_issue,
    request_issues.ask_from_jira,
    usedesk_jira.remember_status,
)
PROCEDURES: Mapping[str, tuple[Procedure, ...]] = {
    "ticket.created": (requests.ask_from_usedesk, usedesk_checks.check_new),
    "ticket.assigned": (requests.hand_over,),
    "ticket.closing": CLOSING,
    "ticket.closed": CLOSING,
    "ticket.message": (
        request_answers.hear_message,
        hold_answers.hear_message,
        usedesk_waiting.hear_client,
        interim.hear_reply,
        usedesk_checks.check_message,
    ),
    "ticket.status_changed": (
        usedesk_taken.list_neighbours,
        usedesk_checks.check_change,
        request_answers.follow_status,
        requests.reopen_in_usedesk,
        requests.ask_on_hold,
        requests.hand_over,
        hold_answers.follow_ticket,
        solved.ask_whether_needed,
        solved.go_on_when_reopened,
        usedesk_waiting.wait_for_client,
    ),
    "request.created": (requests.ask_from_crm,),
    "request.answered": (request_answers.hear_from_crm,),
    "request.snoozed": (requests.snooze,),
    "request.heard": (request_answers.hear,),
    "request.woken": (pages.wake_request,),
    "request.reopened": (pages.reopen_request,),
    "request.reassigned": (pages.reassign_request,),
    "hold.snoozed": (pages.snooze_hold,),
    "hold.reopened": (pages.reopen_hold,),
    "hold.reassigned": (pages.reassign_hold,),
    "digest.due": (pages.send_digest,),
    "agent.status_changed": (requests.keep_status,),
    "issue.created": ISSUE,
    "issue.updated": ISSUE,
    "issue.deleted": ISSUE,
    "issuelink.created": (request_issues.ask_by_link,),
    "comment.created": (request_answers.hear_comment, hold_answers.hear_comment),
    "jira.asked": (usedesk_jira.make_asked_task,),
    "hold.answered": (hold_answers.hear_of_linked_issue,),
    "alarm.due": (
        reminders.ring_hold,
        reminders.ring_request,
        reminders.ring_client,
        interim.break_promise,
        usedesk_waiting.remind_of_client,
        usedesk_watches.look_again,
    ),
    "alert.raised": (own.send_alert,),
    "delivery.dead": (own.tell_owner,),
    "delivery.recovered": (own.tell_owner_it_is_done,),
    "effect.stray": (strays.bring_back_to_one,),
}
