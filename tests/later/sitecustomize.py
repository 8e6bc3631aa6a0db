"""Imported by every Python that `make test-later` starts: lets it sleep.

faketime leaves the monotonic clock alone, for timeouts to work, but refuses to sleep by that clock, as
`time.sleep` does since Python 3.11.
"""

import select
import time


def _sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep
