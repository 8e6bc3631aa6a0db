"""What the actions of one desk share: the ledger, the configuration, the outside systems, the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from config import Config
from desk.action_ledger import ActionLedger
from desk.chats import Chats
from desk.clock import machine_now
from desk.crm.client import WebCrm
from desk.jira.client import JiraSite
from desk.jira.directory import Directory
from desk.templates import Templates
from desk.usedesk.client import Usedesk
from desk.usedesk.memory import Memory
from events import AlertEvent, BotEvent, StrayEvent
from store import systems
from store.database import reading

Post = Callable[[sa.Connection, BotEvent], object]


class Alerts:
    """Tells an admin what must be looked at; the same key once."""

    def __init__(self, templates: Templates, post: Post) -> None:
        self._templates = templates
        self._post = post

    def raise_once(self, connection: sa.Connection, key: str, name: str, **values: object) -> None:
        """Record the alert `name` (a text of `crm_templates/notes.yml`) and let it be sent, in this transaction."""
        now = machine_now()
        text = self._templates.note(name, **values)
        if systems.raise_alert(connection, key, text, now):
            self._post(connection, AlertEvent(occurred_at=now, key=key, text=text))


@dataclass(frozen=True)
class DeskContext:
    """Everything that an action may need; handlers see none of it. `label` names the delivery (source/id) of `case`."""

    engine: sa.Engine
    config: Config
    actions: ActionLedger
    templates: Templates
    directory: Directory
    alerts: Alerts
    post: Post
    chats: Chats
    site: Callable[[str], JiraSite]
    crm: Callable[[], WebCrm]
    usedesk: Callable[[], Usedesk]
    memory: Memory
    now: datetime
    label: str
    case: str

    def leave_word(self, connection: sa.Connection, key: str, **about: Any) -> None:
        """Let it be looked at, after this delivery, what may be there twice (`StrayEvent`)."""
        event = StrayEvent(occurred_at=machine_now(), key=key, delivery=self.label, case=self.case, **about)
        self.post(connection, event)

    def reading(self) -> sa.Connection:
        """A connection for look-ups, which see what has been done so far."""
        self.actions.settle()
        return reading(self.engine)
