"""The admin's day in a real browser: every step with a look at what a screen reader, a phone and the console say."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from desk.clock import machine_now
from runtime.clock import Clock
from tests.browser.conftest import House
from tests.browser.looks import PHONE, account, look_everywhere, looked_at, sign_in, too_wide
from tests.tickets import closing, ticket

PAGES = (
    "/state",
    "/deliveries",
    "/deliveries/1",
    "/dead",
    "/rules",
    "/rules/W-40",
    "/try",
    "/files",
    "/files/config/calendar.yml",
    "/files/crm_templates/notes.yml",
    "/people",
    "/setup",
    "/try?example=chat",
    "/changes",
    "/me",
    "/find",
    "/find?q=999",
)


@pytest.fixture(scope="module")
def worked(house: House) -> House:
    """A morning's work: tickets that went well, one that Jira refused, one that a closed ticket stopped."""
    bot = house.bot
    for number, (kind, subtype, warehouse) in enumerate(
        [
            ("Отгрузка со склада OZON (FBO)", "Прибытие водителя на склад", "Хоругвино"),
            ("Реклама", "Услуга «Первая помощь»", None),
            ("Контроль качества", "Запрос документов", None),
        ],
        start=1,
    ):
        card = ticket(id=f"2381435{number}", type=kind, subtype=subtype, warehouse=warehouse)
        bot.sandbox.put_ticket(card)
        bot.crm(closing(card, id=f"evt-{number}"))
    bot.work()
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", status=400, times=2)
    for number in (4, 5):
        card = ticket(id=f"2381435{number}")
        bot.sandbox.put_ticket(card)
        bot.crm(closing(card, id=f"evt-{number}"))
        bot.work()
    Clock(bot.engine, bot.process.factory, bot.reloader).sign_of_life()
    house.site.insert("workers", executor_id="demo-1", started_at=machine_now(), seen_at=machine_now())
    return house


def test_the_day(page: Page, worked: House) -> None:
    bot = worked.bot
    sign_in(page)
    expect(page.get_by_role("heading", name="Состояние")).to_be_visible()
    page.get_by_role("link", name="Разобрать").click()

    # one is looked at, tried and replayed
    page.get_by_role("link", name="webcrm:23814354").click()
    expect(page.get_by_text("400").first).to_be_visible()
    page.get_by_role("button", name="Что сделал бы бот").click()
    expect(page.locator("#dry-run").get_by_text("создать задачу Jira")).to_be_visible()
    assert bot.delivery("evt-4").state == "dead"
    page.get_by_role("button", name="Повторить").click()
    expect(page.get_by_text("Запущено ещё раз.")).to_be_visible()
    bot.work()
    assert bot.delivery("evt-4").state == "done"

    # the others together, after a dry run of each
    page.get_by_role("link", name=re.compile("^Требуют внимания")).click()
    page.get_by_label("Все на странице").check()
    page.get_by_role("button", name="Посмотреть, что будет").click()
    expect(page.get_by_text("Проверено: 1 из 1")).to_be_visible()
    expect(page.locator("[data-dry-run]").get_by_text("создать задачу Jira")).to_be_visible()
    looked_at(page, "review")
    page.get_by_role("button", name="Повторить по порядку (1)").click()
    expect(page.get_by_text("Внимания ничего не требует")).to_be_visible()

    # a rule is switched, and the switch undone
    page.get_by_role("link", name="Правила", exact=True).click()
    page.get_by_label("Номер правила или слова").fill("W-40")
    expect(page.locator("[data-rule]:visible")).to_have_count(1)
    modes = page.get_by_role("group", name="Режим правила W-40")
    modes.get_by_role("button", name="только запись").click()
    expect(modes.get_by_role("button", name="только запись")).to_have_attribute("aria-pressed", "true")
    page.locator(".menu summary", has_text="Управление").click()
    page.get_by_role("link", name="Изменения", exact=True).click()
    page.get_by_role("button", name="Отменить").first.click()
    expect(page.get_by_text("Прежний режим возвращён")).to_be_visible()

    # all effects are paused, and resumed; the browser asks before
    page.get_by_role("navigation", name="Главное меню").get_by_text("Бот", exact=True).click()
    page.get_by_role("link", name="Состояние", exact=True).click()
    page.locator("summary", has_text="Пауза").click()
    page.get_by_label("Почему").fill("переезд Jira")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Поставить на паузу", exact=True).click()
    expect(page.get_by_text("Бот на паузе.")).to_have_count(0)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Поставить на паузу", exact=True).click()
    expect(page.get_by_text("Бот на паузе.")).to_be_visible()
    looked_at(page, "paused")
    page.get_by_role("button", name="Продолжить").click()
    expect(page.get_by_text("Бот на паузе.")).to_have_count(0)

    account(page)
    page.get_by_role("button", name="Выйти", exact=True).click()
    expect(page.get_by_text("Вы вышли.")).to_be_visible()


def test_a_day_off_is_added_and_taken_back(page: Page) -> None:
    sign_in(page)
    page.goto("/files")
    page.get_by_role("link", name="calendar.yml").click()
    editor = page.get_by_label("Содержание файла")
    before = editor.input_value()
    editor.fill(before.replace("country: RU", "country: null", 1))
    page.get_by_role("button", name="Проверить и посмотреть изменения").click()
    expect(page.get_by_role("heading", name="Какие дни станут другими: company")).to_be_visible()
    looked_at(page, "file-review")
    page.set_viewport_size(PHONE)
    assert too_wide(page) <= 0
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_text("Сохранено.")).to_be_visible()
    assert editor.input_value() == before.replace("country: RU", "country: null", 1)
    looked_at(page, "file-saved")
    page.get_by_role("button", name="Отменить это изменение").click()
    expect(page.get_by_text("Отменено, в файле прежний текст.")).to_be_visible()
    assert editor.input_value() == before
    page.get_by_role("link", name="config/calendar.yml").first.click()
    expect(page.get_by_role("group", name="Изменённые строки")).to_be_visible()
    looked_at(page, "file-change")


