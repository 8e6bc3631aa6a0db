"""What every process of the bot begins with: settings, database, configuration, clock."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from config import ConfigReloader
from config.settings import Settings
from desk.clock import DeskClock
from desk.factory import DeskFactory
from handlers import PROCEDURES
from runtime import own_events
from runtime.effective_config import EffectiveConfig
from runtime.inbox import StoreInbox
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
    def reloader(self) -> ConfigReloader:
        """The configuration; raises ConfigError with every fault."""
        return ConfigReloader(self.settings.config_dir, os.environ)

    @cached_property
    def effective_config(self) -> EffectiveConfig:
        """The configuration in force, with what was switched in the console."""
        return EffectiveConfig(self.engine, self.reloader)

    @cached_property
    def inbox(self) -> StoreInbox:
        """Where receivers put their arrivals."""
        return StoreInbox(self.engine, PROCEDURES)

    @cached_property
    def clock(self) -> DeskClock:
        """The desk's clock; the sandbox's in the sandbox."""
        sandbox = self.settings.smezhnik_sandbox
        return DeskClock(self.settings.data_dir / SANDBOX_CLOCK if sandbox else None)

    @cached_property
    def factory(self) -> DeskFactory:
        """Where desks are opened."""
        return DeskFactory(self.engine, self.settings, own_events.post, self.clock)
