"""Nudges: "look at this case", carried to the workers by DBOS.

A nudge is a workflow without steps. One too many finds nothing to do; one that is lost is made good
by the clock's sweep, so nothing here is the truth: that stands in `deliveries`.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from dbos import DBOSClient

from store.database import listed
from store.types import to_json

QUEUE = "cases"
WORKFLOW = "look_at_case"
# DBOS runs a workflow only on the version that it was enqueued for; a nudge is for whoever is there.
APPLICATION_VERSION = "smezhnik"
APPLICATION_NAME = "smezhnik"


# DBOS's own `enqueue_in_transaction` takes one nudge at a time, and as long for it as everything else that accepting
# a delivery takes. Every column that is not named here has its default in DBOS's tables.
_STATUS = """
    INSERT INTO {schema}workflow_status
        (workflow_uuid, status, name, queue_name, queue_partition_key, application_version, application_name,
        serialization)
    SELECT r.id, 'ENQUEUED', :workflow, :queue, r.case_id, :version, :application, 'portable_json' FROM {rows}
"""
_INPUT = "INSERT INTO {schema}workflow_input (workflow_uuid, inputs) SELECT r.id, r.inputs FROM {rows}"
_BOTH = "WITH added AS (" + _STATUS + ")" + _INPUT


class Nudges:
    """Puts nudges into the queue `cases`; its partition is the case, so a case is looked at by one worker."""

    def __init__(self, engine: sa.Engine) -> None:
        self._client = DBOSClient(system_database_engine=engine, lazy=True, application_name=APPLICATION_NAME)
        dialect = engine.dialect.name
        within = {"schema": "dbos." if dialect == "postgresql" else "", "rows": listed(dialect, *_nudge(""))}
        self._constant = {
            "workflow": WORKFLOW,
            "queue": QUEUE,
            "version": APPLICATION_VERSION,
            "application": APPLICATION_NAME,
        }
        # PostgreSQL can do both in one round trip
        statements = (_BOTH,) if dialect == "postgresql" else (_STATUS, _INPUT)
        self._statements = [sa.text(one.format(**within)) for one in statements]

    def send(self, connection: sa.Connection, *cases: str) -> None:
        """Enqueue a nudge for each of these cases in the caller's transaction."""
        rows = {"rows": to_json([_nudge(case) for case in cases])}
        for statement in self._statements:
            connection.execute(statement, rows | self._constant)

    def unfinished(self, executor_id: str) -> dict[str, str]:
        """The nudges that a worker has taken and not finished: their ids, and the case of each."""
        mine: dict[str, Any] = {"executor_id": executor_id, "load_input": False, "load_output": False}
        taken = self._client.list_workflows(status="PENDING", **mine)
        return {workflow.workflow_id: workflow.queue_partition_key or "" for workflow in taken}

    def take_back(self, connection: sa.Connection, executor_id: str) -> list[str]:
        """Nudge the cases of a dead worker anew, in the caller's transaction; the ids of its own nudges, to be deleted.

        They are not resumed: a worker that was alive after all waits in DBOS, with a thread each, for the outcome of
        what was resumed; with all its threads waiting there is none left for that outcome to come from.
        """
        taken = self.unfinished(executor_id)
        if taken:
            self.send(connection, *sorted(set(taken.values())))
        return list(taken)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete nudges, finished or not; an unfinished one frees its case for the next."""
        if ids:
            self._client.delete_workflows(list(ids))

    def delete_finished(self, before: str, limit: int) -> int:
        """Delete nudges that were completed before an ISO moment; the count."""
        done = self._client.list_workflows(completed_before=before, limit=limit, load_input=False, load_output=False)
        self.delete([workflow.workflow_id for workflow in done])
        return len(done)


def _nudge(case_id: str) -> dict[str, str]:
    """One nudge; its input is written as DBOS reads it from callers in other languages."""
    inputs = to_json({"namedArgs": {}, "positionalArgs": [case_id]})
    return {"id": _next_id(), "case_id": case_id, "inputs": inputs}


def _next_id() -> str:
    """A UUID that begins with the time: new ones stand side by side in the indexes, few pages are written."""
    return str(uuid.UUID(int=time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)))
