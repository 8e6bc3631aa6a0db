"""Requests to neighbour departments as the desk keeps them: opened, climbing their ladder, answered (U-14…U-31)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from config.departments import Department
from config.departments import Step as LadderStep
from desk.calendar import WorkCalendar
from desk.faults import Later
from desk.journal import Done, Verb
from desk.surroundings import Surroundings
from events import AlarmEvent
from store import agents, alarms, promises, requests
from store.requests import ANSWERED, NOT_REQUIRED, OPEN, WITHDRAWN, Ending, Request

__all__ = ["ANSWERED", "OPEN", "WITHDRAWN", "Ask", "Ending", "Opened", "Request", "RequestsDesk"]
LONGEST = 10_000  # characters of a question
# Before the delivery that told of the answer first, and before the one that told of its request then.
ANSWER_FIRST, TOLD = "answer ", "told "
ANSWERED_MEANWHILE = "the department has answered meanwhile"
Told = Literal["department", "agent", "head", "lead", "client"]


@dataclass(frozen=True)
class Ask:
    """A request that somebody makes: whose ticket, which department, where the question lives, who is told later.

    `asked_at`: None is now. `first_answer`: it is known by its answer alone, which came before it. `reopened`: what
    was asked and answered in the same place is asked again.
    """

    source: str
    ticket_id: str
    department: Department
    origin: str
    text: str
    answer_required: bool = True
    external_id: str | None = None
    owner_id: str | None = None
    owner_gender: str | None = None
    asker_account: str | None = None
    topic: str | None = None
    party_id: str | None = None
    top: bool | None = None
    url: str | None = None
    dept_ticket_id: str | None = None
    site: str | None = None
    issue_id: str | None = None
    issue_key: str | None = None
    asked_at: datetime | None = None
    first_answer: bool = False
    reopened: bool = False

    def row(self) -> dict[str, Any]:
        """The columns of the new request."""
        left_out = ("department", "asked_at", "first_answer", "reopened")
        values = {name: value for name, value in vars(self).items() if name not in left_out}
        return {**values, "department": self.department.id, "text": self.text[:LONGEST]}


@dataclass(frozen=True)
class Opened:
    """What asking led to: a new request, or the one that there was. `real` False: a mode kept it from being made.

    `adopted`: the department knew the question already; now a ticket is known whose it is.
    """

    request: Request
    new: bool
    real: bool = True
    adopted: bool = False


class RequestsDesk:
    """The verbs on requests, and their look-ups. What a decision asks for is the result of a verb, never a state."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._config = around.config

    def get(self, number: int) -> Request | None:
        """A request by its number."""
        with self._around.engine.connect() as connection:
            return requests.get(connection, number)

    def of_ticket(self, source: str, ticket_id: str) -> list[Request]:
        """The open requests of a ticket."""
        with self._around.engine.connect() as connection:
            return [one for one in requests.of_ticket(connection, source, ticket_id) if one.state == OPEN]

    def of_dept_ticket(self, source: str, ticket_id: str) -> Request | None:
        """The newest request that lives in a department's ticket."""
        with self._around.engine.connect() as connection:
            return requests.of_dept_ticket(connection, source, ticket_id)

    def of_issue(self, site: str, issue_id: str) -> Request | None:
        """The newest request that lives in an issue."""
        with self._around.engine.connect() as connection:
            return requests.of_issue(connection, site, issue_id)

    def of_external(self, source: str, ticket_id: str, external_id: str) -> Request | None:
        """The newest request that the CRM knows by this id."""
        with self._around.engine.connect() as connection:
            return requests.of_external(connection, source, ticket_id, external_id)

    def concerns(self, request: Request) -> bool:
        """Whether this delivery has to do with it: it is open, or this delivery ended it before it was run again."""
        return request.state == OPEN or request.closed_by == self._around.label

    def department(self, request: Request) -> Department | None:
        """The department of a request by the configuration of now; None when it names it no more."""
        return self._config.departments.find(request.department)

    def calendar(self, department: Department | None = None) -> WorkCalendar:
        """A department's calendar, else the company's."""
        return WorkCalendar(self._config.calendar.named(department.calendar if department else None))

    def still_open(self, request: Request) -> Callable[[], str | None]:
        """Asked right before something is sent: an answer may have come while the one before was on its way."""

        def answered() -> str | None:
            now = self.get(request.id)
            return ANSWERED_MEANWHILE if now is None or now.state != OPEN else None

        return answered

    def open(self, ask: Ask, *, why: str) -> Opened:
        """Keep a request (U-14); the one that is open already stays the only one."""
        verb = Verb(why, "open_request", f"{ask.source}:{ask.ticket_id}", intent=ask.department.id)

        def act() -> Done:
            try:
                with self._around.engine.begin() as connection:
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
            return Opened(_on_paper(ask, self._around.now), new=True, real=False)
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

    def due(self, opened: Opened, department: Department) -> datetime:
        """Until when an answer is expected."""
        return self._due(department, opened.request.since, 0)

    def steps(self, department: Department) -> tuple[LadderStep, ...]:
        """The ladder of a department."""
        return self._config.departments.steps(department)

    def _due(self, department: Department, since: datetime, step: int) -> datetime:
        after = self.steps(department)[step].after
        return self.calendar(department).after(since, after, self._config.departments.clock)

    def _after_quiet(self, moment: datetime) -> datetime:
        return self.calendar().after_quiet(moment, self._config.departments.quiet_hours)

    def quiet_until(self) -> datetime | None:
        """When the quiet hours of now are over; None: it is not quiet."""
        until = self._after_quiet(self._around.now)
        return until if until > self._around.now else None

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
            with self._around.engine.begin() as connection:
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
            return Done({"step": now.step}, after=now.step)

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
            if self.still_open(request)() is None:
                alarms.add(connection, requests.client_key(request.id), at, self._around.now)

        verb = Verb(why, "put_off_client", request.ticket_id, intent=at.isoformat())
        self._around.journal.do(verb, lambda: Done(also=record))

    def end(self, request: Request, ending: Ending, *, why: str) -> bool:
        """Record an answer, or that none is wanted: the ladder stops. True: it was this delivery that did it."""

        def act() -> Done:
            with self._around.engine.begin() as connection:
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

    def owner_is_away(self, request: Request) -> bool:
        """Whether the request's agent is not to be disturbed (W-01)."""
        if request.owner_id is None:
            return False
        with self._around.engine.connect() as connection:
            status = agents.status_of(connection, request.source, request.owner_id)
        return self._config.departments.is_away(status)

    def gender(self, agent: str | None, told: str | None) -> Literal["f", "m"] | None:
        """An agent's gender: as the CRM told, else as `departments.yml` says."""
        if told in ("f", "m"):
            return told  # type: ignore[return-value]
        return self._config.departments.client_text.genders.get(agent or "")


def _one_place(known: Request, ask: Ask) -> bool:
    return not known.external_id and (known.dept_ticket_id is None or ask.dept_ticket_id is None)


def _on_paper(ask: Ask, now: datetime) -> Request:
    """A request that is only spoken of."""
    empty = dict.fromkeys(Request.__annotations__)
    values = {**empty, **ask.row(), "id": 0, "number": 1, "state": OPEN, "since": now, "step": 0, "ring": 0}
    return Request(**values)
