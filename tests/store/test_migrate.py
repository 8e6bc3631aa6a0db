"""A database is brought to the tables of this release, by any number of processes at once."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import store.tables  # noqa: F401 # defines what metadata knows
from store import cases
from store.database import connect
from store.migrate import alembic_config, upgrade
from store.tables.metadata import metadata

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent.parent
UPGRADE = (
    "import sys; from store.database import connect; from store.migrate import upgrade; upgrade(connect(sys.argv[1]))"
)


def differences(engine: sa.Engine) -> list[object]:
    """What the database has otherwise than `store/tables.py`."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_object": lambda _thing, name, kind, *_: kind != "table" or name in metadata.tables},
        )
        return list(compare_metadata(context, metadata))


def test_a_migrated_database_has_exactly_our_tables(engine: sa.Engine) -> None:
    assert differences(engine) == []


def test_migrating_again_changes_nothing(engine: sa.Engine) -> None:
    upgrade(engine)
    upgrade(engine)
    assert differences(engine) == []


def test_two_processes_migrate_one_empty_database(empty_url: str) -> None:
    migrate = [sys.executable, "-c", UPGRADE, empty_url]
    started = [subprocess.Popen(migrate, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]  # noqa: S603
    for process in started:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    engine = connect(empty_url)
    assert differences(engine) == []
    engine.dispose()


def test_what_waited_or_ran_in_the_queue_of_before_goes_on(empty_url: str) -> None:
    engine = connect(empty_url)
    row = {"source": "webcrm", "type": "ticket.closing", "body": "{}", "event": "{}", "received_at": NOW, "due_at": NOW}
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0013")
        for state in ("waiting", "running", "dead"):
            sent = {**row, "delivery_id": state, "case_id": f"webcrm:{state}", "state": state}
            connection.execute(sa.insert(sa.table("deliveries", *map(sa.column, sent))), [sent])
        queue = "dbos.workflow_status" if connection.dialect.name == "postgresql" else "workflow_status"
        if queue.startswith("dbos."):
            connection.execute(sa.text("CREATE SCHEMA dbos"))
        connection.execute(sa.text(f"CREATE TABLE {queue} (workflow_uuid TEXT)"))
    upgrade(engine)
    with engine.begin() as connection:
        assert sorted(cases.claim(connection, "a", timedelta(1), 9)) == ["webcrm:running", "webcrm:waiting"]
        assert not sa.inspect(connection).has_table("workflow_status", *queue.split(".")[:-1])
    assert differences(engine) == []
    engine.dispose()
