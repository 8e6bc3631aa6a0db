"""Step one: is somebody already working on this question? (manual W, chapter C; R-43, R-44; C-03, C-04)."""

from __future__ import annotations

from desk.desk import Desk
from desk.duplicates import FoundDuplicates
from desk.known_tickets import KnownTicket, is_partners
from desk.similarity import Similar, similar
from desk.tickets import Reply, Telling
from events import DuplicateEvent, TicketEvent


def look_for_duplicates(event: TicketEvent, desk: Desk) -> None:
    """Before everything else: the other tickets of the same seller or client that ask the same (W-09…W-16, R-43)."""
    if event.source == desk.crm.source and desk.mode("W-09") != "off":
        _look(desk.duplicates.known(event), desk, partner=event.ticket.audience != "customer")


def look_again(event: DuplicateEvent, desk: Desk) -> None:
    """An older ticket came in later: this one may not have known of it (W-09)."""
    ticket = desk.duplicates.get(event.ticket_id)
    if ticket is not None and ticket.party is not None:
        _look(ticket, desk, partner=is_partners(ticket))


def draft_asked(event: DuplicateEvent, desk: Desk) -> None:
    """«Положить черновик» on the card: a person says that it is the same question (C-03, W-14)."""
    ticket, original = desk.duplicates.get(event.ticket_id), desk.duplicates.get(event.original)
    if ticket is None or original is None or not is_partners(ticket) or ticket.party != original.party:
        return
    merged = desk.duplicates.merged_into(ticket)
    if merged is not None and not desk.duplicates.is_own(merged):
        return
    if merged is None and desk.duplicates.merge(ticket, original, why="W-14") not in ("merged", "kept"):
        return
    _send_partner_on(ticket, original, desk, send=False)


def _look(ticket: KnownTicket, desk: Desk, *, partner: bool) -> None:
    if ticket.party is None:
        if partner:  # without the seller's number there is nothing to search by
            desk.duplicates.tell(ticket.ticket_id, "no seller", "duplicate_no_seller", why="W-10")
        return
    if desk.config.duplicates.is_closed(ticket.status):
        return
    merged = desk.duplicates.merged_into(ticket)
    if merged is not None:
        if desk.duplicates.is_own(merged):
            _go_on(ticket, merged.original_id, desk)
        return
    found = desk.duplicates.find(ticket)
    if found.similar:
        (_partners if is_partners(ticket) else _customers)(ticket, found, desk)


def _go_on(ticket: KnownTicket, original_id: str, desk: Desk) -> None:
    """Finish a merger that an earlier run of this delivery has begun, whatever has changed since."""
    original = desk.duplicates.get(original_id)
    if original is not None:
        alike = similar(ticket, [original], desk.config)
        _merged(ticket, alike[0] if alike else Similar(original, 0, ()), desk)


def _partners(ticket: KnownTicket, found: FoundDuplicates, desk: Desk) -> None:
    working = [one for one in found.free if desk.config.duplicates.is_working(one.ticket.status)]
    named = [one for one in working if not _stays(ticket, one.ticket, desk)]
    for one in working:
        if one not in named:
            desk.duplicates.let_look(one.ticket, ticket)
    done = desk.duplicates.merge(ticket, named[0].ticket, why="W-14") if named else "stale"
    if done in ("merged", "kept"):
        _merged(ticket, named[0], desk, real=done == "merged")
    elif done == "stale":
        _inform(ticket, found, desk)


def _stays(ticket: KnownTicket, other: KnownTicket, desk: Desk) -> bool:
    """Return True for the older of two tickets in work, which is not merged into the newer one."""
    return _is_older(ticket, other) and desk.config.duplicates.is_working(ticket.status)


