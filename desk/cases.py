"""The register of problem cases as the desk keeps it, and the chats that are told of them (manual J)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from desk.actions import Action, Result
from desk.calendar import WorkCalendar
from desk.chats import ChatMessage
from desk.clock import machine_now
from desk.context import DeskContext
from desk.departments import MENTION
from desk.issues import Issue
from desk.telling import tell_each
from events import Attachment, CaseEvent, CommentEvent, IssueEvent, TicketEvent
from store import findings, problems
from store.findings import About
from store.problems import DONE, OPEN, UNCOVERED, Problem, Wait

__all__ = ["DONE", "OPEN", "UNCOVERED", "CasesDesk", "Opening", "Problem", "Wait"]
NO_ADDRESS = "cases.yml names no address"
SUGGESTED = "case"
CaseHeard = TicketEvent | IssueEvent | CommentEvent


@dataclass(frozen=True)
class Opening:
    """A case that begins: of a ticket, or of an issue that a person made, whose site and id stand for the ticket."""

    source: str
    ticket_id: str
    kind: str
    facts: Mapping[str, str]
    issue: Issue | None = None
    status: str | None = None
    owner_id: str | None = None
    owner_gender: str | None = None
    url: str | None = None

    def row(self, label: str, now: datetime) -> dict[str, object]:
        """The columns of the new row."""
        issue = self.issue
        place = {"site": issue.site, "issue_id": issue.id, "issue_key": issue.key} if issue else {}
        own = {name: value for name, value in vars(self).items() if name != "issue"}
        empty: dict[str, object] = {"state": OPEN, "branch": "", "steps": {}, "waits": {}, "moves": 0}
        return {**own, **place, **empty, "opened_by": label, "opened_at": now, "changed_at": now}

    def on_paper(self, label: str, now: datetime) -> Problem:
        """The case that is only spoken of."""
        nothing: dict[str, object] = dict.fromkeys(Problem.__annotations__)
        return Problem(**{**nothing, "id": 0, **self.row(label, now)})  # type: ignore[arg-type] # as the columns are


class CasesDesk:
    """The actions on problem cases, and their look-ups."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def get(self, number: int) -> Problem | None:
        """A case by its number."""
        with self._context.reading() as connection:
            return problems.get(connection, number)

    def of_ticket(self, source: str, ticket_id: str) -> Problem | None:
        """The case of a ticket."""
        with self._context.reading() as connection:
            return problems.of_ticket(connection, source, ticket_id)

    def of_issue(self, site: str, issue_id: str) -> Problem | None:
        """The case that an issue stands for."""
        with self._context.reading() as connection:
            return problems.of_issue(connection, site, issue_id)

    def open(self, opening: Opening, *, why: str) -> Problem:
        """Put a case into the register at once (J-38); the one that there is stays the only one."""
        action = Action(why, "open_case", f"{opening.source}:{opening.ticket_id}", intent=opening.kind)
        row = opening.row(self._context.label, self._context.now)

        def rows(connection: sa.Connection) -> Result:
            added = problems.add(connection, {**row, **problems.copies(opening.facts)})
            return Result(True, outcome="done" if added else "unchanged")

        if self._context.actions.write(action, rows):
            found = self.of_ticket(opening.source, opening.ticket_id)
            if found is not None:
                return found
        return opening.on_paper(self._context.label, self._context.now)

    def hear(self, case: Problem, event: CaseHeard, *, why: str) -> None:
        """Let what happened be heard where all that happens to the case is done, one after the other."""
        about = {"number": case.id, "ticket_source": case.source, "ticket_id": case.ticket_id}
        heard = CaseEvent(
            type="case.heard", occurred_at=self._context.now, key=self._context.label, event=event, **about
        )
        action = Action(why, "hear_case", f"{case.source}:{case.ticket_id}", intent=event.type)
        self._context.actions.write(action, lambda connection: self._context.post(connection, heard))

    def pass_on(self, case: Problem, file: Attachment, *, why: str) -> bool:
        """Have a file of the client's attached to the issue, apart from the case; return whether that was filed."""
        about = {"number": case.id, "ticket_source": case.source, "ticket_id": case.ticket_id}
        key = f"photo:{case.id}:{file.fingerprint}"
        photo = CaseEvent(type="case.photo", occurred_at=machine_now(), key=key, file=file, **about)

        def rows(connection: sa.Connection) -> Result:
            self._context.post(connection, photo)
            return Result(True)

        return bool(self._context.actions.write(Action(why, "pass_on_photo", case.issue_key, file.name), rows))

    def was_suggested(self, source: str, ticket_id: str, rule: str) -> bool:
        """Whether another delivery has told the agent that a ticket may be a case."""
        with self._context.reading() as connection:
            told = findings.told_by(connection, About(source, ticket_id, rule, SUGGESTED))
        return told is not None and told != self._context.label

    def suggested(self, source: str, ticket_id: str, rule: str) -> Callable[[sa.Connection], None]:
        """What goes into the store when the agent was told so."""
        about = About(source, ticket_id, rule, SUGGESTED)
        return lambda connection: findings.add(connection, about, self._context.label, self._context.now)

    def keep(self, before: Problem, after: Problem, *, why: str) -> None:
        """Write what has changed, and set the timers of what is waited for."""
        changed = {name: value for name, value in vars(after).items() if value != getattr(before, name)}
        if not changed or not after.real:
            return
        known = {**before.facts, **after.facts}
        facts = {name: value for name, value in known.items() if before.facts.get(name) != after.facts.get(name)}
        steps = sorted(after.steps.keys() ^ before.steps.keys())
        said = {"facts": sorted(facts), "steps": steps, "branch": after.branch, "state": after.state}
        action = Action(why, "keep_case", f"{after.source}:{after.ticket_id}", intent=said)

        def rows(connection: sa.Connection) -> None:
            problems.change(connection, after.id, {**changed, "changed_at": self._context.now})
            problems.set_timers(connection, before, after.waits, self._context.now)

        self._context.actions.write(action, rows)

    def tell(self, chat: str, text: str, *, why: str, possible: bool = True) -> bool:
        """Write to one of the chats of `cases.yml`; whether it was delivered."""
        action = Action(why, "tell_case_chat", chat, intent=text, possible=possible)
        address = self._context.config.cases.chats.get(chat)
        if address is None:
            note = replace(action, intent=None)
            return bool(self._context.actions.note(note, Result(outcome="unchanged", reason=NO_ADDRESS)))
        message = ChatMessage(MENTION.sub("\\1\u2060", text))
        return tell_each(self._context, action, [address], lambda: message)

    def morning(self, day: date) -> datetime:
        """When work begins on a day, or after it on the next working one."""
        calendar = WorkCalendar(self._context.config.calendar.named())
        return calendar.next_working(calendar.midnight_after(day - timedelta(days=1)))

    def today(self) -> date:
        """The company's date."""
        return WorkCalendar(self._context.config.calendar.named()).local(self._context.now).date()

    def working(self, since: datetime, span: timedelta) -> datetime:
        """A moment after so many working hours of the company (J-08, J-09)."""
        return WorkCalendar(self._context.config.calendar.named()).add_working(since, span)
