"""The verbs behind the buttons of our pages: words taken back, holds put off, other owners, the digest."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from apprise import NotifyFormat

from config.departments import Department
from desk import digest
from desk.calendar import WorkCalendar
from desk.chats import Message
from desk.holds import Hold
from desk.journal import Done, Verb
from desk.requests import Request
from desk.surroundings import Surroundings
from desk.telling import tell_each
from events import DigestEvent
from store import holds, requests
from store.requests import OPEN

OWN = "own"


class SaidDesk:
    """What a person asked for on a page, as verbs."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def wake_request(self, request: Request, department: Department, *, why: str) -> None:
        """Set the alarm of the step that was put off to where the ladder has it."""
        at = self._next(request, department)

        def record(connection: sa.Connection) -> None:
            now = requests.get(connection, request.id)
            if at is not None and now is not None and now.state == OPEN and now.snoozed_until is not None:
                requests.arm(connection, now, at, self._around.now, snoozed_until=None, snooze_reason=None)

        verb = Verb(why, "wake_request", request.ticket_id, intent=at.isoformat() if at else None)
        self._around.journal.do(verb, lambda: Done(also=record))

    def reopen_request(self, request: Request, department: Department, *, why: str) -> bool:
        """Open a request again that a person on a page called answered; False: it ended in another way."""
        at = self._next(request, department)

        def act() -> Done:
            with self._around.writing() as connection:
                if not requests.reopen(connection, request.id, self._around.label):
                    return Done(outcome="unchanged", reason="it was not a page that ended it")
                now = requests.get(connection, request.id)
                if at is not None and now is not None and now.next_at is None:
                    requests.arm(connection, now, at, self._around.now)
            return Done(True)

        return bool(self._around.journal.do(Verb(why, "reopen_request", request.ticket_id), act))

    def _next(self, request: Request, department: Department) -> datetime | None:
        """When the ladder's next step is due, but not before now; None: there is none left."""
        steps = self._around.config.departments.steps(department)
        if request.step >= len(steps):
            return None
        config = self._around.config
        calendar = WorkCalendar(config.calendar.named(department.calendar))
        due = calendar.after(request.since, steps[request.step].after, config.departments.clock)
        company = WorkCalendar(config.calendar.named())
        return company.after_quiet(max(due, self._around.now), config.departments.quiet_hours)

    def postpone_hold(self, hold: Hold, until: datetime, *, why: str) -> None:
        """Let a hold wait longer."""

        def record(connection: sa.Connection) -> None:
            holds.postpone(connection, hold.id, until, self._around.now)

        verb = Verb(why, "postpone_hold", hold.ticket_id, intent=until.isoformat())
        self._around.journal.do(verb, lambda: Done(before=hold.due_at.isoformat(), also=record))

    def reopen_hold(self, hold: Hold, *, why: str) -> bool:
        """Let a ticket wait again; False: its hold did not end by a page, or it has another one by now."""

        def act() -> Done:
            with self._around.writing() as connection:
                if not holds.reopen(connection, hold, self._around.label, self._around.now):
                    return Done(outcome="unchanged", reason="the ticket waits no more, or for somebody else")
            return Done(True, before=hold.ended_why)

        return bool(self._around.journal.do(Verb(why, "reopen_hold", hold.ticket_id, intent=hold.kind), act))

    def reassign_hold(self, hold: Hold, owner: str, *, why: str) -> None:
        """Write down who answers for a hold."""

        def record(connection: sa.Connection) -> None:
            holds.change(connection, hold.id, owner_id=owner)

        verb = Verb(why, "reassign_hold", hold.ticket_id, intent=owner)
        self._around.journal.do(verb, lambda: Done(before=hold.owner_id, also=record))

    def send_digest(self, event: DigestEvent) -> None:
        """Send a digest to all whom its address names, each at least once."""
        asked = self._around.config.reports.digests.get(event.name)
        verb = Verb(OWN, "send_digest", event.name, intent=event.day.isoformat())
        if asked is None or asked.to is None:
            self._around.journal.do(verb, lambda: Done(outcome="unchanged", reason="reports.yml names no address"))
            return
        mail, parts = asked.to.get_secret_value().startswith(("mailto://", "mailtos://")), asked.parts

        def message() -> Message:
            with self._around.reading() as connection:
                made = digest.make(connection, self._around.config, self._around.now, parts)
            body, form = (made.html, NotifyFormat.HTML) if mail else (made.text, NotifyFormat.TEXT)
            return Message(body, made.title, form)

        tell_each(self._around, verb, [asked.to], message)
