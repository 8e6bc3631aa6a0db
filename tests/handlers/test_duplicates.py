"""Duplicates of partners' tickets, from the signed event to what partner, agent and colleague see (W-09…W-16)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from store.tables.duplicates import known_tickets, merged_tickets
from tests.bot import Bot
from tests.duplicates import M1, customer, found, hear, inner, partner, public, told

A, B, C = 23900001, 23900002, 23900003
LIST = "GET /webcrm/tickets"
OTHER: dict[str, Any] = {"supply_no": "2000099999", "type": "Реклама", "subtype": "Вторая помощь"}


def merged(bot: Bot) -> list[tuple[str, str]]:
    """Which ticket was merged into which."""
    with bot.engine.connect() as connection:
        rows = connection.execute(sa.select(merged_tickets.c.ticket_id, merged_tickets.c.original_id))
        return [(ticket, original) for ticket, original in rows]


def two(bot: Bot, **second: Any) -> str:
    """A ticket in work, and a later one; the later one's event."""
    hear(bot, partner(A))
    return hear(bot, partner(B, 30, **second))


@pytest.mark.rule("W-09", "W-11", "W-12", "W-13", "W-14", "W-15")
def test_a_question_that_a_colleague_works_on_gets_m1_as_a_draft(any_bot: Bot) -> None:
    bot = any_bot
    event = two(bot)
    assert public(bot, B) == [(M1.format(A), True)]
    assert merged(bot) == [(str(B), str(A))]
    (note,) = inner(bot, B)
    assert f"обращение № {A} этого партнёра уже «В работе» (тот же номер поставки 2000012345, те же Тип" in note
    (joined,) = inner(bot, A)
    assert f"обращении № {B}: похоже на дубликат" in joined
    assert found(bot, event) == [("W-13", "warned")]
    assert public(bot, A) == []


@pytest.mark.rule("W-09", "W-12", "W-13", "W-16")
def test_another_question_is_no_duplicate(bot: Bot) -> None:
    event = two(bot, **OTHER, messages=[])
    assert (public(bot, B), inner(bot, B), found(bot, event)) == ([], [], [])
    assert ("own", "look_for_duplicates", "done") in bot.steps(event)


@pytest.mark.rule("W-11")
def test_another_sellers_ticket_is_no_duplicate(bot: Bot) -> None:
    assert found(bot, two(bot, seller={"id": "99"})) == []


@pytest.mark.rule("W-10")
def test_without_the_sellers_number_the_agent_is_asked_for_it(bot: Bot) -> None:
    event = hear(bot, partner(A, seller={}))
    (note,) = inner(bot, A)
    assert note.startswith("В тикете нет ID селлера")
    assert found(bot, event) == [("W-10", "warned")]
    hear(bot, partner(A, seller={}), "ticket.assigned")
    assert len(inner(bot, A)) == 1
    assert found(bot, hear(bot, customer(B, client={}))) == []  # a customer has none


@pytest.mark.rule("W-13", "W-16")
@pytest.mark.parametrize("status", ["Закрыт", "Эскалирован", "Новый", None])
def test_any_other_status_is_information_only(bot: Bot, status: str | None) -> None:
    hear(bot, partner(A, status=status))
    event = hear(bot, partner(B, 30))
    assert public(bot, B) == []
    (note,) = inner(bot, B)
    assert "сообщение об объединении партнёру не отправляйте" in note
    assert found(bot, event) == [("W-16", "warned")]
    assert (inner(bot, A), merged(bot)) == ([], [])


@pytest.mark.rule("W-16")
def test_a_ticket_that_was_closed_in_the_meantime_is_not_named(bot: Bot) -> None:
    hear(bot, partner(A))
    bot.sandbox.state.tickets[str(A)]["status"] = "Закрыт"  # and no webhook told of it
    bot.set_mode("W-13", "act")
    hear(bot, partner(B, 30))
    assert (public(bot, B), merged(bot)) == ([], [])


