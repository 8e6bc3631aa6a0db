"""«Состояние»: the last 24 hours, what is over, and the part that refreshes itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store import traffic
from tests.store.crowds import many_deliveries
from tests.web.site import NOW, Site

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def finish(site: Site, hours: float, took: float, **given: Any) -> int:
    """A delivery that was finished so many hours ago, after so many seconds."""
    at = NOW - hours * HOUR
    return site.add(received_at=at - took * SECOND, finished_at=at, **given)


def test_the_last_day_is_counted_by_the_hour(any_site: Site) -> None:
    site = any_site
    for took in (1, 2, 9):
        finish(site, 3, took)
    finish(site, 3, 0, state="ignored")
    finish(site, 30, 1)  # of another day
    site.add(state="dead", received_at=NOW - 3 * HOUR)
    site.add(state="dead", received_at=NOW - 40 * HOUR)
    with site.engine.connect() as connection:
        hours = traffic.last_day(connection, NOW)
    assert len(hours) == traffic.HOURS
    assert [hours[0].start.minute, hours[-1].start <= NOW < hours[-1].start + HOUR] == [0, True]
    busy = [hour for hour in hours if hour.finished or hour.dead]
    assert [(hour.finished, hour.dead) for hour in busy] == [(4, 1)]
    assert [gap / SECOND for gap in busy[0].took] == [1, 2, 9]


def test_an_hour_is_counted_no_further_than_a_bound(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "MOST", 3)
    monkeypatch.setattr(traffic, "LOOKED_AT", 2)
    for number in range(5):
        finish(site, 0, number)
    with site.engine.connect() as connection:
        hour = traffic.last_day(connection, NOW)[-1]
    assert (hour.finished, len(hour.took)) == (3, 2)
    assert "3+ событий" in site.text("/state")


def test_each_question_uses_its_index(any_site: Site) -> None:
    with any_site.engine.begin() as connection:
        many_deliveries(connection, 3000, NOW - 400 * HOUR)
    with any_site.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    explain = "EXPLAIN" if any_site.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    asked: list[tuple[str, Any]] = []
    with any_site.engine.connect() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
        traffic.last_day(connection, NOW)
        plans = [str(connection.exec_driver_sql(f"{explain} {one}", values).all()) for one, values in asked[:3]]
    assert "ix_deliveries_state" in plans[0], plans[0]
    assert all("ix_deliveries_over" in plan for plan in plans[1:]), plans
    assert not [plan for plan in plans if "Seq Scan" in plan]


def test_the_day_is_shown_as_three_charts(site: Site) -> None:
    assert 'class="chart' not in site.text("/state")
    for number in range(9):
        finish(site, number, 0.5)
    site.add(state="dead")
    page = site.text("/state")
    assert page.count('<svg class="chart small"') == 3
    assert "9 событий" in page
    assert re.search(r"10.% \(1\)", page)
    assert "медиана 500 мс" in page


def test_a_part_of_the_page_is_asked_for_again(site: Site) -> None:
    whole, part = site.text("/state"), site.text("/state/now")
    assert 'data-fresh="/state/now"' in whole
    assert "<html" not in part
    assert "Очередь" in part
    site.add(state="dead")
    assert "<b>1</b> требуют внимания" in site.text("/state/now")
    assert site.get("/state/now", "lead").status_code == 403


def test_an_alert_of_what_is_over_is_gone(any_site: Site) -> None:
    site, now = any_site, datetime.now(UTC)
    dead = site.add(state="dead", delivery_id="evt-1")
    site.insert("systems", name="jira:main", closed_at=NOW, reason="401", failures=3, probes=1)
    site.insert("pauses", scope="jira:main POST /issue", until=NOW + 2 * HOUR, reason=None)
    for key, text in (
        ("dead:webcrm/evt-1", "остановилось первое"),
        ("dead:webcrm/evt-2", "остановилось второе"),  # long replayed, and forgotten
        (f"down:jira:main:{NOW:%Y-%m-%dT%H:%M}", "не отвечает Jira"),
        (f"down:webcrm:{NOW:%Y-%m-%dT%H:%M}", "не отвечает WebCRM"),
        ("pause:jira:main POST /issue:2026", "просит подождать"),
        ("component:FF", "склад не найден"),
    ):
        site.insert("alerts", key=key, text=text, raised_at=now)
    site.insert("alerts", key="old", text="давно прошло", raised_at=now - timedelta(days=8))

    def shown() -> set[str]:
        page = site.text("/state")
        names = ("первое", "второе", "не отвечает Jira", "не отвечает WebCRM", "просит подождать", "склад", "давно")
        alerts = page[page.index("Предупреждения") :]
        return {name for name in names if name in alerts}

    assert shown() == {"первое", "не отвечает Jira", "просит подождать", "склад"}
    with site.engine.begin() as connection:
        connection.execute(sa.text("UPDATE deliveries SET state = 'done' WHERE id = :id"), {"id": dead})
        connection.execute(sa.text("UPDATE systems SET closed_at = NULL"))
        connection.execute(sa.text("DELETE FROM pauses"))
    assert shown() == {"склад"}


def test_a_pause_and_what_needs_attention_are_two_words(site: Site) -> None:
    site.add(state="dead")
    site.post("/state/pause", reason="переезд")
    page = site.text("/state")
    assert "Бот на паузе." in page
    assert "требуют внимания" in page
    assert "станов" not in page.replace("установ", "")
