"""Requests to neighbour departments (manual U): opened, announced, linked to their tickets (U-14…U-16, U-18, R-17)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from desk.departments import Line
from desk.desk import Desk
from desk.requests import Opened, Request, RequestDraft
from desk.tickets import Telling
from desk.usedesk.outgoing import OutgoingTicket
from desk.usedesk.view import FINISHED, GONE
from events import RequestEvent, TicketEvent
from handlers.interim import inform_client
from handlers.request_answers import take_what_stands
from handlers.request_words import RequestWords, moment_text, named


def ask_from_crm(event: TicketEvent, desk: Desk) -> None:
    """`request.created`: an agent asks a department from the CRM, or from the card of a ticket in Usedesk (U-14)."""
    asked = event.request
    if asked is None:
        return
    department = desk.departments.find(asked.department)
    if department is None:
        _refuse(event.source, event.ticket.id, asked.department, desk)
        return
    seen = desk.jira.reading.read_key(asked.jira_key) if asked.jira_key else None
    issue = seen.issue if seen else None
    draft = RequestDraft(
        source=event.source,
        ticket_id=event.ticket.id,
        department=department,
        origin=event.source,
        text=asked.text,
        answer_required=asked.answer_required is not False,
        external_id=asked.id,
        dept_ticket_id=asked.ticket_id if asked.ticket_id != event.ticket.id else None,
        site=issue.site if issue else None,
        issue_id=issue.id if issue else None,
        issue_key=issue.key if issue else None,
        asked_at=event.occurred_at,
        reopened=True,
        **_of_ticket(event, desk),
    )
    if event.source == desk.usedesk.source:
        draft = replace(draft, dept_ticket_id=_make_outgoing(draft, desk))
    ask_department(draft, desk)
    crm = desk.crm_of(event.source)
    if asked.jira_key and issue is None and crm is not None:
        crm.note(event.ticket.id, "request_unknown_key", why="U-16", key=asked.jira_key, department=department.name)


def ask_from_usedesk(event: TicketEvent, desk: Desk) -> None:
    """An outgoing ticket whose `additional_id` names the client's ticket and the department (U-14)."""
    parts = (event.ticket.external_id or "").split(":", 1)
    if event.source != desk.usedesk.source or len(parts) == 1:
        return
    ticket, (name, _, number) = parts[0], parts[1].rpartition(":")
    if not number.isdecimal() or not name:
        return
    department = desk.departments.find(name)
    if department is None:
        _refuse(event.source, ticket, name, desk)
        return
    client = desk.usedesk.read(ticket)
    if client is None:
        return
    owner = client.assignee_id or event.ticket.assignee_id
    draft = RequestDraft(
        source=event.source,
        ticket_id=ticket,
        department=department,
        origin=event.source,
        text=event.ticket.messages[0].text if event.ticket.messages else event.ticket.subject or "",
        owner_id=owner,
        owner_gender=desk.requests.gender(owner, None),
        asker_account=event.ticket.assignee_id,
        topic=client.subject[:255],
        dept_ticket_id=event.ticket.id,
        asked_at=event.occurred_at,
    )
    ask_department(draft, desk)


def ask_on_hold(event: TicketEvent, desk: Desk) -> None:
    """A ticket in Usedesk put «На удержании» whose field names the department: a request too (U-12, U-14)."""
    field = desk.config.departments.usedesk_field
    held = any(change.field == "status" and change.after == "on_hold" for change in event.changes)
    named_by = [one.value for one in event.ticket.custom_fields if field and one.id == field and one.value]
    if not held or not named_by or event.source != desk.usedesk.source:
        return
    department = desk.departments.find(named_by[0])
    if department is None:
        _refuse(event.source, event.ticket.id, named_by[0], desk)
        return
    seen = desk.usedesk.read(event.ticket.id)
    notes = [one.text for one in seen.comments if not one.public and one.author == event.agent.id] if seen else []
    subject = seen.subject if seen else ""
    of_ticket = _of_ticket(event, desk) | {"topic": subject[:255]}
    words: dict[str, Any] = {"text": notes[-1] if notes else subject, "origin": event.source}
    draft = RequestDraft(event.source, event.ticket.id, department, reopened=True, **words, **of_ticket)
    ask_department(replace(draft, dept_ticket_id=_make_outgoing(draft, desk)), desk)


def _make_outgoing(draft: RequestDraft, desk: Desk) -> str | None:
    """Make the outgoing ticket to a department whose group in Usedesk is known (U-14); return its id, or None."""
    department, ticket = draft.department, draft.ticket_id
    number = desk.requests.number_to_ask(draft.source, ticket, department) if department.usedesk_group else None
    if number is None or not department.usedesk_group:
        return None
    values = {"department": department.name, "ticket": ticket, "text": draft.text}
    outgoing = OutgoingTicket(
        external_id=f"{ticket}:{department.id}:{number}",
        subject=desk.note("outgoing_subject", department=department.name, topic=draft.topic or "")[:255],
        text=desk.note("outgoing_text", **values),
        group=department.usedesk_group,
    )
    return desk.usedesk.outgoing.make(ticket, outgoing, why="U-14")


def reopen_in_usedesk(event: TicketEvent, desk: Desk) -> None:
    """A department's finished ticket that an agent opens again is asked anew."""
    change = event.change
    back = change is not None and change.field == "status" and change.before in FINISHED
    if event.source != desk.usedesk.source or not back or event.agent.id is None or event.ticket.status in GONE:
        return
    former = desk.requests.of_dept_ticket(event.source, event.ticket.id)
    if former is not None:
        _again(former, event, desk)


