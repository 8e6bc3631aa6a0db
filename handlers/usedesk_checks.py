"""Checks of Usedesk's tickets when an agent does something (U-02, U-05…U-12, U-17); each finding is told once.

What needs time first is watched, and checked by `usedesk_watches`. The bot never sets a status (U-10).
"""

from __future__ import annotations

from config.names import match_key
from desk.desk import Desk
from desk.usedesk.view import value_of
from events import Message, TicketChange, TicketEvent


def check_new(event: TicketEvent, desk: Desk) -> None:
    """A ticket that came as a call: its results must be written down (U-17)."""
    if desk.checks.concerns(event) and desk.config.usedesk.is_call(event.ticket.channel, event.ticket.tags):
        _watch_call(event, desk)


def check_message(event: TicketEvent, desk: Desk) -> None:
    """An agent wrote: in a ticket of somebody else's (U-02), with which status (U-09), what was said on the phone."""
    message = message_of(event)
    if message is None or message.author.role != "agent" or not desk.checks.concerns(event):
        return
    ticket = event.ticket
    if not message.public:
        call = desk.checks.watched(ticket.id, "U-17")
        if call is not None:
            desk.checks.end_watch(call)
        return
    if ticket.assignee_id != event.agent.id:
        taken = bool(ticket.assignee_id)
        desk.checks.tell(ticket.id, event.agent.id or "", "usedesk_not_taken", why="U-02", other=taken)
    desk.checks.watch(ticket.id, "U-09", desk.config.usedesk.delays.status, agent_id=event.agent.id)


def check_change(event: TicketEvent, desk: Desk) -> None:
    """A priority, a tag or a status was set."""
    if not desk.checks.concerns(event):
        return
    settings, ticket = desk.config.usedesk, event.ticket
    priority = changed(event, "priority")
    if priority and priority.after not in (None, settings.priority) and event.agent.id:
        more = {"agent_id": event.agent.id, "subject": priority.after}
        desk.checks.watch(ticket.id, "U-08", settings.delays.priority, **more)
    tags = changed(event, "tags_added")
    if tags and settings.is_call(None, (tags.after or "").split(",")):
        _watch_call(event, desk)
    status = changed(event, "status")
    if status is None:
        return
    if status.after == "on_hold":
        desk.checks.watch(ticket.id, "U-12", settings.delays.hold, agent_id=event.agent.id)
    elif status.after == "waiting_client":
        _check_waiting(event, desk)
    elif status.after == "done":
        _check_fields(event, desk)
        _check_outcome(event, desk)
        _check_finished(event, desk)


def _check_waiting(event: TicketEvent, desk: Desk) -> None:
    """Tell the agent of «В ожидании» on a ticket that waits for a department (U-09, T-7)."""
    requests = desk.checks.open_requests(event.ticket.id)
    if requests:
        names = [desk.checks.name_of(one.department) for one in requests]
        desk.checks.tell(event.ticket.id, "on_hold", "usedesk_status_hold", why="U-09", departments=names)


def _check_fields(event: TicketEvent, desk: Desk) -> None:
    """Check the fields that must be filled at «Выполнен» (U-06), and the type by the matrix (U-05)."""
    settings, ticket = desk.config.usedesk, event.ticket
    for name in settings.required_fields:
        known, value = value_of(ticket.custom_fields, name)
        if known and not value:
            desk.checks.tell(ticket.id, name, "usedesk_field_empty", why="U-06", field=name)
    category = value_of(ticket.custom_fields, settings.category_field)[1]
    wanted = settings.type_of(category)
    seen = desk.usedesk.read(ticket.id) if wanted else None
    if wanted and seen is not None and seen.type != wanted:
        values = {"category": category, "type": seen.type or "", "wanted": wanted}
        desk.checks.tell(ticket.id, wanted, "usedesk_other_type", why="U-05", **values)


def _check_outcome(event: TicketEvent, desk: Desk) -> None:
    """Check that the category fits the outcome of the ticket (U-07)."""
    wanted = desk.checks.outcome_categories(event.ticket.id)
    category = value_of(event.ticket.custom_fields, desk.config.usedesk.category_field)[1]
    if wanted and match_key(category) not in map(match_key, wanted):
        values = {"category": category, "wanted": wanted[0]}
        desk.checks.tell(event.ticket.id, wanted[0], "usedesk_other_category", why="U-07", **values)


def _check_finished(event: TicketEvent, desk: Desk) -> None:
    """Check that at «Выполнен» no request is open and no call is without a note (U-10)."""
    ticket = event.ticket.id
    for one in desk.checks.open_requests(ticket):
        values = {"department": desk.checks.name_of(one.department), "reminder": one.next_at or ""}
        desk.checks.tell(ticket, f"request:{one.id}", "usedesk_done_early", why="U-10", **values)
    call = desk.checks.watched(ticket, "U-17")
    if call is not None:
        desk.checks.tell(ticket, f"call:{call.id}", "usedesk_done_without_note", why="U-10")


def _watch_call(event: TicketEvent, desk: Desk) -> None:
    delay = desk.config.usedesk.delays.call_note
    desk.checks.watch(event.ticket.id, "U-17", delay, since=event.occurred_at, agent_id=event.agent.id)


def message_of(event: TicketEvent) -> Message | None:
    """Return the message that the event is about; the last one if the event does not name one."""
    messages = event.ticket.messages
    return next((one for one in messages if one.id == event.message_id), messages[-1] if messages else None)


def changed(event: TicketEvent, field: str) -> TicketChange | None:
    """Return the event's change of a field, or None."""
    return next((one for one in event.changes if one.field == field), None)
