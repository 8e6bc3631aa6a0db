"""The sandbox's own doors: events of the CRM, chats, calls, reset, the page."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
import requests
from standardwebhooks import Webhook
from werkzeug.test import Client

from sandbox import create_app
from sandbox.live import LiveSandbox
from sandbox.settings import SandboxSettings

from .conftest import Bot, Jira, doc

SECRET = "whsec_c2FuZGJveC13ZWJjcm0tc2VjcmV0LTAwMDAwMDAwMDA="


def test_an_event_of_the_crm_is_signed_and_posted(live: LiveSandbox, bot: Bot) -> None:
    event = {"id": "evt-1", "type": "ticket.closed", "ticket": {"id": "1", "subject": "Тема"}}
    bot.statuses.put(401)
    assert live.call("POST", "/sandbox/webcrm/send", {"event": event})["status"] == 401
    assert live.call("POST", "/sandbox/webcrm/send", {"event": event, "id": "d-2"}) == {
        "id": "d-2",
        "status": 202,
        "body": "",
    }
    for delivery in ("evt-1", "d-2"):
        told = bot.next()
        assert (told.path, told.headers["webhook-id"]) == ("/webhooks/webcrm", delivery)
        assert Webhook(SECRET).verify(told.body, told.headers) == event
    stamped = f"d-2.{told.headers['webhook-timestamp']}.".encode() + told.body
    signed = hmac.new(b64decode(SECRET.removeprefix("whsec_")), stamped, hashlib.sha256).digest()
    assert told.headers["webhook-signature"] == f"v1,{b64encode(signed).decode()}"


def test_a_bot_that_cannot_be_reached_is_status_0(tmp_path: Path) -> None:
    with LiveSandbox(bot_url="http://127.0.0.1:9", data_dir=tmp_path) as live:
        assert live.call("POST", "/sandbox/webcrm/send", {"event": {"id": "evt-1"}})["status"] == 0


def test_chats_keep_what_arrives(live: LiveSandbox) -> None:
    live.call("POST", "/chat/fbo", {"version": "1.0", "title": "Вопрос", "message": "Где машина?", "type": "info"})
    requests.post(f"{live.url}/chat/fbo", data="просто текст".encode(), timeout=10)
    listed = live.call("GET", "/chat/fbo")
    assert [(one.get("title"), one["message"]) for one in listed] == [("Вопрос", "Где машина?"), (None, "просто текст")]
    assert live.chat("fbo") == listed
    assert live.call("GET", "/chat/other") == []


def test_calls_are_listed_by_system(live: LiveSandbox, jira: Jira) -> None:
    jira.create()
    live.call("POST", "/chat/fbo", {"message": "x"})
    (call,) = live.call("GET", "/sandbox/calls?system=jira")
    assert set(call) == {"at", "method", "path", "body", "status"}
    assert (call["method"], call["path"], call["status"]) == ("POST", "/rest/api/3/issue", 201)
    assert call["body"]["fields"]["summary"] == "Проверка"
    assert len(live.calls()) == 2
    live.call("POST", "/sandbox/calls/clear")
    assert live.calls() == []


def test_reset_goes_back_to_the_start(live: LiveSandbox, jira: Jira) -> None:
    jira.create()
    live.put_ticket({"id": "1"})
    live.call("POST", "/chat/fbo", {"message": "x"})
    live.fault(system="jira", match="GET /rest/api/3/myself", status=500)
    live.permissions(EDIT_ISSUES=False)
    live.clock(advance="25h")
    jira.take("POST", "/rest/api/3/component", {"name": "FF:Тверь", "project": "FBO"})
    live.reset()
    assert (live.issues(), live.chat("fbo"), live.calls()) == ([], [], [])
    assert live.call("GET", "/sandbox/faults") == []
    assert live.call("GET", "/sandbox/clock")["offset_seconds"] == 0
    assert live.call("GET", "/sandbox/jira/permissions")["EDIT_ISSUES"] is True
    assert len(jira.take("GET", "/rest/api/3/project/FBO/components")) == 5
    with pytest.raises(KeyError):
        live.ticket("1")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sandbox/faults", []),
        ("/sandbox/faults", {"system": "mail", "match": "GET /x"}),
        ("/sandbox/faults", {"system": "jira", "match": "GET"}),
        ("/sandbox/faults", {"system": "jira", "match": "GET /x", "nonsense": 1}),
        ("/sandbox/clock", {"set": "2026-11-20T17:00:00"}),
        ("/sandbox/clock", {"set": "завтра"}),
        ("/sandbox/clock", {"advance": "долго"}),
        ("/sandbox/jira/permissions", {"NO_SUCH_RIGHT": False}),
        ("/sandbox/jira/move", {"issue": "FBO-1", "project": "QC"}),
        ("/sandbox/webcrm/send", {}),
        ("/sandbox/search-lag", {}),
    ],
)
def test_what_the_doors_refuse(live: LiveSandbox, path: str, body: Any) -> None:
    answer = requests.post(live.url + path, json=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_page_shows_everything_escaped(live: LiveSandbox, jira: Jira) -> None:
    key = jira.create(summary="<script>alert(1)</script>", labels=["webcrm-1"], components=[{"name": "FF:Склад"}])[
        "key"
    ]
    link = {"url": "https://webcrm.example/1", "title": "Обращение 1"}
    jira.take("POST", f"/rest/api/3/issue/{key}/remotelink", {"globalId": "webcrm=1", "object": link})
    jira.take("POST", f"/rest/api/3/issue/{key}/comment", {"body": doc("Комментарий")})
    live.put_ticket(
        {"id": "1", "messages": [{"id": "m", "visibility": "public", "text": "<b>Привет</b>", "draft": True}]}
    )
    live.call("POST", "/chat/fbo", {"title": "Вопрос", "message": "<i>Где?</i>"})
    page = requests.get(f"{live.url}/sandbox", timeout=10).text
    for shown in (
        key,
        "&lt;script&gt;",
        "FF:Склад",
        "webcrm-1",
        "Обращение 1",
        "Комментарий",
        "&lt;b&gt;",
        "черновик",
        "&lt;i&gt;",
    ):
        assert shown in page
    assert "<script>" not in page


def test_the_environment_gives_the_fixed_points(tmp_path: Path) -> None:
    env = {"PORT": "9001", "DATA_DIR": str(tmp_path), "JIRA_WEBHOOK_SECRETS": "new, old"}
    settings = SandboxSettings.from_env(env)
    assert (settings.port, settings.bot_url, settings.jira_secret) == (8090, "http://127.0.0.1:9001", "new")
    assert (settings.search_lag, settings.retry_seconds) == (1, 2)
    assert Client(create_app(settings)).get("/sandbox").status_code == 200
