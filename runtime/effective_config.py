"""The configuration in force: the files, overlaid with the rules and mass failures that people switch on the pages.

Switching a rule or opening a failure makes another configuration with a version of its own. A delivery keeps the
version that it began with, so a switch takes effect, in every process, for the deliveries that begin after it.
"""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa

from config import Config, ConfigReloader, Mode
from config.incidents import Incident
from store.database import reading
from store.in_force import InForce, in_force


class EffectiveConfig:
    """Returns what is in force now; each call costs one small query."""

    def __init__(self, engine: sa.Engine, reloader: ConfigReloader) -> None:
        self._engine = engine
        self._reloader = reloader
        self._made: tuple[Config, InForce, Config] | None = None

    def current(self) -> Config:
        """The configuration for what begins now."""
        files = self._reloader.current()
        with reading(self._engine) as connection:
            turned = in_force(connection)
        made = self._made
        if made is None or made[0] is not files or made[1] != turned:
            # a single assignment: threads that race only build the same value twice
            self._made = made = (files, turned, _above(files, turned))
        return made[2]


def _above(files: Config, turned: InForce) -> Config:
    changed = files.switched(cast(dict[str, Mode], turned.modes))
    return changed.during(tuple(map(_incident, turned.incidents))) if turned.incidents else changed


def _incident(row: tuple[int, str, str, str, str]) -> Incident:
    number, name, key, keywords, topics = row
    lines = {"keywords": tuple(keywords.splitlines()), "topics": tuple(topics.splitlines())}
    return Incident(id=number, name=name, issue_key=key, **lines)
