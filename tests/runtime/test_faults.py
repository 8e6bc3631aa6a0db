"""Jira in trouble, from the webhook to the end: one issue all the same, and nobody else waits."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import store.systems
from desk.clock import machine_now
from runtime.clock import Clock
from store import cases
from store.tables import ledger, systems
from tests.bot import Bot, free_port
from tests.runtime.waiting import until
from tests.tickets import closing, ticket

CREATE = "POST /rest/api/3/issue"
LINK = "POST /rest/api/3/issue/*"


def close(bot: Bot, number: str) -> str:
    """A closing of a new ticket arrives; its delivery's id."""
    made = ticket(id=number)
    bot.sandbox.put_ticket(made)
    event = closing(made)
    assert bot.crm(event) == 202
    return str(event["id"])


def calls(bot: Bot, wanted: str | None = None) -> list[dict[str, Any]]:
    """The calls to Jira, all or of one kind."""
    made = [call | {"what": f"{call['method']} {call['path']}"} for call in bot.sandbox.calls("jira")]
    return [call for call in made if wanted is None or call["what"] == wanted]


def assert_whole(bot: Bot, *names: str) -> None:
    """Each delivery is done, with one issue for its ticket, and every verb of it done once."""
    assert [bot.delivery(name).state for name in names] == ["done"] * len(names)
    keys = [bot.sandbox.ticket(bot.delivery(name).case_id.split(":")[1])["jira_key"] for name in names]
    assert sorted(keys) == sorted(issue["key"] for issue in bot.sandbox.issues())
    for name in names:
        verbs = ["choose_components", "create_issue", "link_back", "write_key", "close_ticket"]
        assert [(verb, outcome) for _, verb, outcome in bot.steps(name)] == [(verb, "done") for verb in verbs]


def mend(bot: Bot, **lines: str) -> None:
    """Change lines of a copy of the shipped configuration: `file__line_of_before=line_of_after` by `change`."""
    folder = Path(bot.env["DATA_DIR"]) / "config"
    folder.mkdir(exist_ok=True)
    for file in bot.process.settings.config_dir.glob("*.yml"):
        shutil.copy(file, folder)
    for name, text in lines.items():
        (folder / f"{name}.yml").write_text(text)
    bot.set_config(CONFIG_DIR=str(folder))


def shipped(bot: Bot, name: str) -> str:
    """A file of the shipped configuration."""
    return (bot.process.settings.config_dir / f"{name}.yml").read_text()


def impatient(bot: Bot) -> None:
    """Give the bot short timeouts."""
    text = shipped(bot, "runtime")
    for old, new in (("connect: 3s", "connect: 500ms"), ("read: 10s", "read: 500ms"), ("write: 30s", "write: 500ms")):
        assert old in text
        text = text.replace(old, new)
    mend(bot, runtime=text)


@pytest.mark.parametrize(
    ("reason", "match", "other_done", "other_called"),
    [
        ("jira-quota-tenant-based", CREATE, False, False),
        ("jira-quota-global-based", CREATE, False, False),
        ("jira-burst-based", CREATE, False, True),
        (None, CREATE, False, True),
        ("jira-burst-based", LINK, False, True),
        ("jira-per-issue-on-write", LINK, True, True),
    ],
)
def test_patience_is_kept_where_jira_asks_for_it(
    any_bot: Bot,
    reason: str | None,
    match: str,
    other_done: bool,
    other_called: bool,
) -> None:
    any_bot.sandbox.fault(system="jira", match=match, status=429, retry_after=60, reason=reason)
    first = close(any_bot, "1")
    any_bot.work()
    row = any_bot.delivery(first)
    assert (row.state, row.attempts) == ("waiting", 0)
    assert timedelta(seconds=50) < row.due_at - machine_now() <= timedelta(seconds=60)
    before = len(calls(any_bot))
    second = close(any_bot, "2")
    any_bot.work()
    assert (any_bot.delivery(second).state == "done") is other_done
    assert (len(calls(any_bot)) > before) is other_called
    assert any_bot.delivery(second).attempts == 0
    any_bot.hurry()
    any_bot.work()
    assert_whole(any_bot, first, second)
    assert any_bot.sandbox.chat("admins") == []


