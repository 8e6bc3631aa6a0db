"""Moments on pages, in the company's local time."""

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
    """A moment as seen from `now`; each form is made when it is needed."""

    at: datetime
    now: datetime
    zone: ZoneInfo

    @property
    def iso(self) -> str:
        """The form for programs."""
        return self.at.isoformat(timespec="seconds")

    @property
    def stamp(self) -> str:
        """The form to the second, for tables that are sorted and calculated with."""
        return self.at.astimezone(self.zone).strftime(_STAMPS[language()])

    @property
    def exact(self) -> str:
        """The form that people write: «сегодня в 10:53», «27 ноября, 10:53»."""
        local, today = self.at.astimezone(self.zone), self.now.astimezone(self.zone).date()
        near = words()["days"].get((local.date() - today).days)
        if near:
            return said(near).format(time=f"{local:%H:%M}")
        if language() == "ru":
            return Wall(self.zone, self.now).say(self.at)
        return f"{local.day} {local:%B}{'' if local.year == today.year else f' {local.year}'}, {local:%H:%M}"

    @property
    def relative(self) -> str:
        """How long ago, or how soon, in words."""
        return relative(self.at, self.now)


def zone_of(config: Config) -> ZoneInfo:
    """Return the company's time zone."""
    return ZoneInfo(config.calendar.named().zone)


def as_moment(value: object) -> datetime | None:
    """Return a moment written in ISO format with an offset; None for anything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def moment_of_query(text: str, zone: ZoneInfo, *, end: bool = False) -> datetime | None:
    """Read a moment from a form, in the company's time zone; with `end`, return the end of its minute or day."""
    for form, length in ((_INPUT, timedelta(minutes=1)), ("%Y-%m-%d", timedelta(days=1))):
        try:
            found = datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
        return found + length if end else found
    return None
