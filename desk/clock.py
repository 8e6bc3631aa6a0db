"""The only module that reads the time.

`DeskClock.now()` is the desk's time, which handlers and timers use and the sandbox can shift. `machine_now()` is the
real time, used for retries, leases and signatures.
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
    """The desk's time; in a sandbox, the machine's time plus the offset that the sandbox wrote.

    `offset_file` holds `{"offset_seconds": float}`; it is `None` outside the sandbox, where the time cannot be shifted.
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
