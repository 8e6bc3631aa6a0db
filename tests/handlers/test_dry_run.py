"""A dry run says what then happens: over every event file, and over a second event of the same content."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from events import load_event
from runtime.dry_run import DryRun, Understood, run_dry
from store import ledger
from store.tables import deliveries
from tests.bot import Bot
from tests.handlers.test_closed_again import close, put, reopened
from tests.handlers.test_hand_made import OPERATOR, make
from tests.handlers.test_holds import SELLER
from tests.tickets import closing, ticket

EVENTS = sorted((Path(__file__).parents[1] / "events").glob("*.json"))
SAID = {"done": "would do", "warned": "would warn", "observed": "would record"}
TABLES = ("ledger", "links", "holds", "requests", "alarms", "alerts", "field_marks", "promises", "deliveries")
Step = tuple[str, str, str]
# people and tickets that the files speak of, as the sandbox knows them
NAMES = {
    "712020:00000000-0000-4000-8000-00000000a017": OPERATOR,
    "qm:00000000-0000-4000-8000-0000000000c1:00000000-0000-4000-8000-0000000000c2": SELLER,
    "SIDE-9": "FBO-1",
}


def post(bot: Bot, path: Path, number: int) -> int:
    """Send the body of a file under an id of its own."""
    text = path.read_text("utf-8")
    for name, known in NAMES.items():
        text = text.replace(name, known)
    kind = path.stem.split("_")[0]
    if kind == "usedesk":
        given = json.loads(text.replace("invented-application-id", "sandbox-usedesk-secret"))
        given["number"] = number  # nothing reads it: only the body differs
        return bot.client.post("/webhooks/usedesk/sandbox", json=given).status_code
    if kind in ("ticket", "request", "agent"):
        event = json.loads(text) | {"id": f"evt-{number}"}
        if event.get("ticket", {}).get("id"):
            bot.sandbox.put_ticket({"status": "В работе", **event["ticket"]})
        return bot.crm(event)
    return bot.jira(json.loads(text), uuid.uuid4().hex)


def waiting(bot: Bot) -> Any:
    """The delivery that came in and has not run."""
    rows = sa.select(deliveries).where(deliveries.c.state == "waiting").order_by(deliveries.c.id.desc()).limit(1)
    with bot.engine.connect() as connection:
        return connection.execute(rows).first()


def dry(bot: Bot, row: Any) -> DryRun:
    """The dry run of a stored delivery."""
    with bot.engine.connect() as connection:
        done = ledger.recorded(connection, row.id)
    understood = Understood(row.type, row.case_id, load_event(row.event))
    return run_dry(bot.process.factory, bot.reloader.current(), understood, done)


def said(found: DryRun) -> list[Step]:
    """What it says: rule, verb, outcome."""
    return [(step["rule"], step["verb"], step["outcome"]) for step in found.steps]


def happened(bot: Bot, number: int) -> list[Step]:
    """What the ledger says of it, in the same words."""
    rows = sa.select(sa.text("rule, verb, outcome FROM ledger WHERE delivery = :number ORDER BY id"))
    with bot.engine.connect() as connection:
        found = list(connection.execute(rows, {"number": number}))
    return [(row.rule, row.verb, SAID.get(row.outcome, row.outcome)) for row in found]


def compare(bot: Bot) -> DryRun:
    """Rehearse what waits, let it run, and compare."""
    row = waiting(bot)
    found = dry(bot, row)
    bot.work()
    assert said(found) == happened(bot, row.id)
    return found


@pytest.mark.parametrize("mode", ["act", "warn"])
@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_a_dry_run_says_what_then_happens(bot: Bot, path: Path, mode: str) -> None:
    bot.set_config(RULES_DEFAULT_MODE=mode)
    bot.sandbox.usedesk_settings(rate_limit=False)
    make(bot)
    bot.sandbox.put_ticket(ticket(id="DEP-41"))
    if path.stem.startswith("request_answered"):  # of a request that is known
        post(bot, path.with_stem("request_created__service"), 0)
    bot.work()
    for number in (1, 2):
        post(bot, path, number)
        if waiting(bot) is None:
            return  # nothing of it concerns the bot
        compare(bot)


def test_the_dry_run_of_a_ticket_that_has_its_issue_says_so(bot: Bot) -> None:
    made = put(bot)
    close(bot, made, "a")
    assert bot.crm(closing(reopened(bot, made["id"]), id="b")) == 202
    found = compare(bot)
    outcomes = {step["verb"]: step["outcome"] for step in found.steps}
    assert outcomes["create_issue"] == "unchanged"


def test_a_dry_run_looks_and_changes_nothing(bot: Bot) -> None:
    assert bot.crm(closing(put(bot), id="a", hold="ozon", actions_done="Пропуск в системе есть")) == 202
    row, before, calls = waiting(bot), counted(bot), len(bot.sandbox.calls())
    assert len(said(dry(bot, row))) > 5
    writes = [call for call in bot.sandbox.calls()[calls:] if call["method"] != "GET"]
    assert {call["path"] for call in writes} <= {"/rest/api/3/search/jql"}
    assert counted(bot) == before
    assert bot.sandbox.issues() == []


def counted(bot: Bot) -> dict[str, int]:
    """How many rows each table has."""
    with bot.engine.connect() as connection:
        return {table: connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() for table in TABLES}  # noqa: S608 # our own names


def test_a_dry_run_of_a_stored_event_goes_on_behind_what_is_done(bot: Bot) -> None:
    bot.sandbox.fault(system="webcrm", match="PATCH /webcrm/tickets/*", status=400)
    assert bot.crm(closing(put(bot), id="a")) == 202
    row = waiting(bot)
    bot.work()
    outcomes = {step["verb"]: step["outcome"] for step in dry(bot, row).steps}
    assert (outcomes["create_issue"], outcomes["write_key"]) == ("done already", "would do")
