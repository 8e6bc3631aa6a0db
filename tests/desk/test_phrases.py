"""What a message seems to be, by the phrases of `phrases.yml`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from benchmarks.corpora import read, scores
from config.phrases import Group, Judging
from desk.phrases import LONGEST, judge

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "phrases.yml"
LEAST = {"question": (0.9, 0.9), "courtesy": (0.95, 0.9), "complaint": (0.85, 0.8)}


@pytest.fixture(scope="module")
def shipped() -> Judging:
    """The table as it is shipped."""
    return Judging.model_validate(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))


def kinds(table: Judging, text: str) -> list[str]:
    """The kinds of a message, the surest first."""
    return [judged.kind for judged in judge(table, text).kinds]


@pytest.mark.parametrize("kind", LEAST)
def test_messages_that_no_phrase_was_chosen_by_are_told_apart(shipped: Judging, kind: str) -> None:
    found = scores(read("phrases_judging"), lambda text: kinds(shipped, text), LEAST)[kind]
    precision, recall = LEAST[kind]
    assert found.true >= 20
    assert (found.precision >= precision, found.recall >= recall) == (True, True), found


def test_no_message_stands_in_both_parts() -> None:
    judging, tuning = (
        {example.text.casefold() for example in read(f"phrases_{part}")} for part in ("judging", "tuning")
    )
    assert len(judging) + len(tuning) >= 400
    assert not judging & tuning


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Спасибо, Анна!", ["courtesy"]),
        ("Добрый день. Спасибо!", ["courtesy"]),
        ("Добрый день!", []),
        ("спасибо?", ["question"]),
        ("СПАСИБО БОЛЬШОЕ, ВСЁ ПОНЯТНО", ["courtesy"]),
        ("Спасибо. Заказ 4412 от вторника, коробка синяя", []),
        ("cпacибo", ["courtesy"]),  # half of its letters are Latin ones
        ("🙏", ["courtesy"]),
        ("...", []),
        ("", []),
        ("> Где мой заказ?\nСпасибо", ["courtesy"]),  # the question is quoted
    ],
)
def test_courtesy_is_what_says_nothing_else(shipped: Judging, text: str, said: list[str]) -> None:
    assert kinds(shipped, text) == said


def table(*phrases: str, sure: float = 0.9) -> Judging:
    """A table of questions."""
    return Judging(threshold=0.6, nothing=("не вопрос",), question=(Group(sure=sure, phrases=phrases),))


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("верн*", "Верните", True),
        ("верн*", "проверните", False),
        ("*йте", "узнайте", True),
        ("нет … пар", "нет одной пары пар", True),
        ("нет … пар", "нет ни одной из трёх пар", False),
        ("^где", "я там, где все", True),
        ("^где", "вот где все", False),
        ("ещё раз", "Еще  раз!", True),
        ("ещё раз", "ещё, раз", True),
        ("?", "правда？", True),
        ("http", "см. https://shop.example/где", True),
        ("где", "https://shop.example/где", False),
        ("вопрос", "это не вопрос", False),  # inside a longer phrase
        ("вопрос", "это не вопрос, а вот вопрос", True),
    ],
)
def test_a_phrase_is_found_as_the_table_says(phrase: str, text: str, found: bool) -> None:
    assert kinds(table(phrase), text) == ["question"] * found


def test_weak_phrases_add_up_and_say_why() -> None:
    weak = table("когда", "долго", sure=0.5)
    assert kinds(weak, "когда, когда") == []
    judged = judge(weak, "и когда? долго").seems("question")
    assert judged is not None
    assert (judged.sure, judged.phrases) == (0.75, ("когда", "долго"))


def test_only_the_beginning_of_a_long_text_is_read(shipped: Judging) -> None:
    asked = "Где заказ? "
    long = "а" * 20_000_000 + asked
    began = time.process_time()
    assert kinds(shipped, long) == []
    assert kinds(shipped, asked * 2_000_000) == ["question"]
    assert time.process_time() - began < 1
    assert kinds(shipped, "коробка " * (LONGEST // 10) + asked) == ["question"]
