"""A worker that dies at any action of a case's life, in each branch of T-8: run again, everything is there once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from store.tables import timers
from tests.bot import Bot
from tests.handlers import case_life as life
from tests.handlers.case_life import SKUS, WRONG, after, chat, comments, notes, say, start, the_case
from tests.handlers.request_life import fire_again
from tests.handlers.test_request_crashes import Reaper, survive

ROOT = Path(__file__).resolve().parents[2]
DONE = "41"
STILL = ("Задача CASES-1 стоит без движения", "Ждём с 23 ноября")  # said again while it is so
ALL = WRONG | SKUS | {"city": "Астана", "platform": "Kaspi", "picker": "Сборщик 7"}
DEEDS = {"open_case", "hear_case", "create_issue", "keep_case", "tell_case_chat", "reply_to_client", "take_in_work"}
DEEDS |= {"note_case_branch", "note_case_reminder", "note_case_stale", "note_case_done_early"}
DEEDS |= {"say_case_stage", "say_case_photos", "say_case_case_kaspi_return", "say_case_in_work", "say_case_done_early"}
LATE = {"kind": "Задержка курьера", "order_no": "7654321", "handed_over": "16.11.2026", "city": "Алматы"}
WALKS: dict[str, tuple[dict[str, str], list[str]]] = {
    "almaty": (
        WRONG | SKUS | {"city": "Алматы", "platform": "Kaspi"},
        ["+4h", "Сборщик: Сборщик 7", "Возврат: курьер", "+2d", "Курьер забрал товар", "Обмен сделан"],
    ),
    "kaspi_other_city": (
        ALL,
        [
            "+2h",
            "Прожала возврат",
            "+3d",
            "+2d",
            "Курьер забрал",
            "+10d",
            "Возврат приехал",
            "+4h",
            "Деньги возвращены",
        ],
    ),
    "site_other_city": (ALL | {"platform": "наш сайт"}, ["+3d", "Возврат сделан"]),
    "client_almaty": (ALL | {"city": "Алматы", "fault": "клиента"}, ["Возврат: курьер", "+4h"]),
    "client_other_city": (ALL | {"fault": "клиента"}, ["+4h"]),
    "kaspi_almaty": (
        LATE | {"platform": "Kaspi"},
        ["+4h", "Претензия: KSP-17", "+1d", "Ответ Каспи: доставим завтра", "+2h", "!Доставим завтра"],
    ),
    "site_almaty": (
        LATE | {"platform": "сайт"},
        [
            *("+4h", "Курьерская служба: Служба 1", "+2h", "Сделано: contact", "Ответ: сегодня", "!Привезут сегодня"),
            *("Сильный негатив: да\nСумма промо-кода: 5000", "+1d", "Промо-код: SORRY-1"),
        ],
    ),
}
ISSUES = {"almaty": ("Тикет", "Подзадача")}  # the courier's sub-task


def test_every_branch_has_a_walk() -> None:
    kinds = yaml.safe_load((ROOT / "config/cases.yml").read_text(encoding="utf-8"))["kinds"]
    assert {branch for kind in kinds.values() for branch in kind["branches"]} == set(WALKS)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """The events of the CRM, as they were sent."""
    bodies: list[dict[str, Any]] = []
    send = Bot.crm

    def keep(bot: Bot, body: dict[str, Any], *more: Any, **named: Any) -> int:
        bodies.append(body)
        return send(bot, body, *more, **named)

    monkeypatch.setattr(Bot, "crm", keep)
    yield bodies


def go(bot: Bot, of: dict[str, Any], step: str) -> None:
    """`+4h`: so much time goes by; `!…`: the agent writes to the client; else the agent notes it in the ticket."""
    if step.startswith("+"):
        after(bot, step[1:])
    else:
        say(bot, of, step.removeprefix("!"), public=step.startswith("!"))


def stands(bot: Bot, of: dict[str, Any]) -> tuple[Any, ...]:
    """All that people see of the only case, and what it waits for."""
    chats = [chat(bot, name) for name in ("ops", "ecom", "returns", "approver")]
    facts = the_case(bot).branch, the_case(bot).state, the_case(bot).facts, the_case(bot).steps
    return facts, notes(bot, of), notes(bot, of, draft=True), comments(bot), chats, life.pending(bot)


class Repeater:
    """Tells the bot everything once more: each event as it was sent and under another number, each timer that fired."""

    def __init__(self, bot: Bot, of: dict[str, Any], sent: list[dict[str, Any]]) -> None:
        self.bot, self.of, self.sent = bot, of, sent
        self._told = 0
        self._fired: set[str] = set()

    def repeat(self, step: str) -> None:
        """What has come since the last time; nothing changes."""
        before, bodies = stands(self.bot, self.of), self.sent[self._told :]
        for body in bodies:
            self.bot.crm(body)
            self.bot.crm(body | {"id": f"{body['id']}-again"})
        self._told = len(self.sent)
        survive(self.bot)
        assert stands(self.bot, self.of) == before, step
        waits = self._waits()
        fire_again(self.bot, self._fired)
        survive(self.bot)
        assert (stands(self.bot, self.of), self._waits()) == (before, waits), step

    def _waits(self) -> list[tuple[str, Any]]:
        with self.bot.engine.connect() as connection:
            set_now = sa.select(timers.c.key, timers.c.due_at).where(timers.c.state == "pending")
            return [(row.key, row.due_at) for row in connection.execute(set_now.order_by(timers.c.key))]


def once(bot: Bot, of: dict[str, Any], issues: tuple[str, ...] = ("Тикет",)) -> None:
    """One case, its issues of these types, and nothing was written twice."""
    assert life.dead(bot) == []
    assert len(life.rows(bot)) == 1
    assert tuple(one["fields"]["issuetype"]["name"] for one in bot.sandbox.issues()) == issues
    for written in (notes(bot, of), notes(bot, of, draft=True), comments(bot)):
        assert [text for text, count in Counter(written).items() if count > 1 and not text.startswith(STILL)] == []


@pytest.mark.rule("J-10", "J-12", "J-18", "J-27", "J-33", "J-39", "J-40", "J-44", "J-48")
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("branch", WALKS)
def test_a_crash_at_every_action_of_a_branch(
    any_bot: Bot, branch: str, moment: str, monkeypatch: pytest.MonkeyPatch, sent: list[dict[str, Any]]
) -> None:
    bot = any_bot
    facts, steps = WALKS[branch]
    life.prepare(bot)
    reaper = Reaper(moment)
    reaper.wrap(monkeypatch)
    monkeypatch.setattr(life, "finish", survive)
    of = start(bot, facts)
    assert the_case(bot).branch == branch
    repeater = Repeater(bot, of, sent)
    repeater.repeat("the beginning")
    for step in steps:
        go(bot, of, step)
        repeater.repeat(step)
    life.move(bot, DONE)
    repeater.repeat("done")
    assert (the_case(bot).state, life.pending(bot)) == ("done", [])
    assert len(reaper.seen) > len(steps)
    once(bot, of, ISSUES.get(branch, ("Тикет",)))
    told = [chat(bot, name) for name in ("ops", "ecom", "returns", "approver")]
    # a chat is told at least once, and twice only where nobody can know that it was
    assert all(count <= (1 if moment == "before" else 2) for texts in told for count in Counter(texts).values())
    before = life.deeds(bot), stands(bot, of)
    for body in list(sent):
        bot.crm(body)
    survive(bot)
    assert after(bot, "40d") == 0
    assert (life.deeds(bot), stands(bot, of)) == before


@pytest.mark.rule("J-38", "J-19", "J-29", "J-10")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_every_action_leaves_everything_once(
    any_bot: Bot, moment: str, monkeypatch: pytest.MonkeyPatch, sent: list[dict[str, Any]]
) -> None:
    bot = any_bot
    life.prepare(bot)
    reaper = Reaper(moment)
    reaper.wrap(monkeypatch)
    monkeypatch.setattr(life, "finish", survive)
    of = start(bot, ALL)
    repeater = Repeater(bot, of, sent)
    steps = partial(after, bot, "6h"), partial(say, bot, of, "Прожала возврат"), partial(life.comment, bot, "Смотрим")
    for step in (*steps, partial(life.move, bot, DONE)):
        step()
        repeater.repeat(str(step.args))
    assert the_case(bot).state == "done"
    assert life.pending(bot) == []
    assert {name for _, name in reaper.seen} >= DEEDS
    once(bot, of)
    assert len(chat(bot, "ops")) == (1 if moment == "before" else 2)
