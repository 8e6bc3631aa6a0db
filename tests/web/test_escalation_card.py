"""«Куда эскалировать» on the agent's card: the verdict by the chat's last question, the minutes, the comment."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receivers.webcrm_events import parse
from store import escalations
from tests.chats import BANK, FS, WITHDRAW, chat, event, handed, said
from tests.web.site import Site


def panel(site: Site, *events: dict[str, Any], path: str = "/tickets/webcrm/") -> str:
    """The panel of the card of these events' ticket; empty: there is none."""
    for one in events:
        understood = parse(one).event
        assert understood is not None
        site.add(case_id=f"webcrm:{one['ticket']['id']}", event=understood.model_dump_json())
    page = html.unescape(site.get(f"{path}{events[0]['ticket']['id']}", "agent").text)
    return page.partition("Куда эскалировать</h2>")[2].partition("</section>")[0]


def begun(site: Site, of: dict[str, Any], **more: Any) -> None:
    """Keep an escalation of a chat that began a minute ago."""
    now = datetime.now(UTC)
    values = {"source": "webcrm", "ticket_id": of["id"], "line": "financial", "rule": "E-48", "since": now}
    with site.engine.begin() as connection:
        escalations.begin(connection, values | {"due_at": now + timedelta(minutes=2)} | more, now)


@pytest.mark.rule("E-02", "E-05", "E-55")
def test_the_card_says_the_line_the_rule_the_minutes_and_the_comment(site: Site) -> None:
    of = chat(said(f"{WITHDRAW} Пишите на anna@example.test"))
    begun(site, of)
    shown = panel(site, event(of))
    assert f"<b>{FS}</b>" in shown
    assert f"поставьте «Эскалация», причина «{FS}»." in shown
    assert "E-48</span> «Обращения клиентов необходимо эскалировать" in shown
    assert "Тема: Баланс Средств" in shown
    assert ">осталось 1:5" in shown
    assert "Номера заказа и отправления: 51200934-0003." in shown
    assert "anna@example.test" not in shown


def test_what_is_over_is_said(site: Site) -> None:
    of = chat(said(WITHDRAW))
    begun(site, of, due_at=datetime.now(UTC) - timedelta(seconds=1))
    assert ">три минуты прошли</span>" in panel(site, event(of))


@pytest.mark.rule("E-43")
def test_the_last_question_counts_whoever_wrote_after_it(site: Site) -> None:
    asked = [said("Где мой заказ?"), said("В пункте выдачи", "agent", "m2"), said("Как получить Ozon Карту", id="m3")]
    of = chat(*asked)
    answered = of | {"messages": [*asked, said("Минуту", "agent", "m4")]}
    assert f"<b>{BANK}</b>" in panel(site, event(of), event(answered))


def test_a_chat_of_ones_own_and_one_that_is_unclear_say_so(site: Site) -> None:
    assert "никуда, отвечаете вы" in panel(site, event(chat(said("Отмените заказ"))))
    shown = panel(site, event(chat(said("Деньги с баланса средств не дошли на Ozon Карту"))))
    assert "сначала уточните" in shown
    assert f"<b>{FS}</b>" in shown
    assert f"<b>{BANK}</b>" in shown


@pytest.mark.rule("E-37", "E-38", "E-39", "E-40")
def test_a_question_about_the_bank_from_elsewhere_has_its_texts_and_how_it_is_closed(site: Site) -> None:
    asked = said("Как получить Ozon Карту")
    shown = panel(site, event(chat(asked, channel="email")))
    assert "никуда, отвечаете вы" in shown
    assert "Закройте с «Решено», категория «Финансовые сервисы - Ozon Банк - Общие условия»." in shown
    assert "https://bank.ozon.ru/chat" in shown
    assert "категория «" not in panel(site, event(chat(asked)))


def test_a_chat_that_was_handed_on_or_closed_is_decided(site: Site) -> None:
    given, closed = chat(said(WITHDRAW)), chat(said(WITHDRAW))
    begun(site, given, ended_at=datetime.now(UTC), ended_how=escalations.ESCALATED)
    begun(site, closed, ended_at=datetime.now(UTC), ended_how=escalations.CLOSED)
    shown = panel(site, event(given), handed(given))
    assert f"Чат передан: <b>{FS}</b>" in shown
    assert "Комментарий" not in shown
    assert panel(site, event(closed)) == ""


def test_partners_tickets_and_tickets_of_other_crms_have_no_such_panel(site: Site) -> None:
    assert panel(site, event(chat(said(WITHDRAW), audience="partner"))) == ""
    assert "Куда эскалировать" not in site.get("/tickets/usedesk/900", "agent").text


def test_the_card_inside_the_crm_has_it_too(site: Site) -> None:
    of = chat(said(WITHDRAW))
    assert panel(site, event(of)) != ""
    link = site.api(f"/card-links/webcrm/{of['id']}").json
    assert link is not None
    page = site.client.get(str(link["url"]).removeprefix("http://localhost"))
    assert f"<b>{FS}</b>" in page.text
