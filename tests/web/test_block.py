"""Usedesk's dynamic block: who gets its card, what stands in it, and that its links act once, by a button alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from werkzeug.test import TestResponse

from config.settings import Settings
from events import JiraAskedEvent, RequestEvent, load_event
from receivers.signatures import NoSecretError
from receivers.usedesk_block import BlockEntrance
from store import holds, promises, requests
from store.tables import deliveries, links
from tests.databases import Sqlite
from tests.usedesk import variables
from tests.web.site import NOW, NOWHERE, Site, opened
from web.agent.links import Links

TICKET, SECRET, PATH = "700", "sandbox-usedesk-block", "/usedesk/block/sandbox"
FORM = "application/x-www-form-urlencoded"
LINK = re.compile(r'href="http://localhost(/usedesk/do/[^"]+)"')


@pytest.fixture
def site(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The web process with Usedesk's variables."""
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, **variables(NOWHERE)) as made:
        yield made


def ask(site: Site, path: str = PATH, **body: Any) -> TestResponse:
    """Ask for the card as Usedesk does."""
    given = {"ticket_id": TICKET, "secret_key": SECRET, "subject": "Тема", "client_data": {"phone": "+7"}}
    return site.client.post(path, json=given | body)


def card(site: Site) -> str:
    """The card's HTML."""
    answer = ask(site)
    assert answer.status_code == 200, answer.text
    return str(answer.json["html"])


def hrefs(site: Site) -> list[str]:
    """The card's links to our own pages."""
    return LINK.findall(card(site))


def filled(site: Site, text: str = "Для того чтобы решить вопрос") -> int:
    """A ticket with an issue, a hold, a request and a draft; the request's number."""
    row = {"source": "usedesk", "ticket_id": TICKET}
    issue = {"purpose": "escalation", "site": "main", "issue_id": "9", "issue_key": "DESK-9", "status": "В работе"}
    with site.engine.begin() as connection:
        connection.execute(sa.insert(links).values(**row, **issue, made_by_bot=True, created_at=NOW))
        holds.begin(connection, row | {"kind": "client", "stage": "waiting", "due_at": NOW + timedelta(hours=2)}, NOW)
        asked = {"department": "service", "origin": "usedesk", "text": "x", "answer_required": True, "since": NOW}
        asked |= {"next_at": NOW + timedelta(hours=24), "opened_by": "test/1"}
        number = requests.add(connection, row | asked).id
        promises.draft(connection, row | {"request": number, "text_id": "M-2", "text": text}, NOW)
    return number


def filed(site: Site) -> list[Any]:
    """The bot's own deliveries."""
    with site.engine.connect() as connection:
        return list(connection.execute(sa.select(deliveries).where(deliveries.c.source == "bot")))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (PATH, {}, 200),
        (PATH, {"secret_key": None, "secret": SECRET}, 200),
        (PATH, {"ticket_id": 700}, 200),
        ("/usedesk/block/other", {}, 404),
        ("/usedesk/block", {}, 404),
        (PATH, {"secret_key": "other"}, 401),
        (PATH, {"secret_key": ""}, 401),
        (PATH, {"secret_key": None}, 401),
        (PATH, {"secret_key": ["sandbox-usedesk-block"]}, 401),
        (PATH, {"ticket_id": None}, 400),
        (PATH, {"ticket_id": "../1"}, 400),
    ],
)
def test_who_gets_a_card(site: Site, path: str, body: dict[str, Any], status: int) -> None:
    answer = ask(site, path, **body)
    assert answer.status_code == status
    assert SECRET not in answer.text


def test_a_form_is_understood_and_nonsense_is_not(site: Site) -> None:
    form = site.client.post(PATH, data={"ticket_id": TICKET, "secret_key": SECRET}, content_type=FORM)
    assert form.status_code == 200
    assert site.client.post(PATH, data=b"{", content_type="application/json").status_code == 400
    assert site.client.get(PATH).status_code == 405


def test_without_its_secret_there_is_no_block(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = variables(NOWHERE) | {"USEDESK_BLOCK_SECRET": ""}
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, **env) as made:
        assert ask(made).status_code == 404
        assert made.client.get("/usedesk/do/x").status_code == 404
    for name in ("USEDESK_PATH_TOKEN", "USEDESK_BLOCK_SECRET"):
        with pytest.raises(NoSecretError, match=name):
            BlockEntrance.of(Settings.read(variables(NOWHERE) | {name: ""})).check()
    with pytest.raises(ValueError, match="SECRET_KEY"):
        Links(SecretStr(" "))


def test_an_empty_card(site: Site) -> None:
    html = card(site)
    assert "Запросов, задач и ожиданий по этому тикету нет" in html
    assert [link.count("/") for link in hrefs(site)] == [3]  # «создать задачу Jira» alone


