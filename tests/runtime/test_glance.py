"""A poll that finds nothing asks one small question; one that finds something goes DBOS's own way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOSClient

from runtime.glance import poll_lightly
from runtime.nudges import QUEUE, Nudges


@pytest.fixture
def client(engine: sa.Engine) -> Iterator[DBOSClient]:
    """DBOS's own view of the database, with our queue in it."""
    made = DBOSClient(system_database_engine=engine, lazy=True)
    made.register_queue(QUEUE, partition_concurrency=1, worker_concurrency=2, polling_interval_sec=0.5)
    yield made
    made.destroy()


@contextmanager
def heard(engine: sa.Engine) -> Iterator[list[tuple[str, Any]]]:
    """The statements that the database is asked meanwhile."""
    statements: list[tuple[str, Any]] = []
    listen = lambda *given: statements.append((given[2], given[3]))  # noqa: E731
    sa.event.listen(engine, "before_cursor_execute", listen)
    yield statements
    sa.event.remove(engine, "before_cursor_execute", listen)


def send(engine: sa.Engine, case: str) -> None:
    """A nudge."""
    with engine.begin() as connection:
        Nudges(engine).send(connection, case)


def test_with_nothing_to_do_a_poll_is_one_question_by_an_index(engine: sa.Engine, client: DBOSClient) -> None:
    system: Any = client._sys_db
    poll_lightly(system, engine)
    with heard(engine) as statements:
        settings = system.get_queue(QUEUE)
        assert system.dequeue_scopes(QUEUE) == []
    assert (settings.name, settings._partition_concurrency, settings._polling_interval_sec) == (QUEUE, 1, 0.5)
    ((statement, values),) = statements
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")  # the table is empty
        assert "idx_workflow_status_in_flight" in str(
            connection.exec_driver_sql(f"{explain} {statement}", values).all()
        )


def test_a_nudge_is_found_at_the_next_poll_until_somebody_took_it(engine: sa.Engine, client: DBOSClient) -> None:
    system: Any = client._sys_db
    poll_lightly(system, engine)
    assert system.dequeue_scopes(QUEUE) == []
    send(engine, "webcrm:1")
    assert system.dequeue_scopes(QUEUE) == [None]
    taken = system.start_queued_partitioned_workflows(system.get_queue(QUEUE), "worker", "smezhnik", 5)
    assert len(taken) == 1
    assert system.dequeue_scopes(QUEUE) == []
    # another of the same case waits for the first: the poll is DBOS's, which leaves it where it is
    send(engine, "webcrm:1")
    assert system.dequeue_scopes(QUEUE) == [None]
    assert system.start_queued_partitioned_workflows(system.get_queue(QUEUE), "worker", "smezhnik", 5) == []


def test_other_queues_are_none_of_our_business(engine: sa.Engine, client: DBOSClient) -> None:
    system: Any = client._sys_db
    client.register_queue("other")
    poll_lightly(system, engine)
    assert system.dequeue_scopes("other") == [None]
    assert system.get_queue("other").name == "other"
    assert system.get_queue("none") is None


def test_before_the_queue_is_there_its_settings_are_asked_for(engine: sa.Engine) -> None:
    client = DBOSClient(system_database_engine=engine, lazy=True)
    system: Any = client._sys_db
    poll_lightly(system, engine)
    assert system.get_queue(QUEUE) is None
    client.register_queue(QUEUE)
    assert system.get_queue(QUEUE).name == QUEUE
    client.destroy()
