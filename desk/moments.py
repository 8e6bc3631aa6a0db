"""Moments as people write them, in the company's time zone: «27 ноября, 10:53»."""

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
    """A time zone, and the moment at which a text is written: the year is left out if it is the same."""

    zone: tzinfo = UTC
    now: datetime | None = None

    @classmethod
    def of(cls, config: Config, now: datetime) -> Wall:
        """Return the company's."""
        return cls(ZoneInfo(config.calendar.named().zone), now)

    def say(self, moment: datetime) -> str:
        """Return a moment to the minute, for a text that is also read on other days."""
        local = moment.astimezone(self.zone)
        year = "" if self.now and self.now.astimezone(self.zone).year == local.year else f" {local.year}"
        return f"{local.day} {MONTHS[local.month - 1]}{year}, {local:%H:%M}"
