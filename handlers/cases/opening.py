"""A case begins, and what happens to its ticket and its issue is handed to it (J-01, J-04, J-14, J-38, J-41)."""

from __future__ import annotations

from desk.cases import Opening, Problem
from desk.desk import Desk
from desk.issues import IssueView
from desk.jira.cases import CASE, CLAIM, COURIER
from desk.tickets import Telling
from events import CommentEvent, IssueEvent, IssueRef, TicketEvent
from handlers.cases import reading
from handlers.cases.following import on_paper


def hear_ticket(event: TicketEvent, desk: Desk) -> None:
    """A ticket's event: of a case, or it becomes one by an agent's word; by the client's words it is only suggested.

    The row of the register is made at once, whatever the platform (J-38).
    """
    if desk.config.cases.project is None:
        return
    case = desk.cases.of_ticket(event.source, event.ticket.id)
    if case is not None:
        desk.cases.hear(case, event, why="J-01")
        return
    kind = reading.kind_of(event, desk.config.cases)
    if kind is None:
        _suggest(event, desk)
        return
    told = reading.of_ticket(event, desk.config.cases)
    owner = event.ticket.assignee_id or event.agent.id
    opening = Opening(
        source=event.source,
        ticket_id=event.ticket.id,
        kind=kind,
        facts={**told.found, **told.facts},
        owner_id=owner[:64] if owner else None,
        owner_gender=event.agent.gender if owner == event.agent.id else None,
        url=event.ticket.url,
    )
    _begin(desk.cases.open(opening, why="J-38"), event, desk)


def _begin(case: Problem, event: TicketEvent, desk: Desk) -> None:
    if case.real:
        desk.cases.hear(case, event, why="J-01")
    else:
        on_paper(case, event, desk)


def _suggest(event: TicketEvent, desk: Desk) -> None:
    """The client's words speak of a case: the agent is asked whether it is one, once (J-14, J-41)."""
    kind, crm = reading.suggested_kind(event, desk.config.cases), desk.crm_of(event.source)
    if kind is None or crm is None or event.ticket.audience == "partner":
        return
    row, number = desk.config.cases.kinds[kind], event.ticket.id
    if desk.cases.was_suggested(event.source, number, row.rule):
        return
    also = desk.cases.suggested(event.source, number, row.rule)
    crm.tell(number, Telling("case_suggested", {"kind": row.name, "rule": row.rule}, also=also), why=row.rule)


def hear_issue(event: IssueEvent, desk: Desk) -> None:
    """An issue of the cases' project: one that a person made becomes a case, by its kind's label or words (J-01)."""
    if event.issue.project is None or event.issue.project != desk.config.cases.project:
        return
    case = _case_of(event.issue, desk)
    if case is not None:
        desk.cases.hear(case, event, why="J-01")
    elif event.type == "issue.created" or event.changed("labels", "summary"):
        _take_hand_made(event, desk)


def _case_of(ref: IssueRef, desk: Desk) -> Problem | None:
    """The case of an issue; of one that was just made the link alone may know, as of a claim."""
    case = desk.cases.of_issue(ref.site, ref.id)
    link = desk.jira.links.of_issue(ref) if case is None else None
    if link is not None and link.purpose in (CASE, CLAIM, COURIER):
        case = desk.cases.of_ticket(link.source, link.ticket_id)
    return case


def _take_hand_made(event: IssueEvent, desk: Desk) -> None:
    seen = desk.jira.reading.read(event.issue)
    if seen is None or seen.mark.get("purpose") in (CASE, COURIER):  # the bot's own, which is just being made
        return
    cases = desk.config.cases
    kind = cases.kind_of(*seen.labels) or cases.kind_in(seen.summary)
    if kind is None:
        if event.type == "issue.created":
            kinds = [f"«{row.label}» – {row.name}" for row in cases.kinds.values()]
            text = desk.note("case_kind_unknown", kinds=kinds)
            desk.jira.cases.say(seen.issue, text, why="J-01", about="kind_unknown")
        return
    told = reading.of_issue(seen.summary, desk.jira.cases.description(seen), cases)
    facts = {**told.found, **told.facts}
    opening = Opening(
        source=seen.issue.site,
        ticket_id=seen.issue.id,
        kind=kind,
        facts=facts,
        issue=seen.issue,
        status=seen.status or None,
    )
    case = desk.cases.open(opening, why="J-38")
    _check_summary(seen, "order_no" in facts, desk)
    if case.real:
        desk.cases.hear(case, event, why="J-01")


def _check_summary(seen: IssueView, known: bool, desk: Desk) -> None:  # it is what is checked
    """A summary says the number of the order (J-04)."""
    if not known:
        text = desk.note("case_no_order", summary=seen.summary)
        desk.jira.cases.say(seen.issue, text, why="J-04", about="no_order")


def hear_comment(event: CommentEvent, desk: Desk) -> None:
    """A comment in the issue of a case, or in its claim (J-07, J-46)."""
    projects = (desk.config.cases.project, desk.config.cases.claims)
    if event.type != "comment.created" or event.issue.project not in [one for one in projects if one]:
        return
    case = _case_of(event.issue, desk)
    if case is not None:
        desk.cases.hear(case, event, why="J-01")
