"""What the sandbox's Usedesk knows and what can happen to a ticket; each change tells the bot by a webhook."""

from __future__ import annotations

import copy
import itertools
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox import usedesk_shapes as shapes
from sandbox.usedesk_hooks import Messenger

OPEN, SOLVED, CLOSED, NEW = 1, 2, 3, 8
STATUSES = range(1, 11)
PRIORITIES = ("low", "medium", "urgent", "extreme")
TYPES = ("question", "task", "problem", "incident")
LIMITS = ((10, 25), (60, 150))  # seconds, calls: 2.5 a second seen over ten, 150 a minute
HERE = Path(__file__).parent


@cache
def _world() -> dict[str, Any]:
    world: dict[str, Any] = yaml.safe_load((HERE / "usedesk.yml").read_text(encoding="utf-8"))
    return world


@dataclass
class SandboxTicket:
    """One request; moments as Usedesk writes them, in a zone of its own and without naming it."""

    id: int
    subject: str
    client_id: int
    published_at: str
    updated_at: str
    status: int = NEW
    assignee_id: int | None = None
    group_id: int | None = None
    priority: str = "medium"
    type: str = "question"
    additional_id: str | None = None
    tags: list[str] = field(default_factory=list)
    fields: dict[int, str] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class UsedeskWords:
    """A comment to be written: `sender` is user, client or trigger (a rule)."""

    message: str
    sender: str = "user"
    public: bool = False
    user_id: int | None = None


class UsedeskState:
    """Tickets, people and switches; not locked: the sandbox serves one call at a time."""

    def __init__(self, now: Callable[[], datetime], messenger: Messenger | None, *, limited: bool) -> None:
        """`messenger` None: nobody is told; `limited`: refuse too many calls."""
        self._now = now
        self.messenger = messenger
        self._limited = limited
        self._ids = itertools.count(900_001)
        self.reset()

    def reset(self) -> None:
        """Back to the start, but for ids, which are never used again."""
        self.world: dict[str, Any] = copy.deepcopy(_world())
        self.tickets: dict[int, SandboxTicket] = {}
        self.limited, self.form, self.webhooks = self._limited, False, True
        self.zone = 0  # minutes by which the dates are ahead of UTC
        self._calls: dict[str, deque[float]] = {}

    def stamp(self) -> str:
        """This moment as Usedesk writes it."""
        return f"{self._now() + timedelta(minutes=self.zone):%Y-%m-%d %H:%M:%S}"

    def person(self, kind: str, id_: int | None) -> dict[str, Any] | None:
        """A user, group, client or field by its id."""
        return next((one for one in self.world[kind] if one["id"] == id_), None)

    def busy(self, address: str) -> bool:
        """Count a call from an address; True when it is one too many."""
        calls, now = self._calls.setdefault(address, deque(maxlen=max(most for _, most in LIMITS))), time.monotonic()
        if self.limited and any(sum(now - at < seconds for at in calls) >= most for seconds, most in LIMITS):
            return True
        calls.append(now)
        return False

    def new_client(self, given: dict[str, Any]) -> int:
        """Add a client by name, e-mail, phone; the id."""
        emails = [{"email": given["client_email"]}] if given.get("client_email") else []
        phones = [{"phone": given["client_phone"]}] if given.get("client_phone") else []
        client: dict[str, Any] = {
            "id": next(self._ids),
            "name": given.get("client_name") or "",
            "emails": emails,
            "phones": phones,
        }
        self.world["clients"].append(client)
        return int(client["id"])

    def put(self, ticket_id: int | None, subject: str, client_id: int, **given: Any) -> SandboxTicket:
        """Put a ticket in without telling anybody."""
        now, number = self.stamp(), ticket_id or next(self._ids)
        self.tickets[number] = SandboxTicket(number, subject, client_id, now, now, **given)
        return self.tickets[number]

    def announce(self, ticket: SandboxTicket) -> None:
        """Tell that a ticket is new."""
        self._tell(shapes.created(self, ticket))

    def write(self, ticket: SandboxTicket, words: UsedeskWords, *, quiet: bool = False) -> dict[str, Any]:
        """Add a comment; a client's opens a solved ticket again."""
        comment: dict[str, Any] = {
            "id": next(self._ids),
            "message": words.message,
            "from": words.sender,
            "type": "public" if words.public else "private",
            "user_id": words.user_id,
            "client_id": ticket.client_id,
            "ticket_id": ticket.id,
            "is_first": int(not ticket.comments),
            "published_at": self.stamp(),
            "files": [],
        }
        ticket.comments.append(comment)
        ticket.updated_at = comment["published_at"]
        if not quiet:
            self._tell(shapes.commented(self, ticket, comment))
            if words.sender == "client" and ticket.status == SOLVED:
                self.change(ticket, {"status_id": OPEN}, None)
        return comment

    def change(self, ticket: SandboxTicket, wanted: dict[str, Any], user_id: int | None) -> dict[str, Any] | None:
        """Set what differs, by webhook target (`status_id`, `assignee_id`, …); the change, None when nothing does."""
        before = {target: shapes.value(ticket, target) for target in wanted}
        old_status = ticket.status
        data = []
        for target, new in wanted.items():
            if before[target] != new:
                shapes.set_value(ticket, target, new)
                data += shapes.items(target, before[target], new)
        if not data:
            return None
        change = {
            "id": next(self._ids),
            "trigger_id": None if user_id else 1,
            "user_id": user_id,
            "ticket_id": ticket.id,
            "data": data,
            "changed_at": self.stamp(),
            "old_status": old_status,
            "new_status": ticket.status,
            "company_id": self.world["company"],
        }
        ticket.changes.append(change)
        ticket.updated_at = change["changed_at"]
        self._tell(shapes.changed(self, ticket, change))
        return change

    def rate(self, ticket: SandboxTicket, rating: int) -> None:
        """The client rates the ticket."""
        self._tell(shapes.rated(self, ticket, next(self._ids), rating))

    def chat(self, ticket: SandboxTicket, chat_id: int, text: str) -> None:
        """The client writes in a chat."""
        self._tell(shapes.chatted(self, ticket, chat_id, text))

    def _tell(self, body: dict[str, Any]) -> None:
        if self.messenger and self.webhooks:
            self.messenger.send(copy.deepcopy(body), form=self.form)
