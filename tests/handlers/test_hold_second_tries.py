"""Holds whose worker died at an unlucky moment: the second try sees what the first one left, and takes it right."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from desk.actions import Action, Rows
from desk.holds import HoldsDesk
from desk.run_ledger import RunLedger
from sandbox.jira_state import SandboxComment
from store.tables import deliveries
from tests.bot import Bot
from tests.handlers.test_hold_retries import FAULTS, send, stages, texts, work_on
from tests.runtime.hold_scenarios import ACTIONS, AGENT, CARD, OPERATOR, QUESTION
from tests.tickets import closing, ticket


class Crash(BaseException):
    """The worker is gone: no handler of errors sees it."""


def crash_after(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The worker is gone when the action has been done and before that is recorded, or with it; once."""
    done, write = RunLedger._done, RunLedger.write

    def die_once(what: Action) -> None:
        if what.name == name:
            monkeypatch.setattr(RunLedger, "_done", done)
            monkeypatch.setattr(RunLedger, "write", write)
            raise Crash

    def dying_done(actions: RunLedger, number: int, asked: Any, *given: Any) -> Any:
        result = done(actions, number, asked, *given)
        die_once(asked.action)
        return result

    def dying_write(actions: RunLedger, what: Action, rows: Rows) -> Any:
        value = write(actions, what, rows)
        die_once(what)
        return value

    monkeypatch.setattr(RunLedger, "_done", dying_done)
    monkeypatch.setattr(RunLedger, "write", dying_write)


def test_what_was_replaced_is_told_although_the_worker_died(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    first = send(bot, "ozon")
    bot.work()
    crash_after(monkeypatch, "begin_hold")
    again = {**first["ticket"], "seller": CARD, "jira_key": bot.sandbox.issues()[0]["key"]}
    bot.sandbox.put_ticket(again)
    event = {**closing(again, hold="seller", question=QUESTION, id="second"), "agent": AGENT}
    assert bot.crm(event) == 202
    resume(bot)
    assert stages(bot) == [("ozon", "waiting", "replaced"), ("seller", "waiting", None)]
    assert "note_hold_replaced" in [verb for _, verb, _ in bot.steps("second")]


def resume(bot: Bot) -> None:
    """Work until the worker dies; another takes the case over."""
    with pytest.raises(Crash):
        bot.work()
    with bot.engine.begin() as connection:
        connection.execute(sa.update(deliveries).where(deliveries.c.state == "running").values(state="waiting"))
    work_on(bot)


@pytest.mark.parametrize("verb", ["begin_hold", "take_in_work", "hold_waits"])
def test_a_hold_that_is_called_solved_stays_the_one_it_began(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    crash_after(monkeypatch, verb)
    made = ticket()
    bot.sandbox.put_ticket(made)
    chosen = {"hold": "ozon", "actions_done": ACTIONS, "resolution": "Решено"}
    assert bot.crm({**closing(made, **chosen), "agent": AGENT}) == 202
    resume(bot)
    assert stages(bot) == [("ozon", "waiting", None)]


def test_all_holds_that_waited_for_one_task_hear_of_it_although_the_worker_died(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"project": {"key": "QC"}, "issuetype": {"name": "Задача"}, "summary": "Другая"}
    other = bot.sandbox.call_as(OPERATOR, "POST", "/rest/api/3/issue", {"fields": fields})["key"]
    for _ in range(2):
        made = ticket()
        bot.sandbox.put_ticket(made)
        detail = {"reason": "external_jira", "jira_key": other}
        assert bot.crm({**closing(made, hold="ozon", actions_done=ACTIONS, hold_detail=detail), "agent": AGENT}) == 202
    bot.work()
    pass_on = HoldsDesk.pass_on

    def dying(desk: HoldsDesk, *given: Any, **named: Any) -> None:
        pass_on(desk, *given, **named)
        monkeypatch.setattr(HoldsDesk, "pass_on", pass_on)
        raise Crash

    monkeypatch.setattr(HoldsDesk, "pass_on", dying)
    path = f"/rest/api/3/issue/{other}/transitions"
    open_to = bot.sandbox.call_as(OPERATOR, "GET", path)["transitions"]
    done = next(one["id"] for one in open_to if one["to"]["name"] == "Готово")
    bot.sandbox.call_as(OPERATOR, "POST", path, {"transition": {"id": done}})
    resume(bot)
    assert stages(bot) == [("ozon", "waiting", "answered")] * 2


def test_a_person_who_changes_one_label_for_the_other_replaces_the_hold(bot: Bot) -> None:
    """One change does not both end a hold and begin one: after a crash the two would be taken for each other."""
    made = ticket(seller=CARD)
    bot.sandbox.put_ticket(made)
    assert bot.crm({**closing(made, hold="seller", question=QUESTION), "agent": AGENT}) == 202
    bot.work()
    key = bot.sandbox.issues()[0]["key"]
    swap = {"update": {"labels": [{"remove": "hold-seller"}, {"add": "hold-ozon"}]}}
    bot.sandbox.call_as(OPERATOR, "PUT", f"/rest/api/3/issue/{key}", swap)
    bot.work()
    assert [row[::2] for row in stages(bot)] == [("seller", "replaced"), ("ozon", None)]
    assert not any("закончено" in text for text in texts(bot))


def test_a_leak_is_taken_back_although_the_answer_was_lost(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SandboxComment, "public", True)
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue/*", times=2, delay=0.001)
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue/*", **FAULTS["answer-lost"])
    event = send(bot, "ozon")
    work_on(bot)
    assert texts(bot) == Counter()
    assert ("W-70", "say_what_was_done", "refused") in bot.steps(event["id"])
