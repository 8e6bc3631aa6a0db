"""A Jira task of a Usedesk ticket, asked for in its dynamic block (U-14, W-60…W-63), and the task's status."""

from __future__ import annotations

from desk.desk import Desk
from events import Closing, IssueEvent, JiraAskedEvent, TicketEvent
from handlers.jira_task import make_task


def make_asked_task(event: JiraAskedEvent, desk: Desk) -> None:
    """The escalation of the topic that the agent chose; the key stands in the ticket by a private comment (U-16)."""
    topic = desk.config.categories.topic(event.topic_type, event.topic_subtype)
    seen = desk.usedesk.read(event.ticket_id)
    if topic is None or seen is None:
        return
    ticket = seen.as_ticket().model_copy(update={"type": topic.type_name, "subtype": topic.subtype_name})
    asked = TicketEvent(
        source=event.ticket_source,
        id=event.key,
        type="ticket.escalated",
        occurred_at=event.occurred_at,
        ticket=ticket,
        closing=Closing(create_jira=True),
    )
    if not desk.jira.issues.can_describe(asked, topic):
        desk.usedesk.note(ticket.id, "usedesk_jira_empty", why="W-63")
        return
    issue = make_task(asked, topic, desk, why=topic.rule)
    if issue.real:
        desk.usedesk.note(ticket.id, "usedesk_jira_made", why="U-16", key=issue.key, new=issue.new)


def remember_status(event: IssueEvent, desk: Desk) -> None:
    """The status of a ticket's issue, for the card in Usedesk."""
    status = next((change.after_text for change in event.changes if change.field == "status"), None)
    link = desk.jira.links.of_issue(event.issue) if status else None
    if status and link is not None and link.source == desk.checks.source:
        desk.checks.keep_status(link, status)
