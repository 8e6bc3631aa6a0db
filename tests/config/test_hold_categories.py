"""The categories that wait for the seller (T-3), by all their spellings (C-22), as shipped."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import HoldCategory, load
from config.categories import Categories

ENV = {"JIRA_URL": "https://example.atlassian.net", "JIRA_USER": "bot@example.test", "JIRA_TOKEN": "invented"}
RETURNS = HoldCategory("returns", "FBS: Возвраты", "W-79", "DESK")
REMOVAL = HoldCategory("removal", "FBO: Вывоз остатков", "W-80", "FBO")
REQUISITES = HoldCategory("requisites", "Финансы: Изменить реквизиты", "W-81", "DESK")
TERMINATION = HoldCategory("termination", "Вопрос по договору: Расторжение договора", "W-82", "DESK")
SPELLINGS = [  # both columns of T-3
    pytest.param("FBS: Возвраты", RETURNS, marks=pytest.mark.rule("W-79")),
    pytest.param("FBO: Вывоз остатков", REMOVAL, marks=pytest.mark.rule("W-80")),
    pytest.param("Финансы: Изменить реквизиты", REQUISITES, marks=pytest.mark.rule("W-81")),
    pytest.param("Финансы: Смена реквизитов", REQUISITES, marks=pytest.mark.rule("W-81")),
    pytest.param("Вопрос по договору: Расторжение договора", TERMINATION, marks=pytest.mark.rule("W-82")),
]


@cache
def categories() -> Categories:
    """The shipped table, loaded once for all examples."""
    return load(Path(__file__).resolve().parents[2] / "config", ENV).categories


def test_the_table_has_the_four_rows_and_no_other() -> None:
    assert list(categories().hold_seller) == ["returns", "removal", "requisites", "termination"]


@pytest.mark.parametrize(("whole", "row"), SPELLINGS)
def test_a_category_of_the_manual_is_its_row(whole: str, row: HoldCategory) -> None:
    find = categories().hold_category
    kind, subtype = whole.split(": ")
    assert find(kind, subtype) == row
    assert find(f" {kind.lower()} ", f"{subtype.upper()}.") == row
    for spelling in (whole, f"{kind} - {subtype}", f"{kind}/{subtype}", f"{kind} → {subtype}", f"{kind} {subtype}"):
        assert find(spelling, None) == row
        assert find(None, spelling) == row
        assert find(spelling, subtype) == row
        assert find(kind, spelling) == row
        assert find("Логистика", spelling) == row


@pytest.mark.parametrize(
    ("type_text", "subtype_text", "row"),
    [
        ("ФБС: возвраты", None, RETURNS),
        ("ФБС", "возвраты", RETURNS),
        ("FВS", "Возвраты", RETURNS),  # Cyrillic В
        ("«FBS»", "Возврат", RETURNS),
        ("FBS", "Возвраьы", RETURNS),
        ("FBS", "Возраты", RETURNS),
        ("ФБО", "Вывоз остатков", REMOVAL),
        ("Отгрузка со склада OZON (FBO)", "Вывоз остатков", REMOVAL),  # the type's name in T-1
        ("Отгрузка на склад Озон (ФБО)", "вывоз  остатков", REMOVAL),
        ("FBO", "Вывоз осттаков", REMOVAL),
        ("FBO", "Вывоз остатка", REMOVAL),
        ("Финансы", "Сменить реквизиты", REQUISITES),
        ("Финансы", "Изменить реквезиты", REQUISITES),
        ("Финансы", "Смена реквизтов", REQUISITES),
        ("Финанысы", "Изменить реквизиты", REQUISITES),
        ("Вопросы по договору", "Расторжение договора", TERMINATION),
        ("Вопрос по договору", "Расторжение", TERMINATION),
        ("Вопрос по договору", "Расторжние договора", TERMINATION),
        ("Вопрос по даговору", "Расторжение договора", TERMINATION),
    ],
)
def test_other_spellings_and_typos(type_text: str | None, subtype_text: str | None, row: HoldCategory) -> None:
    assert categories().hold_category(type_text, subtype_text) == row


@pytest.mark.parametrize(
    ("type_text", "subtype_text"),
    [
        ("FBO", "Возвраты"),
        ("ФБО: Возвраты", None),
        ("FBS", "Вывоз остатков"),
        ("ФБС", "Вывоз остатков"),
        ("rFBS", "Возвраты"),
        ("rFBS: Возвраты", "Возвраты"),
        ("Отгрузка со склада OZON (FBO)", "Возвраты"),
        ("Отгрузка со склада OZON (FBS)", "Вывоз остатков"),
        ("FBO", "FBS: Возвраты"),  # the parts name two rows
        ("Отгрузка со склада OZON (FBO)", "ФБС: Возвраты"),
        ("FBS: Возвраты", "FBO: Вывоз остатков"),
        ("FBS: Возвраты", "FBO"),
        ("FBO", "Прибытие водителя на склад"),
        ("Финансы", "Запрос документов"),
        ("Финансы", "Выплаты"),
        ("Финансы", "Проверить реквизиты"),
        ("Вопрос по договору", "Расширение договора"),
        ("Вопрос по договору", "Продление договора"),
        ("Вопрос по договору", "Расторжение договора аренды"),
        (None, "Возвраты"),
        ("Возвраты", None),
        ("FBS", None),
        ("FBS", "FBS"),
        ("FBS", "—"),
        ("", ""),
        (None, None),
    ],
)
def test_a_fifth_category_is_none(type_text: str | None, subtype_text: str | None) -> None:
    assert categories().hold_category(type_text, subtype_text) is None


@given(st.sampled_from(range(len(SPELLINGS))), st.integers(0, 60), st.sampled_from("абвгдежзиклмнопрстуыьюяosb "))
def test_a_typo_never_makes_another_category(number: int, place: int, letter: str) -> None:
    whole, row = SPELLINGS[number].values
    assert isinstance(whole, str)
    at = place % len(whole)
    text = whole[:at] + letter + whole[at + 1 :]
    assert categories().hold_category(text, None) in (row, None)
    assert categories().hold_category(*text.partition(":")[::2]) in (row, None)


@given(st.text(), st.text())
def test_it_never_raises(type_text: str, subtype_text: str) -> None:
    categories().hold_category(type_text, subtype_text)
