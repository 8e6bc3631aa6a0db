"""What a hold is told by its table, and what is no answer (C-12), as shipped."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Config, load
from config.holds import Due, Holds, HoldTransitions

ENV = {"JIRA_URL": "https://example.atlassian.net", "JIRA_USER": "bot@example.test", "JIRA_TOKEN": "invented"}
DAY = timedelta(hours=24)
SIGNS = st.sampled_from(
    ["", " ", "!", "!!!", ".", ",", " — ", "…", ")))", "🙏", " 👍🏽 ", "❤️", "\n", "\u200b", "«", "»"]
)


@cache
def holds() -> Holds:
    """The shipped table, loaded once for all examples."""
    return load(Path(__file__).resolve().parents[2] / "config", ENV).holds


def test_what_the_shipped_table_says() -> None:
    table = holds()
    assert table.project == "DESK"
    assert table.due == Due(ozon=DAY, seller=DAY, client=DAY)
    assert table.clock_tolerance == timedelta(minutes=2)
    assert table.agents == {}
    assert not table.unassign_in_queue
    assert table.transitions == HoldTransitions(ozon=None, seller=None)


def test_what_an_admin_may_say(folder: Path, env: dict[str, str]) -> None:
    path = folder / "holds.yml"
    text = path.read_text(encoding="utf-8")
    for old, new in (
        ("agents: {}", 'agents: {a17: "712020:invented-1", "18": 5b10ac8d82e05b22cc7d4ef5}'),
        ("ozon: null", "ozon: Удержание Ozon"),
        ("seller: null", "seller: Ожидает ответа продавца"),
        ("unassign_in_queue: false", "unassign_in_queue: yes"),
        ("project: DESK", "project: QC"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    table = load(folder, env).holds
    assert table.agents == {"a17": "712020:invented-1", "18": "5b10ac8d82e05b22cc7d4ef5"}
    assert table.transitions == HoldTransitions(ozon="Удержание Ozon", seller="Ожидает ответа продавца")
    assert (table.unassign_in_queue, table.project) == (True, "QC")


def test_the_version_knows_the_holds(folder: Path, env: dict[str, str]) -> None:
    before = load(folder, env)
    assert Config.restore(before.dump(), env).holds == before.holds
    path = folder / "holds.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("seller: 24h", "seller: 2d"), encoding="utf-8")
    after = load(folder, env)
    assert after.holds.due.seller == timedelta(days=2)
    assert after.version != before.version


@pytest.mark.parametrize(
    "text",
    [
        "Спасибо!",
        "спасибо",
        "СПАСИБО ))",
        "Ок",
        "OK",  # Latin
        "ок.",
        "Хорошо, спасибо",
        "Спасибо большое!!!",
        "Спасибо большое, ок",
        "«Понятно»",
        "Всё понятно",
        "все понятно",
        "Благодарю 🙏🏻",
        "👍 Хорошо 👍",
        "Добрый день!\n\nСпасибо.",
    ],
)
def test_a_bare_courtesy(text: str) -> None:
    assert holds().is_courtesy(text)


@pytest.mark.parametrize(
    "text",
    [
        "Спасибо?",
        "Спасибо ？",  # full width
        "Ок ❓",
        "Ок⁉",
        "Спасибо, но где деньги",
        "Спасибо, нет",
        "Спасибо Ивану",
        "Нет",
        "Да",
        "Не понятно",
        "Непонятно",
        "Спасибо, ок, хорошо, ясно",  # four words
        "Спасибо 1️⃣",
        "Спасибо 5",
        "большое",  # a part of a phrase
        "Добрый",
        "",
        "   ",
        "…",
        "👍",  # nothing is said: it may come with a file
    ],
)
def test_anything_more_is_an_answer(text: str) -> None:
    assert not holds().is_courtesy(text)


@given(st.text())
def test_it_never_raises(text: str) -> None:
    assert holds().is_courtesy(text) in (True, False)


@given(st.text(alphabet=st.characters(codec=None), max_size=30), st.sampled_from(holds().courtesies))
def test_a_question_is_never_a_courtesy(text: str, phrase: str) -> None:
    assert not holds().is_courtesy(f"{phrase}{text}?")
    assert not holds().is_courtesy(f"{text}?{phrase}")


@given(st.lists(st.sampled_from(holds().courtesies), min_size=1, max_size=4), st.lists(SIGNS, min_size=5, max_size=5))
def test_phrases_of_the_list_in_a_row(phrases: list[str], signs: list[str]) -> None:
    text = "".join(f"{sign} {phrase}" for sign, phrase in zip(signs, phrases, strict=False)) + signs[-1]
    assert holds().is_courtesy(text) is (len(" ".join(phrases).split()) <= 3)


@given(st.sampled_from(holds().courtesies), st.text("абвгдежзийклмнопрстуфхцчшщъыьэюя", min_size=1, max_size=12))
def test_a_word_outside_the_list_is_an_answer(phrase: str, word: str) -> None:
    known = {part.replace("ё", "е") for courtesy in holds().courtesies for part in courtesy.split()}
    if word not in known:
        assert not holds().is_courtesy(f"{phrase}, {word}")


def test_no_list_no_courtesy() -> None:
    table = Holds.model_validate(holds().model_dump() | {"courtesies": ()})
    assert not table.is_courtesy("Спасибо")
