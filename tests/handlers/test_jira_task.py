"""Escalation by a Jira task, from the signed request to the issue and the key (W-33…W-65)."""

from __future__ import annotations

from typing import Any

import pytest

from desk.adf_text import plain_text
from tests.bot import Bot
from tests.tickets import FBO, PROJECTS, T1, closing, ticket

LOOK_UPS = ("GET", "/rest/api/3/search/jql")


def writes(bot: Bot, system: str = "jira") -> list[tuple[str, str]]:
    """The calls that change something, as (method, path)."""
    calls = [(call["method"], call["path"].split("?")[0]) for call in bot.sandbox.calls(system)]
    return [call for call in calls if call[0] != "GET" and not call[1].endswith("/search/jql")]


def escalate(bot: Bot, **changes: Any) -> dict[str, Any]:
    """Close a new ticket for escalation and let the bot work; the event."""
    made = ticket(**changes)
    bot.sandbox.put_ticket(made)
    event = closing(made)
    assert bot.crm(event) == 202
    bot.work()
    return event


def notes(bot: Bot, event: dict[str, Any]) -> list[str]:
    """The internal notes in the event's ticket."""
    messages = bot.sandbox.ticket(event["ticket"]["id"])["messages"]
    return [message["text"] for message in messages if message["visibility"] == "internal"]


@pytest.mark.rule("W-33")
@pytest.mark.rule("W-58")
@pytest.mark.rule("W-59")
@pytest.mark.rule("W-60")
@pytest.mark.rule("W-61")
@pytest.mark.rule("W-62")
@pytest.mark.rule("W-63")
@pytest.mark.rule("W-64")
@pytest.mark.rule("W-65")
def test_a_closing_becomes_a_filled_issue_and_the_ticket_is_closed_with_its_key(bot: Bot) -> None:
    event = escalate(bot)
    number = event["ticket"]["id"]
    assert bot.delivery(event["id"]).state == "done"
    assert bot.steps(event["id"]) == [
        ("W-57", "choose_components", "done"),
        ("W-40", "create_issue", "done"),
        ("W-64", "link_back", "done"),
        ("W-64", "write_key", "done"),
        ("W-65", "close_ticket", "done"),
    ]
    (issue,) = bot.sandbox.issues()
    fields = issue["fields"]
    assert fields["project"]["key"] == "FBO"
    assert fields["issuetype"]["name"] == "Обращение партнёра"
    assert "2000012345" in fields["summary"]
    assert [component["name"] for component in fields["components"]] == ["FF:Хоругвино"]
    assert f"webcrm-{number}" in fields["labels"]
    assert issue["properties"]["smezhnik"]["purpose"] == "escalation"
    text = plain_text(fields["description"])
    for said in ("Водитель ждёт у ворот третий час", "Нужен пропуск.", "Лавка Пример", "Хоругвино", "2000012345"):
        assert said in text
    (link,) = bot.sandbox.remote_links(issue["key"])
    assert link["object"]["url"] == event["ticket"]["url"]
    closed = bot.sandbox.ticket(number)
    assert (closed["jira_key"], closed["status"]) == (issue["key"], "Закрыт")


def test_the_key_is_written_before_the_ticket_is_closed(bot: Bot) -> None:
    number = escalate(bot)["ticket"]["id"]
    assert writes(bot, "webcrm") == [
        ("PATCH", f"/webcrm/tickets/{number}"),
        ("POST", f"/webcrm/tickets/{number}/close"),
    ]


def test_a_new_escalation_issue_takes_two_calls_to_jira_besides_look_ups(bot: Bot) -> None:
    escalate(bot)
    key = bot.sandbox.issues()[0]["id"]
    assert writes(bot) == [("POST", "/rest/api/3/issue"), ("POST", f"/rest/api/3/issue/{key}/remotelink")]


@pytest.mark.parametrize(("rule", "kind", "subtype"), T1, ids=[row[0] for row in T1])
@pytest.mark.rule("W-34")
@pytest.mark.rule("W-35")
@pytest.mark.rule("W-36")
@pytest.mark.rule("W-37")
@pytest.mark.rule("W-38")
@pytest.mark.rule("W-39")
@pytest.mark.rule("W-40")
@pytest.mark.rule("W-41")
@pytest.mark.rule("W-42")
@pytest.mark.rule("W-43")
@pytest.mark.rule("W-44")
@pytest.mark.rule("W-45")
@pytest.mark.rule("W-46")
@pytest.mark.rule("W-47")
@pytest.mark.rule("W-48")
@pytest.mark.rule("W-49")
@pytest.mark.rule("W-50")
@pytest.mark.rule("W-51")
def test_each_row_of_t1_makes_one_issue_whatever_is_sent_again(bot: Bot, rule: str, kind: str, subtype: str) -> None:
    event = escalate(bot, type=kind, subtype=subtype)
    assert (rule, "create_issue", "done") in bot.steps(event["id"])
    assert bot.crm(event) == 202  # the same delivery
    again = closing(event["ticket"])
    assert bot.crm(again, "another-delivery") == 202
    after = closing({**event["ticket"], "status": "Закрыт"}, type="ticket.closed")
    assert bot.crm(after) == 202
    bot.work()
    (issue,) = bot.sandbox.issues()
    assert issue["fields"]["project"]["key"] == PROJECTS[kind]
    assert bool(issue["fields"]["components"]) == (kind == FBO)
    assert bot.sandbox.ticket(event["ticket"]["id"])["jira_key"] == issue["key"]
    written = [call for call in writes(bot, "webcrm") if call[0] == "PATCH"]
    assert len(written) == 1
    assert {bot.delivery(name).state for name in (event["id"], "another-delivery", after["id"])} == {"done"}


