"""Holds that a person asks for in Jira: by a label, or by the status that `holds.yml` names for it (W-66, W-73)."""

from __future__ import annotations

from typing import Literal

from desk.desk import Desk
from desk.holds import BEGUN, Start
from desk.issues import IssueView
from desk.jira.holds import HoldPurpose
from events import HoldDetail, IssueEvent

Kind = Literal["ozon", "seller"]


def hold_from_jira(event: IssueEvent, desk: Desk) -> None:
    """Begin the hold that a person's label or transition asks for, from the step where the issue stands."""
    asked = desk.jira.holds.asked(event)
    if not asked or event.actor is None:
        return
    seen = desk.jira.reading.read(event.issue)
    if seen is None:
        return
    if len(asked) > 1:
        desk.jira.comments.say_both_asked(seen.issue, why="W-52")
        return
    if asked[0] == "ozon":
        _for_ozon(event, seen, desk)
    else:
        _for_seller(event, seen, desk)


def _start(event: IssueEvent, seen: IssueView, kind: Kind, desk: Desk) -> Start:
    """Describe the hold of the issue's ticket; an issue without a ticket is held itself."""
    link = desk.jira.links.of_issue(seen.issue)
    account = _asker(event)
    awaited = HoldDetail(account_id=seen.reporter if kind == "seller" else None)
    source, number = (link.source, link.ticket_id) if link else ("jira", seen.issue.id)
    return Start(kind, source, number, account=account, detail=awaited)


def _for_ozon(event: IssueEvent, seen: IssueView, desk: Desk) -> None:
    """Do W-66…W-71 in Jira; an internal comment may already say what was done."""
    issue = seen.issue
    desk.jira.holds.make_of(issue, _purpose("ozon"), _asker(event), why="W-66")
    hold = desk.holds.begin(_start(event, seen, "ozon", desk), issue, why="W-66")
    if hold.stage != BEGUN:
        return
    desk.jira.components.remove_neighbours(issue, why="W-67")
    desk.jira.moves.take_in_work(issue, why="W-68")
    if not desk.jira.holds.has_said(issue, public=False, why="W-70"):
        desk.jira.comments.say_checklist(issue, "", "", why="W-69")
        return
    desk.jira.moves.return_to_queue(issue, why="W-71")
    desk.holds.now_waiting(hold, why="W-71")


def _for_seller(event: IssueEvent, seen: IssueView, desk: Desk) -> None:
    """Do W-73…W-76 in Jira, if the seller can see the issue; the question may already be there."""
    issue = seen.issue
    if not desk.jira.holds.is_seen_by_seller(seen):
        desk.jira.comments.say_hold_not_possible(issue, why="W-73")
        return
    desk.jira.holds.make_of(issue, _purpose("seller"), _asker(event), why="W-73")
    hold = desk.holds.begin(_start(event, seen, "seller", desk), issue, why="W-73")
    if hold.stage != BEGUN:
        return
    desk.jira.components.remove_neighbours(issue, why="W-74")
    desk.jira.moves.take_in_work(issue, why="W-75")
    if not desk.jira.holds.has_said(issue, public=True, why="W-76"):
        desk.jira.comments.say_question_missing(issue, why="W-76")
        return
    desk.jira.moves.wait_for_seller(issue, why="W-76")
    desk.holds.now_waiting(hold, why="W-76")


def _purpose(kind: Kind) -> HoldPurpose:
    return "hold_ozon" if kind == "ozon" else "hold_seller"


def _asker(event: IssueEvent) -> str | None:
    """The account of the person who asked for the hold."""
    return event.actor.account_id if event.actor else None
