"""Moments as people write them, by the clock on the company's wall: «27 ноября, 10:53»."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from config import Config

MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wall:
    """The clock on a wall, and the moment at which something is written: of its own year the year is not said."""

    zone: tzinfo = UTC
    now: datetime | None = None

    @classmethod
    def of(cls, config: Config, now: datetime) -> Wall:
        """The company's."""
        return cls(ZoneInfo(config.calendar.named().zone), now)

    def say(self, moment: datetime) -> str:
        """A moment to the minute, for a text that is also read on other days."""
        local = moment.astimezone(self.zone)
        year = "" if self.now and self.now.astimezone(self.zone).year == local.year else f" {local.year}"
        return f"{local.day} {MONTHS[local.month - 1]}{year}, {local:%H:%M}"
