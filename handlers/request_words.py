"""Values that texts about a request are filled with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from config.departments import Department
from desk.desk import Desk
from desk.moments import Wall
from desk.requests import Request


@dataclass(frozen=True)
class RequestWords:
    """A request's values for texts: `department`, `ticket`, `where` it lives, `since`, `url`."""

    values: Mapping[str, object]

    @classmethod
    def of(cls, request: Request, department: Department, desk: Desk) -> RequestWords:
        """Return the values of a request."""
        where = request.issue_key or request.dept_ticket_id or ""
        since = moment_text(request.since, desk)
        ticket = {"ticket": request.ticket_id, "url": request.url or ""}
        return cls({"department": department.name, **ticket, "where": where, "since": since})


def named(request: Request, desk: Desk) -> str:
    """Return the department's name, or its id in the request if the configuration no longer has it."""
    department = desk.requests.department(request)
    return department.name if department else request.department


def moment_text(moment: datetime, desk: Desk) -> str:
    """Write a moment in the company's local time."""
    return Wall.of(desk.config, desk.now).say(moment)
