"""The draft of a request to a neighbour department, and the result of opening it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.departments import Department
from events.secrets import hide_secrets
from store.requests import OPEN, Request

LONGEST = 10_000  # characters of a question


@dataclass(frozen=True)
class RequestDraft:
    """A request before it is stored: whose ticket, which department, where the question lives, whom to tell later.

    `asked_at`: `None` means now. `first_answer`: the request is known only by its answer, which arrived first.
    `reopened`: a question that was asked and answered in the same place is asked again.
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
        """Return the columns of the new request."""
        left_out = ("department", "asked_at", "first_answer", "reopened")
        values = {name: value for name, value in vars(self).items() if name not in left_out}
        return {**values, "department": self.department.id, "text": hide_secrets(self.text)[:LONGEST]}


@dataclass(frozen=True)
class Opened:
    """The result of a draft: a new request, or the one that existed. `real=False`: a mode kept it from being made.

    `adopted`: the question was already known from Jira, and has been assigned to a ticket.
    """

    request: Request
    new: bool
    real: bool = True
    adopted: bool = False


def dry_run_request(draft: RequestDraft, now: datetime) -> Request:
    """Return the request that stands in for the one a dry run would make."""
    empty = dict.fromkeys(Request.__annotations__)
    values = {**empty, **draft.row(), "id": 0, "number": 1, "state": OPEN, "since": now, "step": 0, "ring": 0}
    return Request(**values)
