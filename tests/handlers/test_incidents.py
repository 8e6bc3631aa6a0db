"""Mass failures, from the signed event of a ticket to the master issue, the advice and the word at the end (R-24)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from config.incidents import Incident
from desk.phrases import read
from events import IncidentEvent
from events.tickets import CustomField
from handlers.closing_checks import Facts, check_closing
from receivers.webcrm_events import parse
from runtime.clock import Clock
from runtime.own_events import post
from store import incidents
from store.incidents import Row
from tests.bot import Bot
from tests.closings import NO, YES, closed, customer, said
from tests.databases import Sqlite
from tests.handlers.test_jira_task import notes
from tests.usedesk import notes as in_usedesk
from tests.usedesk import usedesk_bot

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
CABINET = {"name": "Кабинет не открывается", "keywords": "кабинет … не открыва*\nбелый экран", "topics": ""}


def begin(bot: Bot, until: datetime = NOW + timedelta(days=3650), **given: Any) -> Row:
    """Open a failure, as the lead's page does; the master issue is there."""
    about = {"project": {"key": "ADS"}, "issuetype": {"name": "Задача"}, "summary": "Кабинет лежит"}
    issue = bot.sandbox.call("POST", "/rest/api/3/issue", {"fields": about})
    values = CABINET | {"issue_key": issue["key"], "opened_by": "lead@example.test", "until": until} | given
    with bot.engine.begin() as connection:
        return incidents.open_one(connection, values, NOW)


def stricken(text: str = "Личный кабинет третий день не открывается", **given: Any) -> dict[str, Any]:
    """A client's ticket about it."""
    return customer(subject="Помогите", messages=[said("client", text)], **given)


def send(bot: Bot, event: dict[str, Any]) -> None:
    """Let the event come, and the bot work."""
    bot.sandbox.put_ticket(event["ticket"])
    assert bot.crm(event) == 202
    bot.work()


def created(of: dict[str, Any]) -> dict[str, Any]:
    """The event of a new ticket."""
    return closed(of, YES, type="ticket.created") | {"closing": None}


def counted(bot: Bot, row: Row) -> int:
    """How many tickets the failure has."""
    with bot.engine.connect() as connection:
        return incidents.counts(connection, [row.id]).get(row.id, 0)


@pytest.mark.rule("R-24")
def test_a_ticket_of_a_failure_is_counted_linked_and_told_once(any_bot: Bot) -> None:
    bot = any_bot
    row = begin(bot)
    event = created(stricken())
    send(bot, event)
    assert counted(bot, row) == 1
    (link,) = bot.sandbox.remote_links(row.issue_key)
    assert link["object"]["url"] == event["ticket"]["url"]
    (note,) = notes(bot, event)
    assert note.startswith("Похоже, это массовый сбой «Кабинет не открывается», над ним работают в задаче ADS-")
    send(bot, event | {"id": "evt-more", "type": "ticket.assigned"})
    assert (counted(bot, row), len(bot.sandbox.remote_links(row.issue_key))) == (1, 1)
    assert "join_incident" not in [verb for _, verb, _ in bot.steps("evt-more")]
    assert notes(bot, event) == []  # the ticket was put anew, and nothing is said again


@pytest.mark.rule("R-24")
def test_another_ticket_is_left_alone(bot: Bot) -> None:
    row = begin(bot)
    event = created(stricken("Где мой заказ?"))
    send(bot, event)
    assert (counted(bot, row), notes(bot, event)) == (0, [])


@pytest.mark.rule("R-24", "R-46")
def test_solved_is_noticed_and_not_solved_is_the_advice(bot: Bot) -> None:
    row = begin(bot)
    config = bot.runner._effective_config.current()
    solved = parse(closed(stricken(), YES)).event
    waits = parse(closed(stricken(), NO)).event
    assert solved is not None
    assert waits is not None
    found = check_closing(solved, config)
    assert {"failure": row.name, "key": row.issue_key} in [one.values for one in found.violations if one.rule == "R-24"]
    assert found.advice is not None
    assert (found.advice.resolution, found.advice.rule) == ("not_solved", "R-24")
    rules = {one.rule for one in check_closing(waits, config).violations}
    assert not rules & {"R-24", "R-46"}  # somebody will hear of the end, so there is a next step
    assert "R-46" in {one.rule for one in check_closing(waits, bot.reloader.current()).violations}


