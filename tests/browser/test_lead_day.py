"""The team lead's day in a real browser: board, buttons, report, files, digest, findings; figures against plain SQL."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House
from tests.browser.looks import look_everywhere, looked_at, sign_in
from tests.browser.plain_sql import awaited, figures, fits, in_words, number, sql, stamp
from tests.browser.week import FIRST, LAST, OZON, SELLER, SILENT, SOOTHED, WARNED, count, live
from tests.handlers.request_life import CLIENT, finish

LEAD = "lead@example.test"
PERIOD = f"first={FIRST}&last={LAST}"
PAGES = (
    "/board",
    "/board?department=service_centre",
    "/board?department=brand_store",  # nobody waits
    f"/report?{PERIOD}",
    f"/report?department=service&agent=webcrm:a17&{PERIOD}",
    "/report?first=2026-01-01&last=2026-01-31",  # nothing happened
    f"/report/list?kind=sent&step=1&{PERIOD}",
    "/digest",
    "/findings",
    "/findings?rule=W-57",
    "/findings?part=closing",
    "/incidents",
    "/tickets",
    f"/tickets/webcrm/{SILENT}",
    f"/tickets/usedesk/{CLIENT}",
)


@pytest.fixture(scope="module")
def worked(house: House) -> House:
    """A week until Friday, eleven o'clock."""
    live(house.bot)
    return house


def chips(page: Page) -> dict[str, int]:
    """The counts over the board's table."""
    texts = page.locator("a.choice").all_inner_texts()
    return {name: int(n) for name, _, n in (text.rpartition(" ") for text in texts)}


def board_says(page: Page, house: House, department: str = "%") -> None:
    """The board's counts are those of the database, and its table has as many rows."""
    expected = awaited(house, department)
    assert chips(page) == {"Всё": sum(expected.values()), **expected}
    expect(page.locator("table.board tbody tr")).to_have_count(sum(expected.values()))


def pressed(page: Page, house: House, told: str) -> None:
    """The page tells so, and the bot does it."""
    expect(page.get_by_role("status").get_by_text(told)).to_be_visible()
    finish(house.bot, times=1)


def taken_back(page: Page, house: House) -> None:
    """«Отменить» is pressed; the board is as before."""
    page.get_by_role("button", name="Отменить", exact=True).click()
    pressed(page, house, "Отменено.")
    page.goto("/board")
    board_says(page, house)


def test_the_board(page: Page, worked: House) -> None:
    sign_in(page, LEAD)
    expect(page.get_by_role("heading", name="Ждут дольше суток")).to_be_visible()
    assert sorted(awaited(worked).values()) == [1, 1, 1, 1, 1]
    board_says(page, worked)
    expect(page.locator("table.board tbody tr").first).to_contain_text(SILENT)
    expect(page.locator(".above")).not_to_contain_text(SILENT)
    looked_at(page, "board")

    # a filter lives in the address
    page.get_by_label("Отдел", exact=True).select_option("service_centre")
    page.get_by_role("button", name="Показать", exact=True).click()
    page.wait_for_url("**department=service_centre**")
    for _ in range(2):
        board_says(page, worked, "service_centre")
        expect(page.get_by_label("Отдел", exact=True)).to_have_value("service_centre")
        expect(page.locator("table.board tbody tr")).to_contain_text("Руководство авторизованного сервисного центра")
        page.reload()
    page.get_by_role("link", name="Показать всё").click()
    page.get_by_role("link", name="удержание для Ozon", exact=False).click()
    expect(page.locator("table.board tbody tr")).to_contain_text(OZON)
    with page.expect_download() as kept:
        page.get_by_role("link", name="CSV").click()
    assert [row[1] for row in rows_of(kept.value.path())] == [OZON]


