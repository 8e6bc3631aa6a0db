"""Interim replies to clients, and what becomes of their promises (manual U: U-18, U-19, U-26…U-29, U-31)."""

from __future__ import annotations

from config.departments import Department
from desk.answers import judge
from desk.desk import Desk
from desk.interim import Interim, interim_text, reminder
from desk.promises import MADE, nearly
from desk.requests import Opened, Request
from desk.tickets import Reply, Telling
from events import TicketEvent, TimerEvent
from handlers.closings import OURS
from handlers.request_words import named

DEVIATION = "C-13: M-4 in place of the manual's M-2, as departments.yml says"


def inform_client(opened: Opened, department: Department, desk: Desk) -> None:
    """Tell the client who works on it and when to expect an answer: M-2, M-3 or M-4 by the hour (U-18, U-26…U-29)."""
    switch = desk.config.departments.client_text.before_days_off
    calendar = desk.requests.calendar()
    interim = interim_text(department, desk.now, calendar, switch)
    deviates = interim_text(department, desk.now, calendar).id != interim.id
    say_to_client(opened, interim, desk, remark=DEVIATION if deviates else None)


def remind_client(request: Request, desk: Desk) -> bool:
    """Write M-5 in the agent's gender (U-31); only after the department was reminded, so that it is true (C-27)."""
    gender = desk.requests.gender(request.owner_id, request.owner_gender)
    interim = reminder(gender, desk.now, desk.requests.calendar())
    return say_to_client(Opened(request, new=False), interim, desk)


def say_to_client(opened: Opened, interim: Interim, desk: Desk, remark: str | None = None) -> bool:
    """Write a reply as a draft, or send it where its rule has `send: true`; a reply that is sent is a promise."""
    request = opened.request
    crm = desk.crm_of(request.source)
    if crm is None:
        return False
    send = desk.config.rules.rules[interim.rule].send
    reply = Reply(
        text=interim.text,
        send=send,
        heading=desk.draft_heading(interim.rule),
        also=desk.promises.written(request, interim, sent=send),
        unless=desk.requests.still_open(request) if opened.real else lambda: None,
        remark=remark,
    )
    return crm.reply(request.ticket_id, reply, why=interim.rule, possible=opened.real)


def on_reply(event: TicketEvent, desk: Desk) -> None:
    """An agent's public message: the draft that was sent becomes a promise, any other keeps those that were made."""
    messages = {message.id: message for message in event.ticket.messages}
    message = messages.get(event.message_id) or (event.ticket.messages[-1] if event.ticket.messages else None)
    if message is None or not message.public or message.author.role not in OURS:
        return
    alive = desk.promises.of_ticket(event.source, event.ticket.id)
    sent = [one for one in alive if desk.promises.is_sent_by(one, message.text, event.draft_of)]
    kept = [one for one in alive if one.state == MADE and not nearly(message.text, one.text)]
    if sent:
        desk.promises.make(sent[0], desk.now, why="U-18")
    elif kept and message.kind != "question" and judge(desk.config.answers, message.text).verdict != "none":
        desk.promises.keep(kept, why="U-18")


def remind_of_silence(event: TimerEvent, desk: Desk) -> None:
    """Nobody has told the client yet that a department is asked, and when to expect an answer (U-18)."""
    request = desk.requests.get(event.number) if event.of == "uninformed" else None
    if request is None or not desk.requests.concerns(request) or request.client_informed_at or request.ticket_solved_at:
        return
    crm = desk.crm_of(request.source)
    if crm is None or desk.escalations.of_ticket(request.source, request.ticket_id):
        return  # nobody writes to a client whose chat goes to another line (E-03)
    if crm.has_answered(request.ticket_id, request.since):
        return
    minutes = int((desk.now - request.since).total_seconds() // 60)
    values = {"department": named(request, desk), "minutes": minutes}
    silence = Telling("client_uninformed", values, desk.requests.still_open(request), reminds=True, warns=True)
    crm.tell(request.ticket_id, silence, why="U-18")


def break_promise(event: TimerEvent, desk: Desk) -> None:
    """The promised moment came and the client heard nothing: it is recorded, and the agent is told (U-18)."""
    promise = desk.promises.get(event.number) if event.of == "promise" else None
    if promise is None or not desk.promises.break_(promise, why="U-18"):
        return
    request, crm = desk.requests.get(promise.request), desk.crm_of(promise.source)
    if request is not None and crm is not None:
        values = {"department": named(request, desk), "text": promise.text}
        crm.tell(promise.ticket_id, Telling("promise_broken", values, reminds=True), why="U-18")
