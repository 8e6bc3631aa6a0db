"""Many at once: acknowledged under load, done in order, and waiting for free."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

import handlers
from desk.clock import machine_now
from events import TicketEvent, dump_event
from runtime.clock import Clock
from store import systems
from store.tables import deliveries as d
from store.tables import systems as systems_table
from tests.bot import Bot, free_port, sign_crm
from tests.runtime.crashes import end, zygote
from tests.runtime.waiting import until, until_reached
from tests.tickets import closing, ticket

ROOT = Path(__file__).resolve().parent.parent.parent
TICKETS, SELLERS, CONNECTIONS = 200, 50, 20
WAITING = 2000
WARM = 128  # four for each thread of a worker


@contextmanager
def served(bot: Bot) -> Iterator[str]:
    """The bot's web process under gunicorn, as the Procfile starts it; its address."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "app:create_app()"]
    log = (Path(bot.env["DATA_DIR"]) / "web.log").open("w")
    env = {**os.environ, **bot.env, "PORT": str(port)}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)  # noqa: S603 # our own
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return requests.get(f"{url}/health/live", timeout=2).ok
        except requests.RequestException:
            return False

    try:
        until(answers, "the web process serves", log=Path(log.name))
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.close()


@contextmanager
def working(bot: Bot, *roles: str) -> Iterator[list[int]]:
    """Workers and clocks as processes; their ids."""
    folder = Path(bot.env["DATA_DIR"])
    pids = [zygote().start(bot.env, folder / f"{role}{number}.log", role) for number, role in enumerate(roles)]
    try:
        yield pids
    finally:
        for pid in pids:
            end(pid)


def post(url: str, events: list[dict[str, Any]]) -> list[int]:
    """Post signed events one after another over one connection; the answers."""
    with requests.Session() as session:
        answers = []
        for event in events:
            body = json.dumps(event, ensure_ascii=False).encode()
            headers = sign_crm(body, str(event["id"]))
            answers.append(session.post(f"{url}/webhooks/webcrm", data=body, headers=headers, timeout=30).status_code)
        return answers


def counts(bot: Bot) -> Counter[str]:
    """How many deliveries of the CRM are in each state."""
    query = sa.select(d.c.state, sa.func.count()).where(d.c.source == "webcrm").group_by(d.c.state)
    with bot.engine.connect() as connection:
        return Counter({state: count for state, count in connection.execute(query)})


