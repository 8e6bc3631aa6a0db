"""What the verbs of one desk share: the journal, the configuration, the outside systems, the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from config import Config
from desk.chats import Chats
from desk.clock import machine_now
from desk.crm.client import WebCrm
from desk.jira.client import JiraSite
from desk.jira.directory import Directory
from desk.journal import Journal
from desk.templates import Templates
from desk.usedesk.client import Usedesk
from desk.usedesk.memory import Memory
from events import AlertEvent, BotEvent, StrayEvent
from store import systems
from store.database import reading

Post = Callable[[sa.Connection, BotEvent], None]


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
class Surroundings:
    """Everything that a verb may need; handlers see none of it. `label` names the delivery (source/id) of `case`."""

    engine: sa.Engine
    config: Config
    journal: Journal
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
        """A connection for look-ups."""
        return reading(self.engine)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction for the bot's own rows; what a dry run writes is undone."""
        with self.engine.connect() as connection:
            yield connection
            if self.journal.is_dry:
                connection.rollback()
            else:
                connection.commit()
