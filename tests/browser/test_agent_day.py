"""The agent's day in a real browser: a ticket's card, its buttons, and what they do in Jira, the CRM and the store."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import House
from tests.browser.looks import PHONE, WIDE, look_everywhere, looked_at, sign_in
from tests.browser.plain_sql import sql
from tests.browser.week import MONDAY, crm_ask
from tests.handlers.request_life import CLIENT, ask, finish, fire_after, prepare
from tests.handlers.test_holds import AGENT, SELLER_CARD, status
from tests.tickets import closing, ticket

EMAIL = "agent@example.test"
DRIVER, RETURNS, SECOND = "23814371", "23814372", "23814373"
PAGES = (
    "/mine",
    "/tickets",
    "/tickets?q=a%20b",  # no such number
    f"/tickets/webcrm/{DRIVER}",
    f"/tickets/webcrm/{RETURNS}",
    f"/tickets/usedesk/{CLIENT}",
    "/tickets/webcrm/1",  # nobody knows it
    "/me",
)


@pytest.fixture(scope="module")
def worked(house: House) -> House:
    """Tickets that were asked about and escalated; a rule that only warns; a day later the department is late."""
    bot = house.bot
    bot.set_mode("W-57", "warn")
    prepare(bot, MONDAY)
    for one in (DRIVER, SECOND):
        crm_ask(bot, one, "service", "a17")
        assert bot.crm({**closing(ticket(id=one)), "agent": AGENT}) == 202
    returns = ticket(id=RETURNS, type="FBO", subtype="Вывоз остатков", seller=SELLER_CARD)
    bot.sandbox.put_ticket(returns)
    event = {**closing(returns, type="ticket.message"), "agent": AGENT, "message_id": "m1"}
    assert bot.crm({name: value for name, value in event.items() if name != "closing"}) == 202
    ask(bot, "product")
    fire_after(bot, "24h")
    bot.sandbox.clock(advance="1h")
    return house


def opened(page: Page, ticket_id: str) -> None:
    """The card, found by its number."""
    page.goto("/tickets")
    page.get_by_label("Номер тикета", exact=True).fill(ticket_id)
    page.get_by_role("button", name="Открыть", exact=True).click()
    expect(page.get_by_role("heading", name=f"WebCRM {ticket_id}")).to_be_visible()


def pressed(page: Page, house: House, told: str) -> None:
    """The page tells so, and the bot does it."""
    expect(page.get_by_role("status").get_by_text(told)).to_be_visible()
    finish(house.bot, times=1)


def here(at: str) -> str:
    """A moment of SQLite's as the card shows it."""
    return datetime.fromisoformat(f"{at}+00:00").astimezone(ZoneInfo("Europe/Moscow")).strftime("%H:%M")


def test_the_card(page: Page, worked: House) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, EMAIL)
    opened(page, DRIVER)
    now = page.locator("section", has=page.get_by_role("heading", name="Сейчас"))
    ((key,),) = sql(worked, "SELECT issue_key FROM links WHERE ticket_id = :ticket", ticket=DRIVER)
    expect(now.get_by_role("link", name=key)).to_have_attribute("href", f"{worked.bot.sandbox.url}/browse/{key}")
    query = "SELECT since, next_at, text FROM requests WHERE ticket_id = :ticket"
    ((since, next_at, text),) = sql(worked, query, ticket=DRIVER)
    for words in ("Сервисный департамент", "клиент не предупреждён", here(since), here(next_at), text):
        expect(now).to_contain_text(words)
    expect(now.get_by_role("button", name="Передать")).to_have_count(0)

    # the history of both systems, with what the bot did and why
    history = page.locator("ol.timeline")
    for words in (
        "Создана задача Jira",
        "Закрытие тикета",
        "Спросили смежников",
        f"Бот создал задачу Jira {key}",
        "Бот только предупредил, что нужно: выбрать компоненты по складу.",  # W-57 in mode warn
    ):
        expect(history).to_contain_text(words)
    looked_at(page, "card")
    page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    expect(page.locator("ol.timeline")).to_contain_text("10:00")
    expect(page.locator("ol.timeline")).not_to_contain_text("+00:00")

    # of a request's drafts the newest is shown; it goes to the clipboard
    query = "SELECT text FROM promises WHERE ticket_id = :ticket AND state = 'draft' ORDER BY id"
    stale, newest = [text for (text,) in sql(worked, query, ticket=DRIVER)]
    expect(page.get_by_role("heading", name="Черновик ответа клиенту")).to_have_count(1)
    assert stale not in page.locator("textarea").all_inner_texts()
    page.locator("[data-copy=draft-1]").click()
    expect(page.get_by_role("status").get_by_text("Скопировано")).to_have_count(1)
    assert page.evaluate("navigator.clipboard.readText()") == newest