def test_two_hundred_tickets_at_once_are_all_done_in_order_with_two_writing_calls_each(any_bot: Bot) -> None:
    made = [ticket(seller={"id": str(number % SELLERS), "name": "Лавка"}) for number in range(TICKETS)]
    for one in made:
        any_bot.sandbox.put_ticket(one)
    # every fourth ticket sends a second event, which must be looked at after the first
    events = [
        [closing(one), *([closing(one, type="ticket.closed")] if n % 4 == 0 else [])] for n, one in enumerate(made)
    ]
    shares = [[event for pair in events[number::CONNECTIONS] for event in pair] for number in range(CONNECTIONS)]
    any_bot.set_config(WORKER_LEASE="15s")  # as shipped: under this load a second is no sign of death
    with served(any_bot) as url, working(any_bot, "worker", "worker", "clock"):
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            answers = [answer for share in threads.map(lambda share: post(url, share), shares) for answer in share]
        assert answers == [202] * (TICKETS + TICKETS // 4)
        until_reached(lambda: counts(any_bot)["done"], len(answers), "all are done")
    with any_bot.engine.connect() as connection:
        rows = connection.execute(
            sa.select(d.c.case_id, d.c.finished_at).where(d.c.source == "webcrm").order_by(d.c.id)
        )
        cases: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            cases[row.case_id].append(row.finished_at)
    assert len(cases) == TICKETS
    assert all(moments == sorted(moments) for moments in cases.values())
    issues = any_bot.sandbox.issues()
    assert len(issues) == TICKETS
    keys = {any_bot.sandbox.ticket(one["id"])["jira_key"] for one in made}
    assert keys == {issue["key"] for issue in issues}
    writes = [
        call["path"].rsplit("/", 1)[1]
        for call in any_bot.sandbox.calls("jira")
        if call["method"] != "GET" and not call["path"].endswith("/search/jql")
    ]
    assert Counter(writes) == {"issue": TICKETS, "remotelink": TICKETS}


def fill(bot: Bot, event: dict[str, Any], number: int, prefix: str = "w", **values: Any) -> None:
    """Put so many unfinished deliveries of an event into the store, each in a case of its own."""
    moment = machine_now()
    row = {"source": "webcrm", "type": "ticket.closing", "body": "{}", "received_at": moment}
    row |= {"event": dump_event(TicketEvent.model_validate(event))} | values
    many = [{**row, "delivery_id": f"{prefix}{n}", "case_id": f"webcrm:{prefix}{n}"} for n in range(number)]
    with bot.engine.begin() as connection:
        connection.execute(sa.insert(d), many)


class Cost:
    """What one delivery of another case costs, from acceptance to its end, and a tick of the clock.

    Counted in statements; `benchmarks/waiting.py` measures the time, `tests/store` that each uses an index.
    """

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._clock = Clock(bot.engine, bot.process.factory, bot.reloader)

    def measure(self) -> list[str]:
        """The database's statements for one delivery."""
        statements: list[str] = []
        listen = lambda *given: statements.append(given[2])  # noqa: E731
        sa.event.listen(self._bot.engine, "before_cursor_execute", listen)
        self.once()
        sa.event.remove(self._bot.engine, "before_cursor_execute", listen)
        return statements

    def once(self) -> None:
        """One delivery of a new case."""
        made = ticket()
        assert self._bot.crm(closing(made)) == 202
        self._bot.runner.look_at(f"webcrm:{made['id']}")
        self._clock.fire()


@pytest.mark.parametrize(
    "values",
    [
        {"state": "waiting", "due_at": timedelta(hours=1), "attempts": 3},
        {"state": "waiting", "waits_for": "jira:main"},
        {"state": "dead"},
    ],
    ids=["retry", "system", "dead"],
)
def test_what_waits_costs_the_others_nothing(
    any_bot: Bot, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]
) -> None:
    monkeypatch.setitem(handlers.PROCEDURES, "ticket.closing", ())
    cost = Cost(any_bot)
    cost.once()
    before = cost.measure()
    moment = machine_now()
    due = {name: moment + value if isinstance(value, timedelta) else value for name, value in values.items()}
    fill(any_bot, closing(ticket()), WAITING, "w", **due)
    assert cost.measure() == before
    with any_bot.engine.connect() as connection:
        left = connection.execute(sa.select(sa.func.count()).where(d.c.delivery_id.like("w%"), d.c.state != "done"))
        assert left.scalar_one() == WAITING


def memory(pid: int) -> float:
    """The resident memory of a process, MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_two_thousand_waiting_cases_take_no_memory_and_go_on_after_a_restart(any_bot: Bot) -> None:
    any_bot.set_config(WORKER_LEASE="5s")  # busy, not dead
    # what a worker keeps does not depend on the database: the full number once is enough; half of them have met the
    # system that is down before, the others meet it in this worker
    number = WAITING if any_bot.engine.dialect.name == "sqlite" else WAITING // 4
    with any_bot.engine.begin() as connection:
        soon = machine_now() + timedelta(hours=1)
        systems.trip_breaker(connection, "webcrm", reason="down", now=machine_now(), probe_at=soon)
    with working(any_bot, "worker", "clock") as (worker, _):
        # a pair outside T-1: one note in the CRM
        event = closing(any_bot.sandbox.put_ticket(ticket(type="Финансы", subtype="Сверка")))
        # as many first as give every thread of the worker its clients, which it keeps whatever waits
        fill(any_bot, event, WARM, prefix="warm", state="waiting", due_at=machine_now())
        until_reached(lambda: waiting(any_bot), WARM, "the first ones wait")
        before = memory(worker)
        fill(any_bot, event, number // 2, prefix="v", state="waiting", due_at=None, waits_for="webcrm")
        fill(any_bot, event, number // 2, state="waiting", due_at=machine_now())
        until_reached(lambda: waiting(any_bot), number + WARM, "all wait")
        grown = memory(worker) - before
    assert grown < 20, f"{grown:.1f} MB"
    with any_bot.engine.begin() as connection:
        connection.execute(sa.update(systems_table).values(probe_at=machine_now()))
    with working(any_bot, "worker", "clock"):
        until_reached(lambda: counts(any_bot)["done"], number + WARM, "all go on")


def waiting(bot: Bot) -> int:
    """How many deliveries wait for the CRM."""
    with bot.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).where(d.c.waits_for == "webcrm")).scalar_one())
