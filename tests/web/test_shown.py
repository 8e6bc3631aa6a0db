"""How what is stored is shown: axes of whole numbers, moments by the company's clock, numbers with their names."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import pairwise

import pytest

from store import promises
from tests.web.site import NOW, Site
from tests.web.test_lead import ask, hold
from web.lead.charts import columns


@pytest.mark.parametrize(
    ("most", "lines"), [(0, ["0", "1"]), (1, ["0", "1"]), (2, ["0", "1", "2"]), (5, ["0", "3", "6"])]
)
def test_an_axis_has_whole_numbers_where_they_belong(most: int, lines: list[str]) -> None:
    chart = columns("Запросы", ["16.11"], [("bar", "запросы", [most]), ("bar-other", "ответы", [0])])
    marks = re.findall(r'class="axis end" x="\d+" y="([\d.]+)">(\d+)<', chart)
    assert [words for _, words in marks] == lines
    heights = [float(y) for y, _ in marks]
    steps = [low - high for low, high in pairwise(heights)]
    assert all(step == pytest.approx(steps[0], abs=0.2) for step in steps)
    bar = re.search(r'class="bar" .*?height="([\d.]+)"', chart)
    assert bar
    assert float(bar[1]) == pytest.approx((heights[0] - heights[-1]) * most / int(lines[-1]), abs=0.2)


def test_an_empty_report_says_what_to_do(site: Site) -> None:
    page = site.get("/report?first=2026-01-01&last=2026-01-31&department=service", "lead").text
    assert "Возьмите промежуток длиннее" in page
    assert 'class="chart"' not in page
    assert "Без фильтра</a></p>" in page


@pytest.mark.parametrize(
    ("verb", "after", "shown"),
    [
        ("set_reminder", "2001-11-17T08:00:00.099870+00:00", "когда: 17 ноября 2001, 11:00"),
        ("open_request", 1, "запрос этому отделу № 1"),
        ("open_request", "service", "service"),
        ("climb_ladder", 2, "напоминание № 2"),
        ("begin_hold", "ozon", "для Ozon"),
        ("choose_components", ["10001", "10002"], "компоненты: 10001, 10002"),
        ("write_key", "FBO-1", "FBO-1"),
        ("make_promise", None, ""),
    ],
)
def test_what_a_verb_left_is_shown_in_words(site: Site, verb: str, after: object, shown: str) -> None:
    delivery = site.add(case_id="webcrm:900")
    site.step(delivery, verb=verb, after=after, before=None)
    found = re.findall(r'<span class="after">([^<]*)</span>', site.get("/tickets/webcrm/900", "agent").text)
    assert found == ([shown] if shown else [])


@pytest.mark.rule("W-20")
@pytest.mark.parametrize(
    ("verb", "orange"),
    [("note_issue_lacks", True), ("draft_comment", True), ("write_comment", True), ("reply_to_client", False)],
)
def test_what_colleagues_alone_see_is_orange(site: Site, verb: str, orange: bool) -> None:
    delivery = site.add(case_id="webcrm:900")
    site.step(delivery, verb=verb, after="Слова", before=None)
    page = site.get("/tickets/webcrm/900", "agent").text
    assert ('class="change internal"' in page) is orange


def test_what_waits_is_told_by_the_desks_clock(site: Site) -> None:
    ask(site, "700", 2, next_at=NOW + timedelta(hours=22))
    hold(site, "800", 2)
    file = site.process.settings.data_dir / "sandbox-clock.json"
    before = site.get("/tickets/usedesk/700", "agent").text
    file.write_text(json.dumps({"offset_seconds": 10 * 3600 + 60}))
    after = site.get("/tickets/usedesk/700", "agent").text
    assert ("через 21 ч" in before, "через 11 ч" in before) == (True, False)
    assert ("через 21 ч" in after, "через 11 ч" in after) == (False, True)


def test_a_broken_promise_stands_on_the_card(site: Site) -> None:
    number = ask(site, "700", 30)
    row = {"request": number, "source": "usedesk", "ticket_id": "700", "text_id": "M-2", "text": "Вернёмся завтра"}
    with site.engine.begin() as connection:
        promise = promises.draft(connection, row, NOW)
        due_at = NOW - timedelta(hours=2)
        promises.make(connection, promise, at=NOW - timedelta(hours=29), due_at=due_at, now=NOW)
        promises.end(connection, promise, promises.BROKEN, by="bot/1", now=NOW)
    timer = site.add(source="bot", case_id=f"bot:alarm:promise:{promise}", type="alarm.due")
    site.step(timer, verb="break_promise", after="broken")
    page = site.get("/tickets/usedesk/700", "agent").text
    assert "Обещали клиенту" in page
    assert "Вернёмся завтра" in page
    assert '<span class="after">нарушено</span>' in page


def test_the_history_says_why_and_folds_what_changed_nothing(site: Site) -> None:
    done = site.add(case_id="webcrm:900")
    site.step(done)
    stopped = {"state": "dead", "reason": "Jira: 400 summary: не заполнено"}
    site.add(case_id="webcrm:900", type="ticket.message", **stopped)
    site.add(case_id="webcrm:900", source="jira", type="issue.created", state="ignored", reason="the bot's own event")
    page = site.get("/tickets/webcrm/900", "agent").text
    own, dead, closing = re.split(r"<li><(?:p class=.head.|details)>", page.partition("timeline")[2])[1:4]
    assert "это сделал сам бот" in own
    assert '<span class="mark' not in own
    assert ">требует внимания</span>" in dead
    assert "Jira: 400" in dead
    assert '<span class="mark state-' not in closing.partition("<ol")[0]
    assert "<details open" not in page.partition("timeline")[2]


def test_a_quote_is_read_without_the_manuals_marks_of_bold(site: Site) -> None:
    delivery = site.add(case_id="webcrm:900")
    site.step(delivery, rule="W-63")
    for path in ("/tickets/webcrm/900", f"/deliveries/{delivery}", "/rules?q=W-63", "/rules/W-63"):
        page = site.text(path)
        assert "необходимо заполнить поле Описание" in page, path
        assert "**" not in page, path


def test_a_timer_of_the_bot_stands_in_the_row_of_its_ticket(site: Site) -> None:
    subject = json.dumps({"ticket": {"subject": "Водитель ждёт"}})
    number = ask(site, "700", 30)
    site.add(case_id="usedesk:700", source="usedesk", event=subject)
    for case in (f"bot:alarm:request:{number}:1", f"bot:heard:{number}", f"bot:alarm:uninformed:{number}"):
        site.add(source="bot", case_id=case, type="alarm.due")
    stopped = site.add(source="bot", case_id=f"bot:alarm:client:{number}", type="alarm.due", state="dead", reason="400")
    site.add(source="bot", case_id="bot:alarm:request:999:1", type="alarm.due")
    site.add(source="bot", case_id="bot:alarm:hold:x", type="alarm.due")
    page = site.get("/deliveries", "admin").text
    assert page.count('<li class="delivery event-row">') == 4  # the ticket, what stopped, and two of unknown rows
    assert page.count("+3</span>") == 1
    row = page.split('<li class="delivery event-row">')
    assert any(f"/deliveries/{stopped}" in one and "Водитель ждёт" in one for one in row)
    assert f"bot:alarm:request:{number}" not in page
    assert "bot:alarm:request:999:1" in page
