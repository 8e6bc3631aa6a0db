"""Usedesk's table: the matrix, what a client's answer holds, what is a call."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config import load
from config.usedesk import UsedeskConfig

MAC, SERIAL = "MAC-адрес", "серийный номер"


@pytest.fixture
def shipped(folder: Path, env: dict[str, str]) -> UsedeskConfig:
    """The shipped table."""
    return load(folder, env).usedesk


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Серийный номер AB12345678, mac 00:1A:2b:3c:4D:5e", {SERIAL: "AB12345678", MAC: "00:1A:2b:3c:4D:5e"}),
        ("с/н: 2212-0045-77\nMAC 001A2B3C4D5E", {SERIAL: "2212-0045-77", MAC: "001A2B3C4D5E"}),
        ("00-1a-2b-3c-4d-5e", {MAC: "00-1a-2b-3c-4d-5e"}),
        ("001a.2b3c.4d5e", {MAC: "001a.2b3c.4d5e"}),
        ("S/N TCLX7734521900", {SERIAL: "TCLX7734521900"}),
        ("TCLX7734521900", {SERIAL: "TCLX7734521900"}),
        ("Не могу найти, где он написан", {}),
        ("Серийный номер не указан на корпусе", {}),
        ("Заказ 1234567890123 от 20.11.2026, телефона нет", {}),
        ("00:1A:2b:3c:4D", {}),
        ("00:1A:2b:3c:4D:5e:6f", {}),
        ("кондиционирование работает с 12:30", {}),
        ("", {}),
    ],
)
def test_what_an_answer_holds(shipped: UsedeskConfig, text: str, found: dict[str, str]) -> None:
    assert shipped.received(text) == found


@pytest.mark.parametrize("text", ["a1" * 50_000, "0:" * 50_000, "с/н " * 30_000, "-" * 100_000, "1" * 100_000])
def test_a_long_answer_holds_nothing_by_chance(shipped: UsedeskConfig, text: str) -> None:
    assert shipped.received(text) == {}


def test_the_switches_as_shipped(shipped: UsedeskConfig) -> None:
    assert (shipped.keep_clock, shipped.priority, shipped.types, shipped.outcomes.projects) == (True, "medium", {}, {})
    assert shipped.delays.hold == shipped.delays.call_note == timedelta(minutes=30)


def test_the_matrix_calls_and_non_core_by_any_spelling(shipped: UsedeskConfig) -> None:
    given = {
        "types": {"task": ["Заявка | Заявка на ремонт"]},
        "calls": {"channels": ["8"], "tags": ["Звонок"]},
        "non_core": ["Непрофильное"],
    }
    table = UsedeskConfig.model_validate(shipped.model_dump() | given)
    assert [table.type_of(text) for text in ("заявка, заявка на ремонт", "Заявка", None)] == ["task", None, None]
    assert [table.is_call("8", ()), table.is_call("7", ("звонок!",)), table.is_call(None, ("чат",))] == [
        True,
        True,
        False,
    ]
    assert [table.is_non_core(text) for text in ("непрофильное", "Гарантия", None)] == [True, False, False]
