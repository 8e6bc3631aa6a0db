"""How quickly a closing is checked, in process and over HTTP: by every rule of the table, with advice and numbers."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.figures import percentile, show
from benchmarks.servers import fresh, stores, web
from config import load
from events import TicketEvent
from handlers.closing_checks import check_closing
from receivers.webcrm_events import parse
from tests.closings import RULES
from tests.tickets import closing, ticket

ROUNDS = 20
WARM = 50  # questions before those that count
ENV = {"JIRA_URL": "https://example.atlassian.net", "JIRA_USER": "bot@example.test", "JIRA_TOKEN": "an-invented-token"}
LONG = "Здравствуйте! Заказ 12345678-0001 не пришёл, курьер не звонил. " * 30


def main() -> None:
    """Measure closings of all kinds, and one of a ticket with 200 long messages."""
    short = [event for breaks, _, keeps in RULES.values() for event in (breaks, keeps)]
    message = {"author": {"role": "client"}, "visibility": "public", "text": LONG}
    long = closing(ticket(audience="customer", messages=[message] * 200), resolution="НТО", create_jira=False)
    kinds = {"of every kind": short, "200 messages of 1,900 characters": [long]}
    columns = ("closing", "a second", "median, ms", "p99, ms")
    show("A closing's check, CPU", columns, [_row(name, bodies) for name, bodies in kinds.items()])
    with stores() as makers, fresh(makers["SQLite"]) as env, web(env) as port:
        rows = [[name, *_figures(_over_http(port, bodies))] for name, bodies in kinds.items()]
    show("POST /api/closing-check over one connection", columns, rows)


def _row(name: str, bodies: list[dict[str, Any]]) -> list[Any]:
    config = load(Path("config"), ENV)
    events = [event for body in bodies if (event := parse(body).event) is not None]
    times = [_seconds(events[number % len(events)], config) for number in range(max(ROUNDS * len(events), 200))]
    return [name, *_figures(times)]


def _figures(times: Sequence[float]) -> list[Any]:
    """A second, median and p99 in milliseconds."""
    spent = [one * 1000 for one in times]
    return [round(len(spent) * 1000 / sum(spent)), *(round(percentile(spent, part), 2) for part in (50, 99))]


def _over_http(port: int, bodies: list[dict[str, Any]]) -> list[float]:
    """Ask again and again, one question after the other; the seconds of each, the first ones left out."""
    headers = {"Authorization": "Bearer sandbox-api-token", "Content-Type": "application/json"}
    questions = [json.dumps(body, ensure_ascii=False).encode() for body in bodies]
    connection, times = HTTPConnection("127.0.0.1", port, timeout=10), []
    for number in range(WARM + max(ROUNDS * len(questions) // 2, 300)):
        began = time.perf_counter()
        connection.request("POST", "/api/closing-check", questions[number % len(questions)], headers)
        answer = connection.getresponse()
        answer.read()
        times.append(time.perf_counter() - began)
        if answer.status != 200:
            raise RuntimeError(f"the check was answered with {answer.status}")
    return times[WARM:]


def _seconds(event: TicketEvent, config: Any) -> float:
    began = time.process_time()
    check_closing(event, config)
    return time.process_time() - began