def test_a_draft_beside_a_check_before_closing(page: Page, worked: House) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, EMAIL)
    opened(page, DRIVER)
    draft = page.locator("details", has=page.get_by_text("Черновик к W-21", exact=True))
    words = draft.get_by_label("Черновик к W-21")
    expect(words).to_be_hidden()
    draft.locator("summary").click()
    expect(words).to_be_visible()
    expect(words).to_have_value(re.compile("По вашему вопросу сообщаем: …"))
    draft.get_by_role("button", name="Скопировать").click()
    expect(draft.get_by_role("status")).to_have_text("Скопировано")
    assert page.evaluate("navigator.clipboard.readText()") == words.input_value()
    looked_at(page, "card-draft")


def test_what_the_bot_noticed_can_be_wrong(page: Page, worked: House) -> None:
    sign_in(page, EMAIL)
    opened(page, SECOND)
    found = page.locator("section", has=page.get_by_role("heading", name="Что заметил бот"))
    quote = worked.bot.reloader.current().rules.rules["W-57"].quote
    expect(found).to_contain_text(f"W-57 «{quote}»")
    found.get_by_label("Почему неверно").first.fill("Склад другой")
    found.get_by_role("button", name="Это неверно").first.click()
    expect(page.get_by_text("Отмечено, это ложное срабатывание.")).to_be_visible()
    query = "SELECT f.who, f.reason, l.rule FROM false_alarms f JOIN ledger l ON l.id = f.ledger"
    assert sql(worked, query) == [(EMAIL, "Склад другой", "W-57")]
    found.get_by_role("button", name="Снять отметку").click()
    expect(page.get_by_text("Отметка снята.")).to_be_visible()
    assert sql(worked, query) == []


def test_what_was_typed_outlives_its_session(chromium: Browser, worked: House) -> None:
    context = chromium.new_context(base_url=worked.url, locale="ru-RU", viewport=PHONE, color_scheme="dark")
    page = context.new_page()
    sign_in(page, EMAIL)
    opened(page, SECOND)
    found = page.locator("section", has=page.get_by_role("heading", name="Что заметил бот"))
    found.get_by_label("Почему неверно").first.fill("Склад переехал")
    context.clear_cookies()
    found.get_by_role("button", name="Это неверно").first.click()
    expect(page.get_by_text("Сеанс закончился")).to_be_visible()
    expect(page.get_by_role("definition")).to_have_text("Склад переехал")
    looked_at(page, "unsent-dark")
    with context.expect_page() as opening:
        page.get_by_role("link", name="Войдите в новой вкладке").click()
    sign_in(opening.value, EMAIL)
    page.get_by_role("button", name="Отправить ещё раз").click()
    expect(page.get_by_text("Страница была открыта слишком долго")).to_be_visible()
    page.get_by_role("button", name="Отправить ещё раз").click()
    expect(page.get_by_text("Отмечено, это ложное срабатывание.")).to_be_visible()
    assert sql(worked, "SELECT reason FROM false_alarms") == [("Склад переехал",)]
    page.get_by_role("button", name="Снять отметку").click()
    context.close()


def test_holds(page: Page, worked: House) -> None:
    bot = worked.bot
    sign_in(page, EMAIL)
    opened(page, SECOND)
    page.get_by_text("Поставить на удержание").click()
    page.get_by_label("Кого ждём").select_option(label="Slack")
    page.get_by_label("Что сделано").fill("Спросили склад в Slack.")
    page.get_by_role("button", name="На удержание для Ozon").click()
    pressed(page, worked, "Бот ставит тикет на удержание")
    query = "SELECT kind, since, due_at, ended_why FROM holds WHERE ticket_id = :ticket"
    ((kind, since, due_at, _),) = sql(worked, query, ticket=SECOND)
    key = str(bot.sandbox.ticket(SECOND)["jira_key"])
    labels = bot.sandbox.issue(key)["fields"]["labels"]
    assert (kind, "hold-ozon" in labels, status(bot, key)) == ("ozon", True, "Ожидает обработки")
    assert bot.sandbox.ticket(SECOND)["status"] == "Закрыт"
    bot.sandbox.clock(advance="2h")
    page.reload()
    box = page.locator(".row-line", has_text="удержание для Ozon")
    for words in ("ждём", here(since), here(due_at), "рабочих часов: 1."):  # lunch begins at one
        expect(box).to_contain_text(words)
    box.get_by_role("button", name="Ответ получен").click()
    pressed(page, worked, "ответ получен")
    assert [row[3] for row in sql(worked, query, ticket=SECOND)] == ["answered"]
    assert "hold-ozon" not in bot.sandbox.issue(key)["fields"]["labels"]
    page.reload()
    expect(box).to_have_count(0)

    opened(page, RETURNS)
    page.get_by_text("Поставить на удержание").click()
    page.get_by_label("Вопрос продавцу").fill("Какой адрес вывоза?")
    page.get_by_role("button", name="На удержание для продавца").click()
    pressed(page, worked, "Бот ставит тикет на удержание")
    assert [row[0] for row in sql(worked, query, ticket=RETURNS)] == ["seller"]
    key = str(bot.sandbox.ticket(RETURNS)["jira_key"])
    assert status(bot, key) == "Ожидает ответа продавца"
    assert "Какой адрес вывоза?" in str(bot.sandbox.issue(key)["fields"]["comment"]["comments"])
    page.reload()
    expect(page.locator(".row-line", has_text="удержание для продавца")).to_be_visible()
    audit = "SELECT target, after FROM audit WHERE what = 'said_hold' AND who = :who ORDER BY id"
    assert sql(worked, audit, who=EMAIL) == [(f"webcrm:{SECOND}", '"ozon"'), (f"webcrm:{RETURNS}", '"seller"')]


