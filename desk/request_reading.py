"""Look-ups of requests: their rows, the department's escalation policy and calendar, the agent who asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from config.departments import Department, EscalationStep
from desk.calendar import WorkCalendar
from desk.context import DeskContext
from desk.request_drafts import Opened
from store import agents, requests
from store.requests import OPEN, Request

ANSWERED_MEANWHILE = "the department has answered meanwhile"


class RequestReading:
    """The look-ups of requests."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._config = context.config

    def get(self, number: int) -> Request | None:
        """Return a request by its number."""
        with self._context.reading() as connection:
            return requests.get(connection, number)

    def of_ticket(self, source: str, ticket_id: str) -> list[Request]:
        """Return the open requests of a ticket."""
        with self._context.reading() as connection:
            return [one for one in requests.of_ticket(connection, source, ticket_id) if one.state == OPEN]

    def of_dept_ticket(self, source: str, ticket_id: str) -> Request | None:
        """Return the newest request that lives in a department's ticket."""
        with self._context.reading() as connection:
            return requests.of_dept_ticket(connection, source, ticket_id)

    def of_issue(self, site: str, issue_id: str) -> Request | None:
        """Return the newest request that lives in an issue."""
        with self._context.reading() as connection:
            return requests.of_issue(connection, site, issue_id)

    def of_external(self, source: str, ticket_id: str, external_id: str) -> Request | None:
        """Return the newest request that the CRM knows by this id."""
        with self._context.reading() as connection:
            return requests.of_external(connection, source, ticket_id, external_id)

    def concerns(self, request: Request) -> bool:
        """Whether a request concerns this delivery: it is open, or an earlier run of this delivery closed it."""
        return request.state == OPEN or request.closed_by == self._context.label

    def department(self, request: Request) -> Department | None:
        """Return the department of a request; `None` if the current configuration no longer has it."""
        return self._config.departments.find(request.department)

    def calendar(self, department: Department | None = None) -> WorkCalendar:
        """Return a department's calendar, or the company's."""
        return WorkCalendar(self._config.calendar.named(department.calendar if department else None))

    def still_open(self, request: Request) -> Callable[[], str | None]:
        """Return a check, made right before sending, that stops the message if the request was answered meanwhile."""

        def answered() -> str | None:
            now = self.get(request.id)
            return ANSWERED_MEANWHILE if now is None or now.state != OPEN else None

        return answered

    def due(self, opened: Opened, department: Department) -> datetime:
        """Return when an answer is due."""
        return self._due(department, opened.request.since, 0)

    def steps(self, department: Department) -> tuple[EscalationStep, ...]:
        """Return the steps of a department's escalation policy."""
        return self._config.departments.steps(department)

    def _due(self, department: Department, since: datetime, step: int) -> datetime:
        after = self.steps(department)[step].after
        return self.calendar(department).after(since, after, self._config.departments.clock)

    def _after_quiet(self, moment: datetime) -> datetime:
        return self.calendar().after_quiet(moment, self._config.departments.quiet_hours)

    def quiet_until(self) -> datetime | None:
        """Return when the current quiet hours end; `None` outside quiet hours."""
        until = self._after_quiet(self._context.now)
        return until if until > self._context.now else None

    def owner_is_away(self, request: Request) -> bool:
        """Whether the request's agent is not to be disturbed (W-01)."""
        if request.owner_id is None:
            return False
        with self._context.reading() as connection:
            status = agents.status_of(connection, request.source, request.owner_id)
        return self._config.departments.is_away(status)

    def gender(self, agent: str | None, told: str | None) -> Literal["f", "m"] | None:
        """Return an agent's gender: as the CRM said, otherwise as `departments.yml` says."""
        if told in ("f", "m"):
            return told  # type: ignore[return-value]
        return self._config.departments.client_text.genders.get(agent or "")
