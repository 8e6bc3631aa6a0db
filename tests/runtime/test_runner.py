"""The runner: in order within a case, what waits holds back the rest, nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

import handlers
from desk.actions import Action, Result
from desk.clock import machine_now
from desk.desk import Desk
from desk.faults import Dead, Later
from events import IssueEvent, IssueRef, TicketEvent
from runtime.inbox import Arrival
from store import deliveries, links, tables
from store.links import Link
from tests.bot import Bot
from tests.tickets import closing, ticket

Play = Callable[[TicketEvent, Desk], None]
Plays = Callable[[Play], None]


@pytest.fixture
def plays(monkeypatch: pytest.MonkeyPatch) -> Plays:
    """Lets one procedure of the test's own be what a closing goes through."""
    return lambda play: monkeypatch.setitem(handlers.PROCEDURES, "ticket.closing", (play,))


def close(bot: Bot, *names: str, number: str = "500") -> None:
    """Post closings of one ticket, which is in the CRM."""
    made = ticket(id=number)
    bot.sandbox.put_ticket(made)
    for name in names:
        assert bot.crm(closing(made, id=name)) == 202


def states(bot: Bot, *names: str) -> list[str]:
    """How the deliveries stand."""
    return [bot.delivery(name).state for name in names]


def revive(bot: Bot, name: str, state: str = "waiting") -> None:
    """What the console does when a person replays (or drops) a delivery."""
    number = bot.delivery(name).id
    with bot.engine.begin() as connection:
        case = deliveries.revive(connection, number, state=state, now=machine_now())
        assert case is not None
        deliveries.release_case(connection, case, machine_now())


def pay(desk: Desk, name: str, effects: list[str]) -> None:
    """An action whose effect can be counted, and found again."""

    def find(_: datetime) -> Result | None:
        return Result() if name in effects else None

    desk._context.actions.do(Action("W-40", name, None), lambda: effects.append(name), find)


def test_a_case_is_worked_off_in_the_order_in_which_it_came(any_bot: Bot, plays: Plays) -> None:
    seen: list[str] = []
    plays(lambda event, _: seen.append(event.id))
    close(any_bot, "a1", "a2", "a3")
    close(any_bot, "b1", number="501")
    any_bot.runner.look_at("webcrm:500")
    assert seen == ["a1", "a2", "a3"]
    assert states(any_bot, "a1", "a2", "a3", "b1") == ["done", "done", "done", "waiting"]
    any_bot.runner.look_at("webcrm:500")
    assert seen == ["a1", "a2", "a3"]


def test_a_delivery_that_waits_holds_back_the_later_ones_of_its_case_alone(any_bot: Bot, plays: Plays) -> None:
    seen: list[str] = []
    patience = [True]

    def play(event: TicketEvent, _: Desk) -> None:
        if event.id == "a1" and patience:
            patience.clear()
            raise Later("not yet", at=machine_now() + timedelta(hours=1))
        seen.append(event.id)

    plays(play)
    close(any_bot, "a1", "a2")
    close(any_bot, "b1", number="501")
    any_bot.work()
    close(any_bot, "a3")  # comes while the case waits
    any_bot.work()
    assert seen == ["b1"]
    first, *others = (any_bot.delivery(name) for name in ("a1", "a2", "a3"))
    assert (first.reason, first.attempts) == ("not yet", 0)
    assert {row.due_at for row in others} == {first.due_at}
    any_bot.hurry()
    any_bot.work()
    assert seen == ["b1", "a1", "a2", "a3"]


def test_what_waited_behind_a_system_that_was_down_follows_when_it_is_back(any_bot: Bot, plays: Plays) -> None:
    seen: list[str] = []
    down = [True]

    def play(event: TicketEvent, _: Desk) -> None:
        if down:
            raise Later("down", system="jira:main")
        seen.append(event.id)

    plays(play)
    with any_bot.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO systems (name, closed_at) VALUES ('jira:main', '2026-11-20 12:00:00')"))
    close(any_bot, "a1", "a2", "a3")
    any_bot.work()
    assert [any_bot.delivery(name).due_at for name in ("a1", "a2", "a3")] == [None] * 3
    down.clear()
    with any_bot.engine.begin() as connection:
        assert deliveries.release_system(connection, "jira:main", machine_now()) == 1
    any_bot.work()
    assert seen == ["a1", "a2", "a3"]


