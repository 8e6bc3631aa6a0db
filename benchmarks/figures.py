"""Numbers of a sample, and tables of them on the terminal."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence

import structlog


def percentile(sample: Iterable[float], percent: float) -> float:
    """The smallest value that so many percent of the sample do not exceed; nan for an empty sample."""
    ordered = sorted(sample)
    return ordered[math.ceil(len(ordered) * percent / 100) - 1] if ordered else math.nan


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; floats get as many digits as matter."""
    cells = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    print(f"\n{title}")
    for row in cells:
        first, *others = row
        aligned = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        print("  ".join([first.ljust(widths[0]), *aligned]))


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def quiet() -> None:
    """Let bots in this process say nothing but errors: the tables are what is read."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
