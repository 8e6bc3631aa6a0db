"""Messages to departments' chats, their heads and the lead, sent with Apprise at least once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import sqlalchemy as sa
from pydantic import SecretStr

from config.departments import Department
from desk.actions import Action, Result
from desk.chats import ChatMessage
from desk.context import DeskContext
from desk.telling import tell_each
from desk.tickets import Stop

NO_ADDRESS = "departments.yml names no address"
MENTION = re.compile(r"([@<])(?=\S)")


@dataclass(frozen=True)
class Line:
    """A text of `crm_templates/notes.yml` for people in a chat, and what is written to the store once it was sent."""

    name: str
    values: Mapping[str, object]
    unless: Stop = lambda: None
    also: Callable[[sa.Connection], None] | None = field(default=None, compare=False)


class DepartmentsDesk:
    """The actions that reach departments and leads. Each returns whether the line was delivered."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def find(self, text: str | None) -> Department | None:
        """Return a department by its id or any spelling of its name."""
        return self._context.config.departments.find(text)

    def announce(self, department: Department, line: Line, *, why: str, possible: bool = True) -> bool:
        """Announce a new request in a department's chat (U-14)."""
        return self._send(Action(why, "announce_request", department.name, possible=possible), department.chat, line)

    def remind(self, department: Department, line: Line, *, why: str) -> bool:
        """Remind a department in its chat (U-30)."""
        return self._send(Action(why, "remind_department", department.name), department.chat, line)

    def tell_head(self, department: Department, line: Line, *, why: str) -> bool:
        """Tell the head of a department that a request has no answer (U-30)."""
        return self._send(Action(why, "tell_head", department.name), department.head, line)

    def tell_lead(self, line: Line, *, why: str) -> bool:
        """Tell the lead (U-30; W-01: in place of an agent who is away)."""
        return self._send(Action(why, "tell_lead", "lead"), self._context.config.departments.lead, line)

    def _send(self, action: Action, address: SecretStr | None, line: Line) -> bool:
        text = self._context.templates.note(line.name, **line.values)
        shown = replace(action, intent=text, already=line.unless)
        if address is None:
            return bool(self._context.actions.note(shown, Result(outcome="unchanged", reason=NO_ADDRESS)))
        # text written by people must not notify anybody: an invisible character breaks each mention
        message = ChatMessage(MENTION.sub("\\1\u2060", text))
        return tell_each(self._context, shown, [address], lambda: message, line.also)