@pytest.mark.rule("R-24")
def test_the_owners_hear_of_the_end_once_but_for_those_who_have_answered(any_bot: Bot) -> None:
    bot = any_bot
    row = begin(bot)
    waits, solved = closed(stricken(), NO), closed(stricken(), YES)
    for event in (waits, solved):
        send(bot, event)
    before = len(notes(bot, waits)), notes(bot, solved)
    with bot.engine.begin() as connection:
        assert incidents.end(connection, row.id, "lead@example.test", NOW) is not None
        assert incidents.end(connection, row.id, "lead@example.test", NOW) is None
        for _ in range(2):
            post(connection, IncidentEvent(type="incident.ended", occurred_at=NOW, incident=row.id))
    bot.work()
    assert len(notes(bot, waits)) == before[0] + 1
    assert notes(bot, waits)[-1].startswith("Массовый сбой «Кабинет не открывается» закончился")
    assert "a17" not in notes(bot, waits)[-1]  # the owner reads it in the ticket
    assert notes(bot, solved) == before[1]
    late = created(stricken())
    send(bot, late)
    assert (counted(bot, row), notes(bot, late)) == (2, [])


@pytest.mark.rule("R-24")
def test_a_failure_ends_by_itself_at_the_moment_that_was_set_last(bot: Bot) -> None:
    row = begin(bot, until=NOW)
    with bot.engine.begin() as connection:
        assert incidents.prolong(connection, row.id, NOW + timedelta(hours=1), NOW) is not None
    event = closed(stricken(), NO)
    send(bot, event)
    fire(bot, "2026-11-20T16:30:00+03:00")
    assert not ended(bot, row)
    fire(bot, "2026-11-20T17:01:00+03:00")
    assert ended(bot, row)
    assert "закончился" in notes(bot, event)[-1]


@pytest.mark.rule("R-24")
def test_a_rule_that_observes_counts_and_says_nothing(bot: Bot) -> None:
    bot.set_mode("R-24", "observe")
    row = begin(bot)
    event = created(stricken())
    send(bot, event)
    assert (counted(bot, row), notes(bot, event), bot.sandbox.remote_links(row.issue_key)) == (1, [], [])
    assert ("R-24", "note_incident_joined", "observed") in bot.steps(event["id"])


