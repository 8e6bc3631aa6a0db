"""Escalation by a Jira task (manual W, chapters H and I): an issue is filled from the ticket, which gets its key."""

from __future__ import annotations

from config import Topic
from desk.desk import Desk
from desk.issues import Issue, IssueView, TicketRef
from desk.jira.orders import ESCALATION, issue_of
from desk.tickets import Telling
from events import IssueEvent, TicketEvent
from handlers.closings import escalates, scenario

FBO_RULE = "W-57"


def escalate_to_jira(event: TicketEvent, desk: Desk) -> None:
    """Create the Jira task of a ticket that the third line must solve (W-33…W-51, W-58…W-65).

    From `ticket.closing` the bot finishes the closing itself; `ticket.closed` was closed by the agent.
    """
    topic = _topic_to_escalate(event, desk) if scenario(event, desk) == "other" else None
    if topic is None:
        return
    hold = desk.holds.of_ticket(event.source, event.ticket.id)
    named = event.ticket.jira_key
    link = desk.jira.links.of_ticket(event.source, event.ticket.id)
    other = desk.jira.issues.of_another_group(event, topic, link)
    there = link is not None and link.purpose == ESCALATION
    # an earlier attempt at this closing may have linked the issue but stopped before writing its key
    begun = link is not None and there and link.issue_key == named and not (link.made_by_bot or link.key_written_at)
    if named and (link is None or begun or (other is not None and _is_of_group(event, topic, named, desk))):
        issue = _take_named_issue(event, topic, named, desk, passed_on=other is not None)
    elif other is not None and desk.jira.issues.can_describe(event, topic):
        issue = _pass_on(event, topic, other, desk)
    elif desk.jira.issues.can_describe(event, topic):
        issue = _make_issue(event, topic, desk)
    elif there and link is not None and desk.jira.links.is_there(link):
        issue = issue_of(link)
        desk.crm.write_key(event.ticket.id, issue, carried=named, why="W-64")
    else:
        desk.crm.note(event.ticket.id, "empty_description", why="W-63")
        return
    if issue is None:
        return
    if event.type == "ticket.closing":
        desk.crm.close_ticket(event, issue, why="W-65")
    if hold is not None:
        desk.holds.end(hold, "escalated", event.agent.id, why=_asked_by(event, topic))


def _asked_by(event: TicketEvent, topic: Topic) -> str:
    """Return the rule that asks for the escalation: the pair's own if the agent ticked it, else the general one."""
    return topic.rule if event.closing.create_jira else "W-33"


def _make_issue(event: TicketEvent, topic: Topic, desk: Desk) -> Issue:
    """Make or find the ticket's issue and write its key into the ticket, which may have another issue's key."""
    named = event.ticket.jira_key
    known = (
        desk.jira.links.keys_of_ticket(event.source, event.ticket.id) if named else []
    )  # before one of them is forgotten
    issue = make_task(event, topic, desk, why=_asked_by(event, topic))
    if named and named not in (issue.key, *known):
        desk.crm.note(event.ticket.id, "key_mismatch", why="W-64", ticket_key=named, issue_key=issue.key)
    else:
        desk.crm.write_key(event.ticket.id, issue, carried=named, why="W-64")
    if issue.new and not event.closing.create_jira:
        names = {"type": topic.type_name, "subtype": topic.subtype_name}
        desk.crm.note(event.ticket.id, "created_instead", why="W-33", key=issue.key, **names)
    if not issue.new and not issue.returned:
        _tend_hand_made(event, issue, desk)
        _say_what_is_new(event, topic, issue, desk)
    return issue


def _is_of_group(event: TicketEvent, topic: Topic, named: str, desk: Desk) -> bool:
    """Return whether the ticket's key is a new one, of an issue in the project of the topic's group."""
    is_new = named not in desk.jira.links.keys_of_ticket(event.source, event.ticket.id)
    return is_new and named.split("-", maxsplit=1)[0] == desk.config.categories.types[topic.type_id].project


def _pass_on(event: TicketEvent, topic: Topic, first: Issue, desk: Desk) -> Issue:
    """Give another group an issue of its own, linked to the first, as the ticket was closed again for it (W-62).

    If a mode prevents that, tell the agent of the other group's project, and go on with the first issue.
    """
    ticket, project = event.ticket, desk.config.categories.types[topic.type_id].project
    names = {"type": topic.type_name, "subtype": topic.subtype_name, "first": first.key}
    issue = make_task(event, topic, desk, why="W-62", instead_of=first)
    if not issue.real:
        desk.crm.tell(ticket.id, Telling("other_group", {"project": project, **names}, warns=True), why="W-62")
        return _make_issue(event, topic, desk)
    if issue.new:
        desk.jira.relations.relate(issue, first.key, why="W-62")
    else:
        desk.jira.comments.say_to_third_line(issue, event, topic, why="W-63", again=True)
    desk.crm.write_key(ticket.id, issue, carried=ticket.jira_key, why="W-64")
    desk.crm.note(ticket.id, "second_issue" if issue.new else "former_issue", why="W-62", key=issue.key, **names)
    return issue