def test_what_is_said_and_taken_back(page: Page, worked: House) -> None:
    sign_in(page, LEAD)
    row = page.locator("tbody tr", has_text=SOOTHED)
    row.get_by_text("Что сделать").click()
    row.get_by_label("На сколько отложить").select_option("48")
    row.get_by_label("Причина").fill("Мастер в отпуске")
    row.get_by_role("button", name="Отложить").click()
    pressed(page, worked, "Бот напомнит не раньше")
    query = "SELECT snooze_reason, snoozed_until IS NOT NULL, owner_id, state FROM requests WHERE ticket_id = :ticket"
    assert sql(worked, query, ticket=SOOTHED) == [("Мастер в отпуске", 1, "a18", "open")]
    page.reload()
    expect(row).to_have_count(0)
    board_says(page, worked)
    page.get_by_label("Показать отложенные").check()
    page.get_by_role("button", name="Показать", exact=True).click()
    expect(row).to_contain_text("отложено")
    page.go_back()
    taken_back(page, worked)
    assert sql(worked, query, ticket=SOOTHED) == [(None, 0, "a18", "open")]

    row.get_by_text("Что сделать").click()
    row.get_by_label("Имя или номер сотрудника").fill("a17")
    row.get_by_role("button", name="Передать").click()
    pressed(page, worked, "теперь отвечает другой сотрудник")
    assert sql(worked, query, ticket=SOOTHED) == [(None, 0, "a17", "open")]
    taken_back(page, worked)
    assert sql(worked, query, ticket=SOOTHED) == [(None, 0, "a18", "open")]

    row.get_by_text("Что сделать").click()
    row.get_by_role("button", name="Ответ получен").click()
    pressed(page, worked, "ответ получен")
    assert sql(worked, query, ticket=SOOTHED) == [(None, 0, "a18", "answered")]
    page.reload()
    expect(row).to_have_count(0)
    taken_back(page, worked)
    assert sql(worked, query, ticket=SOOTHED) == [(None, 0, "a18", "open")]

    # all of it stands in the ledger and among the changes
    verbs = "SELECT verb FROM ledger WHERE outcome = 'done' AND target = :ticket"
    done = {name for (name,) in sql(worked, verbs, ticket=SOOTHED)}
    assert {"snooze_request", "wake_request", "hand_over_requests", "end_request", "reopen_request"} <= done
    assert said(worked, "request%") == {"said_snooze": 1, "said_reassign": 1, "said_answered": 1, "said_undone": 3}
    row.get_by_role("rowheader").get_by_role("link").first.click()
    expect(page.get_by_text("Напоминание отложили").first).to_be_visible()
    expect(page.get_by_text("Отметку об ответе сняли").first).to_be_visible()


def test_what_is_said_of_holds(page: Page, worked: House) -> None:
    sign_in(page, LEAD)
    late = "SELECT count(*) FROM holds WHERE ticket_id = :ticket AND ended_at IS NULL AND due_at > :now"
    row = page.locator("tbody tr", has_text=OZON)
    row.get_by_text("Что сделать").click()
    row.get_by_label("Причина").fill("Ответят после обеда")
    row.get_by_role("button", name="Отложить").click()
    pressed(page, worked, "Бот напомнит не раньше")
    assert number(worked, late, ticket=OZON, now=stamp(worked.bot.process.clock.now())) == 1
    taken_back(page, worked)
    row = page.locator("tbody tr", has_text=SELLER)
    row.get_by_text("Что сделать").click()
    row.get_by_role("button", name="Ответ получен").click()
    pressed(page, worked, "ответ получен")
    assert sql(worked, "SELECT ended_why FROM holds WHERE ticket_id = :ticket", ticket=SELLER) == [("answered",)]
    taken_back(page, worked)

    assert said(worked, "hold%") == {"said_snooze": 1, "said_answered": 1, "said_undone": 2}


def said(house: House, target: str) -> dict[str, int]:
    """What the lead said, as the changes keep it, by what it was about."""
    query = (
        "SELECT what, count(*) FROM audit WHERE who = :who AND target LIKE :target AND what LIKE 'said_%' GROUP BY 1"
    )
    return {what: n for what, n in sql(house, query, who=LEAD, target=target)}


def rows_of(path: Path) -> list[list[str]]:
    """The rows of a CSV for Excel, without its headings."""
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))[1:]


def tile(page: Page, name: str) -> str:
    """A figure of the report's first panel."""
    box = page.locator(".tiles div", has=page.get_by_text(name, exact=True))
    return box.locator("dd").first.inner_text().replace("\u00a0", " ")