def test_what_is_wrong_and_how_a_text_reads(page: Page) -> None:
    sign_in(page)
    page.goto("/files/crm_templates/notes.yml")
    editor = page.get_by_label("Содержание файла")
    before = editor.input_value()
    for words, seen in (
        ("{{ kay }}", "Так сохранить нельзя"),
        ("номер {{ key }}", "Как это читается: created_instead"),
    ):
        editor.fill(before.replace("Бот создал задачу {{ key }}", f"Бот создал задачу {words}", 1))
        page.get_by_role("button", name="Проверить и посмотреть изменения").click()
        expect(page.get_by_role("heading", name=seen)).to_be_visible()
        looked_at(page, "file-text")
    expect(page.get_by_text("Бот создал задачу номер FBO-7, хотя галочки")).to_be_visible()
    with page.expect_download() as given:
        page.get_by_role("button", name="Скачать").click()
    assert given.value.suggested_filename == "notes.yml"


def test_somebody_is_added_and_gets_another_role(page: Page) -> None:
    sign_in(page)
    page.goto("/people")
    page.get_by_text("Завести пользователя").click()
    page.get_by_label("Почта", exact=True).fill("anna@example.com")
    page.get_by_label("Первый пароль").fill("pony-cactus-7-evening")
    page.get_by_role("button", name="Завести", exact=True).click()
    expect(page.get_by_text("Заведён.")).to_be_visible()
    page.get_by_label("Изменить: anna@example.com").click()
    page.get_by_label("Роль: anna@example.com", exact=True).select_option("lead")
    page.get_by_role("row", name="anna@example.com").get_by_role("button", name="Сменить роль").click()
    expect(page.get_by_text("Роль изменена.")).to_be_visible()
    page.get_by_label("Изменить: anna@example.com").click()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("row", name="anna@example.com").get_by_role("button", name="Закрыть вход").click()
    expect(page.get_by_text("Вход закрыт, все сеансы завершены.")).to_be_visible()
    page.get_by_text("Выдать токен").click()
    page.get_by_label("Имя программы").fill("crm-production")
    page.get_by_role("button", name="Выдать", exact=True).click()
    expect(page.get_by_text("Скопируйте токен сейчас")).to_be_visible()
    looked_at(page, "people-token")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_for_everybody(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto("/")
    looked_at(page, f"sign-in-{theme}")
    look_everywhere(page, "admin@example.test", PAGES, theme)


def test_the_sandboxs_own_page(page: Page, worked: House) -> None:
    page.goto(f"{worked.bot.sandbox.url}/sandbox")
    expect(page.locator("#FBO-1")).to_be_visible()
    looked_at(page, "sandbox")


def test_an_example_is_tried_and_the_button_says_that_it_works(page: Page) -> None:
    sign_in(page)
    page.goto("/try")
    page.get_by_role("link", name="Удержание для Ozon").click()
    page.evaluate("window.addEventListener('submit', (event) => event.preventDefault(), { once: true })")
    page.get_by_role("button", name="Показать").click()
    expect(page.get_by_role("button", name="Проверяем…")).to_be_disabled()
    page.evaluate("window.dispatchEvent(new Event('pagehide'))")  # and it is as it was for whoever comes back
    page.get_by_role("button", name="Показать").click()
    expect(page.get_by_text("поставить тикет на удержание")).to_be_in_viewport()


def test_the_keyboard_is_enough(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_label("Почта")).to_be_focused()
    page.keyboard.type("admin@example.test")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Пароль")).to_be_focused()
    page.keyboard.type("sandbox")
    page.keyboard.press("Enter")
    page.wait_for_url("**/state")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="К содержанию")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Обновлять само")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Обновить")).to_be_focused()


def test_the_palette_by_keyboard_alone(page: Page) -> None:
    sign_in(page)
    field = page.get_by_role("dialog").get_by_role("searchbox")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    looked_at(page, "palette")
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("23814351")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tickets/webcrm/23814351")
    page.keyboard.press("/")
    page.keyboard.type("прав")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/rules")
    page.keyboard.press("/")
    page.keyboard.type("999")
    page.keyboard.press("Enter")
    expect(page.get_by_text("«999» бот не знает")).to_be_visible()
    page.get_by_role("main").get_by_role("searchbox").press("End")
    page.keyboard.type("/")  # in a field it is a sign like any other
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_header_is_one_row(page: Page) -> None:
    sign_in(page)
    for path in ("/state", "/board"):
        page.goto(path)
        header = page.locator("header").bounding_box()
        assert header is not None
        assert header["height"] < 60
    page.set_viewport_size(PHONE)
    page.get_by_text("Меню", exact=True).click()
    page.get_by_role("navigation", name="Меню").get_by_role("link", name="Отчёт").click()
    page.wait_for_url("**/report")
    account(page)
    expect(page.get_by_role("button", name="Выйти", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Выйти", exact=True)).to_be_hidden()


def test_a_sandboxs_user_comes_in_at_a_click(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="lead@example.test").click()
    page.wait_for_url("**/board")
    menu = page.get_by_role("navigation", name="Главное меню")
    names = ["Мои тикеты", "Доска", "Случаи", "Сбои", "Отчёт", "Срабатывания"]
    expect(menu.get_by_role("link")).to_have_text([re.compile(f"^{name}") for name in names])
