"""The lead's pages and the agent's card: the same figures everywhere, buttons as events, nothing that a text can do."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import sqlalchemy as sa

from desk import figures
from desk.figures import Period
from events import HoldAnsweredEvent, PersonActionEvent, RequestEvent, TicketEvent, load_event
from store import agents, holds, known_tickets, promises, repeats, requests, rollups
from store.facts import Narrow
from store.known_tickets import KnownTicket
from store.requests import ANSWERED, Ending
from store.tables import deliveries, ledger
from tests.web.site import NOW, Site
from web.lead.charts import columns, stack
from web.lead.files import safe

ZONE = ZoneInfo("Europe/Moscow")
HOUR = timedelta(hours=1)
EVIL = '<script>alert(1)</script>=HYPERLINK("http://evil.test")'
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\uff1d1")


def ask(site: Site, ticket: str = "700", hours: float = 30, **given: Any) -> int:
    """A request that was made so many hours ago; its number."""
    since = NOW - hours * HOUR
    row: dict[str, Any] = {
        "source": "usedesk",
        "ticket_id": ticket,
        "department": "service",
        "origin": "usedesk",
        "text": "Когда?",
    }
    row |= {"answer_required": True, "since": since, "due_at": since + 24 * HOUR, "opened_by": "test/1"}
    row |= {"owner_id": "17", "topic": "Ремонт", "client_informed_at": since}
    with site.engine.begin() as connection:
        return requests.add(connection, row | given).id


def hold(site: Site, ticket: str = "800", hours: float = 30, **given: Any) -> int:
    """A hold that began so many hours ago; its number."""
    since = NOW - hours * HOUR
    row = {"source": "webcrm", "ticket_id": ticket, "kind": "seller", "stage": "waiting", "owner_id": "a17"}
    with site.engine.begin() as connection:
        return holds.begin(connection, row | {"due_at": since + 24 * HOUR} | given, since)


def know(site: Site, agent: str) -> None:
    """Both CRMs have told of an agent."""
    with site.engine.begin() as connection:
        for source in ("webcrm", "usedesk"):
            agents.set_status(connection, source, agent, "На линии", NOW)


def count(site: Site) -> None:
    """What the clock does."""
    with site.engine.connect() as connection:
        days = rollups.due(connection, NOW, ZONE)
    for day in days:
        with site.engine.begin() as connection:
            rollups.count_day(connection, day, NOW, ZONE, 2)


def filed(site: Site) -> list[Any]:
    """The events that were filed for the bot itself, the oldest first."""
    query = sa.select(deliveries.c.event).where(deliveries.c.source == "bot").order_by(deliveries.c.id)
    with site.engine.connect() as connection:
        return [load_event(text) for text in connection.execute(query).scalars()]


def undo_of(page: str) -> str:
    """The token of «Отменить» in a page."""
    found = re.search(r'name="undo" value="([^"]+)"', page)
    assert found, page
    return found[1]


class TestBoard:
    def test_an_empty_board_says_what_belongs_there(self, site: Site) -> None:
        assert "Дольше суток никто не ждёт" in site.get("/board", "lead").text

    def test_the_worst_come_first_in_words(self, site: Site) -> None:
        ask(site, "701", 100)
        hold(site, "801", 100, kind="ozon", top=True)
        ask(site, "702", 2)  # in time
        page = site.get("/board", "lead").text
        assert re.findall(r'/tickets/\w+/(\d+)"', page) == ["801", "701"]  # and nowhere else on the page
        assert "Сервисный департамент" in page
        assert "!!! 4 д 4 ч" in page

    def test_an_age_is_told_without_its_colour(self, site: Site) -> None:
        for ticket, hours in (("701", 25), ("702", 50), ("703", 80)):
            ask(site, ticket, hours)
        page = site.get("/board?order=newest", "lead").text
        assert re.findall(r'age age-(\d)" title="[^"]+">([^<]+)<', page) == [
            ("1", "! 1 д 1 ч"), ("2", "!! 2 д 2 ч"), ("3", "!!! 3 д 8 ч"),
        ]  # fmt: skip

    def test_it_is_sorted_by_how_long_things_wait(self, site: Site) -> None:
        ask(site, "701", 30)
        hold(site, "801", 60)
        ask(site, "702", 90, client_informed_at=None)
        for query, shown in (
            ("order=oldest", ["702", "801", "701"]),
            ("order=newest", ["701", "801", "702"]),
            ("order=oldest&older=72", ["702"]),
            ("order=nonsense&older=1", ["702", "801", "701"]),
        ):
            page = site.get(f"/board?{query}", "lead").text
            assert sorted(re.findall(r'/tickets/\w+/(\d+)"', page)) == sorted(shown), query
            if "nonsense" not in query:
                assert re.findall(r'/tickets/\w+/(\d+)"', page) == shown, query
        assert 'aria-sort="descending"' in site.get("/board?order=oldest", "lead").text

    def test_what_stands_above_is_not_what_the_rows_show(self, site: Site) -> None:
        for n in range(3):
            ask(site, f"70{n}", 80 + n)
        hold(site, "801", 30)
        page = site.get("/board", "lead").text
        assert "Дольше трёх суток ждут: 3" in page
        assert "у отдела «Сервисный департамент»: 3" in page
        assert "До конца рабочего дня" in page
        assert "Дольше трёх суток ждут" not in site.get("/board?kind=seller", "lead").text

    def test_people_and_topics_are_chosen_from_lists(self, site: Site) -> None:
        ask(site, "701")
        ask(site, "702", owner_id="18", topic="Телефон 8 926 123-45-67")
        hold(site, "801")
        page = site.get("/board?topic=Старая", "lead").text
        offered = re.findall(r'<option value="([^"]*)"', page)
        assert {"usedesk:17", "usedesk:18", "webcrm:a17", "Ремонт", "Старая"} <= set(offered)
        assert "926" not in page  # nobody's number is in a list

    def test_filters_live_in_the_address(self, site: Site) -> None:
        ask(site, "701")
        ask(site, "702", department="product", owner_id="18", topic="Возврат")
        hold(site, "801")
        for query, shown in (
            ("department=product", {"702"}),
            ("agent=usedesk:17", {"701"}),
            ("agent=18", {"702"}),  # as the table shows it
            ("agent=nobody", set()),
            ("topic=Возврат", {"702"}),
            ("kind=seller", {"801"}),
            ("kind=nonsense&after=~&as_of=x", {"701", "702", "801"}),
            ("department=nobody", set()),
        ):
            page = site.get(f"/board?{query}", "lead").text
            assert set(re.findall(r"/tickets/\w+/(\d+)", page)) == shown, query

    def test_a_button_files_an_event_that_can_be_taken_back(self, site: Site) -> None:
        number, other = ask(site), hold(site)
        know(site, "99")
        back = {"back": "/board?kind=request"}
        for what, one, action, form in (
            ("request", number, "snooze", {"hours": "24", "reason": "Обещали завтра"}),
            ("request", number, "answered", {}),
            ("request", number, "reassign", {"owner": "99"}),
            ("hold", other, "snooze", {"hours": "4", "reason": "Отпуск"}),
            ("hold", other, "answered", {}),
            ("hold", other, "reassign", {"owner": "99"}),
        ):
            answer = site.post(f"/said/{what}/{one}/{action}", "lead", **back | form)
            assert answer.status_code == 303
            page = site.get(answer.location, "lead").text
            undo = undo_of(page)
            for _ in range(2):  # twice is once
                told = site.post("/said/undo", "lead", undo=undo, **back)
                assert told.location == "/board?kind=request&told=said_undone"
        events = filed(site)
        kinds = [event.type for event in events]
        assert kinds == [
            "request.snoozed", "request.woken", "request.answered", "request.reopened", "request.reassigned",
            "request.reassigned", "hold.snoozed", "hold.snoozed", "hold.answered", "hold.reopened",
            "hold.reassigned", "hold.reassigned",
        ]  # fmt: skip
        assert isinstance(events[0], RequestEvent)
        assert (events[0].reason, events[0].by) == ("Обещали завтра", "lead@example.test")
        assert isinstance(events[5], PersonActionEvent)
        assert (events[4].owner, events[5].owner) == ("99", "17")
        assert isinstance(events[8], HoldAnsweredEvent)
        assert {row.what for row in site.changes("said_undone")} == {"said_undone"}
        assert [row.reason for row in site.changes("said_snooze")] == ["Обещали завтра", "Отпуск"]

    def test_what_was_marked_is_off_the_list_in_the_same_answer(self, site: Site) -> None:
        def shown(path: str) -> set[str]:
            return set(re.findall(r"/tickets/\w+/(\d+)", site.get(path, "lead").text))

        for what, number, ticket in (("request", ask(site, "701"), "701"), ("hold", hold(site, "801"), "801")):
            for action, form in (("snooze", {"hours": "24", "reason": "Обещали завтра"}), ("answered", {})):
                assert ticket in shown("/board?snoozed=1"), (what, action)
                answer = site.post(f"/said/{what}/{number}/{action}", "lead", back="/board", **form)
                assert ticket not in shown(answer.location), (what, action)
        assert shown("/board?snoozed=1") == set()
        with site.engine.begin() as connection:
            connection.execute(sa.update(deliveries).values(state="dead"))  # it did not work: they wait after all
        assert shown("/board") == {"701", "801"}

    def test_only_an_agent_who_is_known_takes_over(self, site: Site) -> None:
        number, other = ask(site), hold(site, "801")
        for what, one in (("request", number), ("hold", other)):
            for owner in ("nobody", "1 OR 1"):
                answer = site.post(f"/said/{what}/{one}/reassign", "lead", owner=owner)
                assert answer.location == "/board?told=said_unknown_owner"
        assert filed(site) == []
        assert "бот не знает" in site.get("/board?told=said_unknown_owner", "lead").text
        know(site, "99")
        told = site.post(f"/said/request/{number}/reassign", "lead", owner="99").location
        assert told.startswith("/board?told=said_reassign")

    def test_what_is_no_word_files_nothing(self, site: Site) -> None:
        number = ask(site)
        for path, form, told in (
            (f"request/{number}/snooze", {"hours": "5", "reason": "x"}, "said_no_reason"),
            (f"request/{number}/snooze", {"hours": "4", "reason": "  "}, "said_no_reason"),
            (f"request/{number}/reassign", {"owner": " "}, "said_no_owner"),
            ("undo", {"undo": "nonsense"}, "said_too_late"),
        ):
            assert site.post(f"/said/{path}", "lead", **form).location.endswith(f"told={told}")
        assert site.post("/said/request/999/answered", "lead").status_code == 404
        with site.engine.begin() as connection:
            requests.close(connection, number, Ending(ANSWERED, "comment", NOW), "x", NOW)
        assert site.post(f"/said/request/{number}/answered", "lead").location.endswith("told=said_over")
        assert filed(site) == []

    def test_nobody_is_led_elsewhere(self, site: Site) -> None:
        number = ask(site)
        for back in ("https://evil.test", "//evil.test", "/\\evil.test"):
            answer = site.post(f"/said/request/{number}/answered", "lead", back=back)
            assert answer.location.startswith("/board?")


class TestRoles:
    PAGES = (
        "/board",
        "/board.csv",
        "/report",
        "/report.csv",
        "/report.xlsx",
        "/report/list?kind=asked",
        "/digest",
        "/findings",
    )

    @pytest.mark.parametrize("path", PAGES)
    def test_an_agent_sees_no_page_of_the_lead(self, site: Site, path: str) -> None:
        assert site.get(path, "agent").status_code == 403
        assert site.get(path, "lead").status_code == 200
        assert site.get(path, "").status_code == 303

    def test_an_agent_says_what_became_of_a_ticket_and_gives_it_to_nobody(self, site: Site) -> None:
        number = ask(site)
        assert site.post(f"/said/request/{number}/answered", "agent").status_code == 303
        assert site.post(f"/said/request/{number}/reassign", "agent", owner="9").status_code == 403
        assert site.browser("agent").post(f"/said/request/{number}/answered").status_code == 400  # no token of a form


class TestReport:
    @pytest.fixture
    def filled(self, any_site: Site) -> Site:
        for n in range(40):
            number = ask(any_site, f"7{n:02}", 24 * (n % 9) + 3, department=("service", "product")[n % 2], step=n % 4)
            if n % 3:
                with any_site.engine.begin() as connection:
                    took = min(n, 24 * (n % 9) + 2)
                    at = NOW - (24 * (n % 9) + 3 - took) * HOUR
                    requests.close(connection, number, Ending(ANSWERED, "comment", at), "x", at)
        count(any_site)
        return any_site

    def test_page_files_and_lists_show_the_same_figures(self, filled: Site) -> None:
        today = NOW.astimezone(ZONE).date()
        period = Period.up_to(today, 10)
        query = f"first={period.first}&last={period.last}"
        config = filled.process.reloader.current()
        with filled.engine.connect() as connection:
            found = figures.report(connection, config, period)
            asked = connection.execute(sa.text("SELECT count(*) FROM requests")).scalar_one()
            quick = connection.execute(
                sa.text("SELECT count(*) FROM requests WHERE answered_at IS NOT NULL")
            ).scalar_one()
        assert (found.total.asked, found.total.answers) == (asked, quick) == (40, 26)
        page = filled.get(f"/report?{query}", "lead").text
        assert f">{found.total.answers}</a></dd>" in page
        assert page.count('<svg class="chart"') == 2
        rows = list(
            csv.reader(io.StringIO(filled.get(f"/report.csv?{query}", "lead").data.decode("utf-8-sig")), delimiter=";")
        )
        assert rows[1][2:11] == [str(n) for n in (found.total.asked, *found.total.sent, *found.total.answered, 0)]
        book = openpyxl.load_workbook(io.BytesIO(filled.get(f"/report.xlsx?{query}", "lead").data))
        total = next(iter(book["Итого"].iter_rows(min_row=2, max_row=2, values_only=True)))
        assert total[1:9] == (found.total.asked, *found.total.sent, *found.total.answered)
        assert isinstance(book["По дням"].cell(2, 1).value, datetime)
        assert total[10] == pytest.approx(found.total.within, abs=1e-4)
        for kind, step, number in (
            ("asked", "", found.total.asked),
            ("answered", "&step=1", found.total.answered[1]),
            ("answered", "&step=3", found.total.answered[3]),
        ):
            listed = filled.get(f"/report/list.csv?{query}&kind={kind}{step}", "lead").data.decode("utf-8-sig")
            assert len(listed.splitlines()) == number + 1, (kind, step)
        assert filled.get("/report/list?kind=nonsense", "lead").status_code == 404

    def test_a_filter_counts_only_its_own(self, filled: Site) -> None:
        config = filled.process.reloader.current()
        period = Period.up_to(NOW.astimezone(ZONE).date(), 10)
        with filled.engine.connect() as connection:
            one = figures.report(connection, config, period, Narrow(department="service"))
            two = figures.report(connection, config, period, Narrow(department="service", agent="usedesk:17"))
        assert one.total == two.total
        assert [figure for _, figure in one.days] == [figure for _, figure in two.days]
        assert one.hours == two.hours
        assert one.total.asked == 20

    def test_too_much_for_a_filter_says_so(self, filled: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(figures, "LIVE", 1)
        page = filled.get("/report?department=service&agent=usedesk:17", "lead")
        assert page.status_code == 422
        assert "Слишком много" in page.text
        assert filled.get("/report.csv?department=service&agent=usedesk:17", "lead").status_code == 422


@pytest.mark.parametrize(
    ("times", "share", "expected"),
    [([0] * 24, 0.5, None), ([4] + [0] * 23, 0.5, 0.5), ([0, 2, 2] + [0] * 21, 0.5, 2), ([0] * 23 + [5], 0.9, 720)],
)
def test_a_quantile_of_a_histogram(times: list[int], share: float, expected: float | None) -> None:
    assert figures.quantile(times, share) == (None if expected is None else expected * HOUR)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_is_no_formula(site: Site, text: str) -> None:
    assert safe(text) == f"'{text}"
    ask(site, topic=text, owner_id=text.strip()[:10])
    count(site)
    for path in (
        "/board.csv",
        "/report.csv",
        f"/report/list.csv?kind=asked&first={NOW.date() - timedelta(days=9)}&last={NOW.date()}",
    ):
        data = site.get(path, "lead").data
        assert data.startswith(b"\xef\xbb\xbf")
        for row in csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"):
            assert not [cell for cell in row if cell.lstrip(" \u00a0")[:1] in "=+@\uff1d" and cell.strip()], path
    last = NOW.astimezone(ZONE).date()
    book = site.get(f"/report.xlsx?first={last - timedelta(days=9)}&last={last}", "lead").data
    for sheet in openpyxl.load_workbook(io.BytesIO(book)):
        assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


LONG = "1234567890123456"
CHANGED = (LONG, f" {LONG} ", "1234 5678 9012 3456", f"-{LONG}", "0012345", "1E5", "123e4567")
KEPT = ("123456789012345", "0", "0,5", "2026-01-12", "FBO-12", "12.01.2026", f"№ {LONG}", "0x10")


@pytest.mark.parametrize("text", CHANGED)
def test_an_id_that_a_spreadsheet_would_change_is_marked_as_a_text(text: str) -> None:
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("text", KEPT)
def test_any_other_text_is_as_it_was(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize(("tongue", "separator", "point"), [("ru", ";", ","), ("en", ",", ".")])
def test_ids_and_numbers_come_out_of_the_files_as_they_went_in(
    site: Site, tongue: str, separator: str, point: str
) -> None:
    for hours in (1, 2, 30):
        number = ask(site, ticket=LONG, topic="0012345", hours=72)
        with site.engine.begin() as connection:
            ending = requests.Ending("answered", "person", NOW - (72 - hours) * HOUR)
            requests.close(connection, number, ending, "test/2", NOW)
    count(site)
    last = NOW.astimezone(ZONE).date()
    query = f"first={last - timedelta(days=9)}&last={last}"

    def read(path: str) -> list[list[str]]:
        site.browser("lead").set_cookie("language", tongue)
        content = site.get(path, "lead").data.decode("utf-8-sig")
        return list(csv.reader(io.StringIO(content), delimiter=separator))

    listed = read(f"/report/list.csv?{query}&kind=asked")
    assert any(f"'{LONG}" in row for row in listed[1:]), listed
    report = read(f"/report.csv?{query}")
    assert all(len(row) == len(report[0]) for row in report)
    share, median = report[1][-3], report[1][-2]
    assert (share, median) == (f"0{point}6667", f"1{point}5")
    assert any(row[1] == "'0012345" for row in report)
    book = openpyxl.load_workbook(io.BytesIO(site.get(f"/report.xlsx?{query}", "lead").data))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value == "0012345"]
    assert cells
    assert all(cell.data_type == "s" for cell in cells)


def test_a_text_of_a_ticket_runs_nowhere(site: Site) -> None:
    number = ask(site, text=EVIL, topic=EVIL[:255], owner_id="<b>x</b>")
    with site.engine.begin() as connection:
        row = {"request": number, "source": "usedesk", "ticket_id": "700", "text_id": "M-2", "text": EVIL}
        promises.draft(connection, row, NOW)
    step = site.add(case_id="usedesk:700", source="usedesk", event="{}")
    site.step(step, outcome="warned", mode="warn", target=EVIL[:100], after=EVIL)
    count(site)
    today = NOW.astimezone(ZONE).date()
    period = f"first={today - timedelta(days=3)}&last={today}"
    for path in (
        "/board",
        f"/report?{period}",
        f"/report/list?kind=asked&{period}",
        "/findings",
        "/digest",
        "/tickets/usedesk/700",
    ):
        for role in ("lead", "admin"):
            assert "<script>alert" not in site.get(path, role).text, path
            assert "<b>x</b>" not in site.get(path, role).text, path
    for chart in (columns(EVIL, [EVIL], [("bar", EVIL, [1])]), stack(EVIL, [(EVIL, 1)])):
        assert "<script>" not in chart


class TestCard:
    def test_it_shows_how_a_ticket_stands(self, site: Site) -> None:
        number = ask(site, "700", client_informed_at=None)
        hold(site, "700", source="usedesk", kind="client")
        with site.engine.begin() as connection:
            row = {"request": number, "source": "usedesk", "ticket_id": "700", "text_id": "M-2", "text": "Постараемся"}
            promises.draft(connection, row, NOW)
        delivery = site.add(case_id="usedesk:700", source="usedesk")
        site.step(delivery, outcome="warned", mode="warn", rule="U-18")
        page = site.get("/tickets/usedesk/700", "agent").text
        for words in (
            "Сервисный департамент",
            "клиент не предупреждён",
            "ждём клиента",
            "Постараемся",
            "U-18",
            "Это неверно",
        ):
            assert words in page
        assert "Когда?" in page  # the question that was asked
        assert site.get("/tickets/nowhere/700", "agent").status_code == 404
        assert site.get("/tickets/usedesk/a%2Fb", "agent").status_code == 404
        assert "бот ещё не знает" in site.get("/tickets/webcrm/1", "agent").text

    def test_the_field_leads_to_it(self, site: Site) -> None:
        assert site.get("/tickets?source=usedesk&q=700", "agent").location == "/tickets/usedesk/700"
        assert site.get("/tickets?q=usedesk:700", "agent").location == "/tickets/usedesk/700"
        assert "Такого номера" in site.get("/tickets?q=a b", "agent").text

    def test_a_hold_is_asked_for_as_the_crm_would(self, site: Site) -> None:
        event = {"kind": "ticket", "id": "e1", "type": "ticket.message", "occurred_at": "2026-11-20T10:00:00Z"}
        ticket = TicketEvent.model_validate(event | {"ticket": {"id": "900"}, "agent": {"id": "a17"}})
        unheard = site.post("/tickets/webcrm/900/hold", "agent", kind="seller", text="x")
        assert unheard.location.endswith("said_not_held")
        site.add(case_id="webcrm:900", event=ticket.model_dump_json())
        for form in ({"kind": "ozon", "text": "x"}, {"kind": "seller", "text": " "}, {"kind": "x", "text": "x"}):
            assert site.post("/tickets/webcrm/900/hold", "agent", **form).status_code == 422
        site.post("/tickets/webcrm/900/hold", "agent", kind="ozon", reason="slack", text="Спросили склад")
        site.post("/tickets/webcrm/900/hold", "agent", kind="seller", text="Какой адрес?")
        with site.engine.connect() as connection:
            rows = connection.execute(sa.select(deliveries).where(deliveries.c.source == "bot")).all()
        first, second = (load_event(row.event) for row in rows)
        assert {row.case_id for row in rows} == {"webcrm:900"}
        assert isinstance(first, TicketEvent)
        assert isinstance(second, TicketEvent)
        assert (first.type, first.closing.hold, first.closing.actions_done) == (
            "ticket.closing",
            "ozon",
            "Спросили склад",
        )
        assert (second.closing.hold, second.closing.question, second.agent.id) == ("seller", "Какой адрес?", "a17")

    def test_a_hold_knows_the_topic_that_a_later_event_does_not_tell(self, site: Site) -> None:
        event = {"kind": "ticket", "id": "e1", "type": "ticket.created", "occurred_at": "2026-11-20T10:00:00Z"}
        whole = {"id": "900", "type": "Финансы", "seller": {"jira_account_id": "712020:1"}}
        for number, told in enumerate((whole, {"id": "900"})):
            row = TicketEvent.model_validate(event | {"id": f"e{number}", "ticket": told}).model_dump_json()
            site.add(case_id="webcrm:900", event=row)
        site.post("/tickets/webcrm/900/hold", "agent", kind="seller", text="Какой адрес?")
        with site.engine.connect() as connection:
            (row,) = connection.execute(sa.select(deliveries).where(deliveries.c.source == "bot")).all()
        held = load_event(row.event)
        assert isinstance(held, TicketEvent)
        assert (held.ticket.type, held.ticket.seller.jira_account_id) == ("Финансы", "712020:1")

    def test_a_frame_is_let_in_by_its_link_alone(self, site: Site) -> None:
        ask(site, "700")
        link = site.api("/card-links/usedesk/700").json
        assert link is not None
        path = link["url"].removeprefix("http://localhost")
        page = site.get(path, "")
        assert page.status_code == 200
        assert "Сервисный департамент" in page.text
        assert "<form" not in page.text
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]  # none is configured
        assert "X-Frame-Options" not in page.headers
        assert site.get(f"{path}x", "").status_code == 410
        assert site.get("/board", "lead").headers["X-Frame-Options"] == "DENY"
        assert site.api("/card-links/usedesk/700", token="wrong").status_code == 401


class TestFindings:
    def test_by_rule_and_marked(self, any_site: Site) -> None:
        site = any_site
        event = '{"agent": {"id": "a17"}}'
        for _ in range(3):
            delivery = site.add(case_id="webcrm:900", event=event)
            site.step(delivery, outcome="observed", mode="observe", rule="W-57", begun_at=datetime.now(UTC) - HOUR)
        with site.engine.connect() as connection:
            number = connection.execute(sa.select(ledger.c.id).limit(1)).scalar_one()
        page = site.get("/findings", "lead").text
        assert re.search(r'W-57</a></th>.*?<td class="n">3</td><td class="n">0</td>', page, re.S)
        assert "a17" not in page  # names are shown where reports.yml says so
        site.post(f"/findings/{number}/wrong", "agent", reason="Склад другой", back="/findings?days=7")
        page = site.get("/findings?rule=W-57", "lead").text
        assert re.search(r"<td class=.n.>3</td><td class=.n.>1</td>", page), re.findall(
            r"<tbody>.*?</tbody>", page, re.S
        )
        assert "Склад другой" in page
        site.post(f"/findings/{number}/right", "agent")
        assert '<td class="n">1</td>' not in site.get("/findings", "lead").text
        assert [row.target for row in site.changes("marked_wrong")] == [f"ledger:{number}"]


@pytest.mark.rule("R-46")
def test_a_lost_ticket_is_on_the_board_until_a_lead_has_seen_to_it(any_site: Site) -> None:
    site = any_site
    number = site.add(case_id="webcrm:900")
    assert "Потерянные тикеты" not in site.get("/board", "lead").text
    row = {"source": "webcrm", "agent_id": "a17", "topic": "Доставка", "since": NOW, "delivery": number}
    for ticket in ("900", "901"):
        site.insert("lost_tickets", ticket_id=ticket, **row)
    site.add(case_id="webcrm:901", state="ignored")  # the bot's own echo is nothing new
    page = site.get("/board", "lead").text
    assert "/tickets/webcrm/900" in page
    assert "/tickets/webcrm/901" in page
    site.add(case_id="webcrm:901")
    assert "/tickets/webcrm/901" not in site.get("/board", "lead").text
    assert site.post("/board/lost/webcrm/900", "agent").status_code == 403
    for _ in range(2):
        assert site.post("/board/lost/webcrm/900", "lead").status_code == 303
    assert "Потерянные тикеты" not in site.get("/board", "lead").text
    assert [change.target for change in site.changes("lost_settled")] == ["webcrm:900"]


def test_rule_hits_are_narrowed_to_the_checks_of_a_closing_and_to_a_chapter(site: Site) -> None:
    number = site.add()
    for rule, verb in (("R-36", "find_in_closing"), ("W-57", "add_components"), ("U-08", "note_x")):
        site.step(number, rule=rule, verb=verb, outcome="observed", mode="observe")

    def shown(query: str) -> set[str]:
        return set(re.findall(r"rule=([WRU]-\d\d)", site.get(f"/findings?{query}", "lead").text))

    assert shown("") == {"R-36", "W-57", "U-08"}
    assert shown("part=closing") == {"R-36"}
    assert shown("part=W") == {"W-57"}
    assert shown("part=U&days=1") == {"U-08"}
    assert shown("part=nonsense") == {"R-36", "W-57", "U-08"}
    assert "По этим правилам за это время ничего нет" in site.get("/findings?part=E", "lead").text


@pytest.mark.rule("R-27")
def test_repeated_contacts_are_on_the_card_and_counted_in_the_report(any_site: Site) -> None:
    site = any_site
    days = timedelta(days=1)
    about: dict[str, Any] = {"party": "customer:5", "type": "Доставка", "subtype": "Где заказ"}
    told = [
        KnownTicket("webcrm", "71", NOW - 5 * days, status="Закрыт", **about),
        KnownTicket("webcrm", "72", NOW - 3 * days, **about),
        KnownTicket("webcrm", "73", NOW, **about),
        KnownTicket("webcrm", "74", NOW - days, **about | {"type": "Возврат"}),  # of something else
        KnownTicket("webcrm", "75", NOW - days, **about | {"party": "customer:6"}),  # of somebody else
    ]
    with site.engine.begin() as connection:
        known_tickets.remember(connection, told, NOW)
        known_tickets.remember(connection, [KnownTicket("webcrm", "70", NOW - 90 * days, **about)], NOW - 90 * days)
    card = site.get("/tickets/webcrm/73", "agent").text
    assert re.findall(r"<b>(7\d)</b>", card) == ["72", "71"]
    assert "больше двух раз" in card
    once = site.get("/tickets/webcrm/72", "agent").text
    assert re.findall(r"<b>(7\d)</b>", once) == ["71"]
    assert "больше двух раз" not in once
    assert "Раньше по этой теме" not in site.get("/tickets/webcrm/74", "agent").text
    with site.engine.connect() as connection:
        assert repeats.counts(connection, NOW - 30 * days) == (1, 1)
        assert repeats.counts(connection, NOW + days) == (0, 0)
    assert "Повторные обращения" in site.get("/report", "lead").text
