"""«В ожидании»: the client was asked for something, and has a time limit of their own (U-11, U-13)."""

from __future__ import annotations

from desk.answers import judge
from desk.desk import Desk
from desk.holds import WAITING, Hold, Start
from desk.tickets import Telling
from events import Message, TicketEvent, TimerEvent
from handlers.request_words import moment_text
from handlers.usedesk_checks import changed, message_of

CLIENT = "client"


def wait_for_client(event: TicketEvent, desk: Desk) -> None:
    """The status begins the hold; an agent who sets another one ends it. What a rule of Usedesk's sets does not:
    the client's answer itself will, and is read for what it holds."""
    status = changed(event, "status")
    if status is None or not desk.checks.concerns(event):
        return
    if status.after == "waiting_client":
        start = Start(CLIENT, event.source, event.ticket.id, owner_id=event.agent.id, stage=WAITING)
        desk.holds.begin(start, None, why="U-11")
        return
    hold = desk.holds.of_ticket(event.source, event.ticket.id)
    if hold is not None and hold.kind == CLIENT and event.agent.id:
        desk.holds.end(hold, "solved" if status.after == "done" else "reopened", event.agent.id, why="U-11")


def on_client(event: TicketEvent, desk: Desk) -> None:
    """The client's answer ends the hold, and the agent is told what was received; a further question leaves the clock
    as it is."""
    hold = desk.holds.of_ticket(event.source, event.ticket.id) if event.source == desk.checks.source else None
    message = message_of(event)
    if hold is None or hold.kind != CLIENT or message is None or not message.public:
        return
    if message.author.role == "agent":
        desk.checks.adjust_deadline(hold, why="U-13")
    elif message.author.role == CLIENT:
        _hear(event, message, hold, desk)


def _hear(event: TicketEvent, message: Message, hold: Hold, desk: Desk) -> None:
    received = [f"{name}: {value}" for name, value in desk.config.usedesk.received(message.text).items()]
    judged = judge(desk.config.answers, message.text)
    if judged.is_answer or received:
        desk.usedesk.note(event.ticket.id, "client_answered", why="U-11", received=received)
        desk.holds.end(hold, "answered", CLIENT, why="U-11")
    elif judged.verdict == "doubt":
        desk.usedesk.note(event.ticket.id, "maybe_answered", why="U-11", kind=CLIENT, text=message.text)


def remind_of_client(event: TimerEvent, desk: Desk) -> None:
    """The client has been silent as long as a hold may last: the agent decides."""
    hold = desk.holds.get(event.number) if event.of == "hold" else None
    ended = hold is None or hold.ended_at is not None or hold.due_at > desk.now
    if hold is not None and not ended and (hold.source, hold.kind) == (desk.checks.source, CLIENT):
        silent = Telling("client_silent", {"since": moment_text(hold.since, desk)}, reminds=True)
        desk.usedesk.tell(hold.ticket_id, silent, why="U-11")