def test_closed_and_closing_in_either_order_lead_to_one_issue(bot: Bot) -> None:
    made = ticket()
    bot.sandbox.put_ticket(made)
    bot.crm(closing(made, type="ticket.closed"))
    bot.crm(closing(made))
    bot.work()
    assert len(bot.sandbox.issues()) == 1
    assert bot.sandbox.ticket(made["id"])["status"] == "Закрыт"


def test_a_second_event_without_the_tick_says_nothing_twice(bot: Bot) -> None:
    made = ticket()
    bot.sandbox.put_ticket(made)
    event = closing(made, create_jira=False)
    bot.crm(event)
    bot.crm(closing(made, type="ticket.closed", create_jira=False))
    bot.work()
    assert len(notes(bot, event)) == 1
    assert len(writes(bot)) == 2


def test_a_ticket_that_the_agent_closed_is_not_closed_again(bot: Bot) -> None:
    made = ticket()
    bot.sandbox.put_ticket(made)
    event = closing(made, type="ticket.closed")
    bot.crm(event)
    bot.work()
    assert "close_ticket" not in [verb for _, verb, _ in bot.steps(event["id"])]
    assert bot.sandbox.ticket(made["id"])["jira_key"] == bot.sandbox.issues()[0]["key"]


@pytest.mark.rule("W-57")
@pytest.mark.parametrize(
    ("warehouse", "component", "alerts"),
    [
        ("Хоругвино", "FF:Хоругвино", 0),
        ("ЕКАТЕРИНБУРГ ", "FF:Екатеринбург", 0),
        ("Луна-1", "FF:Склад", 1),
        (None, "FF:Склад", 1),
    ],
    ids=["named", "alias", "unknown", "none"],
)
def test_the_component_is_the_warehouses_group(bot: Bot, warehouse: str | None, component: str, alerts: int) -> None:
    escalate(bot, warehouse=warehouse)
    escalate(bot, warehouse=warehouse)
    for issue in bot.sandbox.issues():
        assert [made["name"] for made in issue["fields"]["components"]] == [component]
    told = bot.sandbox.chat("admins")
    assert len(told) == alerts
    assert all("W-57" in str(alert) for alert in told)


@pytest.mark.rule("W-57")
def test_a_component_that_does_not_exist_is_created(bot: Bot) -> None:
    escalate(bot, warehouse="Тверь")
    (issue,) = bot.sandbox.issues()
    assert [made["name"] for made in issue["fields"]["components"]] == ["FF:Тверь"]
    escalate(bot, warehouse="Тверь")
    assert writes(bot).count(("POST", "/rest/api/3/component")) == 1


@pytest.mark.rule("W-57")
def test_a_component_that_may_not_be_created_is_said_in_the_issue_and_alerted_once(bot: Bot) -> None:
    bot.sandbox.permissions(ADMINISTER_PROJECTS=False)
    escalate(bot, warehouse="Тверь")
    escalate(bot, warehouse="Тверь")
    for issue in bot.sandbox.issues():
        assert issue["fields"]["components"] == []
        (comment,) = issue["fields"]["comment"]["comments"]
        assert "FF:Тверь" in plain_text(comment["body"])
        assert comment["jsdPublic"] is False
    assert len(bot.sandbox.chat("admins")) == 1


@pytest.mark.rule("W-33")
def test_a_pair_outside_the_table_makes_no_issue_and_the_agent_hears_why(bot: Bot) -> None:
    event = escalate(bot, type="Реклама", subtype="Как настроить кампанию")
    other = escalate(bot, type="Финансы", subtype="Сверка")
    assert bot.sandbox.issues() == []
    assert "Услуга «Первая помощь»" in notes(bot, event)[0]
    assert "Финансы" in notes(bot, other)[0]


@pytest.mark.rule("W-19")
def test_what_the_bot_says_in_the_ticket_is_internal(bot: Bot) -> None:
    event = escalate(bot, type="Финансы", subtype="Сверка")
    added = bot.sandbox.ticket(event["ticket"]["id"])["messages"][1:]
    assert [message["visibility"] for message in added] == ["internal"]


