"""Escalation of a partner's ticket inside WebCRM (manual W, chapter G).

A message to the partner, a comment for colleagues, then the closing, in this order (W-27…W-32). Customers' chats
follow manual E (C-07).
"""

from __future__ import annotations

from functools import cache

from desk.crm.desk import CrmTicket, HandingOn
from desk.desk import Desk
from desk.tickets import Reply
from desk.watches import Watch
from events import TicketEvent
from handlers.closing_checks import inside
from handlers.closing_checks.facts import Facts, blank
from handlers.closing_findings import tell_findings

QUOTED = 500  # characters of the partner's words in a comment
_NUMBERS = ("order_no", "shipment_no", "supply_no")


def advise_when_assigned(event: TicketEvent, desk: Desk) -> None:
    """The question is one for the second line (W-27), or for a skill that the agent lacks (W-28)."""
    facts = Facts(event, desk.config)
    group = inside.group_by_topic(facts)
    if event.source != desk.crm.source or group is None or not inside.is_partners(facts):
        return
    finding = f"group:{event.agent.id}"
    if not group.skills:
        desk.notices.tell(event.ticket.id, finding, "second_line_needed", why="W-27", group=group.name)
    elif event.agent.skills is not None and inside.lacks_skill(facts, group):
        values = {"group": group.name, "skills": list(group.skills)}
        desk.notices.tell(event.ticket.id, finding, "skill_missing", why="W-28", **values)


def hand_on(event: TicketEvent, desk: Desk) -> None:
    """Finish the escalation that the agent began, once the partner and the colleagues know (W-29…W-32).

    What is missing is drafted, and the closing waits for the agent.
    """
    facts = Facts(event, desk.config)
    if event.source != desk.crm.source or not inside.is_inside(facts) or facts.pair is not None:
        return
    if event.type == "ticket.closing" and not (_is_in_order(facts, desk) and _escalate(facts, desk)):
        delay = desk.config.webcrm.delays.escalation
        desk.notices.watch(event.ticket.id, "W-32", delay, agent_id=event.agent.id)
        return
    watch = desk.notices.watched(event.ticket.id, "W-32")
    if watch is not None:
        desk.notices.end_watch(watch)


def check_order(event: TicketEvent, desk: Desk) -> None:
    """An escalation that was done is checked as its closing is (W-29…W-31); customers' chats have their own."""
    if inside.is_partners(Facts(event, desk.config)):
        tell_findings(event, desk)


def _is_in_order(facts: Facts, desk: Desk) -> bool:
    """Return whether the partner and then the colleagues were told; write or draft what is missing (W-29)."""
    ticket, told, explained = facts.ticket.id, inside.told_partner(facts), inside.explained(facts)
    spoken = sum(message.public for message in facts.messages)

    @cache
    def over() -> str | None:
        return "the ticket is closed or handed on already" if desk.crm.is_over(ticket) else None

    if not told:
        send = desk.config.rules.rules["W-29"].send
        reply = Reply(desk.note("inside_words"), send, desk.draft_heading("W-29"), lambda *_: None, over)
        told = desk.notices.reply(ticket, f"words:{spoken}", reply, why="W-29")
    if not explained:
        text = desk.note("inside_draft", **_known(facts))
        desk.notices.draft_comment(ticket, f"comment:{spoken}", text, unless=over, why="W-29")
    return (told and explained) or desk.mode("W-29") != "act"


def _escalate(facts: Facts, desk: Desk) -> bool:
    """Write the closing's comment into the ticket, then escalate, if its four things are chosen (W-30)."""
    ticket, closing = facts.ticket, facts.closing
    reason = _reason(facts, desk)
    if facts.resolution != "not_solved" or not (ticket.type and ticket.subtype) or reason is None:
        return False
    comment = (closing.comment or "").strip()
    written = False
    if not blank(comment):
        values = {"comment": comment, "group": _group_name(facts)}
        written = desk.crm.comment(ticket.id, "inside_comment", why="W-29", **values)
    chosen = {"resolution": closing.resolution, "type": ticket.type, "subtype": ticket.subtype}
    chosen |= {"reason_type": reason[0], "reason_subtype": reason[1]}
    given = HandingOn(_group_name(facts), None if written else comment or None, chosen=chosen)
    return desk.crm.escalate(ticket.id, given, why="W-32")


def _reason(facts: Facts, desk: Desk) -> tuple[str | None, str | None] | None:
    """Return the chosen reason; without one, if W-31 may act, the ticket's own pair where a group takes it."""
    chosen = inside.reason_of(facts)
    if inside.group_chosen(facts) is not None and (all(chosen) or facts.closing.escalation_reason):
        return chosen
    preselect = not any(chosen) and inside.group_by_topic(facts) is not None and desk.mode("W-31") == "act"
    return (facts.ticket.type, facts.ticket.subtype) if preselect else None


def _group_name(facts: Facts) -> str:
    group = inside.group_chosen(facts) or inside.group_by_topic(facts)
    return group.name if group else ""


def _known(facts: Facts) -> dict[str, object]:
    """Return what is known for a comment for colleagues without the agent's help."""
    ticket = facts.ticket
    words = next((message.text for message in reversed(facts.client_messages) if message.text.strip()), "")
    numbers = [number for name in _NUMBERS if (number := getattr(ticket, name))]
    return {
        "group": _group_name(facts),
        "topic": ": ".join(filter(None, (ticket.type, ticket.subtype))),
        "seller": ticket.seller.name or ticket.seller.id or "",
        "numbers": numbers,
        "said": " ".join(words.split())[:QUOTED],
        "description": (facts.closing.description or "").strip(),
    }


def nudge(watch: Watch, ticket: CrmTicket, desk: Desk) -> None:
    """Tell the agent that an escalation was begun and its ticket is still open (W-32)."""
    if ticket.status not in (desk.crm.closed, desk.crm.escalated):
        desk.notices.tell(watch.ticket_id, f"unfinished:{watch.id}", "inside_unfinished", why="W-32")
