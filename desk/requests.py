"""Requests to neighbour departments: opened, escalated, answered (U-14…U-31)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from config.departments import Department
from desk.actions import OWN, Action, Result
from desk.faults import Later
from desk.request_drafts import Opened, RequestDraft, dry_run_request
from desk.request_reading import RequestReading
from events import TimerEvent
from store import agents, promises, requests, timers
from store.requests import ANSWERED, NOT_REQUIRED, OPEN, WITHDRAWN, Ending, Request

__all__ = ["ANSWERED", "OPEN", "WITHDRAWN", "Ending", "Opened", "Request", "RequestDraft", "RequestsDesk"]
# Prefixes of `opened_by`: a delivery that reported the answer first, and the one that reported its request afterwards.
ANSWER_FIRST, TOLD = "answer ", "told "
Told = Literal["department", "agent", "head", "lead", "client"]


class RequestsDesk(RequestReading):
    """The actions on requests, and their look-ups. Decisions use the result of an action, never the stored state."""

    def open(self, draft: RequestDraft, *, why: str) -> Opened:
        """Store a request (U-14); if it is open already, no second one is made."""
        action = Action(why, "open_request", f"{draft.source}:{draft.ticket_id}", intent=draft.department.id)

        def rows(connection: sa.Connection) -> Result:
            known = self._known(connection, draft)
            if known is not None and known.source == "jira" != draft.source:
                self._adopt(connection, known, draft)
                return Result({"id": known.id, "new": True, "adopted": True}, before=known.ticket_id)
            if known is not None:
                self._attach(connection, known, draft)
                outcome = "done" if known.opened_by == self._context.label else "unchanged"
                return Result({"id": known.id, "new": outcome == "done"}, outcome=outcome, after=known.number)
            try:
                made = requests.add(connection, draft.row() | self._beginning(draft))
            except sa.exc.IntegrityError as error:
                raise Later(f"ticket {draft.ticket_id} is being asked about at this moment") from error
            return Result({"id": made.id, "new": True}, after=made.number)

        result = self._context.actions.write(action, rows)
        found = self.get(result["id"]) if result else None
        if found is None:
            return Opened(dry_run_request(draft, self._context.now), new=True, real=False)
        return Opened(found, new=result["new"], adopted=result.get("adopted", False))

    def _beginning(self, draft: RequestDraft) -> dict[str, Any]:
        since = min(draft.asked_at or self._context.now, self._context.now)
        return {"since": since, "opened_by": f"{ANSWER_FIRST if draft.first_answer else ''}{self._context.label}"}

    def _known(self, connection: sa.Connection, draft: RequestDraft) -> Request | None:
        """Return the draft's stored request: opened by this delivery, still open, or reported first by its answer."""
        label, known = self._context.label, None
        if draft.external_id:
            known = requests.of_external(connection, draft.source, draft.ticket_id, draft.external_id)
        elif draft.dept_ticket_id:
            known = requests.of_dept_ticket(connection, draft.source, draft.dept_ticket_id)
        elif draft.site and draft.issue_id:
            known = requests.of_issue(connection, draft.site, draft.issue_id)
        if known is None and not draft.external_id:
            newest = requests.of_department_and_ticket(connection, draft.source, draft.ticket_id, draft.department.id)
            # opened by the ticket's status before the department's own ticket was known, or the other way round
            if newest and (newest.state == OPEN or newest.opened_by == label) and _one_place(newest, draft):
                known = newest
        if known is None or known.state == OPEN or known.opened_by in (label, f"{TOLD}{label}"):
            return known
        return known if not draft.reopened or known.opened_by.startswith(ANSWER_FIRST) else None

    def _adopt(self, connection: sa.Connection, known: Request, draft: RequestDraft) -> None:
        """Assign a question that existed in Jira only to a ticket; its clock keeps running."""
        row = draft.row()
        learnt = {name: row[name] for name in ("source", "ticket_id", "owner_id", "owner_gender", "party_id", "url")}
        number = requests.next_number(connection, draft.source, draft.ticket_id, draft.department.id)
        requests.change(connection, known.id, **learnt, number=number, opened_by=self._context.label)

    def _attach(self, connection: sa.Connection, known: Request, draft: RequestDraft) -> None:
        """Add what is learnt about a request's place after it was opened."""
        places = ("dept_ticket_id", "site", "issue_id", "issue_key")
        learnt = {
            name: getattr(draft, name) for name in places if getattr(known, name) is None and getattr(draft, name)
        }
        if known.opened_by.startswith(ANSWER_FIRST) and not draft.first_answer:
            learnt["opened_by"] = f"{TOLD}{self._context.label}"  # from now on an ordinary request
        if learnt:
            requests.change(connection, known.id, **learnt)

    def number_to_ask(self, source: str, ticket_id: str, department: Department) -> int | None:
        """Return the number of the request that this delivery opens; `None` if another delivery's is still open."""
        with self._context.reading() as connection:
            known = requests.of_department_and_ticket(connection, source, ticket_id, department.id)
        if known is None or known.opened_by == self._context.label:
            return known.number if known else 1
        return None if known.state == OPEN else known.number + 1

    def set_reminder(self, opened: Opened, department: Department, *, why: str) -> None:
        """Set the timer of the first escalation step (U-15)."""
        request = opened.request
        due_at = self._due(department, request.since, 0)
        next_at = self._after_quiet(due_at)

        def record(connection: sa.Connection) -> None:
            now = requests.get(connection, request.id)
            if now is not None and now.state == OPEN and now.ring == 0:
                requests.arm(connection, now, next_at, self._context.now, due_at=due_at)

        action = Action(why, "set_reminder", request.ticket_id, intent=next_at.isoformat(), possible=opened.real)
        self._context.actions.write(action, record)

    def watch_client(self, opened: Opened) -> None:
        """Set a timer to check later whether the client knows of the request; U-18 decides what follows."""
        within = self._config.departments.client_text.inform_within
        if within is None or not opened.real:
            return
        request, at = opened.request, opened.request.since + within

        def record(connection: sa.Connection) -> None:
            now = requests.get(connection, request.id)
            if now is not None and now.state == OPEN and now.client_informed_at is None:
                timers.add(connection, requests.uninformed_key(request.id), at, self._context.now)

        self._context.actions.write(Action(OWN, "watch_client", request.ticket_id, intent=at.isoformat()), record)

    def inform_only(self, opened: Opened, *, why: str) -> None:
        """Close a request that needs no answer, so that nobody is reminded (R-17)."""
        ending = Ending(ANSWERED, NOT_REQUIRED, self._context.now)

        def record(connection: sa.Connection) -> None:
            requests.close(connection, opened.request.id, ending, self._context.label, self._context.now)

        action = Action(why, "inform_only", opened.request.ticket_id, possible=opened.real)
        self._context.actions.write(action, record)

    def put_off(self, request: Request, timer: int, until: datetime, *, why: str) -> None:
        """Let a timer fire again later: nobody is told anything in the quiet hours."""

        def record(connection: sa.Connection) -> None:
            now = requests.get(connection, request.id)
            if now is not None and now.state == OPEN and now.ring == timer:
                requests.arm(connection, now, until, self._context.now)

        action = Action(why, "put_off_reminder", request.ticket_id, intent=until.isoformat())
        self._context.actions.write(action, record)

    def take_step(self, request: Request, event: TimerEvent, department: Department, *, why: str) -> int | None:
        """Take the step whose timer fires; return its number, or `None` if the timer is out of date (snoozed, answered,
        taken). The timer of the next step is set before anything is sent, so that a failure to send does not delay it.
        """
        label, steps = self._context.label, self.steps(department)

        def rows(connection: sa.Connection) -> Result:
            now = requests.get(connection, request.id)
            if now is not None and now.rung_by == label:
                return Result({"step": now.step - 1})
            if now is None or now.state != OPEN or now.ring != event.timer_number or now.step >= len(steps):
                return Result(outcome="unchanged", reason="this reminder counts no more")
            taken: dict[str, Any] = {"step": now.step + 1, "rung_by": label, "snoozed_until": None}
            if now.step + 1 < len(steps):
                requests.arm(connection, now, self._next(department, now), self._context.now, **taken)
            else:
                requests.change(connection, now.id, next_at=None, **taken)
            return Result({"step": now.step}, after=now.step + 1)

        result = self._context.actions.write(Action(why, "climb_ladder", request.ticket_id), rows)
        return int(result["step"]) if result else None

    def _next(self, department: Department, request: Request) -> datetime:
        """Return when the next step is due; after a snooze it keeps its distance from the one whose timer fired."""
        steps, step = self.steps(department), request.step
        moment = self._due(department, request.since, step + 1)
        if request.snoozed_until is not None:
            gap = steps[step + 1].after - steps[step].after
            clock = self._config.departments.clock
            moment = max(moment, self.calendar(department).after(request.snoozed_until, gap, clock))
        return self._after_quiet(moment)

    def sent(self, request: Request, step: int, told: Told, event: TimerEvent) -> Callable[[sa.Connection], None]:
        """Return a function that records, in the caller's transaction, whom a step has told."""
        values = {"request": request.id, "step": step, "due_at": event.due_at, "late": event.late}

        def record(connection: sa.Connection) -> None:
            requests.add_reminder(connection, told=told, sent_at=self._context.now, **values)

        return record

    def set_client_timer(self, request: Request, at: datetime, *, why: str) -> None:
        """Set a timer for a message to the client that has to wait for working time (C-13)."""

        def record(connection: sa.Connection) -> None:
            now = requests.get(connection, request.id)
            if now is not None and now.state == OPEN:
                timers.add(connection, requests.client_key(request.id), at, self._context.now)

        action = Action(why, "put_off_client", request.ticket_id, intent=at.isoformat())
        self._context.actions.write(action, record)

    def end(self, request: Request, ending: Ending, *, why: str) -> bool:
        """Record an answer, or that none is needed, which stops the escalation; True if this delivery did so."""

        def rows(connection: sa.Connection) -> Result:
            mine = requests.close(connection, request.id, ending, self._context.label, self._context.now)
            if mine:
                promises.withdraw(
                    connection, request.id, drafts_only=ending.state == ANSWERED, by=self._context.label,
                    now=self._context.now,
                )  # fmt: skip
            return Result(mine, outcome="done" if mine else "unchanged", after=ending.how)

        return bool(
            self._context.actions.write(Action(why, "end_request", request.ticket_id, intent=ending.state), rows)
        )

    def snooze(self, request: Request, until: datetime, reason: str, *, why: str) -> None:
        """Postpone the next step, for a reason that a person gave."""

        def record(connection: sa.Connection) -> None:
            now = requests.get(connection, request.id)
            if now is not None and now.state == OPEN:
                words = {"snoozed_until": until, "snooze_reason": reason}
                requests.arm(connection, now, self._after_quiet(until), self._context.now, **words)

        action = Action(why, "snooze_request", request.ticket_id, intent=until.isoformat())
        self._context.actions.write(action, record)

    def wake(self, request: Request, department: Department, *, why: str) -> None:
        """Set the timer of a postponed step back to its moment by the escalation policy."""
        at = self._still_due(request, department)

        def record(connection: sa.Connection) -> None:
            now = requests.get(connection, request.id)
            if at is not None and now is not None and now.state == OPEN and now.snoozed_until is not None:
                requests.arm(connection, now, at, self._context.now, snoozed_until=None, snooze_reason=None)

        action = Action(why, "wake_request", request.ticket_id, intent=at.isoformat() if at else None)
        self._context.actions.write(action, record)

    def reopen(self, request: Request, department: Department, *, why: str) -> bool:
        """Reopen a request that a person marked as answered on a page; False if it ended in another way."""
        at = self._still_due(request, department)

        def rows(connection: sa.Connection) -> Result:
            if not requests.reopen(connection, request.id, self._context.label):
                return Result(outcome="unchanged", reason="it was not a page that ended it")
            now = requests.get(connection, request.id)
            if at is not None and now is not None and now.next_at is None:
                requests.arm(connection, now, at, self._context.now)
            return Result(True)

        return bool(self._context.actions.write(Action(why, "reopen_request", request.ticket_id), rows))

    def _still_due(self, request: Request, department: Department) -> datetime | None:
        """Return when the next escalation step is due, at the earliest now; `None` if no step is left."""
        if request.step >= len(self.steps(department)):
            return None
        due = self._due(department, request.since, request.step)
        return self._after_quiet(max(due, self._context.now))

    def ticket_solved(self, asked: Sequence[Request], at: datetime | None, *, why: str) -> None:
        """Record that the requests' ticket was solved, which withdraws its promises; `at=None`: it is open again."""

        def record(connection: sa.Connection) -> None:
            for request in asked:
                requests.change(connection, request.id, ticket_solved_at=at)
                if at is not None:
                    label, now = self._context.label, self._context.now
                    promises.withdraw(connection, request.id, drafts_only=False, by=label, now=now)

        name = "stop_words_to_client" if at else "resume_words_to_client"
        self._context.actions.write(Action(why, name, asked[0].ticket_id), record)

    def hand_over(self, handed: Sequence[Request], agent: str, gender: str | None, *, why: str) -> None:
        """Assign requests to another agent, who is told from now on; all in one action, like `HoldsDesk.pass_on`."""

        def record(connection: sa.Connection) -> None:
            for request in handed:
                requests.change(connection, request.id, owner_id=agent, owner_gender=gender)

        action = Action(why, "hand_over_requests", handed[0].ticket_id, intent=agent, before=handed[0].owner_id)
        self._context.actions.write(action, record)

    def keep_status(self, source: str, agent: str, status: str, since: datetime, *, why: str) -> None:
        """Record the status of an agent (W-01)."""

        def record(connection: sa.Connection) -> None:
            agents.set_status(connection, source, agent, status, since)

        self._context.actions.write(Action(why, "keep_status", agent, intent=status), record)


def _one_place(known: Request, draft: RequestDraft) -> bool:
    return not known.external_id and (known.dept_ticket_id is None or draft.dept_ticket_id is None)
