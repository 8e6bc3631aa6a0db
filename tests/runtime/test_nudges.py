"""What DBOS must be told otherwise than by its defaults: each trap that was measured has its test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOSClient, EnqueueOptions, WorkflowSerializationFormat

import runtime.worker
from runtime.nudges import APPLICATION_NAME, APPLICATION_VERSION, QUEUE, WORKFLOW, Nudges
from runtime.worker import Worker
from tests.bot import Bot


def client(engine: sa.Engine) -> DBOSClient:
    """A way to look at DBOS's rows."""
    return DBOSClient(system_database_engine=engine, lazy=True)


def send(engine: sa.Engine, *cases: str) -> None:
    """Nudge cases, each in a transaction of its own."""
    nudges = Nudges(engine)
    for case in cases:
        with engine.begin() as connection:
            nudges.send(connection, case)


def set_rows(engine: sa.Engine, **values: Any) -> None:
    """Write columns of all workflows, as an executor of DBOS would."""
    table = "workflow_status" if engine.dialect.name == "sqlite" else "dbos.workflow_status"
    with engine.begin() as connection:
        columns = ", ".join(f"{name} = :{name}" for name in values)
        connection.execute(sa.text(f"UPDATE {table} SET {columns}"), values)  # noqa: S608 # names of this test


def test_a_nudge_is_for_any_release_and_has_no_step(engine: sa.Engine) -> None:
    send(engine, "webcrm:1")
    (nudge,) = client(engine).list_workflows()
    assert nudge.app_version == APPLICATION_VERSION == "smezhnik"
    assert (nudge.queue_partition_key, nudge.status) == ("webcrm:1", "ENQUEUED")


def test_our_rows_are_the_ones_that_dbos_writes_itself(engine: sa.Engine) -> None:
    """The guard of the only place that knows DBOS's tables: an upgrade that changes them fails here."""
    send(engine, "webcrm:1")
    options: EnqueueOptions = {
        "workflow_name": WORKFLOW,
        "queue_name": QUEUE,
        "queue_partition_key": "webcrm:1",
        "app_version": APPLICATION_VERSION,
        "serialization_type": WorkflowSerializationFormat.PORTABLE,
    }
    theirs = DBOSClient(system_database_engine=engine, lazy=True, application_name=APPLICATION_NAME)
    with engine.begin() as connection:
        theirs.enqueue_in_transaction(connection, options, "webcrm:1")
    schema = "" if engine.dialect.name == "sqlite" else "dbos."
    # ids and moments; who created it, which guards calls that are repeated; and «no attributes», spelt otherwise
    of_their_own = {"workflow_uuid", "created_at", "updated_at", "retention_timestamp", "creator_xid", "attributes"}
    for table in ("workflow_status", "workflow_input"):
        with engine.connect() as connection:
            rows = connection.execute(sa.text(f"SELECT * FROM {schema}{table}")).mappings().all()  # noqa: S608
        ours, dbos = ({name: value for name, value in row.items() if name not in of_their_own} for row in rows)
        assert ours == dbos, table


def test_a_nudge_goes_with_the_transaction_that_it_was_sent_in(engine: sa.Engine) -> None:
    nudges = Nudges(engine)
    with pytest.raises(ValueError, match="no"), engine.begin() as connection:
        nudges.send(connection, "webcrm:1")
        raise ValueError("no")
    assert client(engine).list_workflows() == []


def test_a_dead_workers_nudges_go_back_into_the_queue_with_their_partition(engine: sa.Engine) -> None:
    send(engine, "webcrm:1", "webcrm:2")
    set_rows(engine, status="PENDING", executor_id="dead", started_at_epoch_ms=1)
    nudges = Nudges(engine)
    with engine.begin() as connection:
        assert nudges.take_back(connection, "living") == []
        taken = nudges.take_back(connection, "dead")
    assert len(taken) == 2
    nudges.delete(taken)
    back = client(engine).list_workflows()
    # in the queue: outside it the order within the case would be lost
    assert {(one.status, one.queue_name) for one in back} == {("ENQUEUED", QUEUE)}
    assert sorted(str(one.queue_partition_key) for one in back) == ["webcrm:1", "webcrm:2"]
    assert nudges.unfinished("dead") == {}


def test_finished_nudges_are_deleted_in_pieces_and_the_others_stay(engine: sa.Engine) -> None:
    nudges = Nudges(engine)
    send(engine, *(f"webcrm:{number}" for number in range(5)))
    old = datetime.now(UTC) - timedelta(hours=1)
    set_rows(engine, status="SUCCESS", completed_at=int(old.timestamp() * 1000))
    send(engine, "webcrm:9")
    assert nudges.delete_finished((old - timedelta(hours=1)).isoformat(), 10) == 0
    assert nudges.delete_finished(datetime.now(UTC).isoformat(), 3) == 3
    assert nudges.delete_finished(datetime.now(UTC).isoformat(), 3) == 2
    assert [one.queue_partition_key for one in client(engine).list_workflows()] == ["webcrm:9"]


class Recorder:
    """Stands for DBOS: keeps what it is told."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self._sys_db = SimpleNamespace(get_queue=lambda _name: None, dequeue_scopes=lambda _name: [None])

    def __call__(self, *, config: dict[str, Any]) -> Recorder:
        self.told["config"] = config
        return self

    def workflow(self, **options: Any) -> Any:
        self.told["workflow"] = options
        return lambda function: function

    def listen_queues(self, names: list[str]) -> None:
        self.told["listen"] = names

    def launch(self) -> None:
        self.told["launched"] = True

    def register_queue(self, name: str, **options: Any) -> None:
        self.told["queue"] = {"name": name, **options}


def test_a_worker_tells_dbos_what_was_measured(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(runtime.worker, "DBOS", recorder)
    workers = [Worker(bot.engine, bot.process.office, bot.watch) for _ in range(2)]
    for worker in workers:
        worker._launch()
    assert workers[0].executor_id != workers[1].executor_id
    config = recorder.told["config"]
    assert config["executor_id"] == workers[1].executor_id
    assert config["application_version"] == APPLICATION_VERSION
    assert config["max_executor_threads"] == 32
    assert config["system_database_engine"] is bot.engine
    assert recorder.told["workflow"]["max_recovery_attempts"] is None
    queue = recorder.told["queue"]
    assert (queue["name"], queue["partition_concurrency"], queue["on_conflict"]) == (QUEUE, 1, "never_update")
    assert queue["worker_concurrency"] == config["max_executor_threads"]
    assert recorder.told["listen"] == [QUEUE]
    assert recorder._sys_db.dequeue_scopes(QUEUE) == []  # nothing to do, found out by one question