def test_a_breaker_that_was_reset_between_the_call_and_the_row_leaves_nobody_waiting(
    any_bot: Bot, plays: Plays
) -> None:
    down = [True]

    def play(_: TicketEvent, __: Desk) -> None:
        if down:
            down.clear()
            raise Later("was down", system="jira:main")

    plays(play)
    close(any_bot, "a1")
    any_bot.work()
    assert states(any_bot, "a1") == ["done"]


def test_a_dead_letter_holds_back_its_own_case_and_is_told_once(any_bot: Bot) -> None:
    any_bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", status=403)
    close(any_bot, "a1", "a2")
    any_bot.work()
    close(any_bot, "b1", number="501")
    any_bot.work()
    assert states(any_bot, "a1", "a2", "b1") == ["dead", "waiting", "done"]
    assert "403" in any_bot.delivery("a1").reason
    internal = [message for message in any_bot.sandbox.ticket("500")["messages"] if message["visibility"] == "internal"]
    assert len(internal) == 1
    assert "не закончил работу" in internal[0]["text"]
    assert "403" not in internal[0]["text"]
    assert len(any_bot.sandbox.chat("admins")) == 1
    any_bot.hurry()
    any_bot.work()
    assert states(any_bot, "a1", "a2") == ["dead", "waiting"]
    assert len(any_bot.sandbox.chat("admins")) == 1


def test_a_replay_goes_on_where_it_stopped_and_repeats_nothing(any_bot: Bot) -> None:
    any_bot.sandbox.fault(system="webcrm", match="PATCH /webcrm/tickets/500", status=403)
    close(any_bot, "a1", "a2")
    any_bot.work()
    assert states(any_bot, "a1", "a2") == ["dead", "waiting"]
    revive(any_bot, "a1")
    any_bot.work()
    assert states(any_bot, "a1", "a2") == ["done", "done"]
    assert len(any_bot.sandbox.issues()) == 1
    made = len(any_bot.sandbox.calls())
    revive(any_bot, "a1")
    any_bot.work()
    assert states(any_bot, "a1") == ["done"]
    assert [call for call in any_bot.sandbox.calls()[made:] if call["method"] != "GET"] == []


def test_a_dropped_dead_letter_lets_the_case_go_on(any_bot: Bot, plays: Plays) -> None:
    seen: list[str] = []

    def play(event: TicketEvent, _: Desk) -> None:
        if event.id == "a1":
            raise Dead("never")
        seen.append(event.id)

    plays(play)
    close(any_bot, "a1", "a2")
    any_bot.work()
    assert seen == []
    revive(any_bot, "a1", "ignored")
    any_bot.work()
    assert (states(any_bot, "a1", "a2"), seen) == (["ignored", "done"], ["a2"])


