"""The page of the report: its dates, changes and tables; its figures are tested with the lead's other pages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from desk.figures import Figures
from store import requests, rollups
from store.requests import ANSWERED, Ending
from tests.web.site import NOW, Site
from tests.web.test_lead import ZONE, ask, count
from web.lead.charts import sparkline
from web.lead.report_tables import columns_of, heat

HOUR = timedelta(hours=1)
TODAY = NOW.astimezone(ZONE).date()
DAY = timedelta(days=1)


def page(site: Site, first: object, last: object, status: int = 200) -> str:
    """The report of these days."""
    answer = site.get(f"/report?first={first}&last={last}", "lead")
    assert answer.status_code == status
    return answer.text


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (TODAY - DAY, TODAY - 3 * DAY, "Поменяйте даты местами"),
        ("2026-02-30", TODAY, "Такой даты нет"),
        (TODAY - 400 * DAY, TODAY, "больше 366 дней"),
        (TODAY + DAY, TODAY + 2 * DAY, "ещё не наступил"),
    ],
)
def test_wrong_dates_are_said_and_kept(site: Site, first: object, last: object, said: str) -> None:
    text = page(site, first, last, 422)
    assert said in text
    assert f'name="first" value="{first}"' in text
    assert f'name="last" value="{last}"' in text
    for file in ("report.csv", "report.xlsx", "report/list", "report/list.csv"):
        answer = site.get(f"/{file}?first={first}&last={last}&kind=asked", "lead")
        assert (answer.status_code, said in answer.text) == (422, True), file


def test_today_may_be_included_and_is_not_over(site: Site) -> None:
    ask(site, "701", 0.01)
    count(site)
    assert "Сегодня ещё не закончилось" in page(site, TODAY - DAY, TODAY)
    assert "Сегодня ещё не закончилось" in page(site, TODAY - DAY, TODAY + 3 * DAY)  # as far as there is anything
    assert "Сегодня ещё не закончилось" not in page(site, TODAY - 3 * DAY, TODAY - DAY)
    assert "Сегодня ещё не закончилось" not in site.get("/report", "lead").text


def test_each_figure_has_its_change_and_its_line(site: Site) -> None:
    for ticket, days in (("701", 1), ("702", 1), ("703", 2), ("704", 4)):
        number = ask(site, ticket, 24 * days + 0.01)
        with site.engine.begin() as connection:
            at = NOW - (24 * days - 1) * HOUR
            requests.close(connection, number, Ending(ANSWERED, "comment", at), "x", at)
    count(site)
    text = page(site, TODAY - 2 * DAY, TODAY - DAY)
    tiles = re.search(r'<dl class="tiles">.*?</dl>', text, re.S)
    assert tiles
    assert re.search(r"▲ 200.%, было 1", tiles[0])
    assert 'class="spark"' in tiles[0]
    assert "напоминания" in text  # the third series


def test_a_table_has_no_column_of_zeros(site: Site) -> None:
    ask(site, "701", 30)
    count(site)
    text = page(site, TODAY - 5 * DAY, TODAY)
    headings = re.findall(r'<th scope="col" class="n">([^<]+)</th>', text)
    assert set(headings) == {"Запросов"}
    row = rollups.empty() | {"asked": 1, "sent_2": 3}
    assert [column.name for column in columns_of([Figures.of(row)])] == ["asked", "sent_2"]


def test_the_heat_map_has_its_figures(site: Site) -> None:
    days = heat({(0, 9): 10, (6, 23): 1})
    assert days[0][1][9] == (10, 5)
    assert days[6][1][23] == (1, 1)
    assert days[3][1][0] == (0, 0)
    ask(site, "701", 30)
    count(site)
    assert re.search(r'<td class="h5">1</td>', page(site, TODAY - 5 * DAY, TODAY))


def test_a_line_needs_two_points() -> None:
    assert sparkline([1]) == sparkline([None, 1]) == sparkline([0, 0]) == ""
    assert 'points="0.0,22.0 100.0,2.0"' in sparkline([0, None, 4])


def test_people_and_topics_of_the_period_are_offered(any_site: Site) -> None:
    for ticket, owner, topic in (("701", "17", "Ремонт"), ("702", "18", "Возврат"), ("703", "18", "Возврат")):
        ask(any_site, ticket, 30, owner_id=owner, topic=topic)
    count(any_site)
    text = page(any_site, TODAY - 5 * DAY, TODAY)
    assert {"usedesk:17", "usedesk:18", "Ремонт", "Возврат"} <= set(re.findall(r'<option value="([^"]+)"', text))
    with any_site.engine.connect() as connection:
        asked: list[tuple[str, object]] = []
        sa.event.listen(connection, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
        assert rollups.values(connection, TODAY - 5 * DAY, TODAY, "topic", 1) == ["Возврат"]
        explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        if explain != "EXPLAIN":  # so few rows are read as they stand there
            plan = str(connection.exec_driver_sql(f"{explain} {asked[0][0]}", asked[0][1]).all())
            assert "SEARCH report_months" in plan
