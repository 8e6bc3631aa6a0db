"""`python -m benchmarks` runs every benchmark and prints a table each; with names, those alone."""

from __future__ import annotations

import sys
import time

from benchmarks import (
    acknowledge,
    alarms,
    closing_check,
    crashes,
    disk,
    duplicates,
    escalation,
    freezes,
    hold_crashes,
    latency,
    memory,
    pages,
    parse,
    phrases,
    slow_senders,
    throughput,
    together,
    usedesk_day,
    waiting,
)
from benchmarks.figures import quiet

ALL = {
    "parse": parse.main,
    "phrases": phrases.main,
    "escalation": escalation.main,
    "acknowledge": acknowledge.main,
    "throughput": throughput.main,
    "latency": latency.main,
    "memory": memory.main,
    "disk": disk.main,
    "waiting": waiting.main,
    "slow_senders": slow_senders.main,
    "alarms": alarms.main,
    "closing_check": closing_check.main,
    "duplicates": duplicates.main,
    "together": together.main,
    "crashes": crashes.main,
    "hold_crashes": hold_crashes.main,
    "freezes": freezes.main,
    "pages": pages.main,
    "usedesk_day": usedesk_day.main,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, all when none is named; 2 for a name that there is none of."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(ALL)}")
        return 2
    for name in names or ALL:
        quiet()
        began = time.monotonic()
        ALL[name]()
        print(f"({name}: {time.monotonic() - began:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