def _merged(ticket: KnownTicket, other: Similar, desk: Desk, *, real: bool = True) -> None:
    """Tell the agent, send or draft M-1 to the partner, and tell the colleague who works on the other (W-13…W-15)."""
    number, send = other.ticket.ticket_id, desk.config.rules.rules["W-15"].send
    way = ("sent" if send else "draft") if real else "none"
    words = {"number": number, "reasons": desk.duplicates.reasons(other), "way": way}
    text = desk.duplicates.merge_text(number, ticket.ticket_id) or ""
    desk.duplicates.tell(ticket.ticket_id, number, "duplicate_working", why="W-13", text=text, **words)
    _send_partner_on(ticket, other.ticket, desk, send=send, real=real)


def _send_partner_on(ticket: KnownTicket, original: KnownTicket, desk: Desk, *, send: bool, real: bool = True) -> None:
    text = desk.duplicates.merge_text(original.ticket_id, ticket.ticket_id)
    if text is None:
        return
    reply = Reply(text, send=send, heading=desk.draft_heading("W-15"), also=lambda *_: None)
    desk.crm.reply(ticket.ticket_id, reply, why="W-15", possible=real)
    if real:
        joined = Telling("duplicate_joined", {"number": ticket.ticket_id}, optional=True)
        desk.crm.tell(original.ticket_id, joined, why="W-14")


def _inform(ticket: KnownTicket, found: FoundDuplicates, desk: Desk) -> None:
    """Tell the agent of similar tickets that nobody is working on; the agent goes on as usual (W-16)."""
    lines = [_line(one, found, desk) for one in found.similar]
    first = found.similar[0].ticket.ticket_id
    desk.duplicates.tell(ticket.ticket_id, first, "duplicate_information", why="W-16", others=lines)


def _line(one: Similar, found: FoundDuplicates, desk: Desk) -> dict[str, object]:
    ticket = one.ticket
    merged = found.merged.get(ticket.ticket_id, "")
    return {"number": ticket.ticket_id, "status": ticket.status or "", "reasons": desk.duplicates.reasons(one),
            "merged": merged}  # fmt: skip


def _customers(ticket: KnownTicket, found: FoundDuplicates, desk: Desk) -> None:
    """Suggest «Дубликат», without a reply, in the same channel (R-43, C-04); in other channels all are answered."""
    earlier = [one for one in found.free if not _is_older(ticket, one.ticket)]
    kind = desk.config.resolutions.kind_of(ticket.channel, ticket.channel_kind)
    here = [one for one in earlier if kind.channel and _channel(one.ticket, desk) == kind.channel]
    there = [one for one in earlier if one not in here]
    if here:
        number = here[0].ticket.ticket_id
        words = {"number": number, "reasons": desk.duplicates.reasons(here[0])}
        allowed = desk.config.resolutions.takes_duplicates(kind)
        desk.duplicates.tell(ticket.ticket_id, number, "duplicate_of_client", why="R-43", allowed=allowed, **words)
    if there:
        _answer_all(ticket, there[0], desk)


def _answer_all(ticket: KnownTicket, other: Similar, desk: Desk) -> None:
    """Tell the agent to answer in this channel too, with the earlier answer as a draft (R-44)."""
    number, answer = other.ticket.ticket_id, desk.duplicates.answer_in(other.ticket)
    words = {"number": number, "reasons": desk.duplicates.reasons(other), "channel": other.ticket.channel or ""}
    if not desk.duplicates.tell(
        ticket.ticket_id, number, "duplicate_elsewhere", why="R-44", answered=answer is not None, **words
    ):
        return
    if answer is not None:
        draft = Reply(answer, send=False, heading=desk.draft_heading("R-44"), also=lambda *_: None)
        desk.crm.reply(ticket.ticket_id, draft, why="R-44")


def _channel(ticket: KnownTicket, desk: Desk) -> str | None:
    return desk.config.resolutions.kind_of(ticket.channel, ticket.channel_kind).channel


def _is_older(ticket: KnownTicket, other: KnownTicket) -> bool:
    return (ticket.opened_at, ticket.ticket_id) < (other.opened_at, other.ticket_id)
