"""`/closing`: what the button in an agent's browser brings is looked at, and handed over by a second button."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from store.tables import deliveries
from tests.bot import Bot
from tests.databases import Sqlite
from tests.tickets import closing, ticket
from tests.web.site import Site, opened

NUMBER = "23814352"


def brought(**chosen: Any) -> str:
    """What the button sends: no id, no messages."""
    event = closing(ticket(id=NUMBER, messages=[]), **chosen)
    del event["id"]
    return json.dumps(event, ensure_ascii=False)


def kept(site: Site) -> list[tuple[str, str]]:
    """The case and the state of each delivery."""
    with site.engine.connect() as connection:
        rows = connection.execute(sa.select(deliveries.c.case_id, deliveries.c.state))
        return [(row.case_id, row.state) for row in rows]


def test_a_look_says_what_is_forbidden_and_keeps_nothing(site: Site) -> None:
    answer = site.post("/closing/check", "agent", body=brought(resolution="Дубликат", create_jira=False))
    assert answer.status_code == 200
    for words in (NUMBER, "Прибытие водителя на склад", "нельзя", "R-49", "Передать боту"):
        assert words in answer.text
    assert (kept(site), site.changes("closing_sent")) == ([], [])


def test_the_texts_are_shown_without_contacts(site: Site) -> None:
    answer = site.post("/closing/check", "agent", body=brought(description="Звоните +7 900 000-00-01"))
    shown = answer.text.partition("<textarea")[0]
    assert "Звоните [скрыто]" in shown


def test_pressed_twice_it_is_one_event_and_the_audit_says_whose(any_site: Site) -> None:
    for _ in range(2):
        answer = any_site.post("/closing/send", "agent", body=brought())
        assert (answer.status_code, answer.location) == (303, f"/tickets/webcrm/{NUMBER}?told=closing_sent")
    assert kept(any_site) == [(f"webcrm:{NUMBER}", "waiting")]
    (change,) = any_site.changes("closing_sent")
    assert (change.who, change.target) == ("agent@example.test", f"webcrm:{NUMBER}")
    assert "Передано." in any_site.get(answer.location, "agent").text


def test_what_is_handed_over_is_done_as_if_the_crm_had_sent_it(day: Site, bot: Bot) -> None:
    bot.sandbox.put_ticket(ticket(id=NUMBER))
    assert day.post("/closing/send", "agent", body=brought()).status_code == 303
    bot.work()
    (issue,) = bot.sandbox.issues()
    assert f"webcrm-{NUMBER}" in issue["fields"]["labels"]


@pytest.mark.parametrize("path", ["/closing/check", "/closing/send"])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "not JSON"),
        ("", "the body is empty"),
        ('{"ticket": {}, "occurred_at": "2026-11-20T16:04:11Z"}', "$.ticket.id"),
        (json.dumps(json.loads(brought()) | {"type": "ticket.message"}), "is not a closing"),
    ],
)
def test_what_is_no_closing_is_refused(site: Site, path: str, body: str, said: str) -> None:
    answer = site.post(path, "agent", body=body)
    assert (answer.status_code, said in answer.text, kept(site)) == (200, True, [])


def test_a_foreign_page_can_send_nothing(site: Site) -> None:
    for path in ("/closing/check", "/closing/send"):
        assert site.browser("agent").post(path, data={"body": brought()}).status_code == 400  # no token of ours
        assert site.post(path, "", body=brought()).status_code == 400
    assert site.get("/closing", "").location == "/sign-in?next=/closing"
    assert kept(site) == []


@pytest.fixture
def without(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A bot that has no WebCRM."""
    absent = dict.fromkeys(("WEBCRM_URL", "WEBCRM_TOKEN", "WEBCRM_WEBHOOK_SECRETS"), "")
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, **absent) as made:
        yield made


def test_without_webcrm_there_is_no_such_page(without: Site) -> None:
    assert without.get("/closing", "agent").status_code == 404
