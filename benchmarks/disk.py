"""What a ticket takes of the disk: its closing, the issue that comes of it, and every step that was written down.

Measured at once, before anything is old enough to be forgotten; indexes are in it, the log of the database is not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

import requests
import sqlalchemy as sa

from benchmarks.bodies import CRM, headers_of
from benchmarks.corpora import read
from benchmarks.figures import show
from benchmarks.servers import Maker, command, fresh, sandbox, stores, web
from benchmarks.throughput import wait_done
from store.database import connect
from tests.tickets import closing, ticket

TICKETS = 500
WARMING = 50
MESSAGES = {"one message": 1, "20 messages of 200 characters": 20}
LENGTH = 200  # characters of a message
COLUMNS = ("", "body, KB", "disk for 1,000, MB")
SIZES = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


def main() -> None:
    """Measure on each database."""
    with stores() as makers:
        rows = [_measure(name, maker, kind) for name, maker in makers.items() for kind in MESSAGES]
    show(f"{TICKETS} closings that become issues", COLUMNS, rows)


def _measure(database: str, maker: Maker, kind: str) -> list[object]:
    tickets = [_ticket(number, MESSAGES[kind]) for number in range(TICKETS + WARMING)]
    bodies = {of["id"]: json.dumps(closing(of), ensure_ascii=False).encode() for of in tickets}
    with sandbox() as url, fresh(maker, url) as env, web(env) as port, command(env, "worker"):
        engine = connect(env["DATABASE_URL"], pool_size=1)
        try:
            _close(url, port, tickets[:WARMING], bodies)
            wait_done(engine, WARMING)
            before = _size(engine)
            _close(url, port, tickets[WARMING:], bodies)
            wait_done(engine, TICKETS + WARMING)
            taken = _size(engine) - before
        finally:
            engine.dispose()
    body = sum(map(len, bodies.values())) / len(bodies)
    return [f"{database}, {kind}", body / 1000, taken / TICKETS * 1000 / 1_000_000]


def _ticket(number: int, messages: int) -> dict[str, Any]:
    """The ticket of a seller of its own, in which so much was written."""
    made, chance = ticket(id=f"disk-{number}"), Random(number)  # noqa: S311 # no secret
    (first,) = made["messages"]
    known = [example.text for example in read("phrases_tuning")]
    texts = (" ".join(chance.choices(known, k=LENGTH // 10))[:LENGTH] for _ in range(messages))
    written = [first | {"id": f"m{n}", "text": text} for n, text in enumerate(texts)]
    return made | {"seller": made["seller"] | {"id": str(number)}, "messages": written}


def _close(url: str, port: int, tickets: list[dict[str, Any]], bodies: Mapping[str, bytes]) -> None:
    with requests.Session() as session:
        session.trust_env = False
        for of in tickets:
            session.put(f"{url}/sandbox/webcrm/tickets/{of['id']}", json=of).raise_for_status()
            body = bodies[of["id"]]
            answer = session.post(f"http://127.0.0.1:{port}{CRM}", data=body, headers=headers_of(body, of["id"]))
            answer.raise_for_status()


def _size(engine: sa.Engine) -> int:
    """Bytes of the whole database."""
    with engine.connect() as connection:
        return int(connection.execute(sa.text(SIZES[engine.dialect.name])).scalar_one())
