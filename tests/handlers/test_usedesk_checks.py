"""What is told to the agents of Usedesk's tickets, once for each finding, by the mode of each rule (U-02…U-17)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from config.usedesk import UsedeskConfig
from runtime.clock import Clock
from store import requests
from store.tables import deliveries, ledger, links
from tests.bot import Bot
from tests.databases import Sqlite
from tests.usedesk import notes, usedesk_bot

TICKET = "700"
BUILT = ["U-02", "U-03", "U-04", "U-05", "U-06", "U-07", "U-08", "U-09", "U-10", "U-11", "U-12", "U-13", "U-17"]
SETTINGS = {
    "types": {"task": ["Заявка"], "question": ["Гарантия"]},
    "outcomes": {"projects": {"DESK": "Заявка"}, "departments": {"service": "Заявка"}},
    "history": [{"name": "GSIS", "field": "Номер заказа", "url": "https://gsis.example.test/?q={value}"}],
    "non_core": ["Доставка"],
    "calls": {"channels": ["7"], "tags": ["звонок"]},
}


@pytest.fixture
def bot(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """A bot with Usedesk, whose table is filled in, and a ticket of agent 12's without webhooks so far."""
    with usedesk_bot(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as made:
        settle(made, SETTINGS)
        made.sandbox.put_usedesk(
            int(TICKET), subject="Не греет", assignee_id=12, status=1, comments=[{"message": "Помогите"}]
        )
        yield made


def settle(bot: Bot, changes: dict[str, Any]) -> None:
    """Change `usedesk.yml` in a copy of the shipped configuration."""
    folder = Path(bot.env["DATA_DIR"]) / "config"
    if not folder.exists():
        folder.mkdir()
        for file in bot.process.settings.config_dir.glob("*.yml"):
            shutil.copy(file, folder)
    path = folder / "usedesk.yml"
    table = yaml.safe_load(path.read_text(encoding="utf-8")) | changes
    UsedeskConfig.model_validate(table)
    path.write_text(yaml.safe_dump(table, allow_unicode=True), encoding="utf-8")
    bot.set_config(CONFIG_DIR=str(folder))


def act(bot: Bot, **change: Any) -> None:
    """An agent (12) does something; the bot hears of it."""
    bot.sandbox.usedesk_act("agent", **({"ticket_id": TICKET} | change))
    bot.work()


def client(bot: Bot, message: str) -> None:
    """The client writes."""
    bot.sandbox.usedesk_act("client", ticket_id=TICKET, message=message)
    bot.work()


def later(bot: Bot, advance: str) -> None:
    """Time goes by, and the clock fires what is due."""
    bot.sandbox.clock(advance=advance)
    Clock(bot.engine, bot.process.factory, bot.reloader).fire()
    bot.work()


def told(bot: Bot, rule: str) -> list[str]:
    """The notes that name a rule."""
    return [note for note in notes(bot, TICKET) if f"({rule})" in note]


def asked(bot: Bot, **more: Any) -> int:
    """An open request of the ticket to the service department; its number."""
    now = bot.process.clock.now()
    row: dict[str, Any] = {
        "source": "usedesk",
        "ticket_id": TICKET,
        "department": "service",
        "origin": "usedesk",
        "text": "Где мастер?",
    }
    row |= {"answer_required": True, "since": now, "next_at": now + timedelta(hours=24), "opened_by": "test/1"}
    with bot.engine.begin() as connection:
        return requests.add(connection, row | more).id


def again(bot: Bot) -> None:
    """Run every delivery of Usedesk's and every timer once more from its top."""
    with bot.engine.begin() as connection:
        connection.execute(sa.update(deliveries).where(deliveries.c.state == "done").values(state="waiting"))
    bot.hurry()
    bot.work()


def outcomes(bot: Bot, rule: str) -> set[str]:
    """How the verbs of a rule ended."""
    with bot.engine.connect() as connection:
        return set(connection.execute(sa.select(ledger.c.outcome).where(ledger.c.rule == rule)).scalars())


@pytest.mark.rule("U-02")
def test_an_answer_in_a_ticket_that_was_not_taken(bot: Bot) -> None:
    act(bot, message="Добрый день!")
    assert told(bot, "U-02") == []
    act(bot, message="Сейчас проверю", user_id=13)
    act(bot, message="И ещё", user_id=13)
    assert ["другого сотрудника" in note for note in told(bot, "U-02")] == [True]
    act(bot, message="Заметка", user_id=13, private=True)
    act(bot, assignee_id="null")
    act(bot, message="Ответ")
    assert ["ни на кого не назначен" in note for note in told(bot, "U-02")] == [False, True]
    before = notes(bot, TICKET)
    again(bot)
    assert notes(bot, TICKET) == before


@pytest.mark.rule("U-03")
@pytest.mark.rule("U-04")
@pytest.mark.rule("U-34")
@pytest.mark.rule("U-35")
@pytest.mark.rule("U-36")
def test_a_ticket_that_is_taken_is_told_about_once(bot: Bot) -> None:
    bot.sandbox.put_usedesk(701, subject="Шумит <b>", status=5)
    bot.sandbox.put_usedesk(702, subject="Закрыт давно", status=3)
    bot.sandbox.put_usedesk(703, subject="Чужой", status=1, client_id=6)
    act(bot, field_id="54;55", field_value="Доставка;A 1&b")
    act(bot, assignee_id=13)
    (note,) = told(bot, "U-03")
    assert "№ 701 «Шумит &lt;b&gt;»" in note
    assert "702" not in note
    assert "703" not in note
    assert "https://gsis.example.test/?q=A%201%26b" in note
    assert all(f"({rule})" in note for rule in ("U-04", "U-34", "U-35", "U-36"))
    act(bot, assignee_id=12)
    again(bot)
    assert len(told(bot, "U-03")) == 1


def test_a_note_has_the_parts_that_their_rules_allow(bot: Bot) -> None:
    bot.set_mode("U-03", "observe")
    bot.set_mode("U-34", "off")
    act(bot, assignee_id=13)
    (note,) = told(bot, "U-04")
    assert ("(U-03)" in note, "(U-34)" in note, "(U-35)" in note) == (False, False, True)
    assert "GSIS" in note


@pytest.mark.rule("U-05")
@pytest.mark.parametrize(("category", "told_of"), [("Заявка", 1), ("Гарантия", 0), ("Прочее", 0), ("", 0)])
def test_the_type_is_that_of_the_matrix(bot: Bot, category: str, told_of: int) -> None:
    act(bot, field_id="54", field_value=category)
    act(bot, status=2)
    assert len(told(bot, "U-05")) == told_of
    assert all("«Задача»" in note and "«Вопрос»" in note for note in told(bot, "U-05"))


@pytest.mark.rule("U-06")
def test_a_ticket_is_not_done_without_its_category(bot: Bot) -> None:
    act(bot, status=2)
    assert ["«Категория» пусто" in note for note in told(bot, "U-06")] == [True]
    act(bot, status=1)
    act(bot, status=2)
    assert len(told(bot, "U-06")) == 1


@pytest.mark.rule("U-07")
@pytest.mark.rule("U-33")
@pytest.mark.parametrize(
    ("by", "category", "told_of"),
    [("request", "Гарантия", 1), ("issue", "Гарантия", 1), ("request", "заявка", 0), ("nothing", "Гарантия", 0)],
)
def test_the_category_is_that_of_the_outcome(bot: Bot, by: str, category: str, told_of: int) -> None:
    if by == "request":
        asked(bot)
    if by == "issue":
        row = {"source": "usedesk", "ticket_id": TICKET, "purpose": "escalation", "site": "main", "issue_id": "9"}
        with bot.engine.begin() as connection:
            made = {"issue_key": "DESK-9", "made_by_bot": True, "created_at": bot.process.clock.now()}
            connection.execute(sa.insert(links).values(**row, **made))
    act(bot, field_id="54", field_value=category)
    act(bot, status=2)
    assert len(told(bot, "U-07")) == told_of
    assert all("нужна «Заявка»" in note for note in told(bot, "U-07"))


@pytest.mark.rule("U-08")
def test_another_priority_is_explained(bot: Bot) -> None:
    act(bot, priority="urgent")
    later(bot, "16m")
    assert ["«Срочный»" in note for note in told(bot, "U-08")] == [True]
    act(bot, priority="extreme")
    act(bot, message="Клиент без отопления", private=True)
    later(bot, "16m")
    act(bot, priority="medium")
    later(bot, "16m")
    assert len(told(bot, "U-08")) == 1


@pytest.mark.rule("U-09")
@pytest.mark.parametrize(
    ("message", "request_open", "advice"),
    [("Готово", False, "«Выполнен»:"), ("Какой номер?", False, "«В ожидании»."), ("Готово", True, "«На удержании».")],
)
def test_a_status_goes_with_an_answer(bot: Bot, message: str, request_open: bool, advice: str) -> None:
    if request_open:
        asked(bot)
    act(bot, message=message)
    later(bot, "11m")
    (note,) = told(bot, "U-09")
    assert advice in note.split("Что сделать:")[1]
    act(bot, message=message)
    later(bot, "11m")
    assert len(told(bot, "U-09")) == 1


@pytest.mark.parametrize("change", [{"status": 6}, {"status": 2}, {"client": "Ну?"}])
def test_a_status_that_was_chosen_or_overtaken_needs_no_advice(bot: Bot, change: dict[str, Any]) -> None:
    act(bot, message="Какой номер?")
    if "client" in change:
        client(bot, change["client"])
    else:
        act(bot, **change)
    later(bot, "11m")
    assert told(bot, "U-09") == []


def test_waiting_for_the_client_while_a_department_is_asked(bot: Bot) -> None:
    asked(bot)
    act(bot, status=6)
    assert ["«На удержании»" in note for note in told(bot, "U-09")] == [True]


@pytest.mark.rule("U-10")
def test_done_while_something_is_open(bot: Bot) -> None:
    asked(bot)
    act(bot, tag="звонок")
    act(bot, status=2)
    assert len(told(bot, "U-10")) == 2
    assert any("Сервисный департамент" in note and "напоминание" in note for note in told(bot, "U-10"))
    assert any("результаты звонка не записаны" in note for note in told(bot, "U-10"))
    assert bot.sandbox.usedesk_ticket(TICKET)["ticket"]["status_id"] == "2"
    assert not any(call["path"].endswith("/update/ticket") for call in bot.sandbox.calls("usedesk"))
    again(bot)
    assert len(told(bot, "U-10")) == 2


@pytest.mark.rule("U-12")
def test_a_hold_needs_a_request(bot: Bot) -> None:
    act(bot, status=5)
    later(bot, "29m")
    assert told(bot, "U-12") == []
    later(bot, "2m")
    assert len(told(bot, "U-12")) == 1
    act(bot, status=1)
    act(bot, status=5)
    asked(bot)
    later(bot, "31m")
    assert len(told(bot, "U-12")) == 1


def test_a_hold_that_ended_in_time_needs_none(bot: Bot) -> None:
    act(bot, status=5)
    act(bot, status=1)
    later(bot, "31m")
    assert told(bot, "U-12") == []


@pytest.mark.rule("U-17")
def test_a_call_is_written_down(bot: Bot) -> None:
    act(bot, tag="звонок")
    later(bot, "31m")
    (note,) = [text for text in told(bot, "U-17") if "Что сказал клиент" in text]
    assert "Звонок: кто звонил" in note
    act(bot, message="Звонил клиент, всё решили", private=True)
    act(bot, status=2)
    assert told(bot, "U-10") == []


def test_a_call_that_was_written_down_in_time(bot: Bot) -> None:
    act(bot, tag="Звонок")
    act(bot, message="Всё решили", private=True)
    later(bot, "31m")
    assert told(bot, "U-17") == []


def test_a_ticket_of_a_telephone_channel_is_a_call(bot: Bot) -> None:
    number = bot.sandbox.usedesk_act("client", subject="Звонок", message="(запись)")["ticket_id"]
    bot.work()
    later(bot, "31m")
    assert ["(U-17)" in note for note in notes(bot, number)] == [True]


@pytest.mark.parametrize(
    ("mode", "said", "how"), [("warn", 1, {"done"}), ("observe", 0, {"observed"}), ("off", 0, {"off"})]
)
def test_each_rule_speaks_by_its_mode(bot: Bot, mode: str, said: int, how: set[str]) -> None:
    bot.set_mode("U-02", mode)
    act(bot, message="Ответ", user_id=13)
    assert len(told(bot, "U-02")) == said
    assert outcomes(bot, "U-02") == how


def test_a_departments_ticket_is_not_checked(bot: Bot) -> None:
    bot.sandbox.put_usedesk(701, subject="Клиентский")
    asked(bot, ticket_id="701", dept_ticket_id=TICKET)
    act(bot, message="Ответ", user_id=13)
    act(bot, status=2)
    act(bot, assignee_id=13)
    assert notes(bot, TICKET) == []


def test_a_note_of_unknown_outcome_is_said_once(bot: Bot) -> None:
    bot.sandbox.fault(system="usedesk", match="POST /usedesk/create/comment", status=0, after_effect=True)
    act(bot, message="Ответ", user_id=13)
    bot.hurry()
    bot.work()
    assert len(told(bot, "U-02")) == 1
    act(bot, message="Ещё", user_id=13)
    assert len(told(bot, "U-02")) == 1
