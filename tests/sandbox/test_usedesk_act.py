"""What a person does in the sandbox's Usedesk, and the webhooks that tell the bot."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from sandbox.live import LiveSandbox

from .conftest import Bot


def kinds(bot: Bot, live: LiveSandbox) -> list[str]:
    """The kinds of what was sent, by their keys."""
    live.drain()
    sent: list[str] = []
    while not bot.told.empty():
        told = bot.next()
        assert told.path == "/webhooks/usedesk/sandbox"
        assert told.event["secret"] == "sandbox-usedesk-secret"
        sent.append(next(key for key in ("chat_id", "csi", "trigger", "comment", "ticket") if key in told.event))
    return sent


def test_a_client_opens_writes_rates_and_chats(live: LiveSandbox, bot: Bot) -> None:
    number = live.usedesk_act("client", subject="Не включается", message="Что делать?")["ticket_id"]
    assert kinds(bot, live) == ["ticket"]
    assert live.usedesk_act("client", ticket_id=number, message="Ау?")["comment_id"]
    live.usedesk_act("client", ticket_id=number, rating=5)
    live.usedesk_act("client", ticket_id=str(number), text="Есть новости?")
    assert kinds(bot, live) == ["comment", "csi", "chat_id"]
    shown = live.usedesk_ticket(number)
    assert [(one["message"], one["is_first"]) for one in shown["comments"]] == [("Что делать?", 1), ("Ау?", 0)]


def test_an_agent_answers_notes_and_changes(live: LiveSandbox, bot: Bot) -> None:
    live.put_usedesk(900, subject="Тема", tag="old")
    done = live.usedesk_act(
        "agent", ticket_id=900, message="Передаю", private=True, status=5, tag="old,hold", user_id=13
    )
    assert set(done) == {"ticket_id", "comment_id", "change_id"}
    comment, change = (bot.next().event for _ in range(2))
    assert (comment["comment"]["type"], comment["comment"]["user_id"]) == ("private", 13)
    assert comment["custom_blocks"][0]["secret_key"]
    assert change["trigger"]["data"] == [
        {"target": "status_id", "value": 5, "old_value": 8},
        {"target": "new_tags", "value": ["hold"], "old_value": None},
    ]
    assert (change["trigger"]["user_id"], change["trigger"]["trigger_id"]) == (13, None)
    live.usedesk_act("agent", ticket_id=900, field_id=54, field_value="Доставка", tag="hold")
    data = bot.next().event["trigger"]["data"]
    assert [one["target"] for one in data] == ["removed_tags", "ticket_field"]
    assert live.usedesk_ticket(900)["ticket"]["status_id"] == "5"


def test_a_client_who_writes_again_opens_a_solved_ticket_and_makes_a_new_one_of_a_closed(
    live: LiveSandbox, bot: Bot
) -> None:
    live.put_usedesk(1, status=2)
    live.put_usedesk(2, status=3)
    live.usedesk_act("client", ticket_id=1, message="Снова сломалось")
    assert kinds(bot, live) == ["comment", "trigger"]
    assert live.usedesk_ticket(1)["ticket"]["status_id"] == "1"
    made = live.usedesk_act("client", ticket_id=2, message="Снова сломалось")["ticket_id"]
    assert made != 2
    assert kinds(bot, live) == ["ticket"]


def test_what_the_api_does_is_told_too(live: LiveSandbox, bot: Bot) -> None:
    live.put_usedesk(1)
    for method, body in (("create/comment", {"message": "x"}), ("update/ticket", {"status": 6})):
        call = {"api_token": "sandbox-usedesk-token", "ticket_id": 1, "user_id": 1, **body}
        requests.post(f"{live.url}/usedesk/{method}", json=call, timeout=10)
    comment, change = (bot.next().event for _ in range(2))
    assert comment["comment"]["user_id"] == change["trigger"]["user_id"] == 1


def test_webhooks_can_be_forms_or_lost(live: LiveSandbox, bot: Bot) -> None:
    live.put_usedesk(1)
    live.usedesk_settings(form=True)
    live.usedesk_act("agent", ticket_id=1, status=5)
    told = bot.next()
    assert told.headers["content-type"] == "application/x-www-form-urlencoded"
    form = parse_qs(told.body.decode())
    assert form["secret"] == ["sandbox-usedesk-secret"]
    assert form["trigger[data][0][value]"] == ["5"]
    assert "trigger[trigger_id]" not in form
    live.usedesk_settings(webhooks=False)
    live.usedesk_act("agent", ticket_id=1, message="x")
    assert kinds(bot, live) == []


def test_a_webhook_is_sent_once(live: LiveSandbox, bot: Bot) -> None:
    live.put_usedesk(1)
    bot.statuses.put(503)
    live.usedesk_act("agent", ticket_id=1, message="x")
    assert kinds(bot, live) == ["comment"]


def test_reset_forgets_tickets_and_switches_but_uses_no_id_again(live: LiveSandbox) -> None:
    first = live.usedesk_act("client", message="x")["ticket_id"]
    live.usedesk_settings(form=True, rate_limit=False)
    live.reset()
    assert live.call("POST", "/sandbox/usedesk/settings", {}) == {
        "rate_limit": True,
        "form": False,
        "webhooks": True,
        "zone": 0,
    }
    with pytest.raises(KeyError):
        live.usedesk_ticket(first)
    assert live.usedesk_act("client", message="x")["ticket_id"] > first


def test_the_page_shows_tickets(live: LiveSandbox) -> None:
    live.put_usedesk(1, subject="<b>Тема</b>", status=5, comments=[{"message": "Вопрос"}])
    page = requests.get(f"{live.url}/sandbox", timeout=10).text
    for shown in ("&lt;b&gt;Тема", "На удержании", "Всем: Вопрос"):
        assert shown in page


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("act", {"as": "somebody"}),
        ("act", {"as": "agent", "ticket_id": 99, "message": "x"}),
        ("act", {"as": "agent", "ticket_id": 1}),
        ("act", {"as": "agent", "ticket_id": 1, "status": 99}),
        ("act", {"as": "client", "ticket_id": 1}),
        ("settings", {"form": 1}),
        ("settings", {"zone": 841}),
        ("settings", {"zone": True}),
        ("settings", {"nonsense": True}),
    ],
)
def test_what_the_doors_refuse(live: LiveSandbox, path: str, body: dict[str, Any]) -> None:
    live.put_usedesk(1)
    answer = requests.post(f"{live.url}/sandbox/usedesk/{path}", json=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