@pytest.mark.parametrize("effect", [False, True], ids=["before the effect", "after it"])
@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"status": 0}],
    ids=["500", "broken"],
)
@pytest.mark.parametrize("match", [CREATE, LINK], ids=["create", "link"])
def test_an_answer_that_says_nothing_of_the_effect_leads_to_one_issue(
    any_bot: Bot, match: str, fault: dict[str, Any], *, effect: bool
) -> None:
    any_bot.sandbox.fault(system="jira", match=match, after_effect=effect, **fault)
    name = close(any_bot, "1")
    any_bot.work()
    assert (any_bot.delivery(name).state, any_bot.delivery(name).attempts) == ("waiting", 1)
    any_bot.hurry()
    any_bot.work()
    assert_whole(any_bot, name)
    assert len(any_bot.sandbox.remote_links("FBO-1")) == 1
    assert len(calls(any_bot, CREATE)) == (2 if match == CREATE and not effect else 1)


@pytest.mark.parametrize("after_effect", [False, True], ids=["late effect", "effect"])
def test_an_answer_that_never_comes_leads_to_one_issue(any_bot: Bot, *, after_effect: bool) -> None:
    impatient(any_bot)
    any_bot.sandbox.fault(system="jira", match=CREATE, delay=1.2, after_effect=after_effect)
    name = close(any_bot, "1")
    any_bot.work()
    row = any_bot.delivery(name)
    assert (row.state, row.attempts) == ("waiting", 1)
    assert "no answer in time" in row.reason
    until(lambda: calls(any_bot, CREATE), "Jira has done what it was asked for")

    def done() -> bool:
        # on a busy machine these timeouts are short for an honest answer too
        any_bot.hurry()
        any_bot.work()
        return bool(any_bot.delivery(name).state == "done")

    until(done, "another try is answered in time")
    assert_whole(any_bot, name)
    assert len(calls(any_bot, CREATE)) == 1


def settle(bot: Bot) -> None:
    """Let the time pass that Jira's search may need: the try whose outcome is unknown was an hour ago."""
    with bot.engine.begin() as connection:
        begun = sa.update(ledger).where(ledger.c.outcome == "begun")
        connection.execute(begun.values(begun_at=machine_now() - timedelta(hours=1)))
    bot.sandbox.search_lag(0)


def test_search_that_lags_behind_is_waited_for(any_bot: Bot) -> None:
    any_bot.set_config(SEARCH_SETTLE="60s")
    any_bot.sandbox.search_lag(600)
    any_bot.sandbox.fault(system="jira", match=CREATE, status=500, after_effect=True)
    name = close(any_bot, "1")
    begun = machine_now()
    any_bot.work()
    any_bot.hurry()  # sooner than search can know
    any_bot.work()
    row = any_bot.delivery(name)
    assert (row.state, row.attempts) == ("waiting", 1)
    assert "may not show" in row.reason
    assert begun + timedelta(seconds=60) <= row.due_at <= machine_now() + timedelta(seconds=60)
    settle(any_bot)
    any_bot.hurry()
    any_bot.work()
    assert_whole(any_bot, name)
    assert len(calls(any_bot, CREATE)) == 1


def test_two_unknown_outcomes_in_a_row_are_each_waited_for(any_bot: Bot) -> None:
    any_bot.set_config(SEARCH_SETTLE="60s")
    any_bot.sandbox.fault(system="jira", match=CREATE, status=500)
    any_bot.sandbox.fault(system="jira", match=CREATE, status=500, after_effect=True)
    name = close(any_bot, "1")
    any_bot.work()
    settle(any_bot)
    any_bot.hurry()
    any_bot.sandbox.search_lag(600)
    any_bot.work()  # nothing is found, so it is tried again, and again nobody knows
    any_bot.hurry()
    any_bot.work()
    assert (any_bot.delivery(name).state, len(any_bot.sandbox.issues())) == ("waiting", 1)
    assert len(calls(any_bot, CREATE)) == 2
    settle(any_bot)
    any_bot.hurry()
    any_bot.work()
    assert_whole(any_bot, name)
    assert len(calls(any_bot, CREATE)) == 2


def clock_of(bot: Bot) -> Clock:
    """A clock process."""
    return Clock(bot.engine, bot.process.factory, bot.reloader)


def due(bot: Bot) -> int:
    """How many cases a worker would find due."""
    with bot.engine.connect() as connection, connection.begin() as transaction:
        count = len(cases.claim(connection, "a", timedelta(0), 100))
        transaction.rollback()
        return count


