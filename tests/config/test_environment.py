"""What `.env` adds to the environment of a process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dotenv import dotenv_values

from config import ConfigError, environment
from config.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder and an environment of the test's own, where `.env` is read."""
    given = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    given.pop("PYTHON_DOTENV_DISABLED")
    monkeypatch.setattr(os, "environ", given)
    monkeypatch.chdir(tmp_path)


def write(text: str | bytes) -> None:
    """Write `.env`."""
    Path(".env").write_bytes(text if isinstance(text, bytes) else text.encode())


def said() -> list[str]:
    """What is said about `.env`."""
    with pytest.raises(ConfigError) as raised:
        environment.complete()
    return [str(fault) for fault in raised.value.faults]


def test_it_completes_what_is_unset_or_empty() -> None:
    os.environ.update({"PORT": "9000", "JIRA_USER": ""})
    write("# the port\nPORT=9999\nJIRA_USER=bot@example.test\nexport JIRA_TOKEN='a b # c'\nWEBCRM_URL=\n")
    settings = Settings.read()
    assert (settings.port, settings.jira_user) == (9000, "bot@example.test")
    assert settings.jira_token is not None
    assert settings.jira_token.get_secret_value() == "a b # c"
    assert settings.webcrm_url is None
    assert os.environ["JIRA_TOKEN"] == "a b # c"  # tables ask for ${JIRA_TOKEN}
    assert "WEBCRM_URL" not in os.environ


def test_a_value_may_name_another() -> None:
    os.environ["SANDBOX_PORT"] = "8090"
    write("JIRA_URL=http://127.0.0.1:${SANDBOX_PORT}/${NAME:-jira}\n")
    environment.complete()
    assert os.environ["JIRA_URL"] == "http://127.0.0.1:8090/jira"


def test_without_the_file_the_environment_is_enough() -> None:
    environment.complete()
    assert Settings.read().port == 8080


def test_the_switch_of_the_library_is_heeded() -> None:
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"
    write("PORT=9999\n")
    assert Settings.read().port == 8080


def test_what_an_editor_of_windows_leaves() -> None:
    write("\ufeffPORT=9999\r\nJIRA_USER=bot@example.test\r\n")
    settings = Settings.read()
    assert (settings.port, settings.jira_user) == (9999, "bot@example.test")


def test_lines_that_are_no_values() -> None:
    write("PORT=9999\nJIRA_TOKEN\nJIRA_USER='bot\nDATA_DIR=/tmp\n")
    line = "строку не разобрать; напишите ИМЯ=значение, а значение с пробелами, # или кавычками — в кавычках"
    assert said() == [f".env:2: {line}", f".env:3: {line}"]
    assert "PORT" not in os.environ


def test_another_encoding() -> None:
    write("# порт\nPORT=9999\n".encode("cp1251"))
    assert said() == [".env: файл не в кодировке UTF-8; сохраните его в UTF-8"]


def test_a_file_that_cannot_be_read() -> None:
    Path(".env").mkdir()
    assert said() == [".env: файл не читается (Is a directory); проверьте права доступа"]


def test_a_copy_of_the_example_leaves_the_sandbox_as_it_is() -> None:
    write((ROOT / ".env.example").read_bytes())
    environment.complete()
    environment.add(ROOT / ".env.sandbox")
    os.environ["SANDBOX_PORT"] = ""
    sandbox = dotenv_values(ROOT / ".env.sandbox")
    assert {name: os.environ[name] for name in sandbox} == sandbox
