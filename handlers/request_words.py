"""What texts about a request are made of."""

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
    """A request in words: `department`, `ticket`, `where` it lives, `since`, `url`."""

    values: Mapping[str, object]

    @classmethod
    def of(cls, request: Request, department: Department, desk: Desk) -> RequestWords:
        """The words of a request."""
        where = request.issue_key or request.dept_ticket_id or ""
        since = moment_text(request.since, desk)
        ticket = {"ticket": request.ticket_id, "url": request.url or ""}
        return cls({"department": department.name, **ticket, "where": where, "since": since})


def named(request: Request, desk: Desk) -> str:
    """The department's name, or what the request calls it when the configuration names it no more."""
    department = desk.requests.department(request)
    return department.name if department else request.department


def moment_text(moment: datetime, desk: Desk) -> str:
    """A moment by the company's clock on the wall."""
    return Wall.of(desk.config, desk.now).say(moment)
