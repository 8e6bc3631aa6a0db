"""`flask user` and `flask token`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

import cli
from config.settings import Settings
from store.database import connect
from store.tables.metadata import metadata
from tests.bot import environment
from tests.web.site import own_logs
from web.access import people
from web.access.granting import Granting

Command = Callable[..., Result]


@pytest.fixture
def flask(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run one of our commands; `stdin` is what is piped in."""
    env = environment("http://127.0.0.1:9", database_url, tmp_path)
    for name, value in env.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, stdin: str = "") -> Result:
        app = Flask("smezhnik")
        cli.register(app, Settings.read(env))
        with own_logs():
            return app.test_cli_runner().invoke(args=list(arguments), input=stdin)

    return run


def rows(url: str, table: str) -> list[sa.Row[tuple[object, ...]]]:
    """A table's rows."""
    engine = connect(url)
    with engine.connect() as connection:
        found = list(connection.execute(sa.select(metadata.tables[table])))
    engine.dispose()
    return found


def test_users(flask: Command, database_url: str) -> None:
    assert "Анна" not in flask("user", "list").output
    added = flask("user", "add", "Anna@Example.com", "--role", "lead", stdin="pony-cactus-7-evening\n")
    assert (added.exit_code, added.output) == (0, "Пользователь anna@example.com заведён, роль lead.\n")
    again = flask("user", "add", "anna@example.com", "--role", "admin", stdin="pony-cactus-7-evening\n")
    assert (again.exit_code, "уже есть" in again.output) == (1, True)
    engine = connect(database_url)
    with engine.connect() as connection:
        assert people.role_by_password(connection, "anna@example.com", "pony-cactus-7-evening", sandbox=False) == "lead"
    assert flask("user", "password", "ANNA@example.com", stdin="copper-nail-9-morning\r\n").exit_code == 0
    with engine.connect() as connection:
        assert people.role_by_password(connection, "anna@example.com", "pony-cactus-7-evening", sandbox=False) is None
        assert people.role_by_password(connection, "anna@example.com", "copper-nail-9-morning", sandbox=False) == "lead"
    engine.dispose()
    listed = flask("user", "list").output
    assert "anna@example.com" in listed
    assert "scrypt" not in listed
    assert flask("user", "remove", "Anna@example.com").exit_code == 0
    assert [(row.what, row.target, row.door) for row in rows(database_url, "audit")] == [
        ("user_added", "anna@example.com", "cli"),
        ("password_set", "anna@example.com", "cli"),
        ("user_removed", "anna@example.com", "cli"),
    ]


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("add", "anna", "--role", "lead"), "pony-cactus-7-evening\n", "не адрес почты"),
        (("add", "anna@example.com", "--role", "lead"), "short\n", "короче 10"),
        (("add", "anna@example.com", "--role", "lead"), "", "короче 10"),
        (("add", "anna@example.com", "--role", "king"), "pony-cactus-7-evening\n", "king"),
        (("add", "anna@example.com"), "pony-cactus-7-evening\n", "--role"),
        (("remove", "nobody@example.com"), "", "нет"),
        (("password", "nobody@example.com"), "pony-cactus-7-evening\n", "нет"),
    ],
)
def test_what_is_wrong_with_a_user_is_said(
    flask: Command, database_url: str, arguments: tuple[str, ...], stdin: str, said: str
) -> None:
    result = flask("user", *arguments, stdin=stdin)
    assert result.exit_code != 0
    assert said in result.output
    assert [row.email for row in rows(database_url, "users")] == []


def test_tokens(flask: Command, database_url: str) -> None:
    assert "Токенов нет" in flask("token", "list").output
    added = flask("token", "add", "crm", "--role", "lead")
    secret = added.stdout.strip()
    assert len(secret) > 40
    assert "больше он не покажется" in added.stderr
    assert secret not in str(rows(database_url, "api_tokens"))
    assert flask("token", "add", "crm", "--role", "admin").exit_code == 1
    assert flask("token", "add", "два слова", "--role", "admin").exit_code == 1
    assert "crm" in flask("token", "list").output
    assert flask("token", "revoke", "crm").exit_code == 0
    assert flask("token", "revoke", "crm").exit_code == 1
    assert [row.what for row in rows(database_url, "audit")] == ["token_added", "token_revoked"]


def test_the_list_says_who_is_blocked(flask: Command, database_url: str) -> None:
    flask("user", "add", "anna@example.com", "--role", "lead", stdin="pony-cactus-7-evening\n")
    assert "вход закрыт" not in flask("user", "list").output
    engine = connect(database_url)
    Granting(engine, people.operator(), sandbox=False).block("anna@example.com")
    engine.dispose()
    assert "вход закрыт" in flask("user", "list").output
