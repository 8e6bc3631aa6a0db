"""Formats durations and shares for the lead's pages."""

from __future__ import annotations

from datetime import timedelta

from web.language import language
from web.words import word, words


def took(gap: timedelta | None) -> str:
    """Write a duration as text; «—» for None."""
    if gap is None:
        return "—"
    minutes = round(gap.total_seconds() / 60)
    days, hours = divmod(minutes // 60, 24)
    units = words()["relative"]["units"]
    said = {name: word("took", name) for name in units}
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} {said['m']}"
    return f"{days} {said['d']} {hours} {said['h']}" if days else f"{hours} {said['h']} {minutes % 60:02} {said['m']}"


def percent(share: float | None) -> str:
    """Write a share in per cent; «—» for None."""
    gap = "\u00a0" if language() == "ru" else ""
    return "—" if share is None else f"{share * 100:.0f}{gap}%"
