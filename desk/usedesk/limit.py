"""Usedesk's rate limit, shared by all processes: who may call now, and when the others come back."""

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
    """Order of the calls: first look-ups for decisions, texts to clients and reminders; then notes to agents."""

    FIRST = 0
    COURTESY = 1


@dataclass(frozen=True)
class Limit:
    """The limit for one caller: a delivery, which comes back at its turn, or another caller, which leaves `reserve`
    calls to deliveries and tries again some time.
    """

    engine: sa.Engine
    delivery: str | None = None
    reserve: int = 0

    def take(self, level: Level) -> None:
        """Take a call; raise `Later` if there is none, so that no worker sleeps while it has a delivery."""
        now = machine_now()
        with self.engine.begin() as connection:
            if self.delivery is not None:
                come_back = turns.take(connection, RATE, now, Turn(self.delivery, level))
            else:
                reserve = self.reserve + turns.waiting(connection, RATE.name, now)
                come_back = rates.take(connection, RATE, now, min(reserve, RATE.burst - 1))
        if come_back is not None:
            raise Later(f"{RATE.name}: its limit of calls is used up", at=come_back, no_effect=True)
