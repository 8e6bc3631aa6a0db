"""Holds (manual W, chapters F, J and K): the ticket waits for Ozon, for the seller or for the client."""

from __future__ import annotations

from difflib import SequenceMatcher

from desk.adf import is_blank
from desk.desk import Desk
from desk.holds import BEGUN, NO_DETAIL, WAITING, Begun, Start, awaited_words
from desk.issues import Issue
from desk.jira.holds import HoldDraft
from events import Message, TicketEvent
from handlers.closings import is_our_question, mandatory_question, question, scenario
from handlers.jira_task import say_what_is_left_out
from handlers.request_words import moment_text

SAME_QUESTION = 0.9  # least ratio of difflib: the same words except for a greeting or so


def put_on_hold(event: TicketEvent, desk: Desk) -> None:
    """The closing that a hold asks for (T-4)."""
    match scenario(event, desk):
        case "hold_ozon":
            hold_for_ozon(event, desk)
        case "hold_seller":
            hold_for_seller(event, desk)
        case "turned":
            if desk.holds.agree(event.ticket.id, why="W-26"):
                hold_for_seller(event, desk, turned=True)
        case "waiting":
            wait_for_answer(event, desk)
        case "other":
            _warn_of_open_question(event, desk)


def hold_for_ozon(event: TicketEvent, desk: Desk) -> None:
    """Put the ticket on hold for Ozon's own side (W-66…W-72; why: W-53, W-55, W-56).

    If the agent has not said what was done, it stops after «В работе» until the agent's internal comment (W-70).
    """
    account, closing, number = desk.jira.holds.account_of(event), event.closing, event.ticket.id
    detail, reason = closing.hold_detail, closing.hold_detail.reason or ""
    category = _category(event, desk)
    request = HoldDraft("hold_ozon", event, desk.jira.holds.project_of(event), category, account)
    issue = desk.jira.holds.issue_for(request, why="W-66")
    say_what_is_left_out(event, issue, desk, why="W-66")
    hold = desk.holds.begin(Start.of(event, "ozon", account), issue, why="W-66")
    if hold.stage == BEGUN:
        desk.jira.components.remove_neighbours(issue, why="W-67")
        desk.jira.moves.take_in_work(issue, why="W-68")
        desk.jira.relations.link_back(issue, event, why="W-66")
        if detail.jira_key:
            _await_task(event, issue, detail.jira_key, desk)
        if not account:
            desk.crm.note(number, "hold_unassigned", why="W-68", agent=event.agent.id or "")
        if is_blank(closing.actions_done or ""):
            desk.jira.comments.say_checklist(issue, reason, category or "", why="W-69")
            desk.crm.note(number, "hold_checklist", why="W-70", key=issue.key, reason=reason)
            return
        desk.jira.comments.say_what_was_done(issue, event, why="W-70")
        desk.jira.moves.return_to_queue(issue, why="W-71")
        desk.holds.now_waiting(hold, why="W-71")
    _tell_agent(event, hold, issue, desk, why="W-72")
    _finish(event, issue, desk, why="W-72")


def _await_task(event: TicketEvent, issue: Issue, key: str, desk: Desk) -> None:
    """Link the awaited task; tell the agent if it is unseen, done already, or its end would go unnoticed (W-53)."""
    how = desk.jira.relations.relate(issue, key, why="W-53")
    if how is not None and how != "linked":
        desk.crm.note(event.ticket.id, "hold_awaited", why="W-53", key=key, how=how, issue=issue.key)


def hold_for_seller(event: TicketEvent, desk: Desk, *, turned: bool = False) -> None:
    """Put the ticket on hold until the seller answers (W-73…W-78); the question goes only into the Jira issue."""
    number, asked = event.ticket.id, _asked_in_crm(event, desk)
    text = question(event) or (asked.text if asked else None)
    project = desk.jira.holds.project_of(event)
    seen_by_seller = desk.jira.holds.seller_fields(event, project)
    if seen_by_seller is None:
        why_not = "no_account" if not event.ticket.seller.jira_account_id else "no_request_type"
        desk.crm.note(number, "hold_not_possible", why="W-73", reason=why_not, said="")
        return
    if text is None:
        desk.crm.note(number, "hold_no_question", why="W-76")
        return
    category, account = _category(event, desk), desk.jira.holds.account_of(event)
    if category is None:
        named = ": ".join(part for part in (event.ticket.type, event.ticket.subtype) if part)
        desk.crm.note(number, "hold_other_category", why="W-79", category=named)
    issue = desk.jira.holds.issue_for(
        HoldDraft("hold_seller", event, project, category, account, seen_by_seller), why="W-73"
    )
    if issue.refused:
        why_not = "account_refused" if "reporter" in issue.refused else "type_refused"
        said = "; ".join(issue.refused.values())
        desk.crm.note(number, "hold_not_possible", why="W-73", reason=why_not, said=said)
        return
    say_what_is_left_out(event, issue, desk, why="W-73")
    hold = desk.holds.begin(Start.of(event, "seller", account, question=text), issue, why="W-73")
    if hold.stage == BEGUN:
        desk.jira.components.remove_neighbours(issue, why="W-74")
        desk.jira.moves.take_in_work(issue, why="W-75")
        desk.jira.relations.link_back(issue, event, why="W-73")
        _ask(event, issue, text, asked, desk)
        desk.jira.moves.wait_for_seller(issue, why="W-76")
        desk.holds.now_waiting(hold, why="W-76")
    if turned:
        desk.crm.note(number, "hold_turned", why="W-26", category=category or "", key=issue.key)
    _tell_agent(event, hold, issue, desk, why="W-78")
    _finish(event, issue, desk, why="W-78")


