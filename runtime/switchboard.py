"""The configuration in force: the files, and above them what an admin switched in the console.

A switched rule makes another configuration with a version of its own. A delivery keeps the version that it began
with, so a switch takes effect for what begins after it, in every process, with the next delivery.
"""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa

from config import Config, Mode, Watch
from store import switches
from store.database import reading


class Switchboard:
    """Asks the store at each call: one small query, and the switches of now."""

    def __init__(self, engine: sa.Engine, watch: Watch) -> None:
        self._engine = engine
        self._watch = watch
        self._made: tuple[Config, dict[str, str], Config] | None = None

    def current(self) -> Config:
        """The configuration for what begins now."""
        files = self._watch.current()
        with reading(self._engine) as connection:
            modes = switches.modes(connection)
        made = self._made
        if made is None or made[0] is not files or made[1] != modes:
            # one assignment: threads that race make the same thing twice
            self._made = made = (files, modes, files.switched(cast(dict[str, Mode], modes)))
        return made[2]
