"""An admin's day: what is done on the pages has its effect in the bot, and a row in the audit."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from desk.clock import machine_now
from runtime.clock import Clock
from store import ledger as ledger_rows
from store.tables import deliveries
from tests.bot import Bot
from tests.tickets import closing, ticket
from tests.web.site import NOW, Site

MARKUP = "<script>alert(1)</script><b>жирно</b>'\"&"


def escalate(bot: Bot, number: str, name: str) -> None:
    """A ticket that is closed with escalation."""
    card = ticket(id=number)
    bot.sandbox.put_ticket(card)
    assert bot.crm(closing(card, id=name)) == 202


def posts(bot: Bot) -> list[str]:
    """What the bot has written to Jira; looking for something is a POST too."""
    calls = bot.sandbox.calls("jira")
    return [one["path"] for one in calls if one["method"] != "GET" and "search" not in one["path"]]


def modes(site: Site, *rules: str) -> list[str]:
    """The modes in force."""
    now = site.process.effective_config.current().rules
    return [now.mode(rule) for rule in rules]


def done_of(answer: TestResponse) -> str:
    """The token of the undo."""
    return answer.location.partition("done=")[2].partition("#")[0]


def follow(site: Site, answer: TestResponse) -> str:
    """The page that a button leads to."""
    assert answer.status_code == 303, answer.text
    return site.text(answer.location)


class TestSwitches:
    """The modes of rules."""

    def test_a_switch_counts_for_what_begins_after_it(self, day: Site, bot: Bot) -> None:
        escalate(bot, "1", "evt-1")
        assert "водитель на складе»: теперь только запись" in follow(day, day.post("/rules/W-40/mode", mode="observe"))
        bot.work()
        assert ("W-40", "create_issue", "observed") in bot.steps("evt-1")
        assert bot.sandbox.issues() == []
        day.post("/rules/W-40/mode", mode="file")
        escalate(bot, "2", "evt-2")
        bot.work()
        assert ("W-40", "create_issue", "done") in bot.steps("evt-2")
        assert bot.delivery("evt-1").config_version != bot.delivery("evt-2").config_version

    def test_a_delivery_keeps_what_it_began_with(self, day: Site, bot: Bot) -> None:
        bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", status=503, times=1)
        escalate(bot, "1", "evt-1")
        bot.work()
        assert bot.delivery("evt-1").state == "waiting"
        day.post("/rules/W-40/mode", mode="off")
        bot.hurry()
        bot.runner = bot.new_runner()  # another process goes on with it
        bot.work()
        assert ("W-40", "create_issue", "done") in bot.steps("evt-1")

    def test_each_change_is_written_down_and_the_last_can_be_undone(self, day: Site) -> None:
        day.post("/rules/W-40/mode", mode="observe")
        day.post("/rules/W-40/mode", mode="off")
        first, second = day.changes("mode_set")
        assert [(row.who, row.target, row.before, row.after) for row in (first, second)] == [
            ("admin@example.test", "W-40", "file", "observe"),
            ("admin@example.test", "W-40", "observe", "off"),
        ]
        assert "Отменить уже нельзя" in follow(day, day.post(f"/changes/{first.id}/undo"))
        assert "Прежний режим возвращён" in follow(day, day.post(f"/changes/{second.id}/undo"))
        assert (
            'value="observe" aria-pressed="true"' in day.text("/rules").split("/rules/W-40/mode")[1].split("</form>")[0]
        )
        assert day.changes("mode_set")[-1].reason == "undo"
        day.post("/rules/W-40/mode", mode="observe")
        assert len(day.changes("mode_set")) == 3  # the same again is no change

    def test_a_rule_whose_day_lies_ahead_says_so(self, day: Site, bot: Bot) -> None:
        assert "Действует с" not in day.text("/rules")
        bot.set_mode("W-40", "act", effective_from="2999-01-31")
        day.process.__dict__["reloader"] = bot.reloader
        for page in ("/rules", "/rules/W-40"):
            assert day.text(page).count("Действует с 31.01.2999, до этого дня выключено.") == 1

    def test_half_of_a_hold_is_not_switched_off(self, day: Site) -> None:
        page = follow(day, day.post("/rules/W-67/mode", mode="off"))
        assert "Вместе переключены W-66, W-67, W-68, W-71" in page
        assert sorted(row.target for row in day.changes("mode_set")) == ["W-66", "W-67", "W-68", "W-71"]
        rules = day.process.effective_config.current().rules
        assert {rules.mode(rule) for rule in ("W-66", "W-67", "W-68", "W-71")} == {"off"}
        assert rules.mode("W-73") != "off"
        day.post(f"/changes/{day.changes('mode_set')[0].id}/undo")
        rules = day.process.effective_config.current().rules
        assert "off" not in {rules.mode(rule) for rule in ("W-66", "W-67", "W-68", "W-71")}

    @pytest.mark.parametrize(
        ("rule", "mode"), [("W-18", "act"), ("Z-99", "act"), ("W-40", "loud"), ("W-40", "")], ids=str
    )
    def test_what_is_no_rule_or_no_mode_is_refused(self, day: Site, rule: str, mode: str) -> None:
        assert day.post(f"/rules/{rule}/mode", mode=mode).status_code == 400
        assert day.changes("mode_set") == []

    def test_the_way_back_stays_here(self, day: Site) -> None:
        answer = day.post("/rules/W-40/mode", mode="act", back="//evil.example")
        assert answer.location.startswith("/rules?done=")
        assert answer.location.endswith("#at-W-40")

    def test_a_part_is_switched_whole_and_taken_back_whole(self, day: Site) -> None:
        day.post("/rules/W-65/mode", mode="off")
        day.post("/rules/W-57/mode", mode="warn")
        answer = day.post("/rule-groups/links/mode", mode="off", back="/rules?q=FBO")
        assert answer.location.startswith("/rules?q=FBO&done=")
        assert answer.location.endswith("#at-links")
        assert "Шаг 1. Связь тикета и задачи»: теперь выключено" in follow(day, answer)
        assert modes(day, "W-57", "W-64") == ["off", "off"]
        undone = day.post("/rule-groups/undo", done=done_of(answer), back="/rules")
        assert "Как было: «Шаг 1." in follow(day, undone)
        assert modes(day, "W-57", "W-64", "W-65") == ["warn", "act", "off"]

    def test_what_was_switched_since_is_not_taken_back(self, day: Site) -> None:
        first = day.post("/rules/W-40/mode", mode="off")
        day.post("/rules/W-40/mode", mode="warn")
        assert "отменить уже нельзя" in follow(day, day.post("/rule-groups/undo", done=done_of(first)))
        assert modes(day, "W-40") == ["warn"]

    def test_an_undo_that_is_not_ours_and_a_part_that_is_not_there_are_refused(self, day: Site) -> None:
        assert "Отменить уже нельзя" in follow(day, day.post("/rule-groups/undo", done="W10.forged"))
        assert day.post("/rule-groups/nothing/mode", mode="off").status_code == 404
        assert day.post("/rule-groups/links/mode", mode="loud").status_code == 400
        assert day.changes("mode_set") == []

    @pytest.mark.parametrize("wanted", ["W-40", "w40", "в-40", "водитель на", "Прибытие водителя"])
    def test_rules_are_found_by_number_title_and_the_manuals_words(self, day: Site, wanted: str) -> None:
        page = day.text(f"/rules?q={wanted}")
        assert re.findall(r'id="at-([WRJUE]-[^"]+)"', page) == ["W-40"]
        assert "Таких правил нет" in day.text("/rules?q=бегемот")

    def test_what_a_rule_would_have_done_is_counted(self, day: Site) -> None:
        day.post("/rules/W-40/mode", mode="observe")
        number = day.add(case_id="webcrm:77")
        for n in range(3):
            day.step(number, rule="W-40", verb="create_issue", n=n + 1, outcome="observed", begun_at=machine_now())
        old = machine_now() - timedelta(days=40)
        day.step(number, rule="W-40", verb="create_issue", n=9, outcome="observed", begun_at=old)
        assert "сделал бы за 30 дн.: 3" in day.text("/rules?mode=observe")
        page = day.text("/rules/W-40")
        assert page.count("webcrm:77") == 4
        assert "создать задачу Jira" in page


class TestPause:
    """Everything waits, nothing is lost, no attempt is spent."""

    def test_events_are_taken_and_wait_until_the_end_of_the_pause(self, day: Site, bot: Bot) -> None:
        assert "Бот на паузе" in follow(day, day.post("/state/pause", reason="переезд Jira"))
        assert "admin@example.test: переезд Jira" in day.text("/rules")
        escalate(bot, "1", "evt-1")
        bot.work(settle=False)
        row = bot.delivery("evt-1")
        assert (row.state, row.waits_for, row.attempts, row.due_at) == ("waiting", "effects", 0, None)
        assert bot.steps("evt-1") == [("W-57", "choose_components", "done")]  # a look: nothing is done
        assert posts(bot) == []
        clock = Clock(bot.engine, bot.process.factory, bot.reloader)
        clock.probe()
        assert clock.let_effects_go_on() == 0
        assert day.client.get("/health/ready").json["effects"].startswith("paused since")
        assert "конец паузы" in day.text(f"/deliveries/{row.id}")
        assert "Бот продолжает" in follow(day, day.post("/state/resume"))
        assert clock.let_effects_go_on() == 1
        bot.work()
        assert bot.delivery("evt-1").state == "done"
        assert [(row.what, row.reason) for name in ("paused", "resumed") for row in day.changes(name)] == [
            ("paused", "переезд Jira"),
            ("resumed", None),
        ]
        assert day.client.get("/health/ready").json["effects"] == "on"

    def test_twice_is_once(self, day: Site) -> None:
        for path in ("/state/resume", "/state/pause", "/state/pause", "/state/resume", "/state/resume"):
            day.post(path)
        assert (len(day.changes("paused")), len(day.changes("resumed"))) == (1, 1)


class TestPatience:
    """What systems ask to wait for: it is shown, and a person may end it."""

    SCOPE = "jira:main POST /issue"

    def test_a_very_long_one_is_told_once_shown_and_lifted(self, day: Site, bot: Bot) -> None:
        bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", status=429, retry_after=36_000, times=2)
        for n in (1, 2):
            escalate(bot, str(n), f"evt-{n}")
        bot.work()
        row = bot.delivery("evt-1")
        assert (row.state, row.attempts) == ("waiting", 0)
        (alert,) = bot.sandbox.chat("admins")
        assert self.SCOPE in alert["message"]
        assert "дольше 15 минут" in alert["message"]
        page = day.text("/state")
        assert f"<b>{self.SCOPE}</b> просит подождать" in page
        assert "Ожидание снято" in follow(day, day.post("/state/lift", scope=self.SCOPE))
        assert f"<b>{self.SCOPE}</b>" not in day.text("/state")
        bot.work()  # it is refused once more, and waits again
        assert f"<b>{self.SCOPE}</b>" in day.text("/state")
        assert len(bot.sandbox.chat("admins")) == 2
        day.post("/state/lift", scope=self.SCOPE)
        bot.work()
        assert [bot.delivery(f"evt-{n}").state for n in (1, 2)] == ["done", "done"]
        assert [(row.who, row.target) for row in day.changes("pause_lifted")] == [
            ("admin@example.test", self.SCOPE)
        ] * 2

    def test_what_does_not_hold_is_not_lifted(self, day: Site) -> None:
        day.insert("pauses", scope=self.SCOPE, until=machine_now() - timedelta(minutes=1), reason=None)
        for scope in (self.SCOPE, "nonsense", ""):
            assert day.post("/state/lift", scope=scope).status_code == 303
        assert day.changes("pause_lifted") == []

    def test_what_waits_for_something_else_goes_on_waiting(self, day: Site) -> None:
        until = machine_now() + timedelta(hours=5)
        day.insert("pauses", scope=self.SCOPE, until=until, reason=None)
        waiting, other = (day.add(state="waiting", due_at=until + timedelta(seconds=more)) for more in (0, 1))
        day.post("/state/lift", scope=self.SCOPE)
        with day.engine.connect() as connection:
            due = dict(connection.execute(sa.text("SELECT id, due_at FROM deliveries")).all())
        assert due[waiting] < due[other]

    def test_only_an_admin_may(self, day: Site) -> None:
        day.insert("pauses", scope=self.SCOPE, until=machine_now() + timedelta(hours=5), reason=None)
        assert day.post("/state/lift", role="lead", scope=self.SCOPE).status_code == 403
        assert day.browser("admin").post("/state/lift", data={"scope": self.SCOPE}).status_code == 400  # no token
        assert f"<b>{self.SCOPE}</b>" in day.text("/state")


class TestDeadLetters:
    """Why each stopped, and what may be done about it."""

    def dead(self, bot: Bot, count: int) -> list[int]:
        """Tickets whose issue Jira refused to make."""
        bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", status=400, times=count)
        for n in range(count):
            escalate(bot, str(n + 1), f"evt-{n + 1}")
            bot.work()
        return [bot.delivery(f"evt-{n + 1}").id for n in range(count)]

    def test_many_are_replayed_in_order_after_a_dry_run(self, day: Site, bot: Bot) -> None:
        first, _, third = self.dead(bot, 3)
        page = day.text("/dead")
        assert "400" in page
        review = day.post("/dead/review", number=[third, first]).text
        assert review.index("webcrm:1") < review.index("webcrm:3")
        assert "webcrm:2" not in review
        before = posts(bot)
        piece = day.post(f"/dead/{first}/dry-run").text
        assert "создать задачу Jira" in piece
        assert "сделал бы" in piece
        assert "<html" not in piece
        assert posts(bot) == before
        assert "Запущено ещё раз, событий: 2." in follow(day, day.post("/dead/replay", number=[third, first, first]))
        bot.work()
        assert [bot.delivery(f"evt-{n}").state for n in (1, 2, 3)] == ["done", "dead", "done"]
        assert [row.target for row in day.changes("replayed")] == ["webcrm/evt-1", "webcrm/evt-3"]

    def test_a_dry_run_leaves_out_what_is_done_already(self, day: Site, bot: Bot) -> None:
        escalate(bot, "1", "evt-1")
        bot.work()
        number = bot.delivery("evt-1").id
        page = day.post(f"/deliveries/{number}/dry-run").text
        trial = page.split('id="dry-run"')[1].split("</section>")[0]
        done = len([step for step in bot.steps("evt-1") if step[2] in ledger_rows.ENDED])
        assert trial.count("уже сделано") == done > 2
        assert "сделал бы<" not in trial

    def test_they_are_dropped(self, day: Site, bot: Bot) -> None:
        numbers = self.dead(bot, 2)
        assert "Отброшено событий: 2." in follow(day, day.post("/dead/drop", number=numbers))
        assert "Внимания ничего не требует" in day.text("/dead")
        assert len(day.changes("dropped")) == 2

    def test_nothing_chosen_and_strange_numbers(self, day: Site) -> None:
        alive = day.add(state="done")
        assert "Сначала отметьте" in follow(day, day.post("/dead/review"))
        assert "внимания уже не требуют" in day.post("/dead/review", number=[alive, 10**30, -1, "x"]).text
        assert "событий: 0." in follow(day, day.post("/dead/replay", number=[alive, 999]))
        assert day.state(alive) == "done"
        assert day.post("/dead/999/dry-run").status_code == 404
        assert day.post("/deliveries/999/dry-run").status_code == 404


class TestTrial:
    """«Что сделал бы бот» on a pasted body."""

    def test_a_body_is_tried_and_nothing_is_changed(self, day: Site, bot: Bot) -> None:
        body = json.dumps(closing(ticket(id="5"), id="evt-9"), ensure_ascii=False)
        page = day.post("/try", body=body).text
        assert "создать задачу Jira" in page
        assert "проект: FBO\nтема: Поставка 2000012345" in page
        assert "компоненты: FF:Хоругвино" in page
        assert "компоненты: —" not in page
        assert posts(bot) == []
        assert bot.sandbox.issues() == []
        with day.engine.connect() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(deliveries)).scalar() == 0

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("", "Не удалось прочитать событие"),
            ("{", "Не удалось прочитать событие"),
            ("[1]", "Не удалось прочитать событие"),
            ('{"id": "1"}', "Не удалось прочитать событие"),
            ('{"webhookEvent": "sprint_started", "timestamp": 1}', "sprint_started"),
            (MARKUP, "Не удалось прочитать событие"),
        ],
    )
    def test_what_cannot_be_tried_is_said(self, day: Site, body: str, words: str) -> None:
        answer = day.post("/try", body=body)
        assert answer.status_code == 200
        assert words in answer.text
        assert "<b>жирно" not in answer.text

    def test_what_would_be_set_is_told_as_the_ledger_tells_it(self, day: Site) -> None:
        asked = {"id": "r-1", "department": "service", "text": "Где возврат?", "answer_required": True}
        event = {"id": "evt-9", "type": "request.created", "occurred_at": machine_now().isoformat()}
        page = day.post("/try", body=json.dumps(event | {"ticket": ticket(id="5"), "request": asked})).text
        assert re.search(r"когда: (завтра в|\d+ [а-я]+,) \d\d:\d\d<", page)
        assert "+00:00<" not in page
        assert "запрос этому отделу №" not in page  # it has no number before it is made

    def test_too_much_for_a_page_is_said(self, day: Site) -> None:
        answer = day.post("/try", body="x" * 1_100_000)
        assert (answer.status_code, "слишком много" in answer.text) == (413, True)

    def test_a_delivery_without_an_event_is_said(self, day: Site) -> None:
        number = day.add(event=None, state="ignored")
        assert "срок его хранения вышел" in day.post(f"/deliveries/{number}/dry-run").text


def test_what_a_ticket_says_is_text_on_every_page(day: Site, bot: Bot) -> None:
    card = ticket(id="6", subject=MARKUP)
    bot.sandbox.put_ticket(card)
    bot.crm(closing(card, id="evt-6", description=MARKUP))
    bot.work()
    number = bot.delivery("evt-6").id
    day.post("/state/pause", reason=MARKUP)
    for answer in (
        day.get(f"/deliveries/{number}"),
        day.post(f"/deliveries/{number}/dry-run"),
        day.post("/try", body=json.dumps(closing(card, id="e", description=MARKUP), ensure_ascii=False)),
        day.get("/state"),
        day.get("/changes?who=" + MARKUP),
        day.get("/deliveries?q=" + MARKUP),
    ):
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<b>жирно" not in answer.text


def test_deliveries_of_a_stretch_of_time(any_site: Site) -> None:
    site = any_site
    noon = NOW.replace(hour=9, minute=0, second=0) - timedelta(days=3)  # 12:00 in the company's zone
    numbers = [site.add(received_at=noon + timedelta(minutes=n)) for n in range(5)]

    def found(query: str) -> list[int]:
        page = site.text(f"/deliveries?{query}")
        return [n for n, number in enumerate(numbers) if f'/deliveries/{number}"' in page]

    day = f"{noon:%Y-%m-%d}"
    assert found(f"since={day}T12:02") == [2, 3, 4]
    assert found(f"until={day}T12:02") == [0, 1, 2]  # the whole minute counts
    assert found(f"since={day}T12:01&until={day}T12:03") == [1, 2, 3]
    assert found(f"since={day}&until={day}") == [0, 1, 2, 3, 4]
    assert found(f"since={day}T12:02&state=dead") == []
    assert found("since=2031-01-01") == []
    assert found("until=2001-01-01") == []
    assert found("since=nonsense&until=9999-99-99") == [0, 1, 2, 3, 4]


def test_changes_are_narrowed_and_walked(any_site: Site) -> None:
    for n in range(103):
        any_site.post("/rules/W-40/mode", mode=("observe", "off")[n % 2])
    page = any_site.text("/changes?what=mode_set")
    assert page.count("<tr>") == 101
    more = re.search(r'rel="next" href="([^"]+)"', page)
    assert more
    assert any_site.text(more[1].replace("&amp;", "&")).count("<tr>") == 4
    assert "Записей нет" in any_site.text("/changes?who=nobody")
    assert "W-40" in any_site.text("/changes?who=admin@example.test&target=W-40")


def test_the_status_page(site: Site) -> None:
    page = site.text("/state")
    assert "Планировщик не работает" in page
    assert site.client.get("/health/ready").json["clock"] == "never seen"
    clock = Clock(site.engine, site.process.factory, site.process.reloader)
    clock.sign_of_life()
    assert "Планировщик работает" in site.text("/state")
    told: Any = site.client.get("/health/ready").json
    assert (told["clock"], told["workers"]) == ("alive", 0)
    with site.engine.begin() as connection:
        connection.execute(sa.text("UPDATE clocks SET seen_at = :then"), {"then": "2026-01-01 00:00:00.000000"})
    assert site.client.get("/health/ready").json["clock"] == "silent since 2026-01-01T00:00:00+00:00"
    clock.sign_of_life()
    clock.sign_off()
    assert site.client.get("/health/ready").json["clock"] == "never seen"


def test_each_system_that_is_configured_is_named_before_it_ever_failed(site: Site) -> None:
    page = site.text("/state")
    for name in ("jira:main", "usedesk", "webcrm"):
        assert f"<b>{name}</b> сбоев не было" in page
    site.insert("systems", name="jira:main", closed_at=NOW, reason="401", failures=3, probes=1)
    site.insert("systems", name="webcrm", failures=0, probes=0)
    page = site.text("/state")
    assert "<b>jira:main</b> не отвечает" in page
    assert "<b>webcrm</b> работает" in page
    assert "<b>usedesk</b> сбоев не было" in page


def test_times_are_the_companys_as_people_write_them(site: Site) -> None:
    number = site.add(received_at=NOW.replace(year=2020, month=6, day=1, hour=21, minute=30, second=5))
    page = site.text(f"/deliveries/{number}")
    assert 'title="02.06.2020 00:30:05">2 июня 2020, 00:30<' in page
    assert "Время: Europe/Moscow" in page