def _tend_hand_made(event: TicketEvent, issue: Issue, desk: Desk) -> None:
    """Set the component of an issue that a person made, by the ticket's topic and warehouse (W-57)."""
    link = desk.jira.links.of_issue(issue)
    seen = desk.jira.reading.read_key(issue.key) if link is not None and not link.made_by_bot else None
    if seen is not None:
        _set_component(seen, event.ticket.type, desk, event.ticket.warehouse)


def make_task(event: TicketEvent, topic: Topic, desk: Desk, *, why: str, instead_of: Issue | None = None) -> Issue:
    """Make the ticket's task, filled and in the queue of the third line (W-57, W-60…W-63); one per ticket.

    `instead_of`: the ticket's issue in another group's project, which the new one continues.
    """
    components = desk.jira.components.choose(topic, event.ticket.warehouse, why=FBO_RULE)
    issue = desk.jira.issues.create(event, topic, components, why=why, instead_of=instead_of)
    say_what_is_left_out(event, issue, desk, why=why)
    desk.jira.components.say_missing(issue, components.missing, why=FBO_RULE)
    if issue.new:
        desk.jira.relations.link_back(issue, event, why="W-64")
    if issue.returned:
        desk.jira.moves.return_to_queue(issue, why="W-71")
        desk.jira.comments.say_to_third_line(issue, event, topic, why="W-63")
    return issue


def say_what_is_left_out(event: TicketEvent, issue: Issue, desk: Desk, *, why: str) -> None:
    """Tell the agent which parts of the issue Jira refused and have to be filled by hand."""
    crm = desk.crm_of(event.source)
    if issue.lacks and crm is not None:
        crm.note(event.ticket.id, "issue_lacks", why=why, key=issue.key, lacks=issue.lacks)


def _topic_to_escalate(event: TicketEvent, desk: Desk) -> Topic | None:
    """Return the row of T-1 that this closing escalates by; if there is none although ticked, say why (W-60)."""
    closing, ticket, categories = event.closing, event.ticket, desk.config.categories
    ticked = bool(closing.create_jira)
    if escalates(event, desk.config) and not ticked:
        return None
    if categories.resolution(closing.resolution) != "not_solved":
        if ticked:
            desk.crm.note(ticket.id, "wrong_resolution", why="W-58", resolution=closing.resolution or "")
        return None
    topic = categories.topic(ticket.type, ticket.subtype)
    if topic is None and ticked:
        known = categories.type_id(ticket.type)
        names = [subtype.name for subtype in categories.types[known].subtypes.values()] if known else []
        _say_why_not(event, names, desk)
    return topic


def _say_why_not(event: TicketEvent, names: list[str], desk: Desk) -> None:
    """Tell the agent that no task is made because the pair is not in the list (W-33)."""
    ticket = event.ticket
    values = {"type": ticket.type or "", "subtype": ticket.subtype or ""}
    if names:
        desk.crm.note(ticket.id, "unknown_subtype", why="W-33", nearest=names, **values)
    else:
        desk.crm.note(ticket.id, "not_in_t1", why="W-33", **values)


def _take_named_issue(event: TicketEvent, topic: Topic, key: str, desk: Desk, *, passed_on: bool) -> Issue | None:
    """Link the issue that the agent made by hand and whose key is in the ticket (W-64); set its component (W-57).

    Returns None when there is no such issue, or it is another ticket's: the third line would never hear of this one.
    """
    ticket = event.ticket
    seen = desk.jira.reading.read_key(key)
    if seen is None:
        desk.crm.note(ticket.id, "unknown_key", why="W-64", key=key)
        return None
    other = desk.jira.links.of_issue(seen.issue)
    if other is not None and (other.source, other.ticket_id) != (event.source, ticket.id):
        desk.crm.note(ticket.id, "key_taken", why="W-64", key=key, ticket=other.ticket_id)
        return None
    if desk.jira.links.add(seen.issue, TicketRef(event.source, ticket.id, ticket.type, passed_on), why="W-64"):
        desk.jira.relations.link_back(seen.issue, event, why="W-64")
        _set_component(seen, ticket.type, desk, ticket.warehouse)
        desk.crm.write_key(ticket.id, seen.issue, carried=key, why="W-64")  # last, as this completes the link
        _say_what_is_new(event, topic, seen.issue, desk)
    return seen.issue


