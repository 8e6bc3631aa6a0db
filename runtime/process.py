"""What every process of the bot begins with: settings, database, configuration, clock."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from config import Watch
from config.settings import Settings
from desk.clock import Clock
from desk.office import Office
from handlers import PROCEDURES
from runtime import own_events
from runtime.inbox import StoreInbox
from runtime.switchboard import Switchboard
from store.database import connect
from store.migrate import upgrade

SANDBOX_CLOCK = "sandbox-clock.json"


@dataclass(frozen=True)
class Process:
    """Opens each part when it is first asked for."""

    settings: Settings

    @cached_property
    def engine(self) -> sa.Engine:
        """The database, brought to this release."""
        engine = connect(self.settings.database_url)
        upgrade(engine)
        return engine

    @cached_property
    def watch(self) -> Watch:
        """The configuration; raises ConfigError with every fault."""
        return Watch(self.settings.config_dir, os.environ)

    @cached_property
    def switchboard(self) -> Switchboard:
        """The configuration in force, with what was switched in the console."""
        return Switchboard(self.engine, self.watch)

    @cached_property
    def inbox(self) -> StoreInbox:
        """Where receivers put their arrivals."""
        return StoreInbox(self.engine, PROCEDURES)

    @cached_property
    def clock(self) -> Clock:
        """The desk's clock; the sandbox's in the sandbox."""
        sandbox = self.settings.smezhnik_sandbox
        return Clock(self.settings.data_dir / SANDBOX_CLOCK if sandbox else None)

    @cached_property
    def office(self) -> Office:
        """Where desks are opened."""
        return Office(self.engine, self.settings, own_events.post, self.clock)
