"""Which time zone data the bot goes by."""

from __future__ import annotations

import zoneinfo


def pin() -> None:
    """Go by the `tzdata` of requirements.txt alone: zoneinfo prefers the host's files, which may be years old.

    What was read before is forgotten: a library may have read the host's own zone when it was imported.
    """
    zoneinfo.reset_tzpath(())
    zoneinfo.ZoneInfo.clear_cache()