def probe(bot: Bot) -> bool:
    """Let a clock probe now; whether all breakers are reset."""
    with bot.engine.begin() as connection:
        connection.execute(sa.update(systems).values(probe_at=machine_now()))
    clock_of(bot).probe()
    with bot.engine.connect() as connection:
        return not connection.execute(sa.select(systems).where(systems.c.closed_at.is_not(None))).all()


def test_a_refused_token_trips_the_breaker_until_a_probe_is_answered(any_bot: Bot) -> None:
    any_bot.sandbox.fault(system="jira", match=CREATE, status=401)
    names = [close(any_bot, "1")]
    any_bot.work()
    made = len(calls(any_bot))
    names += [close(any_bot, "2"), close(any_bot, "3")]
    any_bot.work()
    rows = [any_bot.delivery(name) for name in names]
    assert {(row.state, row.attempts, row.waits_for, row.due_at) for row in rows} == {("waiting", 0, "jira:main", None)}
    assert len(calls(any_bot)) == made
    assert len(any_bot.sandbox.chat("admins")) == 1
    assert due(any_bot) == 0
    any_bot.sandbox.fault(system="jira", match="GET /rest/api/3/myself", status=401)
    assert not probe(any_bot)
    clock_of(any_bot).probe()  # too early for another one
    assert len(calls(any_bot)) == made + 1
    assert probe(any_bot)
    assert due(any_bot) == 3
    any_bot.work()
    assert_whole(any_bot, *names)
    assert len(any_bot.sandbox.chat("admins")) == 1


