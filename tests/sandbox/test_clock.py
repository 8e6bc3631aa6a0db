"""The sandbox's clock, and the file that the bot reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sandbox.clock import SandboxClock, jira_stamp
from sandbox.live import LiveSandbox

from .conftest import Jira

NEAR = timedelta(seconds=20)


def test_the_clock_is_set_and_advanced(live: LiveSandbox, jira: Jira, tmp_path: Path) -> None:
    live.clock(set="2026-11-20T17:00:00+03:00")
    live.clock(advance="25h")
    shown = live.call("GET", "/sandbox/clock")
    wanted = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
    assert timedelta() <= datetime.fromisoformat(shown["now"]) - wanted < NEAR
    offset = json.loads((tmp_path / "sandbox-clock.json").read_text())["offset_seconds"]
    assert offset == shown["offset_seconds"]
    created = jira.fields(jira.create()["key"])["created"]
    assert created.startswith("2026-11-21T18:00")
    assert live.calls("jira")[-1]["at"].startswith("2026-11-21T15:00")


def test_a_restarted_sandbox_goes_on_and_a_reset_one_does_not(tmp_path: Path) -> None:
    clock = SandboxClock(tmp_path)
    clock.advance(timedelta(days=2))
    clock.advance(timedelta(days=-1))
    again = SandboxClock(tmp_path)
    assert again.offset == timedelta(days=1)
    again.reset()
    assert (again.offset, list(tmp_path.iterdir())) == (timedelta(), [])


def test_jira_writes_moments_in_the_zone_of_the_profile() -> None:
    assert jira_stamp(datetime(2026, 11, 20, 14, 0, 0, 7_000, UTC)) == "2026-11-20T17:00:00.007+0300"
