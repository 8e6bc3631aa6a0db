"""Moments on pages: in the company's zone, with UTC beside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from config import Config
from web.language import language
from web.words import relative

_FORMATS = {"ru": "%d.%m.%Y %H:%M:%S", "en": "%Y-%m-%d %H:%M:%S"}
_INPUT = "%Y-%m-%dT%H:%M"  # what <input type="datetime-local"> sends


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as it is seen from `now`; each way to say it is made when it is asked for."""

    at: datetime
    now: datetime
    zone: ZoneInfo

    @property
    def iso(self) -> str:
        """For programs."""
        return self.at.isoformat(timespec="seconds")

    @property
    def utc(self) -> str:
        """In UTC."""
        return f"{self.at:%Y-%m-%d %H:%M:%S} UTC"

    @property
    def exact(self) -> str:
        """By the clock on the company's wall."""
        return self.at.astimezone(self.zone).strftime(_FORMATS[language()])

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


def asked_moment(text: str, zone: ZoneInfo, *, end: bool = False) -> datetime | None:
    """A moment that a form asks for, by the company's clock; `end`: the whole minute, or the whole day, counts."""
    for form, length in ((_INPUT, timedelta(minutes=1)), ("%Y-%m-%d", timedelta(days=1))):
        try:
            found = datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
        return found + length if end else found
    return None