def _again(former: Request, event: TicketEvent, desk: Desk) -> None:
    """Ask the same department the same question again, as the next request with a clock of its own.

    It counts as asked at the event's own time, by the same clock as its answers: an old answer does not count, and
    even an immediate new one does.
    """
    department = desk.requests.department(former)
    if department is None:
        return
    same = ("source", "ticket_id", "origin", "text", "topic", "party_id", "top", "url", "dept_ticket_id")
    place = ("site", "issue_id", "issue_key", "owner_gender", "asker_account")
    kept = {name: getattr(former, name) for name in (*same, *place)}
    owner = former.owner_id or event.agent.id
    ask_department(
        RequestDraft(department=department, owner_id=owner, asked_at=event.occurred_at, reopened=True, **kept), desk
    )


def ask_department(draft: RequestDraft, desk: Desk) -> None:
    """Open the request, set its reminder, inform the client, link both places, tell the department; each once.

    The department's chat comes last, so that nothing else waits while it is down.
    """
    opened = desk.requests.open(draft, why="U-14")
    if not opened.new:
        return
    if draft.answer_required:
        if not opened.adopted:
            desk.requests.set_reminder(opened, draft.department, why="U-15")
        inform_client(opened, draft.department, desk)
        if not opened.adopted:
            desk.requests.watch_client(opened)
    else:
        desk.requests.inform_only(opened, why="R-17")
    _link_both(opened, draft, desk)
    if opened.adopted:
        return
    values = {
        **RequestWords.of(opened.request, draft.department, desk).values,
        "text": draft.text,
        "again": opened.request.number,
    }
    desk.departments.announce(draft.department, Line("chat_request", values), why="U-14", possible=opened.real)
    if opened.real and draft.answer_required:
        take_what_stands(opened.request, desk)


def _link_both(opened: Opened, draft: RequestDraft, desk: Desk) -> None:
    """Write a comment in each of the two places that names the other (U-16)."""
    request, crm = opened.request, desk.crm_of(draft.source)
    where = draft.issue_key or draft.dept_ticket_id or ""
    if crm is not None:
        due = moment_text(desk.requests.due(opened, draft.department), desk) if draft.answer_required else ""
        values = {"department": draft.department.name, "where": where, "due": due}
        crm.tell(draft.ticket_id, Telling("request_opened", values), why="U-16", possible=opened.real)
        if draft.dept_ticket_id and draft.dept_ticket_id != draft.ticket_id:
            told = Telling("request_linked", {"ticket": draft.ticket_id, "url": draft.url or ""}, optional=True)
            crm.tell(draft.dept_ticket_id, told, why="U-16", possible=opened.real)
        if draft.issue_key and opened.real:
            issue = desk.jira.requests.issue_of_request(request)
            if issue is not None and desk.jira.links.of_issue(issue) is None:  # a linked one names its ticket already
                desk.jira.requests.say_request(issue, draft.ticket_id, draft.url, why="U-16")


def _refuse(source: str, ticket: str, said: str | None, desk: Desk) -> None:
    """Tell the agent that there is no department of this name, so no reply to the client can name it (U-19)."""
    crm = desk.crm_of(source)
    if crm is not None:
        known = [row.name for row in desk.config.departments.departments.values()]
        crm.note(ticket, "request_unknown_department", why="U-19", department=said or "", known=known)


def _of_ticket(event: TicketEvent, desk: Desk) -> dict[str, Any]:
    """Return the ticket's data for a draft; the owner is the assignee in Usedesk, else the acting agent."""
    ticket, agent = event.ticket, event.agent
    owner = (ticket.assignee_id or agent.id) if event.source == desk.usedesk.source else agent.id
    topic = ": ".join(part for part in (ticket.type, ticket.subtype) if part)
    return {
        "owner_id": owner,
        "owner_gender": desk.requests.gender(owner, agent.gender if owner == agent.id else None),
        "topic": (topic or ticket.subject or "")[:255] or None,
        "party_id": (ticket.client.id or ticket.seller.id or "")[:64] or None,
        "top": ticket.seller.top,
        "url": ticket.url,
    }


def hand_over(event: TicketEvent, desk: Desk) -> None:
    """The ticket has another agent now: the requests go with it, and the next reminder speaks to that agent."""
    agent, gender = event.agent.id, event.agent.gender
    if event.type == "ticket.status_changed":
        change = next((change for change in event.changes if change.field == "assignee"), None)
        if change is None:
            return
        agent, gender = change.after, None
    crm = desk.crm_of(event.source)
    handed = desk.requests.of_ticket(event.source, event.ticket.id)
    if not agent or crm is None or not handed:
        return
    desk.requests.hand_over(handed, agent, desk.requests.gender(agent, gender), why="U-15")
    departments = [named(request, desk) for request in handed]
    crm.note(event.ticket.id, "request_handed_over", why="U-15", departments=departments)


def snooze(event: RequestEvent, desk: Desk) -> None:
    """A person puts the reminder of a request off, and says why (U-15)."""
    request = desk.requests.get(event.request)
    if request is None or not desk.requests.concerns(request) or event.until is None:
        return
    desk.requests.snooze(request, event.until, event.reason or "", why="U-15")
    crm = desk.crm_of(request.source)
    if crm is not None:
        values = {"department": named(request, desk), "until": moment_text(event.until, desk)}
        crm.note(request.ticket_id, "request_snoozed", why="U-15", reason=event.reason or "", **values)


def keep_status(event: TicketEvent, desk: Desk) -> None:
    """An agent's status decides who is told next time (W-01)."""
    if event.agent.id and event.agent.status:
        agent, status = event.agent.id[:64], event.agent.status[:64]
        desk.requests.keep_status(event.source, agent, status, event.occurred_at, why="W-01")
