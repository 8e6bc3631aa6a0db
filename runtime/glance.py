"""Make a poll of DBOS's queue that finds nothing cheap.

Thirty times a second DBOS reads the queue's settings and puts together its statement for taking nudges, two hundred
lines that ask for each case; a worker with nothing to do spent a sixth of a core on it. Here its first question is
whether there is any nudge at all, and the settings, which no release changes while it runs, are read once.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from runtime.nudges import QUEUE
from store.database import reading

# «in flight» is said twice, because SQLite uses the partial index of the two states only where both stand
_ANY = """
    SELECT 1 FROM {schema}workflow_status
    WHERE queue_name = :queue AND status = 'ENQUEUED' AND status IN ('ENQUEUED', 'PENDING') LIMIT 1
"""


def poll_lightly(system: Any, engine: sa.Engine) -> None:
    """Let DBOS's system database answer two questions about our queue with less work; all others stay as they are.

    `get_queue`: the settings of a queue. `dequeue_scopes`: the parts of the database that nudges may be taken from;
    none: this poll takes nothing.
    """
    ask_settings, ask_scopes, settings = system.get_queue, system.dequeue_scopes, system.get_queue(QUEUE)
    schema = "dbos." if engine.dialect.name == "postgresql" else ""
    question = sa.text(_ANY.format(schema=schema)).bindparams(queue=QUEUE)

    def get_queue(name: str, **given: Any) -> Any:
        return settings if name == QUEUE and settings is not None else ask_settings(name, **given)

    def dequeue_scopes(queue_name: str) -> list[str | None]:
        if queue_name == QUEUE:
            with reading(engine) as connection:
                if connection.execute(question).first() is None:
                    return []
        scopes: list[str | None] = ask_scopes(queue_name)
        return scopes

    system.get_queue, system.dequeue_scopes = get_queue, dequeue_scopes