def test_many_owners_are_told_piece_by_piece(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.incidents.PIECE", 2)
    row = begin(bot)
    events = [closed(stricken(), NO) for _ in range(5)]
    for event in events:
        send(bot, event)
    with bot.engine.begin() as connection:
        incidents.end(connection, row.id, None, NOW)
        post(connection, IncidentEvent(type="incident.ended", occurred_at=NOW, incident=row.id))
    bot.work()
    assert all("закончился" in notes(bot, event)[-1] for event in events)
    assert [after for _, verb, after in told(bot, row)] == [2, 2, 1]


@pytest.mark.parametrize(
    ("keywords", "topics", "fits"),
    [
        (("белый экран",), (), True),
        (("БЁЛЫЙ Экран",), (), True),
        (("белый экр*",), ("логистика",), True),
        (("белый экран",), ("Финансы",), False),
        ((), ("Доставка",), True),
        (("синий экран",), (), False),
        ((), (), False),
    ],
)
def test_an_empty_list_narrows_nothing_and_two_narrow_both(
    keywords: tuple[str, ...], topics: tuple[str, ...], *, fits: bool
) -> None:
    one = Incident(id=1, name="Сбой", issue_key="ADS-1", keywords=keywords, topics=topics)
    assert one.is_of(["Логистика", "Доставка"], read("Вижу белый экран!")) is fits


def fire(bot: Bot, at: str) -> None:
    """Let the clock fire at a moment."""
    bot.sandbox.clock(set=at)
    Clock(bot.engine, bot.process.factory, bot.reloader).fire()
    bot.work()


def ended(bot: Bot, row: Row) -> bool:
    """Whether the failure is over."""
    with bot.engine.connect() as connection:
        found = incidents.get(connection, row.id)
    assert found is not None
    return found.ended_at is not None


def told(bot: Bot, row: Row) -> list[tuple[str, str, Any]]:
    """The pieces by which owners were told."""
    found = bot.ledger(f"incident:{row.id}", "bot")
    return [(one.rule, one.verb, one.after) for one in found if one.verb == "tell_owners"]


def test_what_is_over_is_not_looked_at(any_bot: Bot) -> None:
    with any_bot.engine.begin() as connection:
        for number in range(30):
            values = CABINET | {"issue_key": f"ADS-{number}", "opened_by": "x", "until": NOW}
            row = incidents.open_one(connection, values, NOW)
            incidents.end(connection, row.id, None, NOW)
        plan = "EXPLAIN QUERY PLAN SELECT id FROM incidents WHERE ended_at IS NULL"
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET enable_seqscan = off"))
            plan = plan.replace("QUERY PLAN ", "")
        lines = [str(line) for line in connection.execute(sa.text(plan))]
    assert any("ix_incidents_open" in line for line in lines), lines
    assert any_bot.runner._effective_config.current().incidents == ()


@pytest.mark.rule("R-24")
def test_a_rule_that_is_off_counts_nothing(bot: Bot) -> None:
    bot.set_mode("R-24", "off")
    row = begin(bot)
    send(bot, created(stricken()))
    assert counted(bot, row) == 0


@pytest.mark.rule("R-24")
def test_a_ticket_in_usedesk_is_of_a_failure_too(
    sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with usedesk_bot(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as bot:
        row = begin(bot)
        for number, text in ((700, "Личный кабинет не открывается"), (701, "Где заказ?"), (702, "Вижу белый экран")):
            bot.sandbox.put_usedesk(number, subject="Помогите", assignee_id=12, status=1, comments=[{"message": "Да"}])
            for _ in range(2):
                bot.sandbox.usedesk_act("client", ticket_id=str(number), message=text)
                bot.work()
        assert counted(bot, row) == 2
        for number, count in ((700, 1), (701, 0), (702, 1)):
            assert len([note for note in in_usedesk(bot, number) if "массовый сбой" in note]) == count
        assert "Тикет с ней связан" not in in_usedesk(bot, 700)[0]  # Usedesk tells no address
        bot.sandbox.usedesk_act("agent", ticket_id="702", status="2")
        bot.work()
        with bot.engine.begin() as connection:
            incidents.end(connection, row.id, "lead@example.test", NOW)
            post(connection, IncidentEvent(type="incident.ended", occurred_at=NOW, incident=row.id))
        bot.work()
        for number, count in ((700, 1), (701, 0), (702, 0)):  # nobody waits in one that is done
            assert len([note for note in in_usedesk(bot, number) if "закончился" in note]) == count


def test_the_category_that_usedesk_tells_is_a_topic(bot: Bot) -> None:
    row = begin(bot, keywords="", topics="Кабинет")
    name = bot.reloader.current().usedesk.category_field
    event = created(stricken("Помогите"))
    fields = [{"id": "7", "name": name, "value": "кабинет"}]
    read = parse(event).event
    assert read is not None
    ticket = read.ticket.model_copy(update={"custom_fields": tuple(CustomField.model_validate(one) for one in fields)})
    config = bot.runner._effective_config.current()
    with_field = Facts(read.model_copy(update={"ticket": ticket}), config)
    assert with_field.incident is not None
    assert (with_field.incident.id, Facts(read, config).incident) == (row.id, None)
