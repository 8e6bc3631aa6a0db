"""The table of pairs that go to Jira (T-1), as shipped."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Config, check, load

FBO = "Отгрузка со склада OZON (FBO)"
PAIRS = [
    pytest.param("W-34", "Ozon.Invest", "Условия займа", marks=pytest.mark.rule("W-34")),
    pytest.param("W-35", "Ozon.Invest", "Заполнение заявки", marks=pytest.mark.rule("W-35")),
    pytest.param("W-36", "Ozon.Invest", "Доступ в Личный кабинет", marks=pytest.mark.rule("W-36")),
    pytest.param("W-37", "Ozon.Invest", "Выплата займа", marks=pytest.mark.rule("W-37")),
    pytest.param("W-38", "Ozon.Invest", "Общие вопросы", marks=pytest.mark.rule("W-38")),
    pytest.param("W-39", FBO, "Проверка/Изменение статуса поставки", marks=pytest.mark.rule("W-39")),
    pytest.param("W-40", FBO, "Прибытие водителя на склад", marks=pytest.mark.rule("W-40")),
    pytest.param("W-41", FBO, "Жалобы на действия сотрудников склада", marks=pytest.mark.rule("W-41")),
    pytest.param("W-42", FBO, "Акты о расхождениях / ТОРГ2 (Брак, излишки, недостача)", marks=pytest.mark.rule("W-42")),
    pytest.param(
        "W-43", FBO, "Компенсация пустого прогона, простоя, потерянных товаров", marks=pytest.mark.rule("W-43")
    ),
    pytest.param("W-44", "Реклама", "Услуга «Первая помощь»", marks=pytest.mark.rule("W-44")),
    pytest.param("W-45", "Контроль качества", "Запрос документов", marks=pytest.mark.rule("W-45")),
    pytest.param("W-46", "Контроль качества", "Скрытие товаров", marks=pytest.mark.rule("W-46")),
    pytest.param("W-47", "Контроль качества", "Документы на бренд", marks=pytest.mark.rule("W-47")),
    pytest.param(
        "W-48", "Контроль качества", "Нарушение правил площадки другим продавцом", marks=pytest.mark.rule("W-48")
    ),
    pytest.param(
        "W-49",
        "Контент / Работа с карточкой товара",
        "Доступ к скрытой категории товаров",
        marks=pytest.mark.rule("W-49"),
    ),
    pytest.param(
        "W-50",
        "Блокировка продаж и поставок",
        "По нарушению интеллектуальных прав",
        marks=pytest.mark.rule("W-50"),
    ),
    pytest.param("W-51", "Блокировка продаж и поставок", "По сертификатам качества", marks=pytest.mark.rule("W-51")),
]
ENV = {"JIRA_URL": "https://example.atlassian.net", "JIRA_USER": "bot@example.test", "JIRA_TOKEN": "invented"}


@cache
def tables() -> Config:
    """Load the shipped tables, once for all examples."""
    return load(Path(__file__).resolve().parents[2] / "config", ENV)


@pytest.fixture
def config() -> Config:
    """The shipped tables."""
    return tables()


@pytest.mark.parametrize(("rule", "type_name", "subtype_name"), PAIRS)
def test_a_pair_of_the_manual_is_its_rule(config: Config, rule: str, type_name: str, subtype_name: str) -> None:
    topic = config.categories.topic(type_name, subtype_name)
    assert topic
    assert (topic.rule, topic.type_name, topic.subtype_name) == (rule, type_name, subtype_name)
    assert config.categories.topic(f" {type_name.upper()}.", subtype_name.lower().replace(" ", "  ")) == topic


def test_the_table_has_the_18_pairs_and_no_other(config: Config) -> None:
    rules = [subtype.rule for kind in config.categories.types.values() for subtype in kind.subtypes.values()]
    assert rules == [f"W-{number}" for number in range(34, 52)]
    projects = {type_id: kind.project for type_id, kind in config.categories.types.items()}
    assert projects == {
        "invest": "INVEST",
        "fbo": "FBO",
        "ads": "ADS",
        "quality": "QC",
        "content": "CONTENT",
        "blocking": "BLOCK",
    }


@pytest.mark.parametrize("type_name", ["FBO", "ФБО", "Отгрузка на склад OZON (FBO)", "отгрузка на склад озон (фбо)"])
def test_a_type_has_many_names(config: Config, type_name: str) -> None:
    topic = config.categories.topic(type_name, "Прибытие водителя")
    assert topic
    assert (topic.type_id, topic.subtype_id) == ("fbo", "driver_arrival")


@pytest.mark.parametrize(
    ("type_name", "subtype_name"),
    [
        ("Отгрузка со склада OZON (FBS)", "Прибытие водителя на склад"),
        ("FBO", "Вывоз остатков"),
        ("Ozon.Invest", "Прибытие водителя на склад"),
        ("Финансы", "Изменить реквизиты"),
        (None, "Запрос документов"),
        ("Контроль качества", None),
        ("", ""),
    ],
)
def test_a_pair_outside_the_table_is_none(config: Config, type_name: str | None, subtype_name: str | None) -> None:
    assert config.categories.topic(type_name, subtype_name) is None


@given(st.sampled_from(range(18)), st.integers(0, 60), st.sampled_from("абвгдежзиклмнопрстуыьюя "))
def test_a_typo_never_makes_another_pair(pair: int, place: int, letter: str) -> None:
    rule, type_name, subtype_name = (str(value) for value in PAIRS[pair].values)
    at = place % len(subtype_name)
    topic = tables().categories.topic(type_name, subtype_name[:at] + letter + subtype_name[at + 1 :])
    assert topic is None or topic.rule == rule


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Решено", "solved"),
        ("решена", "solved"),
        ("Не решена", "not_solved"),
        ("Не решено", "not_solved"),
        ("Не решено - Эскалировать", "not_solved"),
        ("Не решено – Эскалировать", "not_solved"),
        ("НТО", "nto"),
        ("спам", "spam"),
        ("Дубль", "duplicate"),
        ("Дубликат", "duplicate"),
        ("Отложено", None),
        (None, None),
    ],
)
def test_resolutions(config: Config, text: str | None, found: str | None) -> None:
    assert config.categories.resolution(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Не решено - Эскалировать", True),
        ("Не решена – эскалировать", True),
        ("НЕ РЕШЕНО (Эскалировать)", True),
        ("Не решено - Эскалироавть", True),
        ("Не решена", False),
        ("Не решено", False),
        ("Решено", False),
        ("Эскалировать", False),
        ("Отложено", False),
        ("", False),
        (None, False),
    ],
)
def test_resolutions_that_hand_the_ticket_over(config: Config, text: str | None, found: bool) -> None:
    assert config.categories.escalates(text) is found
    assert not found or config.categories.resolution(text) == "not_solved"


def test_an_escalating_spelling_is_one_of_the_aliases(folder: Path, env: dict[str, str]) -> None:
    path = folder / "categories.yml"
    right = "    escalating: [Не решено - Эскалировать, Не решена - Эскалировать]\n"
    wrong = "    escalating:\n      - Не решено – эскалировать\n      - Передать\n"
    lines = path.read_text(encoding="utf-8").replace(right, wrong)
    path.write_text(lines, encoding="utf-8")
    number = lines.splitlines().index("      - Передать") + 1
    (fault,) = check(folder, env)
    assert (fault.line, fault.key) == (number, "resolutions.not_solved.escalating[1]")
    assert fault.text == (
        "«Передать» здесь не бывает; напишите одно из: Не решено, Не решён, Не решен, "
        "Не решено - Эскалировать, Не решена - Эскалировать"
    )


def test_aliases_at_fault_are_the_only_fault(folder: Path, env: dict[str, str]) -> None:
    path = folder / "categories.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("aliases: [Не решено, ", "aliases: [[], "), encoding="utf-8")
    (fault,) = check(folder, env)
    assert fault.key == "resolutions.not_solved.aliases[0]"
