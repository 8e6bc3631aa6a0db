"""Everything that a page may have to name has a word."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

from handlers import PROCEDURES
from store.browse import STATES
from tests.web.site import NOW
from web.words import relative, verb, word, words

ROOT = Path(__file__).resolve().parents[2]


def verbs_of_the_desk() -> set[str]:
    """The second argument of every `Action(why, name, …)`."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "desk").glob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [call.args[1] for call in calls if getattr(call.func, "id", "") == "Action" and len(call.args) > 1]
    return {node.value for node in named if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_verb_of_the_desk_has_a_word() -> None:
    assert {name for name in verbs_of_the_desk() if verb(name) == name} == set()


def test_every_state_and_event_has_a_word() -> None:
    assert {state for state in STATES if word("states", state) == state} == set()
    assert {kind for kind in PROCEDURES if word("types", kind) == kind} == set()


@pytest.mark.parametrize(
    ("gap", "told"),
    [
        (timedelta(), "только что"),
        (timedelta(seconds=-5), "5 секунд назад"),
        (timedelta(minutes=-3, seconds=-59), "3 минуты назад"),
        (timedelta(hours=-30), "1 день назад"),
        (timedelta(hours=2, minutes=1), "через 2 часа"),
        (timedelta(days=-11), "11 дней назад"),
        (timedelta(days=-21), "21 день назад"),
        (timedelta(days=-12), "12 дней назад"),
    ],
)
def test_how_long_ago(gap: timedelta, told: str) -> None:
    assert relative(NOW + gap, NOW) == told


def test_what_usedesk_sends_has_a_word_even_when_it_is_no_event() -> None:
    kinds = set(
        re.findall(r'ParsedUsedesk\("(\w+)"', (ROOT / "receivers" / "usedesk_events.py").read_text(encoding="utf-8"))
    )
    assert {kind for kind in kinds if word("types", kind) == kind} == {"ticket"}  # this one always is an event


def test_keys_of_the_words_are_texts() -> None:
    assert all(isinstance(key, str) for key in (*words()["modes"], *words()["outcomes"]))
