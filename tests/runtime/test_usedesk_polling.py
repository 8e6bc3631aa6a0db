"""What Usedesk's webhooks lost is made good once; what arrived comes in no second time; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from cli import roles
from config.settings import Settings
from desk.clock import machine_now
from desk.faults import Later
from desk.run import Run
from desk.usedesk.ticket import Reader
from desk.usedesk.zone import zone_of
from events import TicketEvent, load_event
from receivers.usedesk_polled import understand
from runtime.process import Process
from runtime.usedesk_polling import CALLS, RESERVE, Polling, Window
from store import polls, systems
from store.polls import Poll
from store.rates import Rate
from store.tables import deliveries, rate_limits
from tests.bot import Bot
from tests.usedesk import arrived, usedesk_bot, variables

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def both(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """A bot with Usedesk, on both databases."""
    with usedesk_bot(database_url, tmp_path, monkeypatch) as made:
        yield made


def polling(bot: Bot) -> Polling:
    """What the clock has."""
    return Polling(bot.process.factory, bot.reloader, bot.process.inbox, understand)


def look(bot: Bot) -> int:
    """Look as a clock does whose moment has come; how much was filed."""
    with bot.engine.begin() as connection:
        connection.execute(sa.text("UPDATE polls SET next_at = NULL"))
    return polling(bot).look()


def calls(bot: Bot) -> list[str]:
    """The methods asked for."""
    return [call["path"].removeprefix("/usedesk/") for call in bot.sandbox.calls("usedesk")]


def live_a_little(bot: Bot) -> tuple[str, list[tuple[str, str]]]:
    """A ticket is opened, answered, put on hold; its number, and the deliveries that it should become."""
    act = bot.sandbox.usedesk_act
    number = str(act("client", subject="Не включается", message="Что делать?")["ticket_id"])
    first = act("agent", ticket_id=number, message="Передаю инженеру", status=5)
    second = act("client", ticket_id=number, message="Жду")
    act("agent", ticket_id=number, message="От бота", user_id=1, private=True)
    return number, [
        ("ticket.created", f"ticket:{number}:created"),
        ("ticket.message", f"comment:{first['comment_id']}"),
        ("ticket.status_changed", f"trigger:{first['change_id']}"),
        ("ticket.message", f"comment:{second['comment_id']}"),
    ]


def test_what_was_lost_is_made_good_once(both: Bot) -> None:
    both.sandbox.usedesk_settings(webhooks=False)
    _, expected = live_a_little(both)
    assert (look(both), arrived(both)) == (0, [])  # the webhooks may still be on their way
    both.sandbox.clock(advance="40s")
    assert look(both) == 4
    assert sorted(arrived(both)) == sorted(expected)
    asked = len(calls(both))
    both.sandbox.clock(advance="3m")
    assert look(both) == 0
    assert calls(both)[asked:] == ["tickets"]  # nothing happened since


def test_what_arrived_comes_in_no_second_time(both: Bot) -> None:
    _, expected = live_a_little(both)
    both.sandbox.drain()
    before = arrived(both)
    assert set(expected) < set(before)
    both.sandbox.clock(advance="1m")
    assert (look(both), arrived(both)) == (0, before)


def test_one_of_many_that_was_lost_is_what_the_webhook_would_have_said(both: Bot) -> None:
    number, _ = live_a_little(both)
    both.sandbox.usedesk_settings(webhooks=False)
    lost = both.sandbox.usedesk_act("agent", ticket_id=number, message="Ответ", status=6)
    both.sandbox.usedesk_settings(webhooks=True)
    both.sandbox.usedesk_act("client", ticket_id=number, message="Спасибо")
    both.sandbox.drain()
    both.sandbox.clock(advance="1m")
    assert look(both) == 2
    said = load_event(both.delivery(f"comment:{lost['comment_id']}", "usedesk").event)
    changed = load_event(both.delivery(f"trigger:{lost['change_id']}", "usedesk").event)
    assert isinstance(said, TicketEvent)
    assert isinstance(changed, TicketEvent)
    assert (said.ticket.messages[0].text, said.ticket.messages[0].public, said.agent.id) == ("Ответ", True, "12")
    assert (changed.ticket.status, changed.ticket.id, changed.ticket.client.id) == ("waiting_client", number, "5")
    assert both.delivery(f"comment:{lost['comment_id']}", "usedesk").case_id == f"usedesk:{number}"


def test_what_was_before_the_first_look_is_left_alone(both: Bot) -> None:
    both.sandbox.usedesk_settings(webhooks=False)
    number, _ = live_a_little(both)
    both.sandbox.clock(advance="2h")
    assert look(both) == 0
    both.sandbox.usedesk_act("client", ticket_id=number, message="Ну что?")
    both.sandbox.clock(advance="1m")
    assert look(both) == 1


def test_a_clock_that_was_away_goes_back_to_where_it_was(both: Bot) -> None:
    assert look(both) == 0
    both.sandbox.clock(advance="2m")
    both.sandbox.usedesk_settings(webhooks=False)
    live_a_little(both)
    both.sandbox.clock(advance="26h")
    assert look(both) == 4
    with both.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT zone FROM polls")).scalar() == 0


@pytest.fixture
def bot(sqlite: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """A bot with Usedesk."""
    with usedesk_bot(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as made:  # type: ignore[attr-defined]
        yield made


def test_a_look_is_bounded_and_goes_on(bot: Bot) -> None:
    with bot.sandbox.state.lock:
        for number in range(1, 116):
            bot.sandbox.state.usedesk.put(number, "Тема", 5)
    bot.sandbox.clock(advance="1m")
    counts: list[int] = []
    while not counts or counts[-1] > 0:
        before = len(calls(bot))
        with bot.engine.begin() as connection:
            connection.execute(sa.text("UPDATE polls SET next_at = NULL"))
        counts.append(polling(bot).look())
        assert len(calls(bot)) - before <= CALLS
    assert sum(counts) == 115
    assert len({name for _, name in arrived(bot)}) == 115


def test_the_work_comes_first(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.usedesk.limit.RATE", Rate("usedesk", per_second=0.001, burst=5))
    bot.sandbox.usedesk_settings(webhooks=False)
    for _ in range(5):
        live_a_little(bot)
    bot.sandbox.clock(advance="1m")
    look(bot)
    assert len(calls(bot)) == 5 - RESERVE
    usedesk = bot.process.factory.usedesk(bot.reloader.current())
    for _ in range(RESERVE):
        usedesk.tickets()


def test_polling_stands_behind_all_who_wait(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.usedesk.limit.RATE", Rate("usedesk", per_second=0.001, burst=5))
    usedesk = bot.process.factory.usedesk(bot.reloader.current())
    first, second = (Run(number, f"usedesk/{number}", f"usedesk:{number}", "token") for number in (1, 2))
    usedesk.tickets()
    for _ in range(4):
        usedesk.asked_by(first).tickets()
    with pytest.raises(Later):
        usedesk.asked_by(second).tickets()
    with bot.engine.begin() as connection:
        connection.execute(sa.update(rate_limits).values(tokens=1))
    asked = len(calls(bot))
    assert (look(bot), len(calls(bot))) == (0, asked)
    usedesk.asked_by(second).tickets()


def test_a_system_that_is_down_is_not_asked(bot: Bot) -> None:
    bot.sandbox.usedesk_settings(webhooks=False)
    live_a_little(bot)
    bot.sandbox.clock(advance="1m")
    with bot.engine.begin() as connection:
        systems.trip_breaker(connection, "usedesk", reason="x", now=machine_now(), probe_at=machine_now())
    assert (look(bot), calls(bot)) == (0, [])
    with bot.engine.begin() as connection:
        systems.set_breaker(connection, "usedesk", closed_at=None)
    assert look(bot) == 4


def test_a_look_that_broke_off_goes_on(bot: Bot) -> None:
    bot.sandbox.usedesk_settings(webhooks=False)
    live_a_little(bot)
    live_a_little(bot)
    bot.sandbox.clock(advance="1m")
    bot.sandbox.fault(system="usedesk", match="POST /usedesk/ticket", status=500)
    assert look(bot) == 0
    assert look(bot) == 8
    assert look(bot) == 0


def test_a_ticket_that_is_gone_holds_nobody_up(bot: Bot) -> None:
    bot.sandbox.usedesk_settings(webhooks=False)
    live_a_little(bot)
    live_a_little(bot)
    bot.sandbox.clock(advance="1m")
    bot.sandbox.fault(system="usedesk", match="POST /usedesk/ticket", status=404)
    assert look(bot) == 4


def test_it_waits_for_its_moment(bot: Bot) -> None:
    assert polling(bot).look() == 0
    asked = len(calls(bot))
    polling(bot).look()
    assert len(calls(bot)) == asked


def test_one_clock_asks_at_a_time(engine: sa.Engine) -> None:
    until = NOW + timedelta(minutes=5)
    with engine.begin() as connection:
        assert polls.claim(connection, "usedesk", now=NOW, until=until) == Poll()
    with engine.begin() as connection:
        assert polls.claim(connection, "usedesk", now=NOW, until=until) is None
        # whoever died over it loses it; what it writes then counts no more
        later = until + timedelta(minutes=5)
        assert polls.claim(connection, "usedesk", now=until, until=later) == Poll()
        assert not polls.release(connection, "usedesk", Poll(page=90), claimed_until=until, next_at=until)
        place = Poll(NOW, NOW, 90, 180, {"1": "x"})
        assert polls.release(connection, "usedesk", place, claimed_until=later, next_at=later)
        assert polls.claim(connection, "usedesk", now=until, until=later) is None
        assert polls.claim(connection, "usedesk", now=later, until=later + HOUR) == place


def test_without_usedesk_nobody_asks(sqlite: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with usedesk_bot(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as made:  # type: ignore[attr-defined]
        assert roles.polling(made.process) is not None
        nothing = dict.fromkeys(variables("http://127.0.0.1:9"), "")
        assert roles.polling(Process(Settings.read(made.env | nothing))) is None


@pytest.mark.parametrize(
    ("ahead", "age", "since", "known", "zone"),
    [
        (0, 1, 12, None, 0),
        (180, 1, 12, None, 180),
        (180, 11, 12, 0, 180),  # the zone changed
        (-300, 5, 12, None, -300),
        (345, 5, 12, None, 345),
        (180, 100, 300, 180, 180),
        (180, 1, 300, None, 180),
        (0, 1, 300, 0, 0),
    ],
)
def test_the_zone_of_the_dates(ahead: int, age: int, since: int, known: int | None, zone: int) -> None:
    minute = timedelta(minutes=1)
    stamps = [(NOW + (ahead - age) * minute).replace(tzinfo=None), (NOW + (ahead - 10) * minute).replace(tzinfo=None)]
    assert zone_of(stamps, NOW - since * minute, NOW, known) == zone
    assert zone_of([], NOW - since * minute, NOW, known) == known


def test_dates_of_another_zone_are_read_in_it(bot: Bot) -> None:
    bot.sandbox.state.usedesk._now = lambda: NOW
    number, _ = live_a_little(bot)
    answer = bot.sandbox.usedesk_ticket(number)
    stamp = datetime.fromisoformat(answer["ticket"]["published_at"]).replace(tzinfo=UTC)
    window = Window(stamp - 4 * HOUR, stamp + HOUR, Reader("1", 3 * HOUR))
    arrivals, settled = understand(answer, window)
    assert settled
    assert {one.event.occurred_at - stamp for one in arrivals if one.event} == {-3 * HOUR}


@pytest.mark.parametrize(
    "answer",
    [{}, {"ticket": None, "comments": {}, "changes": "x"}, {"ticket": {"id": "../1", "published_at": str(NOW)}},
     {"ticket": {"id": 1}, "comments": [{"id": 1}], "changes": [None, {"changed_at": "0001-01-01"}]}],
)  # fmt: skip
def test_an_answer_that_says_nothing(answer: dict[str, object]) -> None:
    assert understand(answer, Window(NOW - HOUR, NOW + HOUR, Reader("1", HOUR))) == ([], True)


def test_a_body_is_kept_without_personal_data(bot: Bot) -> None:
    bot.sandbox.usedesk_settings(webhooks=False)
    bot.sandbox.usedesk_act("client", subject="Тема", message="Пишите на client-9@example.test")
    bot.sandbox.clock(advance="1m")
    assert look(bot) == 1
    with bot.engine.connect() as connection:
        body = connection.execute(sa.select(deliveries.c.body)).scalar_one()
    assert "@" not in body
