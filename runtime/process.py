"""What every process of the bot starts with: settings, database, configuration, clock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """The parts of a process, each made when it is first used."""

    settings: Settings
    env: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False, compare=False)

    @cached_property
    def engine(self) -> sa.Engine:
        """The database, migrated to this release."""
        engine = connect(self.settings.database_url)
        upgrade(engine)
        return engine

    def with_variables(self, variables: Mapping[str, str]) -> Process:
        """Return a process on the same database as it would be with these environment variables."""
        env = {**self.env, **variables}
        other = Process(Settings.read(env), env)
        other.__dict__["engine"] = self.engine
        return other

    @cached_property
    def reloader(self) -> ConfigReloader:
        """The configuration from the files; raises ConfigError with every fault."""
        return ConfigReloader(self.settings.config_dir, self.env)

    @cached_property
    def effective_config(self) -> EffectiveConfig:
        """The configuration in force, with what was switched on the pages."""
        return EffectiveConfig(self.engine, self.reloader)

    @cached_property
    def inbox(self) -> StoreInbox:
        """Where receivers put their arrivals."""
        return StoreInbox(self.engine, PROCEDURES)

    @cached_property
    def clock(self) -> DeskClock:
        """The desk's clock; in the sandbox, the sandbox's own."""
        sandbox = self.settings.smezhnik_sandbox
        return DeskClock(self.settings.data_dir / SANDBOX_CLOCK if sandbox else None)

    @cached_property
    def factory(self) -> DeskFactory:
        """What makes desks."""
        return DeskFactory(self.engine, self.settings, own_events.post, self.clock)
