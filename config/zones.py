"""Chooses the time zone data that the bot uses."""

from __future__ import annotations

import zoneinfo


def pin() -> None:
    """Use only the `tzdata` of requirements.txt: zoneinfo prefers the host's files, which may be years old.

    Clears the cache, as a library may have read the host's own zone when it was imported.
    """
    zoneinfo.reset_tzpath(())
    zoneinfo.ZoneInfo.clear_cache()
