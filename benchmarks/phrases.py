"""How well the phrases of `phrases.yml` tell what a message is, and how long that takes."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import yaml

from benchmarks.corpora import Example, read, scores
from benchmarks.figures import percentile, show
from config.phrases import Judging
from desk.phrases import judge

TABLE = Path(__file__).resolve().parent.parent / "config" / "phrases.yml"
PARTS = {"tuning": "phrases_tuning", "judging": "phrases_judging"}
KINDS = ("question", "complaint", "wish", "courtesy", "spam")
LONG = 20_000_000  # bytes that a message may have


def main() -> None:
    """Print precision and recall of each kind on both parts, and the time a message takes."""
    table = Judging.model_validate(yaml.safe_load(TABLE.read_text(encoding="utf-8")))
    rows = []
    for part, name in PARTS.items():
        found = scores(read(name), lambda text: [judged.kind for judged in judge(table, text).kinds], KINDS)
        rows += [[f"{kind}, {part}", one.true, one.precision, one.recall] for kind, one in found.items()]
    show("What a message seems to be", ("kind, part", "messages", "precision", "recall"), rows)
    times = [_milliseconds(table, example) for name in PARTS.values() for example in read(name)]
    text = "Где мой заказ, почему его не привезли? "
    long = _milliseconds(table, Example(frozenset(), text * (LONG // len(text.encode()))))
    row = ["all", median(times) * 1000, percentile(times, 99) * 1000, long]
    show("Time to judge one", ("messages", "median, µs", "p99, µs", "20 MB, ms"), [row])


def _milliseconds(table: Judging, example: Example) -> float:
    began = time.process_time()
    judge(table, example.text)
    return (time.process_time() - began) * 1000
