"""The sandbox's clock: real time plus an offset that the bot reads from a file."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo(
    "Europe/Moscow"
)  # the zone of every account's profile; Jira writes its stamps and reads JQL dates in it


class SandboxClock:
    """Moves by `set_to` and `advance`; keeps the offset in `<data dir>/sandbox-clock.json`."""

    def __init__(self, data_dir: Path) -> None:
        """Go on from the offset that an earlier run left, or from zero."""
        self.file = data_dir / "sandbox-clock.json"
        self.offset = timedelta()
        if self.file.exists():
            self.offset = timedelta(seconds=json.loads(self.file.read_text(encoding="utf-8"))["offset_seconds"])

    def now(self) -> datetime:
        """This moment by the sandbox's clock, aware, UTC."""
        return datetime.now(UTC) + self.offset

    def set_to(self, moment: datetime) -> None:
        """Jump to an aware moment and run on from there."""
        self._write(moment - datetime.now(UTC))

    def advance(self, by: timedelta) -> None:
        """Jump forward (or back) by a duration."""
        self._write(self.offset + by)

    def reset(self) -> None:
        """Back to real time; the file goes."""
        self.offset = timedelta()
        self.file.unlink(missing_ok=True)

    def _write(self, offset: timedelta) -> None:
        self.offset = offset
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".tmp")
        draft.write_text(json.dumps({"offset_seconds": offset.total_seconds()}), encoding="utf-8")
        os.replace(draft, self.file)


def jira_stamp(moment: datetime) -> str:
    """A moment as Jira writes it: `2026-11-20T17:00:00.000+0300`."""
    local = moment.astimezone(ZONE)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"
