"""`python -m benchmarks.counting`: a worker whose statements and commits others can read while it works."""

from __future__ import annotations

import itertools
import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cli import roles
from cli.starting import start

EVENTS = ("before_cursor_execute", "commit")
_WIDTH = 8  # bytes of a number


def statements_and_commits(folder: Path) -> tuple[int, int]:
    """How many there were until now, of all workers with this DATA_DIR."""
    written = [memoryview(file.read_bytes()).cast("Q") for file in folder.glob("counted-*")]
    return sum(each[0] for each in written), sum(each[1] for each in written)


def main() -> None:
    """Work until SIGTERM."""
    file = Path(os.environ["DATA_DIR"]) / f"counted-{os.getpid()}"
    file.write_bytes(bytes(_WIDTH * len(EVENTS)))
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as shared, memoryview(shared).cast("Q") as written:
        for place, event in enumerate(EVENTS):
            sa.event.listen(sa.Engine, event, _counter(written, place))
        roles.work(start(None))


def _counter(written: memoryview, place: int) -> Callable[..., None]:
    numbers = itertools.count(1)  # threads ask it at once

    def count(*_: Any) -> None:
        written[place] = next(numbers)

    return count


if __name__ == "__main__":
    main()