def _say_what_is_new(event: TicketEvent, topic: Topic, issue: Issue, desk: Desk) -> None:
    """Add what a repeated closing says to the issue that the ticket already has (W-63)."""
    if desk.jira.comments.say_to_third_line(issue, event, topic, why="W-63", again=True):
        desk.crm.note(event.ticket.id, "said_again", why="W-63", key=issue.key)


def sync_issue(event: IssueEvent, desk: Desk) -> None:
    """See to an issue that a person made or changed: its component (W-57) and its ticket (W-64)."""
    if event.type == "issue.deleted":
        _forget_deleted(event, desk)
        return
    if event.type == "issue.updated" and not concerns(event, desk):
        return
    seen = desk.jira.reading.read(event.issue)
    if seen is None:
        return
    _follow_move(event, seen, desk)
    _link_named_ticket(seen, desk)
    if event.changed("components") and not event.changed("Key", "project"):  # a move removes components by itself
        desk.jira.components.leave_to_person(seen, why=FBO_RULE)
    _set_component(seen, seen.type, desk)


def _forget_deleted(event: IssueEvent, desk: Desk) -> None:
    """Forget a deleted issue: its ticket may be escalated again, and must not keep the key (W-64)."""
    link = desk.jira.links.of_issue(event.issue)
    if link is None:
        return
    ours = link.source == desk.crm.source and link.key_written_at is not None
    if ours and desk.crm.clear_key(link.ticket_id, link.issue_key, why="W-64"):
        desk.crm.note(link.ticket_id, "issue_deleted", why="W-64", key=link.issue_key)
    desk.jira.links.forget(event.issue, why="W-64")


def concerns(event: IssueEvent, desk: Desk) -> bool:
    """Return whether an update changes a field that the rules read; any other needs no call to Jira."""
    project = desk.config.jira.projects.get(event.issue.project or "")
    fields = [name for name in project.fields.model_dump().values() if name] if project else []
    return event.changed("components", "labels", "Key", "project", *fields)


def _set_component(seen: IssueView, type_text: str | None, desk: Desk, warehouse: str | None = None) -> None:
    """Set the component of the warehouse's group on an escalated issue (W-57), unless it is on hold (C-02)."""
    if seen.issue.project not in desk.config.jira.projects:
        return
    link = desk.jira.links.of_issue(seen.issue)
    if (link is not None and link.purpose != ESCALATION) or desk.holds.of_issue(seen.issue.site, seen.issue.id):
        return
    type_id = desk.config.categories.type_id(type_text)
    if type_id is None or (link is not None and seen.issue.project != desk.config.categories.types[type_id].project):
        return  # a person moved the ticket's issue to another group's project
    chosen = desk.jira.components.choose_for(seen, type_id, warehouse, why=FBO_RULE)
    desk.jira.components.add(seen, chosen, why=FBO_RULE)
    desk.jira.components.say_missing(seen.issue, chosen.missing, why=FBO_RULE)


def _link_named_ticket(seen: IssueView, desk: Desk) -> None:
    """Link an issue that names a ticket, by its field or its label, and write the key into the ticket (W-64).

    The key is written last: a link with its key written is complete.
    """
    ticket_id = desk.jira.reading.named_ticket(seen)
    link = desk.jira.links.of_issue(seen.issue)
    mine = link is None or (not link.former_since and (link.source, link.ticket_id) == (desk.crm.source, ticket_id))
    if ticket_id is None or not mine or (link is not None and link.key_written_at):
        return
    ticket = desk.crm.read(ticket_id)
    of = TicketRef(desk.crm.source, ticket_id, seen.type)
    if ticket is None or not desk.jira.links.add(seen.issue, of, why="W-64"):
        return
    desk.jira.comments.say_linked(seen.issue, ticket_id, ticket.url, why="W-64")
    if ticket.jira_key and ticket.jira_key != seen.issue.key:
        keys = {"ticket_key": ticket.jira_key, "issue_key": seen.issue.key}
        desk.crm.note(ticket_id, "key_mismatch", why="W-64", **keys)
        return
    desk.crm.write_key(ticket_id, seen.issue, carried=ticket.jira_key, why="W-64")


def _follow_move(event: IssueEvent, seen: IssueView, desk: Desk) -> None:
    """Write the new key of a moved issue into its ticket (W-64)."""
    link = desk.jira.links.of_issue(seen.issue)
    if link is None:
        return
    moved = link.issue_key != seen.issue.key
    if moved:
        desk.jira.links.rename(event.issue, seen.issue.key, why="W-64")
    present = link.former_since is None  # the ticket has the key of the issue of its present group
    if present and link.source == desk.crm.source and (moved or link.key_written_at is None):
        desk.crm.write_key(link.ticket_id, seen.issue, why="W-64")