def test_requests(page: Page, worked: House) -> None:
    sign_in(page, EMAIL)
    opened(page, SECOND)
    query = "SELECT state, snooze_reason, answered_how FROM requests WHERE ticket_id = :ticket"
    box = page.locator(".row-line", has_text="Сервисный департамент")
    box.get_by_label("На сколько отложить").select_option("24")
    box.get_by_label("Причина").fill("Обещали завтра")
    box.get_by_role("button", name="Отложить").click()
    pressed(page, worked, "Бот напомнит не раньше")
    assert sql(worked, query, ticket=SECOND) == [("open", "Обещали завтра", None)]
    assert "Обещали завтра" in str(worked.bot.sandbox.ticket(SECOND)["messages"])
    page.reload()
    expect(box).to_contain_text("отложено до")
    page.get_by_role("button", name="Отменить", exact=True).click()
    pressed(page, worked, "Отменено.")
    assert sql(worked, query, ticket=SECOND) == [("open", None, None)]
    page.reload()
    box.get_by_role("button", name="Ответ получен").click()
    pressed(page, worked, "ответ получен")
    assert sql(worked, query, ticket=SECOND) == [("answered", None, "person")]
    page.reload()
    expect(box).to_contain_text("закрыт")
    page.get_by_role("button", name="Отменить", exact=True).click()
    pressed(page, worked, "Отменено.")
    assert sql(worked, query, ticket=SECOND) == [("open", None, None)]


def test_doors(page: Page, worked: House, chromium: Browser) -> None:
    sign_in(page, EMAIL)
    menu = page.get_by_role("navigation", name="Главное меню")
    expect(menu.get_by_role("link")).to_contain_text(["Мои тикеты", "Случаи"])
    refused = page.context.new_page()  # the browser itself complains of a 403 in its console
    for path in ("/board", "/report", "/findings", "/state", "/rules", "/changes", "/deliveries"):
        answer = refused.goto(path)
        assert answer is not None
        assert answer.status == 403, path
        expect(refused.get_by_text("Вашей роли эта страница не открыта.")).to_be_visible()
    looked_at(refused, "refused")

    # in a CRM's frame: the link alone lets in, and there is nothing to press
    stranger = chromium.new_context(base_url=worked.url, locale="ru-RU", viewport=WIDE).new_page()
    stranger.goto(framed(worked))
    expect(stranger.get_by_role("heading", name=f"WebCRM {DRIVER}")).to_be_visible()
    expect(stranger.get_by_text("Сервисный департамент").first).to_be_visible()
    expect(stranger.locator("form")).to_have_count(0)
    looked_at(stranger, "frame")
    stranger.goto(f"{framed(worked)}x")
    expect(stranger.get_by_text("Ссылка на карточку устарела.")).to_be_visible()
    stranger.goto(f"/tickets/webcrm/{DRIVER}")
    expect(stranger.get_by_label("Пароль")).to_be_visible()
    stranger.context.close()


def framed(house: House) -> str:
    """The path of the signed link that a CRM frames."""
    link = house.site.api(f"/card-links/webcrm/{DRIVER}").json
    assert link is not None
    return str(link["url"]).removeprefix("http://localhost")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_for_everybody(page: Page, worked: House, theme: str) -> None:
    look_everywhere(page, EMAIL, [*PAGES, framed(worked)], theme)
