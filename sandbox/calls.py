"""The calls that the sandbox received, the newest 50,000."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

KEPT = 50_000


class CallLog:
    """A bounded list in the order of arrival; a call appears once it was answered."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = threading.Lock()
        self._seen: deque[tuple[str, dict[str, Any]]] = deque(maxlen=KEPT)

    def begin(self, system: str, call: dict[str, Any]) -> None:
        """Take a place in the order of arrival for a call whose `status` is still None."""
        with self._lock:
            self._seen.append((system, call))

    def listed(self, system: str | None) -> list[dict[str, Any]]:
        """The answered calls (of one system): `at`, `method`, `path`, `body`, `status` (0 = connection broken)."""
        with self._lock:
            seen = list(self._seen)
        return [call for of, call in seen if system in (None, of) and call["status"] is not None]

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._seen.clear()
