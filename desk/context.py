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
    """Raises alerts for the admins, each key once."""

    def __init__(self, templates: Templates, post: Post) -> None:
        self._templates = templates
        self._post = post

    def raise_once(self, connection: sa.Connection, key: str, name: str, **values: object) -> None:
        """Record the alert `name` (a text of `crm_templates/notes.yml`) and post it for sending, in one transaction."""
        now = machine_now()
        text = self._templates.note(name, **values)
        if systems.raise_alert(connection, key, text, now):
            self._post(connection, AlertEvent(occurred_at=now, key=key, text=text))


@dataclass(frozen=True)
class DeskContext:
    """Everything an action may need; handlers see none of it. `label` is the delivery (source/id), `case` its case."""

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
        """Have an effect that may exist twice checked after this delivery (`StrayEvent`)."""
        event = StrayEvent(occurred_at=machine_now(), key=key, delivery=self.label, case=self.case, **about)
        self.post(connection, event)

    def reading(self) -> sa.Connection:
        """Return a connection for look-ups that sees everything done so far."""
        self.actions.settle()
        return reading(self.engine)
