"""Holds in trouble: each call that fails is made good, nothing is done twice, and nothing half counts as waiting."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from desk.adf_text import plain_text
from desk.clock import machine_now
from store import deliveries
from store.tables import holds, timers
from tests.bot import Bot
from tests.runtime.hold_scenarios import AGENT, CARD, OPERATOR, QUESTION, SCENARIOS
from tests.tickets import closing, ticket

CREATE, EDIT = "POST /rest/api/3/issue", "PUT /rest/api/3/issue/*"
BOTH = ("ozon", "seller")
FAULTS: dict[str, dict[str, Any]] = {
    "busy": {"status": 429, "retry_after": 1, "reason": "jira-per-issue-on-write"},
    "answer-lost": {"status": 500, "after_effect": True},
    "broken": {"status": 0, "after_effect": True},
}
# every writing call of a procedure in its order; `nth`: how many calls that match go well before it
CALLS = {
    "create": ("jira", CREATE, 0),
    "in-work": ("jira", "POST /rest/api/3/issue/*", 0),
    "link": ("jira", "POST /rest/api/3/issue/*", 1),
    "comment": ("jira", "POST /rest/api/3/issue/*", 2),
    "on": ("jira", "POST /rest/api/3/issue/*", 3),
    "note": ("webcrm", "POST /webcrm/*", 0),
    "key": ("webcrm", "PATCH /webcrm/*", 0),
    "close": ("webcrm", "POST /webcrm/*", 1),
}


def fail(bot: Bot, call: str, fault: str) -> None:
    """Let one writing call fail; those that match before it are answered as usual."""
    system, match, nth = CALLS[call]
    if nth:
        bot.sandbox.fault(system=system, match=match, times=nth, delay=0.001)
    bot.sandbox.fault(system=system, match=match, **FAULTS[fault])


def work_on(bot: Bot) -> None:
    """Work, and again after every wait."""
    for _ in range(3):
        bot.work()
        bot.hurry()
    bot.work()


def rows(bot: Bot) -> list[Any]:
    """All holds."""
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(holds).order_by(holds.c.id)))


def stages(bot: Bot) -> list[tuple[str, str, str | None]]:
    """All holds as (kind, stage, why ended)."""
    return [(row.kind, row.stage, row.ended_why) for row in rows(bot)]


def set_timers(bot: Bot) -> list[str]:
    """The states of all timers."""
    with bot.engine.connect() as connection:
        return list(connection.execute(sa.select(timers.c.state)).scalars())


def texts(bot: Bot) -> Counter[str]:
    """How often each comment stands in the issues."""
    issues = bot.sandbox.issues()
    return Counter(plain_text(c["body"]).strip() for one in issues for c in one["fields"]["comment"]["comments"])


def notes(bot: Bot, event: dict[str, Any]) -> Counter[str]:
    """How often each internal note stands in the ticket."""
    messages = bot.sandbox.ticket(event["ticket"]["id"])["messages"]
    return Counter(one["text"] for one in messages if one["visibility"] == "internal")


def send(bot: Bot, scenario: str) -> dict[str, Any]:
    """Prepare a procedure and post its event."""
    event = SCENARIOS[scenario].prepare(bot)
    SCENARIOS[scenario].send(bot, event)
    return event


def everything_once(bot: Bot, scenario: str, event: dict[str, Any]) -> None:
    """One issue, one hold, each word once, the key written and the ticket closed."""
    due = SCENARIOS[scenario].standing
    assert bot.delivery(event["id"]).state == "done", bot.delivery(event["id"]).reason
    (issue,) = bot.sandbox.issues()
    assert issue["fields"]["status"]["name"] == due.status
    assert [(hold.kind, hold.stage, hold.ended_why) for hold in rows(bot)] == [due.hold[:3]]
    assert [tuple(hold.components_taken or ()) for hold in rows(bot)] == [due.hold[3]]
    assert set_timers(bot) == ["pending"]
    assert len(texts(bot)) == 1
    assert set(texts(bot).values()) | set(notes(bot, event).values()) == {1}
    assert len(bot.sandbox.remote_links(issue["id"])) == 1
    made = bot.sandbox.ticket(event["ticket"]["id"])
    assert (made["jira_key"], made["status"]) == (issue["key"], "Закрыт")
    assert [verb for _, verb, _ in bot.steps(event["id"])] == list(SCENARIOS[scenario].verbs)


# each call meets each fault; the two procedures, which share their verbs, take turns
TURNS = [(BOTH[(c + f) % 2], call, fault) for c, call in enumerate(CALLS) for f, fault in enumerate(FAULTS)]


@pytest.mark.parametrize(("scenario", "call", "fault"), TURNS)
def test_a_call_that_fails_is_made_good_and_nothing_is_done_twice(
    bot: Bot, scenario: str, call: str, fault: str
) -> None:
    fail(bot, call, fault)
    event = send(bot, scenario)
    work_on(bot)
    everything_once(bot, scenario, event)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_take_over_that_fails_is_made_good_and_the_hold_knows_what_was_taken(bot: Bot, fault: str) -> None:
    event = SCENARIOS["taken-over"].prepare(bot)
    bot.sandbox.fault(system="jira", match=EDIT, times=2, **FAULTS[fault])
    SCENARIOS["taken-over"].send(bot, event)
    work_on(bot)
    everything_once(bot, "taken-over", event)
    assert bot.sandbox.issues()[0]["fields"]["components"] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_what_the_third_line_was_told_is_kept_once(bot: Bot, fault: str) -> None:
    made = ticket(seller=CARD)
    escalate(bot, made)
    again = {**made, "jira_key": bot.sandbox.issues()[0]["key"]}
    bot.sandbox.put_ticket(again)
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue/*", **FAULTS[fault])
    bot.sandbox.fault(system="jira", match=EDIT, **FAULTS[fault])
    assert bot.crm({**closing(again, hold="seller", question=QUESTION, id="hold"), "agent": AGENT}) == 202
    work_on(bot)
    assert bot.delivery("hold").state == "done"
    kept = [text for text in texts(bot).elements() if "Нужен пропуск." in text]
    assert (len(kept), texts(bot)[QUESTION], len(texts(bot))) == (1, 1, 2)


def escalate(bot: Bot, made: dict[str, Any]) -> None:
    """Escalate a ticket."""
    bot.sandbox.put_ticket(made)
    assert bot.crm(closing(made)) == 202
    bot.work()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("match", ["POST /rest/api/3/issue/*", "POST /webcrm/*"])
@pytest.mark.parametrize("before", [0, 1])
def test_the_way_back_is_gone_once_whatever_fails(bot: Bot, match: str, before: int, fault: str) -> None:
    event = send(bot, "seller")
    bot.work()
    system = "webcrm" if "webcrm" in match else "jira"
    if before:
        bot.sandbox.fault(system=system, match=match, times=before, delay=0.001)
    bot.sandbox.fault(system=system, match=match, **FAULTS[fault])
    SCENARIOS["way-back"].send(bot, event)
    work_on(bot)
    (issue,) = bot.sandbox.issues()
    assert issue["fields"]["status"]["name"] == "Ожидает обработки"
    assert stages(bot) == [("seller", "waiting", "answered")]
    assert set_timers(bot) == ["cancelled"]
    assert len(texts(bot)) == 3
    assert set(texts(bot).values()) | set(notes(bot, event).values()) == {1}


# the link back is a courtesy: refused, it costs nothing else
@pytest.mark.parametrize(
    ("scenario", "call"), [(BOTH[number % 2], call) for number, call in enumerate(CALLS) if call != "link"]
)
def test_a_dead_letter_in_the_middle_is_replayed_and_goes_on(bot: Bot, scenario: str, call: str) -> None:
    system, match, nth = CALLS[call]
    if nth:
        bot.sandbox.fault(system=system, match=match, times=nth, delay=0.001)
    bot.sandbox.fault(system=system, match=match, status=403)
    event = send(bot, scenario)
    bot.work()
    dead = bot.delivery(event["id"])
    assert (dead.state, "403" in dead.reason) == ("dead", True)
    replay(bot, dead.id)
    everything_once(bot, scenario, event)
    # the hold has begun; its letter was dead, and is not now
    said = (
        "Ждём ответа",
        "не закончил работу",
        "довёл до конца",
    )  # the hold has begun; its letter was dead, and is not now
    assert sorted(found for text in notes(bot, event) for found in said if found in text) == sorted(said)


def replay(bot: Bot, number: int) -> None:
    """A person replays a dead letter."""
    with bot.engine.begin() as connection:
        case = deliveries.revive(connection, number, state="waiting", now=machine_now())
        deliveries.release_case(connection, case or "", machine_now())
    work_on(bot)


@pytest.mark.parametrize("scenario", BOTH)
def test_where_no_way_leads_to_the_status_a_person_hears_why_and_nothing_counts_as_waiting(
    bot: Bot, scenario: str
) -> None:
    bot.sandbox.fault(system="jira", match=CALLS["comment"][1], times=2, delay=0.001)
    bot.sandbox.fault(system="jira", match=CALLS["comment"][1], status=500)
    event = send(bot, scenario)
    bot.work()
    (issue,) = bot.sandbox.issues()
    path = f"/rest/api/3/issue/{issue['key']}/transitions"
    open_to = bot.sandbox.call_as(OPERATOR, "GET", path)["transitions"]
    done = next(one["id"] for one in open_to if one["to"]["name"] == "Готово")
    bot.sandbox.call_as(OPERATOR, "POST", path, {"transition": {"id": done}})
    work_on(bot)
    dead = bot.delivery(event["id"])
    assert dead.state == "dead"
    assert f"{issue['key']}: no transition from «Готово» to" in dead.reason
    assert stages(bot) == [(scenario, "begun", None)]
    assert bot.sandbox.ticket(event["ticket"]["id"])["status"] == "В работе"
    drop(bot, dead.id)
    assert stages(bot) == [(scenario, "begun", "issue_closed")]
    assert set_timers(bot) == ["cancelled"]


def drop(bot: Bot, number: int) -> None:
    """A person drops a dead letter; what waited behind it goes on."""
    with bot.engine.begin() as connection:
        case = deliveries.revive(connection, number, state="ignored", now=machine_now())
        deliveries.release_case(connection, case or "", machine_now())
    work_on(bot)


def calls_that_write(bot: Bot, system: str) -> list[tuple[str, str]]:
    """The calls that would change something, as (method, path)."""
    calls = [(call["method"], call["path"].split("?")[0]) for call in bot.sandbox.calls(system)]
    return [call for call in calls if call[0] != "GET" and not call[1].endswith(("/search/jql", "/comment/list"))]


@pytest.mark.parametrize("mode", ["observe", "warn"])
@pytest.mark.parametrize("scenario", BOTH)
def test_without_the_mode_act_nothing_is_called_and_no_hold_begins(bot: Bot, scenario: str, mode: str) -> None:
    bot.set_config(RULES_DEFAULT_MODE=mode)
    event = send(bot, scenario)
    bot.work()
    assert bot.delivery(event["id"]).state == "done"
    assert bot.sandbox.calls("jira") == []
    warned = [("POST", f"/webcrm/tickets/{event['ticket']['id']}/messages")] * len(notes(bot, event))
    assert calls_that_write(bot, "webcrm") == warned
    assert bool(warned) == (mode == "warn")
    assert (rows(bot), set_timers(bot)) == ([], [])


@pytest.mark.parametrize("mode", ["observe", "warn"])
def test_without_the_mode_act_an_escalated_issue_stays_what_it_is(bot: Bot, mode: str) -> None:
    event = SCENARIOS["taken-over"].prepare(bot)
    before = (bot.sandbox.issues(), calls_that_write(bot, "jira"))
    bot.set_config(RULES_DEFAULT_MODE=mode)
    SCENARIOS["taken-over"].send(bot, event)
    bot.work()
    assert bot.delivery(event["id"]).state == "done"
    assert (bot.sandbox.issues(), calls_that_write(bot, "jira")) == before
    assert (rows(bot), bool(notes(bot, event))) == ([], mode == "warn")


@pytest.mark.parametrize("mode", ["observe", "warn"])
def test_without_the_mode_act_an_answer_ends_no_hold(bot: Bot, mode: str) -> None:
    event = send(bot, "seller")
    bot.work()
    told, before = notes(bot, event), calls_that_write(bot, "jira")
    bot.set_config(RULES_DEFAULT_MODE=mode)
    SCENARIOS["way-back"].send(bot, event)
    bot.work()
    assert [call for call in calls_that_write(bot, "jira") if "servicedeskapi" not in call[1]] == before
    assert stages(bot) == [("seller", "waiting", None)]
    assert set_timers(bot) == ["pending"]
    assert bool(notes(bot, event) - told) == (mode == "warn")