def _ask(event: TicketEvent, issue: Issue, text: str, asked: Message | None, desk: Desk) -> None:
    """Ask in Jira, unless the same question was already asked in the CRM (W-77)."""
    if asked is not None and _same(asked.text, text):
        desk.crm.note(event.ticket.id, "hold_asked_in_crm", why="W-77", key=issue.key)
        return
    desk.jira.comments.ask_seller(issue, text, why="W-76")


def wait_for_answer(event: TicketEvent, desk: Desk) -> None:
    """Let the ticket wait without Jira: it was a clarifying question, and the agent will solve it (W-24, W-25)."""
    kind = "client" if event.ticket.audience == "customer" else "seller"
    start = Start.of(event, kind, question=question(event), stage=WAITING)
    hold = desk.holds.begin(start, None, why="W-24")
    if hold.new and hold.real:
        desk.crm.note(event.ticket.id, "waiting_begun", why="W-24", kind=kind, due=_due(kind, desk))
    if event.type == "ticket.closing":
        ticket = event.ticket
        chosen = {"resolution": event.closing.resolution, "type": ticket.type, "subtype": ticket.subtype}
        desk.crm.close(ticket.id, chosen, possible=hold.real, why="W-25")


def _warn_of_open_question(event: TicketEvent, desk: Desk) -> None:
    """Warn when a ticket with an unanswered question is closed as solved: only «Не решена» is allowed (W-25)."""
    resolution = desk.config.categories.resolution(event.closing.resolution)
    if resolution == "solved" and event.ticket.audience != "customer" and mandatory_question(event, desk.config):
        said = event.closing.resolution or ""
        desk.crm.note(event.ticket.id, "waiting_needs_not_solved", why="W-25", resolution=said)


def _tell_agent(event: TicketEvent, hold: Begun, issue: Issue, desk: Desk, *, why: str) -> None:
    """Say in the ticket, once when the hold begins, what it waits for and until when."""
    kind = "ozon" if why == "W-72" else "seller"
    if hold.replaced and hold.replaced != kind:
        desk.crm.note(event.ticket.id, "hold_replaced", why=why, former=hold.replaced, kind=kind)
    if hold.new and hold.real:
        detail = event.closing.hold_detail if kind == "ozon" else NO_DETAIL
        due, awaited = _due(kind, desk), awaited_words(detail.reason, detail.jira_key or detail.link)
        desk.crm.note(event.ticket.id, "hold_begun", why=why, kind=kind, key=issue.key, due=due, **awaited)


def _due(kind: str, desk: Desk) -> str:
    return moment_text(desk.holds.due(kind), desk)


def _finish(event: TicketEvent, issue: Issue, desk: Desk, *, why: str) -> None:
    """Write the key into the ticket and close it, so that the agent gets the next one (W-72, W-78, C-05)."""
    desk.crm.write_key(event.ticket.id, issue, carried=event.ticket.jira_key, why=why)
    if event.type == "ticket.closing":
        desk.crm.close_ticket(event, issue, why=why)


def _category(event: TicketEvent, desk: Desk) -> str | None:
    found = desk.config.categories.hold_category(event.ticket.type, event.ticket.subtype)
    return found.name if found else None


def _asked_in_crm(event: TicketEvent, desk: Desk) -> Message | None:
    """Return our last question in the CRM, if the first one is older than the issue (W-77)."""
    ours = [message for message in event.ticket.messages if is_our_question(message)]
    return ours[-1] if ours and desk.jira.holds.asked_before_issue(event, ours[0].at, why="W-77") else None


def _same(one: str, other: str) -> bool:
    return SequenceMatcher(None, one.casefold().split(), other.casefold().split()).ratio() >= SAME_QUESTION