def test_a_ticket_whose_closing_was_heard_is_over(bot: Bot) -> None:
    hear(bot, partner(A), "ticket.closed", minutes=90)
    bot.sandbox.state.tickets[str(A)]["status"] = "Закрыт"
    event = hear(bot, partner(A), minutes=5)  # out of order: the creation comes after the end
    assert ("own", "look_for_duplicates", "done") not in bot.steps(event)
    assert found(bot, hear(bot, partner(B, 95))) == [("W-16", "warned")]


@pytest.mark.rule("W-14")
def test_the_same_event_twice_and_the_assignment_after_it_say_nothing_more(bot: Bot) -> None:
    hear(bot, partner(A))
    event = told(partner(B, 30))
    bot.sandbox.put_ticket(event["ticket"])
    for _ in range(2):
        assert bot.crm(event) == 202
        bot.work()
    hear(bot, partner(B, 30), "ticket.assigned", minutes=61)
    hear(bot, partner(A), "ticket.assigned", minutes=62)
    assert (len(public(bot, B)), len(inner(bot, B)), len(inner(bot, A))) == (1, 1, 1)
    assert public(bot, A) == []


@pytest.mark.rule("W-14")
def test_of_two_that_came_in_at_once_the_older_one_stays(any_bot: Bot) -> None:
    bot = any_bot
    hear(bot, partner(B, 30), work=False)
    hear(bot, partner(A), work=False)
    bot.work()
    assert merged(bot) == [(str(B), str(A))]
    assert (public(bot, A), len(public(bot, B))) == ([], 1)


@pytest.mark.rule("W-14")
def test_two_workers_take_up_both_at_once(any_bot: Bot) -> None:
    bot = any_bot
    for number, minutes in ((A, 0), (B, 30)):
        hear(bot, partner(number, minutes), work=False)
    runners = [bot.runner, bot.new_runner()]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda runner, number: runner.look_at(f"webcrm:{number}"), runners, (A, B)))
    bot.work()
    assert merged(bot) == [(str(B), str(A))]
    assert (public(bot, A), len(public(bot, B))) == ([], 1)


@pytest.mark.rule("W-14")
def test_an_older_ticket_that_comes_in_later_lets_the_younger_one_look_again(bot: Bot) -> None:
    hear(bot, partner(B, 30))
    hear(bot, partner(A))
    assert merged(bot) == [(str(B), str(A))]
    assert (public(bot, A), len(public(bot, B))) == ([], 1)


def test_a_third_one_is_sent_to_the_first(bot: Bot) -> None:
    two(bot)
    hear(bot, partner(C, 40))
    assert sorted(merged(bot)) == [(str(B), str(A)), (str(C), str(A))]


def test_a_younger_one_may_name_an_older_one_only_once(bot: Bot) -> None:
    two(bot)
    hear(bot, partner(A), "ticket.closed", minutes=70)
    bot.sandbox.state.tickets[str(A)]["status"] = "Закрыт"
    hear(bot, partner(C, 10))
    hear(bot, partner(B, 30), "ticket.assigned", minutes=80)
    assert (len(public(bot, B)), merged(bot)) == (1, [(str(B), str(A))])


@pytest.mark.rule("W-15")
def test_m1_is_sent_when_its_rule_says_so(bot: Bot) -> None:
    bot.set_mode("W-15", "act", send="true")
    two(bot)
    assert public(bot, B) == [(M1.format(A), False)]
    assert "Бот написал партнёру" in inner(bot, B)[0]


@pytest.mark.rule("W-15")
@pytest.mark.parametrize("mode", ["observe", "warn"])
def test_in_other_modes_nothing_is_written_to_the_partner(bot: Bot, mode: str) -> None:
    bot.set_config(RULES_DEFAULT_MODE=mode)
    event = two(bot)
    assert (public(bot, B), merged(bot), inner(bot, A)) == ([], [], [])
    outcome = {"observe": "observed", "warn": "warned"}[mode]
    assert found(bot, event) == [("W-13", outcome)]
    assert any(M1.format(A) in note for note in inner(bot, B)) == (mode == "warn")