def test_while_nobody_listens_events_wait_and_go_on_at_the_new_address(
    any_bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("JIRA_TOKEN", "ALERT_URLS"):
        monkeypatch.setenv(variable, any_bot.env[variable])
    right = any_bot.env["JIRA_URL"]
    any_bot.set_config(JIRA_URL=f"http://127.0.0.1:{free_port()}")
    name = close(any_bot, "1")
    any_bot.work()
    row = any_bot.delivery(name)
    assert (row.state, row.waits_for, row.attempts) == ("waiting", "jira:main", 0)
    assert "connection refused" in row.reason
    assert not probe(any_bot)
    any_bot.set_config(JIRA_URL=right)
    assert probe(any_bot)
    any_bot.work()
    assert_whole(any_bot, name)


def test_the_crm_is_probed_too(any_bot: Bot) -> None:
    any_bot.sandbox.fault(system="webcrm", match="PATCH /webcrm/tickets/1", status=401)
    name = close(any_bot, "1")
    any_bot.work()
    assert any_bot.delivery(name).waits_for == "webcrm"
    any_bot.sandbox.fault(system="webcrm", match="GET /webcrm/tickets/0", status=0)
    assert not probe(any_bot)
    assert probe(any_bot)
    any_bot.work()
    assert_whole(any_bot, name)


def test_a_run_of_failures_trips_the_breaker_and_uses_no_attempts_up(any_bot: Bot) -> None:
    any_bot.sandbox.fault(system="jira", match="POST /rest/api/3/*", status=502, times=3)
    names = [close(any_bot, str(number)) for number in range(1, 6)]
    any_bot.work()
    rows = [any_bot.delivery(name) for name in names]
    assert sorted((row.attempts, row.waits_for) for row in rows if row.attempts) == [(1, None)] * 3
    assert [(row.attempts, row.waits_for) for row in rows if not row.attempts] == [(0, "jira:main")] * 2
    assert [call["status"] for call in calls(any_bot) if call["method"] == "POST"] == [502] * 3
    assert len(any_bot.sandbox.chat("admins")) == 1
    assert probe(any_bot)
    any_bot.hurry()
    any_bot.work()
    assert_whole(any_bot, *names)


def test_fields_that_jira_refuses_are_a_dead_letter_in_its_own_words(any_bot: Bot) -> None:
    mend(any_bot, jira=shipped(any_bot, "jira").replace("Обращение партнёра", "Такого типа нет"))
    name = close(any_bot, "1")
    any_bot.work()
    row = any_bot.delivery(name)
    assert row.state == "dead"
    assert "400" in row.reason
    assert "issuetype" in row.reason
    assert any_bot.sandbox.issues() == []


@pytest.mark.parametrize("status", [403, 413])
def test_a_limit_of_the_issue_or_a_missing_right_is_a_dead_letter(any_bot: Bot, status: int) -> None:
    any_bot.sandbox.fault(system="jira", match=CREATE, status=status)
    name = close(any_bot, "1")
    other = close(any_bot, "2")
    any_bot.work()
    row = any_bot.delivery(name)
    assert (row.state, str(status) in row.reason) == ("dead", True)
    assert any_bot.delivery(other).state == "done"
    assert ("create_issue", "failed") in [step[1:] for step in any_bot.steps(name)]


@pytest.mark.parametrize("status", [403, 413])
def test_a_link_that_jira_refuses_costs_nothing_else(any_bot: Bot, status: int) -> None:
    any_bot.sandbox.fault(system="jira", match=LINK, status=status)
    name = close(any_bot, "1")
    any_bot.work()
    assert any_bot.delivery(name).state == "done"
    assert ("W-64", "link_back", "refused") in any_bot.steps(name)
    assert any_bot.sandbox.ticket("1")["jira_key"] == any_bot.sandbox.issues()[0]["key"]


LOGIN = "<html><form>log in</form>"
KEY = "PATCH /webcrm/tickets/1"
CLOSE = "POST /webcrm/tickets/1/close"


@pytest.mark.parametrize("effect", [False, True], ids=["before the effect", "after it"])
@pytest.mark.parametrize(
    ("system", "match", "status"),
    [("jira", CREATE, 201), ("jira", LINK, 201), ("webcrm", KEY, 200), ("webcrm", CLOSE, 200)],
)
def test_a_page_that_is_no_answer_leaves_the_outcome_unknown(
    bot: Bot, system: str, match: str, status: int, *, effect: bool
) -> None:
    bot.sandbox.fault(system=system, match=match, status=status, body=LOGIN, after_effect=effect)
    name = close(bot, "1")
    bot.work()
    row = bot.delivery(name)
    assert (row.state, row.attempts) == ("waiting", 1)
    assert f"answered {status}" in row.reason
    bot.hurry()
    bot.work()
    assert_whole(bot, name)
    assert len(bot.sandbox.remote_links("FBO-1")) == 1


@pytest.mark.parametrize("effect", [False, True], ids=["before the effect", "after it"])
@pytest.mark.parametrize(("system", "match"), [("jira", CREATE), ("jira", LINK), ("webcrm", KEY), ("webcrm", CLOSE)])
def test_a_redirect_is_told_once_and_followed_by_nobody(bot: Bot, system: str, match: str, *, effect: bool) -> None:
    there = f"{bot.sandbox.url}/chat/elsewhere"
    bot.sandbox.fault(system=system, match=match, status=307, location=f"{there}?a=secret", after_effect=effect)
    name = close(bot, "1")
    bot.work()
    row, breaker = bot.delivery(name), "jira:main" if system == "jira" else system
    assert (row.state, row.attempts, row.waits_for) == ("waiting", 0, breaker)
    assert row.reason.endswith("307: redirects to 127.0.0.1")
    (alert,) = bot.sandbox.chat("admins")
    assert "127.0.0.1" in alert["message"]
    assert "впишите настоящий адрес API" in alert["message"]
    assert "secret" not in alert["message"]
    assert bot.sandbox.chat("elsewhere") == []
    assert probe(bot)
    bot.work()
    assert_whole(bot, name)
    assert len(bot.sandbox.chat("admins")) == 1


PROBED = {
    "jira:main": ("jira", "GET /rest/api/3/myself"),
    "webcrm": ("webcrm", "GET /webcrm/tickets/0"),
    "usedesk": ("usedesk", "POST /usedesk/groups"),
}
PAGES: dict[str, dict[str, Any]] = {
    "login": {"status": 200, "body": LOGIN},
    "not found": {"status": 404, "body": "<html>no such page"},
    "another program": {"status": 200, "body": "{}"},
    "redirect": {"status": 302, "location": "http://127.0.0.1/chat/elsewhere"},
}
UNDOCUMENTED = ("usedesk", "another program")  # Usedesk documents no form of the answer to its probe


@pytest.mark.parametrize(
    ("breaker", "page"), [(breaker, page) for breaker in PROBED for page in PAGES if (breaker, page) != UNDOCUMENTED]
)
def test_a_page_that_is_no_answer_resets_no_breaker(bot: Bot, breaker: str, page: str) -> None:
    system, probed = PROBED[breaker]
    with bot.engine.begin() as connection:
        store.systems.trip_breaker(connection, breaker, reason="503", now=machine_now(), probe_at=machine_now())
    bot.sandbox.fault(system=system, match=probed, **PAGES[page])
    assert not probe(bot)
    assert probe(bot)