def test_what_stands_in_a_card(site: Site) -> None:
    filled(site)
    html = card(site)
    for words in ("DESK-9", "В работе", "Ждём клиента", "Сервисный департамент", "напоминание", "ответ получен"):
        assert words in html
    assert "readonly>Для того чтобы решить вопрос</textarea>" in html
    assert len(hrefs(site)) == 3
    assert "<script" not in html


def test_what_people_wrote_is_literal_and_without_personal_data(site: Site) -> None:
    filled(site, "</textarea><script>alert(1)</script> client-1@example.test {{ 7*7 }}")
    html = card(site)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "example.test" not in html
    assert "{{ 7*7 }}" in html


def test_a_link_that_is_looked_at_does_nothing(site: Site) -> None:
    filled(site)
    for link in hrefs(site):
        for method in ("GET", "HEAD", "GET"):
            page = site.client.open(link, method=method)
            assert page.status_code == 200
            assert "script-src 'self'" in page.headers["Content-Security-Policy"]
            assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.text.count("<button>") == 1
        assert "<script>" not in page.text
    assert filed(site) == []


def test_a_button_works_once(site: Site) -> None:
    number = filled(site)
    answered = hrefs(site)[0]
    assert site.client.post(answered).status_code == 200
    assert site.client.post(answered).status_code == 409
    (row,) = filed(site)
    event = load_event(row.event)
    assert isinstance(event, RequestEvent)
    assert (event.type, event.request, row.state) == ("request.answered", number, "waiting")
    assert TICKET not in row.event.replace(str(number), "")


def test_a_reminder_is_put_off_with_a_reason(site: Site) -> None:
    number = filled(site)
    snooze = hrefs(site)[1]
    for form in ({}, {"hours": "24"}, {"hours": "1000", "reason": "Ждём"}, {"hours": "24", "reason": "  "}):
        assert site.client.post(snooze, data=form).status_code == 400
    assert filed(site) == []
    assert site.client.post(snooze, data={"hours": "24", "reason": "Мастер приедет завтра"}).status_code == 200
    event = load_event(filed(site)[0].event)
    assert isinstance(event, RequestEvent)
    assert (event.type, event.request, event.reason) == ("request.snoozed", number, "Мастер приедет завтра")
    assert event.until is not None
    assert event.until - event.occurred_at == timedelta(hours=24)


def test_a_task_is_asked_for_by_its_topic(site: Site) -> None:
    jira = hrefs(site)[-1]
    page = site.client.get(jira).text
    assert "Прибытие водителя на склад" in page
    assert site.client.post(jira, data={"topic": "Нет\nтакой"}).status_code == 400
    chosen = "Отгрузка со склада OZON (FBO)\nПрибытие водителя на склад"
    assert site.client.post(jira, data={"topic": chosen.replace("\n", "\r\n")}).status_code == 200
    (row,) = filed(site)
    event = load_event(row.event)
    assert isinstance(event, JiraAskedEvent)
    assert (event.topic_subtype, row.case_id) == ("Прибытие водителя на склад", f"usedesk:{TICKET}")


@pytest.mark.parametrize("token", ["x", "", "W10.x.y", Links(SecretStr("another key")).make("jira", TICKET)])
def test_a_link_of_somebody_elses_is_nothing(site: Site, token: str) -> None:
    for method in ("GET", "POST"):
        assert site.client.open(f"/usedesk/do/{token}", method=method).status_code in (404, 410)
    assert filed(site) == []


def test_a_link_lapses(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    link = hrefs(site)[0]
    monkeypatch.setattr("web.agent.links.LIVES", -1)
    assert site.client.get(link).status_code == 410
    assert site.client.post(link).status_code == 410


def test_the_pages_are_for_whoever_has_the_link_and_the_console_is_not(site: Site) -> None:
    assert site.client.get(hrefs(site)[0]).status_code == 200
    assert site.client.get("/").status_code == 303


def test_the_secret_is_in_no_log_and_no_row(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    card(site)
    ask(site, secret_key="invented-wrong-secret")
    seen = capsys.readouterr()
    assert "invented-wrong-secret" not in seen.out + seen.err
    assert SECRET not in seen.out + seen.err
    assert json.loads(ask(site, secret_key="no").text)["error"]["problem"] == "the secret is missing or wrong"


def test_the_links_lead_to_the_address_that_was_set_whatever_the_host_says(
    sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = variables(NOWHERE) | {"PUBLIC_URL": "https://bot.example"}
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, **env) as site:
        filled(site)
        given = {"ticket_id": TICKET, "secret_key": SECRET}
        html = str(site.client.post(PATH, json=given, headers={"Host": "evil.example"}).json["html"])
    assert 'href="https://bot.example/usedesk/do/' in html
    assert "evil.example" not in html
