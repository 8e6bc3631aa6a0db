"""A version of the configuration is kept with what was done by it, without its secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config import Config, ConfigError, load

SECRETS = {"JIRA_TOKEN": "an-invented-token", "ALERT_URLS": "json://127.0.0.1:1/a, json://127.0.0.1:1/b"}


@pytest.fixture
def full(env: dict[str, str]) -> dict[str, str]:
    """An environment with every secret."""
    return env | SECRETS


def test_a_dump_reads_back_as_it_was(folder: Path, full: dict[str, str]) -> None:
    config = load(folder, full)
    restored = Config.restore(config.dump(), full)
    assert restored == config
    assert restored.version == config.version
    assert restored.dump() == config.dump()
    assert restored.jira.sites["main"].token.get_secret_value() == "an-invented-token"
    assert [url.get_secret_value() for url in restored.alerts.urls] == SECRETS["ALERT_URLS"].split(", ")
    assert restored.rules.rules["W-57"].id == "W-57"
    assert list(restored.jira.sites) == list(config.jira.sites)


def test_no_secret_leaves(folder: Path, full: dict[str, str]) -> None:
    config = load(folder, full)
    for text in (config.dump(), repr(config), str(config), config.model_dump_json()):
        assert not [secret for secret in ("an-invented-token", "127.0.0.1:1/a", "127.0.0.1:1/b") if secret in text]
    assert json.loads(config.dump())["jira"]["sites"]["main"]["token"] == "${JIRA_TOKEN}"


def test_secrets_come_from_the_environment_of_the_day(
    folder: Path, full: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIRA_TOKEN", "a-newer-token")
    restored = Config.restore(load(folder, full).dump())
    assert restored.jira.sites["main"].token.get_secret_value() == "a-newer-token"
    assert restored.alerts.urls == ()


def test_a_secret_that_is_gone_is_said(folder: Path, full: dict[str, str]) -> None:
    text = load(folder, full).dump()
    with pytest.raises(ConfigError) as raised:
        Config.restore(text, {})
    assert str(raised.value).startswith("env: JIRA_TOKEN: переменная окружения JIRA_TOKEN не задана")


def test_a_dump_of_another_shape_is_said(folder: Path, full: dict[str, str]) -> None:
    data = json.loads(load(folder, full).dump())
    data["runtime"]["retry"]["patience"] = "long"
    with pytest.raises(ConfigError) as raised:
        Config.restore(json.dumps(data), full)
    assert "не подходит этой программе" in str(raised.value)
    assert "an-invented-token" not in str(raised.value)


def test_the_version_is_the_content(folder: Path, full: dict[str, str]) -> None:
    version = load(folder, full).version
    path = folder / "runtime.yml"
    path.write_text("# другой комментарий\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert load(folder, full).version == version
    assert load(folder, full | {"JIRA_TOKEN": "a-newer-token"}).version == version
    assert load(folder, full | {"SEARCH_SETTLE": "45000ms"}).version == version
    assert load(folder, full | {"SEARCH_SETTLE": "0.5s"}).version != version
    assert load(folder, full | {"RULES_DEFAULT_MODE": "act"}).version != version
