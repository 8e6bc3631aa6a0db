"""Deliveries that version 0.1 accepted are finished by this release: none is lost, none is done twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing as closed
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from store import tables
from store.audit import Actor
from store.database import connect
from store.migrate import alembic_config
from tests.bot import Bot
from tests.conftest import bot_beside_a_sandbox
from tests.handlers.request_life import fire_due
from tests.tickets import closing, ticket
from web.admin.actions import Actions

DUMP = Path(__file__).parent / "0.1.sql"
LAST = "0012"  # its newest migration
TICKETS = ("101", "102", "103", "104", "105", "23814352")
# As 0.1 left them: done; broke off while it made the issue; dead, as the CRM knew no ticket; two not begun.
LEFT = {"101": "done", "102": "waiting", "103": "dead", "104": "waiting", "105": "waiting"}


def restored(url: str, folder: Path) -> None:
    """Make the database of 0.1 at this address."""
    of_sqlite = url.startswith("sqlite")
    path = Path(sa.make_url(url).database) if of_sqlite else folder / "of-0.1.sqlite"
    with closed(sqlite3.connect(path)) as connection:
        connection.executescript(DUMP.read_text(encoding="utf-8"))
        if not of_sqlite:
            copy(connection, url)


def copy(old: sqlite3.Connection, url: str) -> None:
    """Fill a PostgreSQL database of that release with the rows; the queue's own tables stay away."""
    engine = connect(url, pool_size=1)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), LAST)
        known = sa.MetaData()
        known.reflect(connection)
        for table in known.sorted_tables:
            if table.name != "alembic_version":
                fill(old, connection, table)
    engine.dispose()


def fill(old: sqlite3.Connection, connection: sa.Connection, table: sa.Table) -> None:
    """Insert a table's rows, each value as text that becomes what its column is."""
    moments = {column.name for column in table.columns if isinstance(column.type, sa.DateTime)}
    kinds = {column.name: column.type.compile(connection.dialect) for column in table.columns}
    given = ", ".join(f"CAST(:{name} AS {kind})" for name, kind in kinds.items())
    rows = old.execute(f"SELECT {', '.join(kinds)} FROM {table.name}").fetchall()  # noqa: S608
    for row in rows:
        values = {
            name: None if value is None else f"{value}+00" if name in moments else str(value)
            for name, value in zip(kinds, row, strict=True)
        }
        connection.execute(sa.text(f"INSERT INTO {table.name} ({', '.join(kinds)}) VALUES ({given})"), values)  # noqa: S608
    if rows and "id" in kinds:
        numbered = sa.func.setval(sa.func.pg_get_serial_sequence(table.name, "id"), sa.func.max(table.c.id))
        connection.execute(sa.select(numbered))


@pytest.fixture
def upgraded(empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """A bot of this release over that database; the tickets and the secrets of its configuration are there."""
    restored(empty_url, tmp_path)
    for bot in bot_beside_a_sandbox(empty_url, tmp_path):
        for name, value in bot.env.items():
            monkeypatch.setenv(name, value)
        for number in TICKETS:
            bot.sandbox.put_ticket(ticket(id=number))
        yield bot


def states(bot: Bot) -> dict[str, str]:
    """How the closing of each ticket stands."""
    return {number: bot.delivery(f"evt-{number}-closing").state for number in LEFT}


def made(bot: Bot) -> list[str]:
    """The tickets for which an issue was made."""
    labels = [label for issue in bot.sandbox.issues() for label in issue["fields"]["labels"]]
    return sorted(label for label in labels if label.startswith("webcrm-"))


def everything(bot: Bot, table: sa.Table, where: sa.ColumnElement[bool]) -> list[Any]:
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(table).where(where).order_by(table.c.id)))


def test_what_waited_is_finished_and_what_was_done_stays_done(upgraded: Bot) -> None:
    assert states(upgraded) == LEFT
    before = upgraded.ledger("evt-101-closing")
    upgraded.hurry()
    upgraded.work()
    assert states(upgraded) == LEFT | dict.fromkeys(("102", "104", "105"), "done")
    assert made(upgraded) == ["webcrm-102", "webcrm-104"]
    assert all(upgraded.sandbox.ticket(number)["jira_key"] for number in ("102", "104"))
    assert upgraded.ledger("evt-101-closing") == before
    steps = upgraded.steps("evt-102-closing")
    assert [step for step in steps if step[1] == "create_issue"] == [("W-40", "create_issue", "done")]


def test_what_0_1_took_is_known(upgraded: Bot) -> None:
    count = len(everything(upgraded, tables.deliveries, sa.true()))
    for number in LEFT:
        assert upgraded.crm(closing(ticket(id=number))) == 202
    assert len(everything(upgraded, tables.deliveries, sa.true())) == count


def test_a_dead_letter_of_0_1_is_finished_by_a_replay(upgraded: Bot) -> None:
    number = upgraded.delivery("evt-103-closing").id
    assert Actions(upgraded.engine).replay(number, Actor("anna@example.test", "cli"))
    upgraded.work()
    assert states(upgraded)["103"] == "done"
    assert upgraded.sandbox.ticket("103")["jira_key"] == "FBO-2"  # the one that 0.1 had made
    assert "webcrm-103" not in made(upgraded)


def test_a_question_of_0_1_is_still_reminded_of(upgraded: Bot) -> None:
    asked = tables.requests.c.ticket_id == "23814352"
    (before,) = everything(upgraded, tables.requests, asked)
    assert fire_due(upgraded) == 1
    upgraded.work()
    (after,) = everything(upgraded, tables.requests, asked)
    assert (before.state, after.state) == ("open", "open")
    with upgraded.engine.connect() as connection:
        sent = connection.execute(sa.select(tables.reminders).where(tables.reminders.c.request == before.id)).all()
    assert [(one.step, one.outcome) for one in sent] == [(0, "sent")]
