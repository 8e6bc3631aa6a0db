"""The one place that knows the time.

`now()` is the desk's time: what handlers and timers go by, and what the sandbox can move. `machine_now()` is the
real time: retries, leases and signatures go by it.
"""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path


def machine_now() -> datetime:
    """The real time, aware, UTC."""
    return datetime.now(UTC)


class DeskClock:
    """The desk's time; with a sandbox it is the machine's time plus the offset that the sandbox wrote.

    `offset_file` holds `{"offset_seconds": float}`; None outside the sandbox, where there is no such door.
    """

    def __init__(self, offset_file: Path | None = None) -> None:
        self._file = offset_file

    def now(self) -> datetime:
        """The desk's time, aware, UTC."""
        return machine_now() + self._offset()

    def _offset(self) -> timedelta:
        if self._file is not None:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                return timedelta(seconds=float(json.loads(self._file.read_text())["offset_seconds"]))
        return timedelta()
