"""The end of a hold: the awaited party has answered, or the hold is not needed any more (W-24, W-53, W-71)."""

from __future__ import annotations

from collections.abc import Callable

from desk.answers import judge
from desk.desk import Desk
from desk.holds import BEGUN, Hold
from desk.issues import Issue
from desk.jira.comments import HoldEnd
from events import CommentEvent, HoldAnsweredEvent, IssueEvent, TicketEvent
from handlers.reminders import rule_of
from handlers.request_words import moment_text

CUSTOMER = "customer"
THEIRS = {"seller": ("partner", "seller"), "client": ("customer", "client")}


def on_comment(event: CommentEvent, desk: Desk) -> None:
    """A comment in the hold's issue: the agent's word of what was done (W-70), or the awaited party's answer."""
    hold = desk.holds.of_issue(event.issue.site, event.issue.id)
    if hold is None or event.actor is None:
        return
    by_customer = event.actor.kind == CUSTOMER or event.actor.account_id == hold.awaited_account
    if hold.stage == BEGUN:
        if not by_customer:
            _agent_has_spoken(event, hold, desk)
        return
    if _is_of_the_awaited(event, hold, by_customer=by_customer):
        who = "seller" if hold.kind == "seller" else "awaited"
        _hear(hold, event.text, desk, lambda: _end(hold, "answered", who, desk))  # the issue has the text already


def _is_of_the_awaited(event: CommentEvent, hold: Hold, *, by_customer: bool) -> bool:
    """Return whether the comment is the awaited party's: the awaited account's, or one of the seller not internal."""
    if hold.kind == "ozon":
        return event.actor is not None and event.actor.account_id == hold.awaited_account
    return by_customer and event.public is not False


def _agent_has_spoken(event: CommentEvent, hold: Hold, desk: Desk) -> None:
    """Go on with a begun hold: its agent has commented on what was done (W-70), or has asked the seller."""
    issue = desk.jira.holds.issue_of(hold)
    if issue is None:
        return
    if hold.kind == "ozon" and event.public is not True:
        desk.jira.moves.return_to_queue(issue, why="W-71")
        _finish(hold, issue, desk, why="W-72")
        desk.holds.now_waiting(hold, why="W-71")
    elif hold.kind == "seller" and event.public is True:
        desk.jira.moves.wait_for_seller(issue, why="W-76")
        _finish(hold, issue, desk, why="W-78")
        desk.holds.now_waiting(hold, why="W-76")


def _finish(hold: Hold, issue: Issue, desk: Desk, *, why: str) -> None:
    """Write the key into the ticket and close it the way the closing that began the hold asked for."""
    if hold.source == desk.crm.source:
        desk.crm.write_key(hold.ticket_id, issue, why=why)
        if hold.closing:
            desk.crm.close(hold.ticket_id, hold.closing, why=why)


def on_message(event: TicketEvent, desk: Desk) -> None:
    """A message of the awaited party in the CRM ends the hold, wherever the question was asked."""
    hold = desk.holds.of_ticket(event.source, event.ticket.id)
    messages = {message.id: message for message in event.ticket.messages}
    message = messages.get(event.message_id) or (event.ticket.messages[-1] if event.ticket.messages else None)
    if hold is None or message is None or not message.public or hold.source == desk.checks.source:
        return  # Usedesk's are handled in `usedesk_waiting`
    if message.author.role in THEIRS.get(hold.kind, ()):
        _hear(hold, message.text, desk, lambda: _end(hold, "answered", hold.kind, desk, said=message.text))


def _hear(hold: Hold, text: str, desk: Desk, end: Callable[[], None]) -> None:
    """End the hold if the awaited party's message is an answer; if that is unclear, ask the agent (C-12)."""
    judged = judge(desk.config.answers, text)
    crm = desk.crm_of(hold.source)
    if judged.is_answer:
        end()
    elif judged.verdict == "doubt" and crm is not None:
        crm.note(hold.ticket_id, "maybe_answered", why=rule_of(hold), kind=hold.kind, text=text)


def on_of_linked_issue(event: HoldAnsweredEvent, desk: Desk) -> None:
    """The other task that the hold waited for is done (W-53)."""
    hold = desk.holds.of_ticket(event.ticket_source, event.ticket_id)
    if hold is not None and hold.id == event.hold:
        _end(hold, "answered", event.who, desk)


def follow_ticket(event: TicketEvent, desk: Desk) -> None:
    """A ticket that is reopened or solved is not on hold any more; one that is put on hold now is."""
    hold = desk.holds.of_ticket(event.source, event.ticket.id)
    if hold is None:
        return
    resolution = desk.config.categories.resolution(event.closing.resolution)
    if event.type in ("ticket.closing", "ticket.closed"):
        if event.closing.hold is None and resolution not in (None, "not_solved"):
            _end(hold, "solved", "agent", desk)
    elif event.change is not None and event.change.field == "status" and event.change.before == desk.crm.closed:
        _end(hold, "reopened", "agent", desk)


def follow_issue(event: IssueEvent, desk: Desk) -> None:
    """The hold's issue is closed, deleted or moved away; or another task is done that holds wait for (W-53)."""
    hold = desk.holds.of_issue(event.issue.site, event.issue.id)
    gone = _gone(event, desk)
    if hold is not None and gone:
        key = event.issue.key or event.issue.id
        if hold.source == desk.crm.source:
            desk.crm.note(hold.ticket_id, "hold_issue_gone", why="W-52", key=key, gone=gone)
        desk.holds.end(hold, f"issue_{gone}", None, why="W-52")
    elif hold is not None and desk.jira.holds.label_removed(event, hold.kind) and not desk.jira.holds.asked(event):
        _end(hold, "answered", "agent", desk)
    if event.issue.key and gone in ("closed", "deleted"):
        desk.holds.pass_on(event.issue.key, "linked_issue" if gone == "closed" else "linked_issue_deleted", why="W-53")


def _gone(event: IssueEvent, desk: Desk) -> str | None:
    """Return closed, deleted or moved if that happened to the issue by this event, else None."""
    if event.type == "issue.deleted":
        return "deleted"
    project = desk.config.jira.projects.get((event.issue.key or "").split("-")[0])
    if project is None:
        return "moved" if event.changed("Key", "project") else None
    status = next((change for change in event.changes if change.field == "status"), None)
    if status is None or event.type != "issue.updated":
        return None
    return "closed" if desk.jira.reading.is_ending(event.issue, status.after, status.after_text) else None


def _end(hold: Hold, ended: str, who: str, desk: Desk, *, said: str = "") -> None:
    """Return the issue to the queue, tell issue and ticket, and end the hold's row last.

    `said`: an answer that was given in the CRM, where whoever takes the issue from the queue would not see it.
    """
    issue = desk.jira.holds.issue_of(hold)
    if issue is not None:
        desk.jira.moves.return_to_queue(issue, why="W-71")
        desk.jira.holds.take_label_off(issue, hold.kind, why="W-71")
        desk.jira.comments.say_hold_ended(issue, HoldEnd(hold.kind, who, moment_text(desk.now, desk), said), why="W-71")
    if hold.source == desk.crm.source:
        key = issue.key if issue else ""
        rule = "W-71" if issue else "W-24"
        desk.crm.note(hold.ticket_id, "hold_ended", why=rule, kind=hold.kind, key=key, who=who)
    desk.holds.end(hold, ended, who, why="W-71" if issue else "W-24")
