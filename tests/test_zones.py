"""Time zones come from the pinned `tzdata`, however old the host's files are."""

from __future__ import annotations

import os
import subprocess
import sys
import zoneinfo
from importlib import resources
from pathlib import Path

from tests.test_app import REAL, ROOT

SUMMER = "2026-07-01T12:00:00+00:00"  # in Almaty 17:00; by files older than 2024-03-01 it is 18:00
ASK = f"""
from datetime import datetime
from zoneinfo import ZoneInfo
early = ZoneInfo("Asia/Almaty")  # as a library does that wants to know the host's own zone
import app
bot = app.create_app().extensions["process"]
from desk.calendar import WorkCalendar
at = datetime.fromisoformat("{SUMMER}")
calendar = WorkCalendar(bot.reloader.current().calendar.named("kazakhstan"))
bot.engine.dispose()
print(calendar.local(at).isoformat())
"""


def stale(folder: Path, zone: str, as_in: str) -> str:
    """A folder of zones as an old host has them: there one zone is what it was then, `as_in` another."""
    file = folder / "zoneinfo" / zone
    file.parent.mkdir(parents=True)
    file.write_bytes((resources.files("tzdata") / "zoneinfo" / as_in).read_bytes())
    return str(folder / "zoneinfo")


def test_web_and_commands_go_by_the_package_whatever_was_read_before(tmp_path: Path) -> None:
    zones = stale(tmp_path, "Asia/Almaty", "Etc/GMT-6")
    env = os.environ | REAL | {"PYTHONTZPATH": zones, "DATA_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, env=env, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "2026-07-01T17:00:00+05:00"


def test_the_tests_go_by_the_package() -> None:
    assert zoneinfo.TZPATH == ()
