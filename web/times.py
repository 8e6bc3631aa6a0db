"""Moments on pages: by the clock on the company's wall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from config import Config
from desk.moments import Wall
from web.language import language, said
from web.words import relative, words

_STAMPS = {"ru": "%d.%m.%Y %H:%M:%S", "en": "%Y-%m-%d %H:%M:%S"}
_INPUT = "%Y-%m-%dT%H:%M"  # what <input type="datetime-local"> sends


@dataclass(frozen=True, slots=True)
class ShownMoment:
    """A moment as it is seen from `now`; each way to say it is made when it is asked for."""

    at: datetime
    now: datetime
    zone: ZoneInfo

    @property
    def iso(self) -> str:
        """For programs."""
        return self.at.isoformat(timespec="seconds")

    @property
    def stamp(self) -> str:
        """To the second, for tables that are sorted and reckoned with."""
        return self.at.astimezone(self.zone).strftime(_STAMPS[language()])

    @property
    def exact(self) -> str:
        """As people write it: «сегодня в 10:53», «27 ноября, 10:53»."""
        local, today = self.at.astimezone(self.zone), self.now.astimezone(self.zone).date()
        near = words()["days"].get((local.date() - today).days)
        if near:
            return said(near).format(time=f"{local:%H:%M}")
        if language() == "ru":
            return Wall(self.zone, self.now).say(self.at)
        return f"{local.day} {local:%B}{'' if local.year == today.year else f' {local.year}'}, {local:%H:%M}"

    @property
    def relative(self) -> str:
        """In words: how long ago, or how soon."""
        return relative(self.at, self.now)


def zone_of(config: Config) -> ZoneInfo:
    """The company's zone."""
    return ZoneInfo(config.calendar.named().zone)


def as_moment(value: object) -> datetime | None:
    """A moment that is written as programs do; None: it is something else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def moment_of_query(text: str, zone: ZoneInfo, *, end: bool = False) -> datetime | None:
    """A moment that a form asks for, by the company's clock; `end`: the whole minute, or the whole day, counts."""
    for form, length in ((_INPUT, timedelta(minutes=1)), ("%Y-%m-%d", timedelta(days=1))):
        try:
            found = datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
        return found + length if end else found
    return None
