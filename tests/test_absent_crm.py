"""The bot with Jira alone, and with either CRM: what is not set up is not there, and its absence is no fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.cli import cli as flask_command

from cli.roles import polling
from config.settings import Settings
from desk.clock import machine_now
from runtime.clock import Clock
from runtime.process import Process
from sandbox.live import LiveSandbox
from store import links, systems
from store.tables import deliveries, ledger
from tests.bot import Bot, environment, free_port, sign_crm
from tests.handlers.test_hand_made import ADMIN, components, make, person
from tests.tickets import closing, ticket
from tests.web.site import Site, opened, own_logs

CRMS = {
    "webcrm": ("WEBCRM_URL", "WEBCRM_TOKEN", "WEBCRM_WEBHOOK_SECRETS"),
    "usedesk": ("USEDESK_URL", "USEDESK_TOKEN", "USEDESK_SECRET", "USEDESK_PATH_TOKEN", "USEDESK_AGENT_ID"),
}
DOORS = {"webcrm": "/webhooks/webcrm", "usedesk": "/webhooks/usedesk/sandbox"}
COMBINATIONS = [(), ("usedesk",), ("webcrm",)]
PAGES = ("/state", "/rules", "/rules/W-65", "/deliveries", "/dead", "/try", "/tickets", "/board", "/report", "/me")
CHECK = "/api/closing-check"


def without(crms: tuple[str, ...]) -> dict[str, str]:
    """Variables that make every other CRM absent."""
    return {name: "" for crm, names in CRMS.items() if crm not in crms for name in names}


@pytest.fixture(params=COMBINATIONS, ids=lambda crms: "+".join(("jira", *crms)))
def crms(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The CRMs that are set up."""
    found: tuple[str, ...] = request.param
    return found


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[LiveSandbox]:
    """The systems around the bot."""
    with LiveSandbox(data_dir=tmp_path) as running:
        yield running