def test_the_report(page: Page, worked: House) -> None:
    count(worked.bot)
    sign_in(page, LEAD)
    page.get_by_role("link", name="Отчёт", exact=True).click()
    page.get_by_label("с", exact=True).fill(FIRST)
    page.get_by_label("по", exact=True).fill(LAST)
    page.get_by_role("button", name="Показать", exact=True).click()
    page.wait_for_url(f"**first={FIRST}&last={LAST}**")
    found = figures(worked, FIRST, LAST)
    assert (found["asked"], found["sent"][0] > 0, found["answered"], found["ignored"]) == (8, True, [1, 1, 1, 1], 1)
    looked_at(page, "report")

    # the page, its files, and the database
    shown = {name: tile(page, name) for name in ("Запросов", "Напоминаний", "Ответов", "Без ответа", "Ответы за 24 ч")}
    sums = (found["asked"], sum(found["sent"]), sum(found["answered"]), found["ignored"])
    assert list(shown.values()) == [*map(str, sums), f"{found['within']:.0%}".replace("%", " %")]
    with page.expect_download() as table:
        page.get_by_role("link", name="CSV").click()
    with page.expect_download() as book:
        page.get_by_role("link", name="XLSX").click()
    counts = [found["asked"], *found["sent"], *found["answered"], found["ignored"]]
    total = rows_of(table.value.path())[0]
    assert total[2:11] == [str(n) for n in counts]
    share, median, p90 = (float(cell.replace(",", ".")) for cell in total[11:])
    assert share == pytest.approx(found["within"], abs=1e-3)
    assert fits(median, found["took"], 0.5)
    assert fits(p90, found["took"], 0.9)
    assert (tile(page, "Медиана ответа"), tile(page, "90 % ответов за")) == (in_words(median), in_words(p90))
    sheet = openpyxl.load_workbook(io.BytesIO(book.value.path().read_bytes()))["Итого"]
    cells = next(sheet.iter_rows(min_row=2, max_row=2, min_col=2, values_only=True))
    assert cells == pytest.approx((*counts, share, median, p90))

    # every number opens the list behind it, which is as long
    page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    links = page.locator("main a[href*='/report/list']").evaluate_all("all => all.map((a) => [a.href, a.textContent])")
    assert len(links) > 40
    for address, n in links:
        listed = page.request.get(address)
        assert listed.text().count('<th scope="row">') == int(n), address
    page.locator(".legend").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Ответ без напоминания")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(found["answered"][0])
    with page.expect_download() as behind:
        page.get_by_role("link", name="CSV").click()
    assert len(rows_of(behind.value.path())) == found["answered"][0]

    # the digest of the morning says the same of the week until yesterday
    page.goto("/board")
    page.get_by_role("link", name="Сводка").click()
    week = figures(worked, "2026-11-13", "2026-11-19")
    text = page.locator("pre").inner_text()
    assert f"За 7 дней: запросов {week['asked']}, напоминаний {sum(week['sent'])}, без ответа" in text
    assert f"без ответа {week['ignored']}" in text
    assert f"за 24 часа {week['within']:.0%}".replace("%", " %") in text
    for name, n in awaited(worked).items():
        assert f"{name} – {n}" in text


def test_the_findings(page: Page, worked: House) -> None:
    sign_in(page, LEAD)
    page.get_by_role("link", name="Срабатывания", exact=True).click()
    query = "SELECT count(*) FROM ledger WHERE rule = 'W-57' AND outcome IN ('observed', 'warned')"
    n = number(worked, query)
    assert n > 0
    line = page.locator("tbody tr", has_text="W-57")
    expect(line.locator("td.n")).to_have_text([str(n), "0"])
    line.get_by_role("link", name="W-57").click()
    expect(page.locator("ol.ledger > li.step")).to_have_count(n)
    page.get_by_label("Почему неверно").first.fill("Склад другой")
    page.get_by_role("button", name="Это неверно").first.click()
    expect(page.get_by_text("Отмечено, это ложное срабатывание.")).to_be_visible()
    assert sql(worked, "SELECT who, reason FROM false_alarms") == [(LEAD, "Склад другой")]
    expect(line.locator("td.n")).to_have_text([str(n), "1"])
    page.get_by_role("button", name="Снять отметку").click()
    expect(page.get_by_text("Отметка снята.")).to_be_visible()
    expect(line.locator("td.n")).to_have_text([str(n), "0"])
    page.locator(f"main a[href*='{WARNED}']").first.click()
    expect(page.get_by_role("heading", name=f"WebCRM {WARNED}")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_for_everybody(page: Page, theme: str) -> None:
    look_everywhere(page, LEAD, PAGES, theme)