def test_a_delivery_is_handed_to_the_case_of_the_ticket_that_its_issue_was_linked_to(
    any_bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    play = lambda event, _: seen.append(event.issue.id)  # noqa: E731
    monkeypatch.setitem(handlers.PROCEDURES, "issue.updated", (play,))
    moment = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    for name in ("u1", "u2"):
        event = IssueEvent(type="issue.updated", occurred_at=moment, issue=IssueRef(site="main", id="10001"))
        any_bot.process.inbox.accept(Arrival("jira", name, "main:10001", event.type, b"{}", event))
    with any_bot.engine.begin() as connection:
        waits = sa.update(tables.deliveries).where(tables.deliveries.c.delivery_id == "u2").values(due_at=None)
        connection.execute(waits)  # held back behind the first
        links.add(connection, Link("webcrm", "77", "escalation", "main", "10001", "FBO-1", made_by_bot=True), moment)
    any_bot.runner.look_at("main:10001")
    rows = [any_bot.delivery(name, "jira") for name in ("u1", "u2")]
    assert [(row.case_id, row.state) for row in rows] == [("webcrm:77", "waiting")] * 2
    assert seen == []
    any_bot.runner.look_at("webcrm:77")
    assert seen == ["10001", "10001"]


def test_the_bots_own_events_are_ignored(any_bot: Bot) -> None:
    close(any_bot, "a1")
    any_bot.work()
    with any_bot.engine.connect() as connection:
        own = connection.execute(sa.select(tables.deliveries).where(tables.deliveries.c.type == "issue.created")).one()
    assert (own.state, own.reason, own.case_id) == ("ignored", "the bot's own event", "webcrm:500")


def test_the_moment_and_the_configuration_of_the_first_try_stick_until_a_person_replays(
    any_bot: Bot, plays: Plays, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JIRA_TOKEN", "ALERT_URLS"):  # a kept configuration has no secrets
        monkeypatch.setenv(name, any_bot.env[name])
    seen: list[tuple[datetime, str, str]] = []

    def play(_: TicketEvent, desk: Desk) -> None:
        seen.append((desk.now, desk.config.version, desk.mode("W-40")))
        if len(seen) < 3:
            raise Later("again")

    plays(play)
    close(any_bot, "a1")
    any_bot.work()
    any_bot.set_mode("W-40", "off")  # a new file, and a runner that has never seen the old one
    any_bot.hurry()
    any_bot.work()
    any_bot.hurry()
    any_bot.work()
    assert len(set(seen)) == 1
    assert seen[0][2] == "act"
    close(any_bot, "a2")
    any_bot.work()
    revive(any_bot, "a1")
    any_bot.work()
    assert [mode for _, _, mode in seen] == ["act"] * 3 + ["off"] * 2
    assert seen[4][0] == seen[0][0]


def test_an_unknown_version_of_the_configuration_falls_back_to_the_current_one(any_bot: Bot, plays: Plays) -> None:
    seen: list[str] = []
    plays(lambda _, desk: seen.append(desk.config.version))
    close(any_bot, "a1", "a2")
    with any_bot.engine.begin() as connection:
        connection.execute(sa.update(tables.deliveries).values(config_version="of another age"))
        kept = "INSERT INTO config_versions (version, content, loaded_at) VALUES ('of another age', :text, :now)"
        bad = any_bot.reloader.current().dump().replace('"schedule"', '"timetable"')
        connection.execute(sa.text(kept), {"text": bad, "now": "2026-11-20 12:00:00"})
    any_bot.work()
    assert seen == [any_bot.reloader.current().version] * 2


def test_a_fault_of_our_own_is_a_dead_letter_and_stands_in_the_log(any_bot: Bot, plays: Plays) -> None:
    plays(lambda *_: {}["nothing"])  # type: ignore[index]
    close(any_bot, "a1")
    with capture_logs() as logs:
        any_bot.work()
    assert (any_bot.delivery("a1").state, any_bot.delivery("a1").reason) == (
        "dead",
        "KeyError in our own code; see the log of the worker",
    )
    assert [line["delivery"] for line in logs if line["event"] == "delivery failed" and line["exc_info"]] == [
        "webcrm/a1"
    ]
    assert len(any_bot.sandbox.chat("admins")) == 1


@pytest.mark.parametrize("error", [sa.exc.OperationalError, sa.exc.InternalError], ids=["away", "asleep for too long"])
def test_a_database_that_goes_away_in_the_middle_is_nobodys_dead_letter(
    any_bot: Bot, plays: Plays, error: type[sa.exc.DBAPIError]
) -> None:
    calls: list[str] = []

    def play(event: TicketEvent, _: Desk) -> None:
        calls.append(event.id)
        if len(calls) == 1:
            raise error("SELECT", {}, Exception("server closed the connection"))

    plays(play)
    close(any_bot, "a1")
    any_bot.work()
    row = any_bot.delivery("a1")
    assert (row.state, row.attempts, row.reason) == ("waiting", 1, "our database did not answer")
    any_bot.hurry()
    any_bot.work()
    assert (any_bot.delivery("a1").state, calls) == ("done", ["a1", "a1"])


def test_an_event_that_this_release_cannot_read_is_a_dead_letter(any_bot: Bot) -> None:
    close(any_bot, "a1", "a2")
    with any_bot.engine.begin() as connection:
        where = tables.deliveries.c.delivery_id == "a1"
        connection.execute(sa.update(tables.deliveries).where(where).values(event='{"kind": "of another age"}'))
    any_bot.work()
    assert states(any_bot, "a1", "a2") == ["dead", "waiting"]
    assert len(any_bot.sandbox.chat("admins")) == 1


def test_retries_follow_the_schedule_within_its_jitter_and_end(any_bot: Bot, plays: Plays) -> None:
    def play(_: TicketEvent, __: Desk) -> None:
        raise Later("500")

    plays(play)
    close(any_bot, "a1")
    retry = any_bot.reloader.current().runtime.retry
    assert [pause.total_seconds() for pause in retry.schedule] == [5, 60, 300, 1800, 7200, 21600]
    for attempt, pause in enumerate(retry.schedule, start=1):
        before = machine_now()
        any_bot.work()
        row = any_bot.delivery("a1")
        assert (row.state, row.attempts) == ("waiting", attempt)
        assert before + pause * 0.8 <= row.due_at <= machine_now() + pause * 1.2
        any_bot.hurry()
    any_bot.work()
    row = any_bot.delivery("a1")
    assert (row.state, row.reason) == ("dead", "500 (7 attempts)")


def test_a_run_takes_a_delivery_only_as_it_was_read(any_bot: Bot, plays: Plays) -> None:
    effects: list[str] = []
    plays(lambda event, desk: pay(desk, event.id, effects))
    close(any_bot, "a1")
    with any_bot.engine.connect() as connection:
        read, _ = deliveries.first_unfinished(connection, "webcrm:500")
    assert read is not None
    any_bot.runner.look_at("webcrm:500")
    any_bot.new_runner()._run(read, has_next=False)  # by a worker that slept since it looked
    assert (states(any_bot, "a1"), effects) == (["done"], ["a1"])


def test_a_worker_that_stops_begins_no_verb_and_leaves_the_rest_to_the_next(any_bot: Bot, plays: Plays) -> None:
    effects: list[str] = []
    stopping = [False]

    def play(_: TicketEvent, desk: Desk) -> None:
        pay(desk, "first", effects)
        stopping[0] = True
        pay(desk, "second", effects)

    plays(play)
    close(any_bot, "a1", "a2")
    any_bot.runner.stopping = lambda: stopping[0]
    any_bot.runner.look_at("webcrm:500")
    assert effects == ["first"]
    assert states(any_bot, "a1", "a2") == ["waiting", "waiting"]
    any_bot.runner = any_bot.new_runner()
    any_bot.work()
    assert (effects, states(any_bot, "a1", "a2")) == (["first", "second", "first", "second"], ["done", "done"])


def test_a_worker_that_was_replaced_stops_before_its_next_action_and_writes_nothing(any_bot: Bot, plays: Plays) -> None:
    effects: list[str] = []

    def play(event: TicketEvent, desk: Desk) -> None:
        pay(desk, "first", effects)
        if "slept" not in effects:
            effects.append("slept")
            any_bot.new_runner().look_at("webcrm:500")
        pay(desk, "second", effects)

    plays(play)
    close(any_bot, "a1")
    any_bot.runner.look_at("webcrm:500")
    assert (effects, states(any_bot, "a1")) == (["first", "slept", "second"], ["done"])