@pytest.fixture
def site(
    crms: tuple[str, ...], sandbox: LiveSandbox, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """The web process beside the sandbox, with these CRMs."""
    env = environment(sandbox.url, database_url, tmp_path) | without(crms) | {"WORKER_LEASE": "1m"}
    with opened(database_url, tmp_path, monkeypatch, **env) as made:
        yield made


@pytest.fixture
def bot(crms: tuple[str, ...], database_url: str, tmp_path: Path) -> Iterator[Bot]:
    """A bot with these CRMs, to which the sandbox's Jira sends its webhooks."""
    port = free_port()
    with (
        LiveSandbox(bot_url=f"http://127.0.0.1:{port}", data_dir=tmp_path) as running,
        Bot(database_url, running, tmp_path, port, **without(crms)) as made,
    ):
        yield made


def take_away(bot: Bot) -> None:
    """From now on there is Jira alone."""
    bot.env.update(without(()))
    bot.process = Process(Settings.read(bot.env))
    bot.process.__dict__.update(engine=bot.engine, reloader=bot.reloader)
    bot.runner = bot.new_runner()


def states(bot: Bot) -> set[tuple[str, str | None]]:
    """How all that came from Jira ended."""
    with bot.engine.connect() as connection:
        rows = connection.execute(sa.select(deliveries.c.state, deliveries.c.reason))
        return {(row.state, row.reason) for row in rows}


def test_the_receiver_of_a_crm_that_is_not_set_up_is_not_there(site: Site, crms: tuple[str, ...]) -> None:
    body = json.dumps(closing(ticket(id="7"), id="evt-1"), ensure_ascii=False).encode()
    for crm, door in DOORS.items():
        answer = site.client.post(door, data=body, headers=sign_crm(body, "evt-1"))
        assert (answer.status_code == 404) is (crm not in crms), (crm, answer.status_code)
    checked = site.client.post(CHECK, data=body, headers={"Authorization": "Bearer sandbox-api-token"})
    assert checked.status_code == (200 if "webcrm" in crms else 404)


def test_pages_know_nothing_of_a_crm_that_is_not_set_up(site: Site, crms: tuple[str, ...]) -> None:
    for page in PAGES:
        assert site.get(page).status_code == 200, page
    assert set(site.process.factory.systems(site.process.reloader.current())) == {"jira:main", *crms}
    doors = str(list(site.get("/openapi.json").json["paths"]))
    for crm in CRMS:
        assert (f"<b>{crm}</b>" in site.text("/state")) is (crm in crms)
        assert (f'value="{crm}"' in site.text("/tickets")) is (crm in crms)
        assert (DOORS[crm].removesuffix("/sandbox") in doors) is (crm in crms)
        assert (f'system="{crm}"' in site.client.get("/metrics").text) is (crm in crms)
    assert ("событие WebCRM" in site.text("/try")) is ("webcrm" in crms)
    assert ("не применяется" in site.text("/rules/W-65")) is ("webcrm" not in crms)
    assert ("не применяется" in site.text("/rules/U-05")) is ("usedesk" not in crms)
    assert ("не применяется" in site.text("/rules/W-33")) is (not crms)
    assert "не применяется" not in site.text("/rules/W-57")
    pasted = site.post("/try", body=json.dumps(closing(ticket(id="7"), id="evt-1"))).text
    assert ("WebCRM is not set up here" in pasted) is ("webcrm" not in crms)


def test_usedesk_is_polled_only_where_it_is_set_up(site: Site, crms: tuple[str, ...]) -> None:
    assert (polling(site.process) is not None) is ("usedesk" in crms)


def test_the_doctor_asks_only_what_is_set_up(
    site: Site, crms: tuple[str, ...], sandbox: LiveSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.engine.begin() as connection:
        systems.worker_seen(connection, "worker-1", machine_now())
        systems.clock_seen(connection, "clock-1", machine_now())
        systems.trip_breaker(connection, "webcrm", reason="503", now=machine_now(), probe_at=None)
    with own_logs():
        result = CliRunner().invoke(flask_command, ["--app", "app", "doctor"])
    assert result.exit_code == 0, result.output
    said = result.output.lower()
    for crm in CRMS:
        assert (crm in said) is (crm in crms), said


def test_an_issue_that_names_a_ticket_of_an_absent_crm_gets_its_component(bot: Bot, crms: tuple[str, ...]) -> None:
    bot.sandbox.put_ticket(ticket(id="7"))
    issue = make(bot, labels=["webcrm-7"])
    assert components(bot, issue["key"]) == ["FF:Хоругвино"]
    with bot.engine.connect() as connection:
        link = links.of_issue(connection, "main", issue["id"])
    assert (link is not None) is ("webcrm" in crms)
    assert {state for state, _ in states(bot)} <= {"done", "ignored"}, states(bot)


@pytest.mark.parametrize("crms", [("webcrm",)], indirect=True)
def test_words_for_tickets_of_a_crm_that_was_taken_away_are_refused(bot: Bot) -> None:
    assert bot.crm(closing(bot.sandbox.put_ticket(ticket(id="7")), id="evt-1")) == 202
    bot.work()
    key = bot.sandbox.ticket("7")["jira_key"]
    take_away(bot)
    person(bot, "DELETE", f"/issue/{key}", who=ADMIN)
    with bot.engine.connect() as connection:
        steps = connection.execute(sa.select(ledger.c.verb, ledger.c.outcome, ledger.c.reason)).all()
        assert links.of_ticket(connection, "webcrm", "7", None) is None
    assert ("clear_key", "unchanged", None) in steps
    assert {state for state, _ in states(bot)} <= {"done", "ignored"}, states(bot)


@pytest.mark.parametrize("crms", [("webcrm",)], indirect=True)
def test_what_waits_for_a_crm_that_was_taken_away_goes_on(bot: Bot) -> None:
    bot.crm(closing(ticket(id="7"), id="evt-1"))
    with bot.engine.begin() as connection:
        systems.trip_breaker(connection, "webcrm", reason="503", now=machine_now(), probe_at=None)
    bot.work()
    assert bot.delivery("evt-1").waits_for == "webcrm"
    take_away(bot)
    Clock(bot.engine, bot.process.factory, bot.reloader).probe()
    bot.work()
    assert bot.delivery("evt-1").state == "done"
    assert ("W-65", "close_ticket", "refused") in bot.steps("evt-1")
    assert len(bot.sandbox.issues()) == 1
