"""Messages with their labels, and how well a judge finds the labels."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "corpus"
NONE = "-"


@dataclass(frozen=True)
class Example:
    """A message, with the labels that a person gave it; none for `-`."""

    labels: frozenset[str]
    text: str


@dataclass(frozen=True)
class Score:
    """How often a label was given rightly (precision), and how many of those that have it got it (recall)."""

    right: int
    given: int
    true: int

    @property
    def precision(self) -> float:
        """1 where the label was never given."""
        return self.right / self.given if self.given else 1.0

    @property
    def recall(self) -> float:
        """1 where no message has the label."""
        return self.right / self.true if self.true else 1.0


def read(name: str) -> list[Example]:
    """Read `tests/corpus/<name>.txt`: `labels | message` a line."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ", 1) for line in lines if line and not line.startswith("#")]
    return [Example(frozenset(labels.split()) - {NONE}, text.replace("\\n", "\n")) for labels, text in rows]


def scores(
    examples: Iterable[Example], judge: Callable[[str], Collection[str]], labels: Iterable[str]
) -> dict[str, Score]:
    """Compare a judge's labels with the people's."""
    pairs = [(example.labels, frozenset(judge(example.text))) for example in examples]
    return {
        label: Score(
            sum(label in true and label in given for true, given in pairs),
            sum(label in given for _, given in pairs),
            sum(label in true for true, _ in pairs),
        )
        for label in labels
    }