def test_a_switched_off_search_does_nothing(bot: Bot) -> None:
    bot.set_mode("W-09", "off")
    assert bot.steps(two(bot)) == []


@pytest.mark.rule("W-12")
def test_what_only_the_crm_knows_is_found_in_its_list(bot: Bot) -> None:
    bot.sandbox.put_ticket(partner(A))
    hear(bot, partner(B, 30))
    assert public(bot, B) == [(M1.format(A), True)]


@pytest.mark.rule("W-12")
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 0},
        {"status": 429, "retry_after": 600},
        {"status": 500},
        {"status": 404},
        {"status": 200, "body": "<html>"},
        {"status": 200, "body": '{"tickets": {"id": 1}}'},
        {
            "status": 200,
            "body": json.dumps({"tickets": [{"id": "a b"}, {}, {"id": "7", "seller": 5, "messages": "-"}]}),
        },
    ],
    ids=["broken", "429", "500", "404", "html", "garbled", "strange tickets"],
)
def test_a_list_that_cannot_be_read_holds_nothing_up(bot: Bot, fault: dict[str, Any]) -> None:
    hear(bot, partner(A))
    bot.sandbox.fault(system="webcrm", match=LIST, **fault)
    event = hear(bot, partner(B, 30))
    assert bot.delivery(event).state == "done"
    assert public(bot, B) == [(M1.format(A), True)]


def test_a_list_that_is_too_long_holds_nothing_up(bot: Bot) -> None:
    hear(bot, partner(A))
    bot.sandbox.state.tickets["9"] = {**bot.sandbox.ticket(str(A)), "id": "9", "subject": "я" * 6 * 2**20}
    event = hear(bot, partner(B, 30))
    (step,) = (row for row in bot.ledger(event) if row.verb == "look_for_duplicates")
    assert "more than 10 MB" in step.reason
    assert public(bot, B) == [(M1.format(A), True)]


@pytest.mark.rule("W-14")
def test_a_crash_after_the_merger_is_finished_by_the_next_run(bot: Bot) -> None:
    hear(bot, partner(A))
    bot.sandbox.fault(system="webcrm", match=f"POST /webcrm/tickets/{B}/messages", status=500, times=2)
    event = hear(bot, partner(B, 30))
    assert (bot.delivery(event).state, merged(bot)) == ("waiting", [(str(B), str(A))])
    bot.sandbox.state.tickets[str(A)]["status"] = "Закрыт"
    hear(bot, partner(A), "ticket.closed", minutes=70)
    for _ in range(3):
        bot.hurry()
        bot.work()
    assert (bot.delivery(event).state, public(bot, B)) == ("done", [(M1.format(A), True)])
    assert len(inner(bot, B)) == 1


def test_what_cannot_be_stored_or_read_raises_nothing(any_bot: Bot) -> None:
    bot = any_bot
    odd = partner(A, subject="a\x00b" * 4000, type="х" * 900, seller={"id": "7" * 500}, supply_no="9" * 300)
    assert bot.delivery(hear(bot, odd)).state == "done"
    bare = {"id": "e-bare", "type": "ticket.created", "occurred_at": told(odd)["occurred_at"], "ticket": {"id": "77"}}
    assert bot.crm(bare) == 202
    bot.work()
    assert bot.delivery("e-bare").state == "done"


def test_a_known_ticket_keeps_what_a_later_event_leaves_out(any_bot: Bot) -> None:
    bot = any_bot
    hear(bot, partner(A), "ticket.message", minutes=90)
    hear(bot, {"id": str(A), "status": "Новый"}, "ticket.assigned", minutes=10)
    with bot.engine.connect() as connection:
        row = connection.execute(sa.select(known_tickets)).one()
    assert (row.status, row.supply_no, row.party) == ("В работе", "2000012345", "partner:184467")
