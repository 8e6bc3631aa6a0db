"""Names as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.names import Names, alike, match_key, normalise

NAMES = Names(
    [
        ("fbo", "Отгрузка со склада OZON (FBO)"),
        ("fbo", "ФБО"),
        ("driver", "Прибытие водителя на склад"),
        ("payout", "Выплата займа"),
        ("not_solved", "Не решена"),
        ("warehouse", "Хоругвино"),
    ]
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  Ёлка —  (А)  ", "елка а"),
        ("Услуга «Первая помощь»", 'услуга "первая-помощь"'),
        ("Проверка/Изменение", "проверка изменение"),
        ("Ozon.Invest", "ozon\u00a0invest"),
        ("сло\u0301во", "слово"),
        ("сло\u00adво\u200b", "слово"),
        ("и\u0306од", "йод"),
        ("—", ""),
    ],
)
def test_spellings_fold(text: str, normal: str) -> None:
    assert normalise(text) == normalise(normal)


@given(st.text())
def test_a_normal_form_is_its_own_normal_form(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_alphabets_and_spaces_do_not_part_names() -> None:
    assert match_key("FВО") == match_key("fbo")
    assert match_key("ТОРГ 2") == match_key("ТОРГ2")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("отгрузка со склада ozon fbo", "fbo"),
        ("Отгрузка со скалда OZON (FBO)", "fbo"),
        ("Отгрузка со склада ОZОN (FВО)", "fbo"),  # Cyrillic О and В
        ("фбо", "fbo"),
        ("Прибытие водителя на слад", "driver"),
        ("ХОРУГВНО", "warehouse"),
        ("Нерешена", "not_solved"),
    ],
)
def test_is_understood(text: str, found: str) -> None:
    assert NAMES.find(text) == found


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "«»",
        "фбс",
        "Отгрузка со склада OZON (FBS)",  # another type, one letter away
        "Отгрузка на склад OZON (FBO)",
        "решена",
        "Оплата займа",
        "Прибытие водителя",
        "Прибытие водителя на склад 2",
    ],
)
def test_is_not_guessed(text: str | None) -> None:
    assert NAMES.find(text) is None


def test_two_known_names_that_are_close_are_never_confused() -> None:
    names = Names([("one", "Документы на товары"), ("other", "Документы на товара")])
    assert names.find("Документы на товары") == "one"
    assert names.find("Документы на товарю") is None
    assert names.find("Документы на товаррры") is None


def test_a_typo_that_could_be_either_is_neither() -> None:
    names = Names([("one", "Автомобильный счётчик"), ("other", "Автомобильный счёт чека")])
    assert names.find("Автомобильный счёчик") == "one"
    assert not alike("счетчик", "счечик")  # too short for a guess
