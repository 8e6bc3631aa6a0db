"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PAUSE = 0.02  # seconds between two looks


def until(condition: Callable[[], T], what: str, *, seconds: float = 120, log: Path | None = None) -> T:
    """Wait until the condition gives something true, and give it back; after `seconds` AssertionError with the log."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            said = log.read_text()[-3000:] if log and log.exists() else ""
            raise AssertionError(f"waited {seconds} s in vain: {what}\n{said}")
        time.sleep(PAUSE)
    return found


def until_reached(count: Callable[[], int], goal: int, what: str, *, stall: float = 60) -> None:
    """Wait until a count has reached its goal; AssertionError when it stands still for `stall` seconds."""
    best, since = count(), time.monotonic()
    while best != goal:
        time.sleep(10 * PAUSE)
        now = count()
        if now != best:
            best, since = now, time.monotonic()
        elif time.monotonic() - since > stall:
            raise AssertionError(f"{what}: stands still at {best} of {goal}")
