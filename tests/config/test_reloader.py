"""The tables are read again without a restart."""

from __future__ import annotations

import timeit
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from config import ConfigError, ConfigReloader


class Hand:
    """A clock that is moved by hand, in seconds."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def reloader(folder: Path, env: dict[str, str], hand: Hand) -> ConfigReloader:
    """A reloader over a copy of the shipped tables."""
    return ConfigReloader(folder, env, clock=hand)


def change(folder: Path, old: str, new: str) -> None:
    """Change `runtime.yml`; the new text has another length, so that a coarse file clock does not hide it."""
    path = folder / "runtime.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_change_is_seen_within_a_second(folder: Path, reloader: ConfigReloader, hand: Hand) -> None:
    before = reloader.current()
    change(folder, "failures: 3", "failures: 12")
    hand.at += 0.9
    assert reloader.current() is before
    hand.at += 0.2
    assert reloader.current().runtime.gate.failures == 12
    assert reloader.current().version != before.version


def test_a_bad_file_keeps_the_old_and_is_logged_once(folder: Path, reloader: ConfigReloader, hand: Hand) -> None:
    before = reloader.current()
    change(folder, "failures: 3", "failures: три")
    with capture_logs() as logs:
        for _ in range(5):
            hand.at += 1.1
            assert reloader.current() is before
    assert [log["event"] for log in logs] == ["config.fault"]
    assert "gate.failures: «три» — не целое число" in logs[0]["fault"]


def test_a_file_put_right_is_used(folder: Path, reloader: ConfigReloader, hand: Hand) -> None:
    change(folder, "failures: 3", "failures: три")
    hand.at += 1.1
    reloader.current()
    change(folder, "failures: три", "failures: 14")
    hand.at += 1.1
    with capture_logs() as logs:
        assert reloader.current().runtime.gate.failures == 14
    assert logs == [{"event": "config.loaded", "log_level": "info", "version": reloader.current().version}]


def test_a_file_that_vanishes_and_comes_back(folder: Path, reloader: ConfigReloader, hand: Hand) -> None:
    before = reloader.current()
    (folder / "alerts.yml").rename(folder / "away")
    hand.at += 1.1
    with capture_logs() as logs:
        assert reloader.current() is before
    assert len(logs) == 1
    (folder / "away").rename(folder / "alerts.yml")
    hand.at += 1.1
    assert reloader.current() == before


def test_names_kept_outside_the_folder(folder: Path, env: dict[str, str], hand: Hand) -> None:
    outside = folder.parent / "names-of-agents.yml"
    outside.write_text("people: {a17: {name: Вера Примерова}}", encoding="utf-8")
    reloader = ConfigReloader(folder, env | {"PEOPLE_FILE": str(outside)}, clock=hand)
    assert reloader.current().people.name("a17") == "Вера Примерова"
    outside.write_text("people: {a17: {name: Вера Образцова-Примерова}}", encoding="utf-8")
    hand.at += 1.1
    assert reloader.current().people.name("a17") == "Вера Образцова-Примерова"


def test_a_fault_in_names_kept_outside_the_folder(folder: Path, env: dict[str, str]) -> None:
    outside = folder.parent / "names-of-agents.yml"
    outside.write_text("people: {a17: {nome: Вера}}", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        ConfigReloader(folder, env | {"PEOPLE_FILE": str(outside)})
    assert {fault.file for fault in raised.value.faults} == {str(outside)}


def test_bad_from_the_start_is_refused(folder: Path, env: dict[str, str]) -> None:
    change(folder, "failures: 3", "failures: три")
    with pytest.raises(ConfigError):
        ConfigReloader(folder, env)


def test_it_costs_next_to_nothing(folder: Path, env: dict[str, str]) -> None:
    reloader = ConfigReloader(folder, env)
    assert min(timeit.repeat(reloader.current, number=1000, repeat=20)) / 1000 < 5e-6
