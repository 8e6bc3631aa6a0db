"""A department's answer, wherever it is given, stops the escalation at once (U-30)."""

from __future__ import annotations

from dataclasses import dataclass

from desk.answers import judge
from desk.desk import Desk
from desk.jira.requests import NOT_PEOPLE_OF_OURS
from desk.requests import ANSWERED, WITHDRAWN, Ending, Request, RequestDraft
from desk.usedesk.view import FINISHED, GONE
from events import CommentEvent, HeardEvent, IssueEvent, RequestEvent, TicketEvent
from handlers.request_words import named


@dataclass(frozen=True)
class Answer:
    """What ends a request: `state` (answered or withdrawn), `how` and `by` whom, and the `text` of the answer."""

    how: str
    by: str | None = None
    text: str = ""
    state: str = ANSWERED


def take(request: Request, answer: Answer, desk: Desk) -> bool:
    """End the request, then tell the agent; return True when it was this delivery that ended it."""
    ending = Ending(answer.state, answer.how, desk.now, (answer.by or "")[:255] or None)
    if not desk.requests.end(request, ending, why="U-30"):
        return False
    crm = desk.crm_of(request.source)
    if crm is not None:
        values = {"department": named(request, desk), "how": answer.how, "text": answer.text}
        crm.note(request.ticket_id, "request_ended", why="U-30", **values)
    return True


def _hear(request: Request, answer: Answer, desk: Desk, *, asks: bool) -> None:
    """End the request if the department's message is an answer; if that is unclear, ask the agent and go on waiting.

    The same message comes twice, in the request's own case (`hear`) and in the ticket's; only the first one `asks`.
    """
    judged = judge(desk.config.answers, answer.text)
    crm = desk.crm_of(request.source)
    if judged.is_answer:
        take(request, answer, desk)
    elif judged.verdict == "doubt" and crm is not None and asks:
        values = {"department": named(request, desk), "text": answer.text}
        crm.note(request.ticket_id, "request_maybe_answered", why="U-30", **values)


def take_what_stands(request: Request, desk: Desk) -> bool:
    """End the request if its answer is already in its ticket or issue; the event may be lost, late or held back.

    Returns True when this ended the request.
    """
    found = desk.what_stands(request)
    return found is not None and take(request, Answer(found.how, found.by, found.text, found.state), desk)


def on_from_crm(event: TicketEvent | RequestEvent, desk: Desk) -> None:
    """`request.answered`, told by the CRM or by a person on a page; it may come before its request."""
    if isinstance(event, RequestEvent):
        request = desk.requests.get(event.request)
        if request is not None and desk.requests.concerns(request):
            take(request, Answer("person", event.by, event.reason or ""), desk)
        return
    asked = event.request
    if asked is None:
        return
    department = desk.departments.find(asked.department)
    request = desk.requests.of_external(event.source, event.ticket.id, asked.id) if asked.id else None
    if request is None and department is not None:
        first = RequestDraft(
            source=event.source,
            ticket_id=event.ticket.id,
            department=department,
            origin=event.source,
            text=asked.text,
            external_id=asked.id,
            dept_ticket_id=asked.ticket_id,
            owner_id=event.agent.id,
            first_answer=True,
        )
        opened = desk.requests.open(first, why="U-14")
        request = opened.request if opened.real else None
    if request is not None and desk.requests.concerns(request):
        take(request, Answer("event", None, asked.answer or ""), desk)


def hear(event: HeardEvent, desk: Desk) -> None:
    """Something happened where an open request lives."""
    inner = event.event
    if isinstance(inner, CommentEvent):
        if inner.actor is None or inner.actor.account_id != desk.jira.reading.own_account(inner.issue.site):
            on_comment(inner, desk, asks=True)
    elif isinstance(inner, IssueEvent):
        if inner.actor is None or inner.actor.account_id != desk.jira.reading.own_account(inner.issue.site):
            follow_issue(inner, desk)
    else:
        on_message(inner, desk, asks=True)
        follow_status(inner, desk)


def on_message(event: TicketEvent, desk: Desk, *, asks: bool = False) -> None:
    """A comment in the department's ticket by anybody but those who asked."""
    request = _in_ticket(event, desk) if event.type == "ticket.message" else None
    messages = {message.id: message for message in event.ticket.messages}
    message = messages.get(event.message_id) or (event.ticket.messages[-1] if event.ticket.messages else None)
    if request is None or message is None or message.author.role == "bot":
        return
    asker = message.author.role != "client" and message.author.id in (request.owner_id, request.asker_account)
    if not asker:
        _hear(request, Answer("comment", message.author.id, message.text), desk, asks=asks)


def follow_status(event: TicketEvent, desk: Desk) -> None:
    """The department's ticket is finished, or there is none any more."""
    request = _in_ticket(event, desk) if event.type == "ticket.status_changed" else None
    after = {change.field: change.after for change in event.changes}.get("status")
    if request is None:
        return
    if after in FINISHED:
        take(request, Answer("status", event.agent.id), desk)
    elif after in GONE:
        take(request, Answer("ticket_gone", event.agent.id, state=WITHDRAWN), desk)


def _in_ticket(event: TicketEvent, desk: Desk) -> Request | None:
    request = desk.requests.of_dept_ticket(event.source, event.ticket.id)
    return request if request is not None and desk.requests.concerns(request) else None


def on_comment(event: CommentEvent, desk: Desk, *, asks: bool = False) -> None:
    """A comment in the department's issue by anybody but who asked, and not by a customer."""
    request = desk.requests.of_issue(event.issue.site, event.issue.id)
    if request is None or event.actor is None or not desk.requests.concerns(request):
        return
    theirs = event.actor.kind not in NOT_PEOPLE_OF_OURS and event.actor.account_id != request.asker_account
    if event.type == "comment.created" and theirs:
        _hear(request, Answer("comment", event.actor.account_id, event.text), desk, asks=asks)


def follow_issue(event: IssueEvent, desk: Desk) -> None:
    """The department's issue is finished, deleted, or not the department's any more."""
    request = desk.requests.of_issue(event.issue.site, event.issue.id)
    if request is None or not desk.requests.concerns(request):
        return
    by = event.actor.account_id if event.actor else None
    status = next((change for change in event.changes if change.field == "status"), None)
    if event.type == "issue.deleted":
        take(request, Answer("issue_deleted", by, state=WITHDRAWN), desk)
    elif status is not None and desk.jira.reading.is_ending(event.issue, status.after, status.after_text):
        take(request, Answer("status", by, status.after_text or ""), desk)
    elif event.changed("components", "assignee") and request.origin == "jira":
        seen = desk.jira.reading.read(event.issue)
        department = desk.jira.requests.department_of(seen) if seen else None
        if seen is not None and (department is None or department.id != request.department):
            take(request, Answer("other_department", by, state=WITHDRAWN), desk)
