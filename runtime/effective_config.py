"""The configuration in force: the files, and above them what people turned by hand: rules, and open mass failures.

A switched rule, or a failure that is opened, makes another configuration with a version of its own. A delivery keeps
the version that it began with, so a switch takes effect for what begins after it, in every process, with the next
delivery.
"""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa

from config import Config, ConfigReloader, Mode
from config.incidents import Incident
from store.database import reading
from store.in_force import InForce, in_force


class EffectiveConfig:
    """Asks the store at each call: one small query, and what is in force now."""

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
            # one assignment: threads that race make the same thing twice
            self._made = made = (files, turned, _above(files, turned))
        return made[2]


def _above(files: Config, turned: InForce) -> Config:
    changed = files.switched(cast(dict[str, Mode], turned.modes))
    return changed.during(tuple(map(_incident, turned.incidents))) if turned.incidents else changed


def _incident(row: tuple[int, str, str, str, str]) -> Incident:
    number, name, key, keywords, topics = row
    lines = {"keywords": tuple(keywords.splitlines()), "topics": tuple(topics.splitlines())}
    return Incident(id=number, name=name, issue_key=key, **lines)