@pytest.mark.rule("W-58")
def test_the_tick_with_another_resolution_makes_no_issue(bot: Bot) -> None:
    made = ticket()
    bot.sandbox.put_ticket(made)
    event = closing(made, resolution="Решено")
    bot.crm(event)
    bot.work()
    assert bot.sandbox.issues() == []
    assert "Решено" in notes(bot, event)[0]


@pytest.mark.rule("W-63")
@pytest.mark.parametrize(
    "description",
    ["  ", "\u200b\ufeff\u00a0", "\u2060\u00ad\u3164", "\u202e\u2800"],
    ids=["blanks", "bom", "filler", "bidi"],
)
def test_nothing_said_makes_no_issue(bot: Bot, description: str) -> None:
    made = ticket(messages=[])
    bot.sandbox.put_ticket(made)
    event = closing(made, description=description)
    bot.crm(event)
    bot.work()
    assert bot.sandbox.issues() == []
    assert "W-63" in notes(bot, event)[0]
    assert bot.sandbox.ticket(made["id"])["status"] == "В работе"


@pytest.mark.parametrize(
    "spelling", ["Не решено", "не решена", "НЕ РЕШЕНА", "Не решенa"], ids=["o", "small", "capitals", "latin a"]
)
def test_resolutions_are_understood_in_all_spellings(bot: Bot, spelling: str) -> None:
    made = ticket(type="отгрузка со склада ozon (fbo)", subtype="Прибытие водителя на  склад")
    bot.sandbox.put_ticket(made)
    bot.crm(closing(made, resolution=spelling))
    bot.work()
    assert len(bot.sandbox.issues()) == 1


@pytest.mark.rule("W-33")
@pytest.mark.parametrize(("mode", "issues"), [("act", 1), ("warn", 0), ("observe", 0), ("off", 0)])
def test_without_the_tick_the_mode_of_the_rule_decides(bot: Bot, mode: str, issues: int) -> None:
    bot.set_mode("W-33", mode)
    made = ticket()
    bot.sandbox.put_ticket(made)
    event = closing(made, create_jira=False)
    bot.crm(event)
    bot.work()
    assert len(bot.sandbox.issues()) == issues
    assert len(notes(bot, event)) == {"act": 1, "warn": 1, "observe": 0, "off": 0}[mode]
    assert (bot.sandbox.ticket(made["id"])["status"] == "Закрыт") == (mode == "act")
    assert bot.delivery(event["id"]).state == "done"


def test_an_escalation_inside_the_crm_is_not_this_procedure(bot: Bot) -> None:
    made = ticket()
    bot.sandbox.put_ticket(made)
    bot.crm(closing(made, escalate=True, create_jira=False))
    bot.work()
    assert bot.sandbox.issues() == []


@pytest.mark.rule("W-17")
@pytest.mark.parametrize(("day", "outcome"), [("2999-01-01", "off"), ("2001-01-01", "done")])
def test_a_rule_is_off_until_its_day(bot: Bot, day: str, outcome: str) -> None:
    bot.set_mode("W-65", "act", effective_from=day)
    event = escalate(bot)
    assert bot.steps(event["id"])[-2:] == [("W-64", "write_key", "done"), ("W-65", "close_ticket", outcome)]


def test_user_text_stays_literal(bot: Bot) -> None:
    rude = "{{ 7*7 }} {% raw %} *bold* [~accountid:x] <script>alert(1)</script> @all |a|b|"
    event = escalate(bot, seller={"id": "1", "name": rude}, messages=[{"id": "m", "text": rude}])
    (issue,) = bot.sandbox.issues()
    assert rude in plain_text(issue["fields"]["description"])
    assert bot.delivery(event["id"]).state == "done"


def test_with_everything_observed_nothing_is_called(bot: Bot) -> None:
    bot.set_config(RULES_DEFAULT_MODE="observe")
    event = escalate(bot)
    assert bot.sandbox.calls("jira") == []
    assert [call for call in writes(bot, "webcrm")] == []
    assert {outcome for _, _, outcome in bot.steps(event["id"])} == {"observed"}
    create = next(row for row in bot.ledger(event["id"]) if row.verb == "create_issue")
    assert create.after["project"] == "FBO"


@pytest.mark.parametrize("resolution", ["Не решено - Эскалировать", "Не решена – Эскалировать"])
def test_a_resolution_that_hands_the_ticket_over_makes_no_issue(bot: Bot, resolution: str) -> None:
    made = ticket()
    bot.sandbox.put_ticket(made)
    event = closing(made, resolution=resolution, create_jira=False)
    assert bot.crm(event) == 202
    bot.work()
    assert bot.sandbox.issues() == []
    (note,) = notes(bot, event)
    assert "W-27: Этот вопрос решает третья линия" in note
