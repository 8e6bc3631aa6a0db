"""What rings: a ticket has been on hold as long as it may be (W-24, W-71, W-76)."""

from __future__ import annotations

from desk.desk import Desk
from events import AlarmEvent

RULES = {"ozon": "W-71", "seller": "W-76", "client": "W-24"}


def ring_hold(event: AlarmEvent, desk: Desk) -> None:
    """Nobody has answered: tell the ticket's owner. A hold that ended meanwhile is left in peace."""
    hold = desk.holds.get(event.hold)
    if hold is None or hold.ended_at is not None or hold.source != desk.crm.source:
        return
    issue = desk.jira.issue_of_hold(hold)
    key = issue.key if issue else ""
    desk.crm.note(hold.ticket_id, "hold_due", why=RULES[hold.kind], kind=hold.kind, key=key, since=hold.since)
