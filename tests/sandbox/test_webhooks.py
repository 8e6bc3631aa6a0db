"""Webhooks: signed, in Jira's own shapes, retried."""

from __future__ import annotations

import hashlib
import hmac
import socket
from pathlib import Path
from typing import Any

import pytest

from sandbox.live import LiveSandbox

from .conftest import OPERATOR, TIMEOUT, Bot, Jira, doc

CUT_DOWN = {"summary", "issuetype", "project", "assignee", "priority", "status"}


def items(event: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The changelog: field id (else name) → the texts before and after."""
    rows = event["changelog"]["items"]
    return {row.get("fieldId", row["field"]): (row["fromString"], row["toString"]) for row in rows}


def test_a_new_issue_is_told_and_signed(jira: Jira, bot: Bot) -> None:
    made = jira.create(description=doc("Раз", "Два"), components=[{"name": "FF:Склад"}])
    told = bot.next()
    assert told.path == "/webhooks/jira"
    signed = hmac.new(b"sandbox-jira-secret", told.body, hashlib.sha256).hexdigest()
    assert told.headers["x-hub-signature"] == f"sha256={signed}"
    assert told.headers["x-atlassian-webhook-identifier"].isdigit()
    assert "x-atlassian-webhook-retry" not in told.headers
    event = told.event
    assert (event["webhookEvent"], event["issue_event_type_name"]) == ("jira:issue_created", "issue_created")
    assert (event["issue"]["id"], event["issue"]["key"]) == (made["id"], "FBO-1")
    assert "/rest/api/2/" in event["issue"]["self"]
    assert event["issue"]["fields"]["description"] == "Раз\nДва"
    assert items(event)["status"] == (None, "Открыт")
    assert items(event)["components"] == (None, "FF:Склад")
    assert event["user"]["accountId"] != OPERATOR


def test_what_a_person_changes_is_told_with_before_and_after(jira: Jira, bot: Bot) -> None:
    key = jira.create(labels=["a"])["key"]
    person = jira.acting_as(OPERATOR)
    bot.next()
    update = {"labels": [{"add": "b"}], "components": [{"add": {"name": "FF:Казань"}}]}
    person.take("PUT", f"/rest/api/3/issue/{key}", {"fields": {"summary": "Иначе"}, "update": update})
    event = bot.wait_for("jira:issue_updated")
    assert event["user"]["accountId"] == OPERATOR
    assert event["issue_event_type_name"] == "issue_updated"
    assert items(event) == {
        "summary": ("Проверка", "Иначе"),
        "labels": ("a", "a b"),
        "components": (None, "FF:Казань"),
    }
    person.take("PUT", f"/rest/api/3/issue/{key}/assignee", {"accountId": OPERATOR})
    event = bot.wait_for("jira:issue_updated")
    assert event["issue_event_type_name"] == "issue_assigned"
    assert event["changelog"]["items"][0]["tmpToAccountId"] == OPERATOR


def test_a_write_that_changes_nothing_tells_nothing(jira: Jira, bot: Bot) -> None:
    key = jira.create(labels=["a"])["key"]
    jira.take("PUT", f"/rest/api/3/issue/{key}", {"update": {"labels": [{"add": "a"}]}})
    jira.take("DELETE", f"/rest/api/3/issue/{key}")
    assert [bot.next().event["webhookEvent"] for _ in range(2)] == ["jira:issue_created", "jira:issue_deleted"]


def test_a_transition_and_its_comment_are_told_in_order(jira: Jira, bot: Bot) -> None:
    key = jira.create()["key"]
    bot.next()
    body = {"transition": {"id": "41"}, "update": {"comment": [{"add": {"body": doc("Сделано")}}]}}
    jira.take("POST", f"/rest/api/3/issue/{key}/transitions", body)
    moved, comment = bot.next().event, bot.next().event
    assert moved["issue_event_type_name"] == "issue_generic"
    assert items(moved) == {"status": ("Открыт", "Готово"), "resolution": (None, "Готово")}
    assert comment["webhookEvent"] == "comment_created"


def test_a_comment_event_has_no_user_and_a_cut_down_issue(jira: Jira, bot: Bot) -> None:
    key = jira.create()["key"]
    path = f"/rest/api/3/issue/{key}/comment"
    hidden = [{"key": "sd.public.comment", "value": {"internal": True}}]
    made = jira.acting_as(OPERATOR).take("POST", path, {"body": doc("Заметка"), "properties": hidden})
    event = bot.wait_for("comment_created")
    assert set(event) == {"timestamp", "webhookEvent", "comment", "issue"}
    assert set(event["issue"]["fields"]) == CUT_DOWN
    assert (event["comment"]["body"], event["comment"]["jsdPublic"]) == ("Заметка", False)
    assert event["comment"]["author"]["accountId"] == OPERATOR
    jira.take("PUT", f"{path}/{made['id']}", {"body": doc("Иначе")})
    assert bot.wait_for("comment_updated")["comment"]["body"] == "Иначе"
    jira.take("DELETE", f"{path}/{made['id']}")
    assert bot.wait_for("comment_deleted")["comment"]["id"] == made["id"]


def test_a_link_event_has_numbers_and_no_keys(jira: Jira, bot: Bot) -> None:
    source, destination = jira.create(), jira.create()
    ends = {"inwardIssue": {"key": source["key"]}, "outwardIssue": {"key": destination["key"]}}
    jira.take("POST", "/rest/api/3/issueLink", {"type": {"name": "Blocks"}, **ends})
    event = bot.wait_for("issuelink_created")
    assert set(event) == {"timestamp", "webhookEvent", "issueLink"}
    link = event["issueLink"]
    assert (link["sourceIssueId"], link["destinationIssueId"]) == (int(source["id"]), int(destination["id"]))
    jira.take("DELETE", f"/rest/api/3/issueLink/{link['id']}")
    assert bot.wait_for("issuelink_deleted")["issueLink"] == link


def test_a_move_is_told_with_both_keys(live: LiveSandbox, jira: Jira, bot: Bot) -> None:
    made = jira.create(components=[{"name": "FF:Склад"}])
    live.call("POST", "/sandbox/jira/move", {"issue": made["key"], "project": "QC"})
    event = bot.wait_for("jira:issue_updated")
    assert event["issue_event_type_name"] == "issue_moved"
    assert (event["issue"]["id"], event["issue"]["key"]) == (made["id"], "QC-1")
    assert items(event)["Key"] == ("FBO-1", "QC-1")
    assert items(event)["project"] == ("Отгрузка со склада OZON (FBO)", "Контроль качества")
    assert items(event)["components"] == ("FF:Склад", None)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 503])
def test_a_refused_delivery_comes_again_with_the_same_identifier(jira: Jira, bot: Bot, status: int) -> None:
    bot.statuses.put(status)
    jira.create()
    first, second = bot.next(), bot.next()
    assert first.body == second.body
    identifier = "x-atlassian-webhook-identifier"
    assert first.headers[identifier] == second.headers[identifier]
    assert second.headers["x-atlassian-webhook-retry"] == "1"


def test_a_delivery_is_given_up_after_five_retries(tmp_path: Path, bot: Bot) -> None:
    for _ in range(6):
        bot.statuses.put(500)
    with LiveSandbox(bot_url=bot.url, data_dir=tmp_path, retry_seconds=0.001) as live:
        jira = Jira(live.url, "jira", auth=("bot@example.test", "sandbox"))
        jira.create()
        tries = [bot.next() for _ in range(6)]
        jira.create()
        assert bot.next().event["issue"]["key"] == "FBO-2"
    assert [told.headers.get("x-atlassian-webhook-retry") for told in tries] == [None, "1", "2", "3", "4", "5"]


def test_a_delivery_that_can_never_work_is_not_repeated(jira: Jira, bot: Bot) -> None:
    bot.statuses.put(400)
    jira.create(), jira.create()
    assert [bot.next().event["issue"]["key"] for _ in range(2)] == ["FBO-1", "FBO-2"]


def test_a_bot_that_is_away_gets_the_delivery_later(tmp_path: Path) -> None:
    bot = Bot()
    with socket.create_server(("127.0.0.1", 0)) as away:
        away.settimeout(TIMEOUT)
        url = f"http://127.0.0.1:{away.getsockname()[1]}"
        with LiveSandbox(bot_url=url, data_dir=tmp_path, retry_seconds=0.5) as live, bot:
            jira = Jira(live.url, "jira", auth=("bot@example.test", "sandbox"))
            jira.create()
            away.accept()[0].close()  # the first try meets a connection that breaks
            with live.state.lock:
                live.state.hooks[1].url = f"{bot.url}/webhooks/jira"
            assert bot.next().headers["x-atlassian-webhook-retry"]


def test_identifiers_and_keys_go_on_after_a_reset(live: LiveSandbox, jira: Jira, bot: Bot) -> None:
    first = jira.create()
    before = bot.next()
    live.reset()
    second = jira.create()
    after = bot.next()
    identifier = "x-atlassian-webhook-identifier"
    assert after.headers[identifier] != before.headers[identifier]
    assert (first["key"], second["key"]) == ("FBO-1", "FBO-2")
    assert first["id"] != second["id"]


def test_draining_waits_for_the_retries(live: LiveSandbox, jira: Jira, bot: Bot) -> None:
    bot.statuses.put(500)
    jira.create()
    live.drain()
    assert bot.told.qsize() == 2


def test_draining_gives_up(tmp_path: Path) -> None:
    with LiveSandbox(bot_url="http://127.0.0.1:9", data_dir=tmp_path, retry_seconds=60) as live:
        Jira(live.url, "jira", auth=("bot@example.test", "sandbox")).create()
        with pytest.raises(TimeoutError):
            live.drain(0.1)
