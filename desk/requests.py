"""Requests to neighbour departments as the desk keeps them: opened, climbing their ladder, answered (U-14…U-31)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from config.departments import Department
from desk.asks import Ask, Opened, on_paper
from desk.faults import Later
from desk.journal import Done, Verb
from desk.request_reading import RequestReading
from events import AlarmEvent
from store import agents, alarms, promises, requests
from store.requests import ANSWERED, NOT_REQUIRED, OPEN, WITHDRAWN, Ending, Request

__all__ = ["ANSWERED", "OPEN", "WITHDRAWN", "Ask", "Ending", "Opened", "Request", "RequestsDesk"]
# Before the delivery that told of the answer first, and before the one that told of its request then.
ANSWER_FIRST, TOLD = "answer ", "told "
Told = Literal["department", "agent", "head", "lead", "client"]


class RequestsDesk(RequestReading):
    """The verbs on requests, and their look-ups. What a decision asks for is the result of a verb, never a state."""

    def open(self, ask: Ask, *, why: str) -> Opened:
        """Keep a request (U-14); the one that is open already stays the only one."""
        verb = Verb(why, "open_request", f"{ask.source}:{ask.ticket_id}", intent=ask.department.id)

        def act() -> Done:
            try:
                with self._around.writing() as connection:
                    known = self._known(connection, ask)
                    if known is not None and known.source == "jira" != ask.source:
                        self._adopt(connection, known, ask)
                        return Done({"id": known.id, "new": True, "adopted": True}, before=known.ticket_id)
                    if known is not None:
                        self._attach(connection, known, ask)
                        outcome = "done" if known.opened_by == self._around.label else "unchanged"
                        return Done({"id": known.id, "new": outcome == "done"}, outcome=outcome, after=known.number)
                    made = requests.add(connection, ask.row() | self._beginning(ask))
            except sa.exc.IntegrityError as error:
                raise Later(f"ticket {ask.ticket_id} is being asked about at this moment") from error
            return Done({"id": made.id, "new": True}, after=made.number)

        result = self._around.journal.do(verb, act)
        found = self.get(result["id"]) if result else None
        if found is None:
            return Opened(on_paper(ask, self._around.now), new=True, real=False)
        return Opened(found, new=result["new"], adopted=result.get("adopted", False))

    def _beginning(self, ask: Ask) -> dict[str, Any]:
        since = min(ask.asked_at or self._around.now, self._around.now)
        return {"since": since, "opened_by": f"{ANSWER_FIRST if ask.first_answer else ''}{self._around.label}"}

    def _known(self, connection: sa.Connection, ask: Ask) -> Request | None:
        """The request that this is: opened by this delivery before, or still open, or told by its answer first."""
        label, known = self._around.label, None
        if ask.external_id:
            known = requests.of_external(connection, ask.source, ask.ticket_id, ask.external_id)
        elif ask.dept_ticket_id:
            known = requests.of_dept_ticket(connection, ask.source, ask.dept_ticket_id)
        elif ask.site and ask.issue_id:
            known = requests.of_issue(connection, ask.site, ask.issue_id)
        if known is None and not ask.external_id:
            newest = requests.of_department_and_ticket(connection, ask.source, ask.ticket_id, ask.department.id)
            # made by the ticket's status before the department's own ticket was heard of, or the other way round
            if newest and (newest.state == OPEN or newest.opened_by == label) and _one_place(newest, ask):
                known = newest
        if known is None or known.state == OPEN or known.opened_by in (label, f"{TOLD}{label}"):
            return known
        return known if not ask.reopened or known.opened_by.startswith(ANSWER_FIRST) else None

    def _adopt(self, connection: sa.Connection, known: Request, ask: Ask) -> None:
        """A question that lived in Jira alone belongs to a ticket from now on; its clock runs on."""
        row = ask.row()
        learnt = {name: row[name] for name in ("source", "ticket_id", "owner_id", "owner_gender", "party_id", "url")}
        number = requests.next_number(connection, ask.source, ask.ticket_id, ask.department.id)
        requests.change(connection, known.id, **learnt, number=number, opened_by=self._around.label)

    def _attach(self, connection: sa.Connection, known: Request, ask: Ask) -> None:
        """Where the question lives may become known later than that it was asked."""
        places = ("dept_ticket_id", "site", "issue_id", "issue_key")
        learnt = {name: getattr(ask, name) for name in places if getattr(known, name) is None and getattr(ask, name)}
        if known.opened_by.startswith(ANSWER_FIRST) and not ask.first_answer:
            learnt["opened_by"] = f"{TOLD}{self._around.label}"  # from now on a request like any other
        if learnt:
            requests.change(connection, known.id, **learnt)

    def set_reminder(self, opened: Opened, department: Department, *, why: str) -> None:
        """Set the alarm of the first step of the ladder (U-15)."""
        request = opened.request
        due_at = self._due(department, request.since, 0)
        next_at = self._after_quiet(due_at)

        def record(connection: sa.Connection) -> None:
            now = requests.get(connection, request.id)
            if now is not None and now.state == OPEN and now.ring == 0:
                requests.arm(connection, now, next_at, self._around.now, due_at=due_at)

        verb = Verb(why, "set_reminder", request.ticket_id, intent=next_at.isoformat(), possible=opened.real)
        self._around.journal.do(verb, lambda: Done(also=record))

    def inform_only(self, opened: Opened, *, why: str) -> None:
        """Nobody is to answer, so nobody is reminded (R-17)."""
        ending = Ending(ANSWERED, NOT_REQUIRED, self._around.now)

        def record(connection: sa.Connection) -> None:
            requests.close(connection, opened.request.id, ending, self._around.label, self._around.now)

        verb = Verb(why, "inform_only", opened.request.ticket_id, possible=opened.real)
        self._around.journal.do(verb, lambda: Done(also=record))

    def put_off(self, request: Request, ring: int, until: datetime, *, why: str) -> None:
        """Ring again later: nobody is told anything in the quiet hours."""

        def record(connection: sa.Connection) -> None:
            now = requests.get(connection, request.id)
            if now is not None and now.state == OPEN and now.ring == ring:
                requests.arm(connection, now, until, self._around.now)

        verb = Verb(why, "put_off_reminder", request.ticket_id, intent=until.isoformat())
        self._around.journal.do(verb, lambda: Done(also=record))

    def climb(self, request: Request, event: AlarmEvent, department: Department, *, why: str) -> int | None:
        """Take the step that rings, and set the alarm of the next one before anything is sent, so that nothing holds
        it up. The step's number; None: this alarm counts no more (snoozed, answered, taken by another)."""
        label, steps = self._around.label, self.steps(department)

        def act() -> Done:
            with self._around.writing() as connection:
                now = requests.get(connection, request.id)
                if now is not None and now.rung_by == label:
                    return Done({"step": now.step - 1})
                if now is None or now.state != OPEN or now.ring != event.ring or now.step >= len(steps):
                    return Done(outcome="unchanged", reason="this reminder counts no more")
                taken: dict[str, Any] = {"step": now.step + 1, "rung_by": label, "snoozed_until": None}
                if now.step + 1 < len(steps):
                    requests.arm(connection, now, self._next(department, now), self._around.now, **taken)
                else:
                    requests.change(connection, now.id, next_at=None, **taken)
            return Done({"step": now.step}, after=now.step + 1)

        result = self._around.journal.do(Verb(why, "climb_ladder", request.ticket_id), act)
        return int(result["step"]) if result else None

    def _next(self, department: Department, request: Request) -> datetime:
        """The next step's moment by the ladder; after a snooze it keeps its distance from the one that rings."""
        steps, step = self.steps(department), request.step
        moment = self._due(department, request.since, step + 1)
        if request.snoozed_until is not None:
            gap = steps[step + 1].after - steps[step].after
            clock = self._config.departments.clock
            moment = max(moment, self.calendar(department).after(request.snoozed_until, gap, clock))
        return self._after_quiet(moment)

    def sent(self, request: Request, step: int, told: Told, event: AlarmEvent) -> Callable[[sa.Connection], None]:
        """What goes into the store when the ladder has told somebody."""
        values = {"request": request.id, "step": step, "due_at": event.due_at, "late": event.late}

        def record(connection: sa.Connection) -> None:
            requests.add_reminder(connection, told=told, sent_at=self._around.now, **values)

        return record

    def ring_for_client(self, request: Request, at: datetime, *, why: str) -> None:
        """Words to the client wait for working time (C-13): set an alarm for them."""

        def record(connection: sa.Connection) -> None:
            now = requests.get(connection, request.id)
            if now is not None and now.state == OPEN:
                alarms.add(connection, requests.client_key(request.id), at, self._around.now)

        verb = Verb(why, "put_off_client", request.ticket_id, intent=at.isoformat())
        self._around.journal.do(verb, lambda: Done(also=record))

    def end(self, request: Request, ending: Ending, *, why: str) -> bool:
        """Record an answer, or that none is wanted: the ladder stops. True: it was this delivery that did it."""

        def act() -> Done:
            with self._around.writing() as connection:
                mine = requests.close(connection, request.id, ending, self._around.label, self._around.now)
                if mine:
                    promises.withdraw(
                        connection, request.id, drafts_only=ending.state == ANSWERED, by=self._around.label,
                        now=self._around.now,
                    )  # fmt: skip
            return Done(mine, outcome="done" if mine else "unchanged", after=ending.how)

        return bool(self._around.journal.do(Verb(why, "end_request", request.ticket_id, intent=ending.state), act))

    def snooze(self, request: Request, until: datetime, reason: str, *, why: str) -> None:
        """Put the next step off, for a reason that a person gave."""

        def record(connection: sa.Connection) -> None:
            now = requests.get(connection, request.id)
            if now is not None and now.state == OPEN:
                words = {"snoozed_until": until, "snooze_reason": reason}
                requests.arm(connection, now, self._after_quiet(until), self._around.now, **words)

        verb = Verb(why, "snooze_request", request.ticket_id, intent=until.isoformat())
        self._around.journal.do(verb, lambda: Done(also=record))

    def ticket_solved(self, asked: Sequence[Request], at: datetime | None, *, why: str) -> None:
        """The ticket of these requests is solved (None: open again): nothing more is promised to its client."""

        def record(connection: sa.Connection) -> None:
            for request in asked:
                requests.change(connection, request.id, ticket_solved_at=at)
                if at is not None:
                    label, now = self._around.label, self._around.now
                    promises.withdraw(connection, request.id, drafts_only=False, by=label, now=now)

        name = "stop_words_to_client" if at else "resume_words_to_client"
        self._around.journal.do(Verb(why, name, asked[0].ticket_id), lambda: Done(also=record))

    def hand_over(self, handed: Sequence[Request], agent: str, gender: str | None, *, why: str) -> None:
        """Another agent has the ticket now, and is told from now on. All its requests at once: see `Holds.pass_on`."""

        def record(connection: sa.Connection) -> None:
            for request in handed:
                requests.change(connection, request.id, owner_id=agent, owner_gender=gender)

        verb = Verb(why, "hand_over_requests", handed[0].ticket_id, intent=agent)
        self._around.journal.do(verb, lambda: Done(before=handed[0].owner_id, also=record))

    def keep_status(self, source: str, agent: str, status: str, since: datetime, *, why: str) -> None:
        """Remember the status of an agent (W-01)."""

        def record(connection: sa.Connection) -> None:
            agents.set_status(connection, source, agent, status, since)

        self._around.journal.do(Verb(why, "keep_status", agent, intent=status), lambda: Done(also=record))


def _one_place(known: Request, ask: Ask) -> bool:
    return not known.external_id and (known.dept_ticket_id is None or ask.dept_ticket_id is None)
