"""What people do on our pages: undo an action, put a hold off, change an owner; and the digest (U-15, U-30, W-71)."""

from __future__ import annotations

from desk.desk import Desk
from desk.holds import Hold
from events import DigestEvent, PersonActionEvent
from handlers.reminders import rule_of
from handlers.request_words import moment_text, named


def wake_request(event: PersonActionEvent, desk: Desk) -> None:
    """A snooze is taken back: the escalation goes on where it stood (U-15)."""
    request = desk.requests.get(event.number)
    department = desk.requests.department(request) if request else None
    if request is not None and department is not None and desk.requests.concerns(request):
        desk.requests.wake(request, department, why="U-15")


def reopen_request(event: PersonActionEvent, desk: Desk) -> None:
    """«Answered» is taken back: the request is open as before, and its escalation goes on (U-30)."""
    request = desk.requests.get(event.number)
    department = desk.requests.department(request) if request else None
    if request is None or department is None or not desk.requests.reopen(request, department, why="U-30"):
        return
    crm = desk.crm_of(request.source)
    if crm is not None:
        crm.note(request.ticket_id, "said_request_reopened", why="U-30", department=named(request, desk))


def reassign_request(event: PersonActionEvent, desk: Desk) -> None:
    """Another agent answers for the request from now on (U-15)."""
    request = desk.requests.get(event.number)
    if request is None or event.owner is None or not desk.requests.concerns(request):
        return
    desk.requests.hand_over([request], event.owner, desk.requests.gender(event.owner, None), why="U-15")
    crm = desk.crm_of(request.source)
    if crm is not None:
        crm.note(request.ticket_id, "request_handed_over", why="U-15", departments=[named(request, desk)])


def snooze_hold(event: PersonActionEvent, desk: Desk) -> None:
    """A hold may last longer, for a reason that a person gave (W-71, W-76, W-24)."""
    hold = _open(event, desk)
    if hold is None or event.until is None:
        return
    rule = rule_of(hold)
    desk.holds.postpone(hold, event.until, why=rule)
    crm = desk.crm_of(hold.source)
    if crm is not None:
        until = moment_text(event.until, desk)
        crm.note(hold.ticket_id, "said_hold_snoozed", why=rule, kind=hold.kind, until=until, reason=event.reason or "")


def reopen_hold(event: PersonActionEvent, desk: Desk) -> None:
    """The end of a hold is taken back: the ticket waits as before (W-71, W-76, W-24)."""
    hold = desk.holds.get(event.number)
    if hold is None:
        return
    rule = rule_of(hold)
    if not desk.holds.reopen(hold, why=rule):
        return
    issue = desk.jira.holds.issue_of(hold)
    if issue is not None:
        desk.jira.holds.put_label_back(issue, hold.kind, why=rule)
    if issue is not None and hold.kind == "seller":
        desk.jira.moves.wait_for_seller(issue, why="W-76")
    crm = desk.crm_of(hold.source)
    if crm is not None:
        key = issue.key if issue else ""
        crm.note(hold.ticket_id, "said_hold_reopened", why=rule, kind=hold.kind, key=key)


def reassign_hold(event: PersonActionEvent, desk: Desk) -> None:
    """Another agent is told of the hold from now on."""
    hold = _open(event, desk)
    if hold is not None and event.owner is not None:
        desk.holds.reassign(hold, event.owner, why=rule_of(hold))


def send_digest(event: DigestEvent, desk: Desk) -> None:
    """Tell what waits and how departments answered (U-30, part 4)."""
    desk.send_digest(event)


def _open(event: PersonActionEvent, desk: Desk) -> Hold | None:
    hold = desk.holds.get(event.number)
    return hold if hold is not None and hold.ended_at is None else None
