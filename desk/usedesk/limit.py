"""Usedesk's limit of calls, which all processes share: who may call now, and who comes back when it is his turn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import sqlalchemy as sa

from desk.clock import machine_now
from desk.faults import Later
from store import rates, turns
from store.rates import Rate
from store.turns import Turn

RATE = Rate("usedesk", per_second=2, burst=5)  # Usedesk allows 150 a minute from one address


class Level(IntEnum):
    """Who goes first: what is looked up to decide, words to clients, reminders; then notes to agents."""

    FIRST = 0
    COURTESY = 1


@dataclass(frozen=True)
class Limit:
    """The limit as one caller meets it: a delivery, which comes back; or somebody who leaves `reserve` to deliveries
    and tries again some time.
    """

    engine: sa.Engine
    delivery: str | None = None
    reserve: int = 0

    def take(self, level: Level) -> None:
        """Take a call; raise `Later` when there is none: nobody sleeps with a delivery in hand."""
        now = machine_now()
        with self.engine.begin() as connection:
            if self.delivery is not None:
                come_back = turns.take(connection, RATE, now, Turn(self.delivery, level))
            else:
                reserve = self.reserve + turns.waiting(connection, RATE.name, now)
                come_back = rates.take(connection, RATE, now, min(reserve, RATE.burst - 1))
        if come_back is not None:
            raise Later(f"{RATE.name}: its limit of calls is used up", at=come_back, no_effect=True)
