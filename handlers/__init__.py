"""What the bot does: which procedures an event goes through, in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from desk.desk import Desk
from handlers import hold_answers, hold_labels, holds, jira_task, own, reminders

Procedure = Callable[[Any, Desk], None]

CLOSING: tuple[Procedure, ...] = (hold_answers.follow_ticket, holds.put_on_hold, jira_task.escalate_to_jira)
ISSUE: tuple[Procedure, ...] = (hold_answers.follow_issue, hold_labels.hold_from_jira, jira_task.tend_issue)
PROCEDURES: Mapping[str, tuple[Procedure, ...]] = {
    "ticket.closing": CLOSING,
    "ticket.closed": CLOSING,
    "ticket.message": (hold_answers.hear_message,),
    "ticket.status_changed": (hold_answers.follow_ticket,),
    "issue.created": ISSUE,
    "issue.updated": ISSUE,
    "issue.deleted": ISSUE,
    "comment.created": (hold_answers.hear_comment,),
    "hold.answered": (hold_answers.hear_of_linked_issue,),
    "alarm.due": (reminders.ring_hold,),
    "alert.raised": (own.send_alert,),
    "delivery.dead": (own.tell_owner,),
}
