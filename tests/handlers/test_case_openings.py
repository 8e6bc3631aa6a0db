"""How a case begins: from a CRM, from Usedesk, from an issue made by hand; what is asked for, seen and put right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from config.cases import Cases
from desk.adf_text import plain_text
from desk.templates import Templates
from tests.bot import Bot
from tests.databases import Sqlite
from tests.handlers import case_life as life
from tests.handlers.case_life import (
    PERSON,
    SKUS,
    WRONG,
    after,
    chat,
    client_says,
    comment,
    comments,
    notes,
    say,
    start,
    the_case,
)
from tests.test_project import ROOT
from tests.usedesk import notes as usedesk_notes
from tests.usedesk import usedesk_bot

ALL = WRONG | SKUS | {"city": "Астана", "platform": "Kaspi"}


def hand_made(bot: Bot, summary: str, description: str = "", *labels: str) -> str:
    """A colleague creates an issue in the project of cases; its key."""
    lines = [{"type": "text", "text": line} for line in (description or "…").split("\n")]
    body = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [line]} for line in lines]}
    fields: dict[str, Any] = {"project": {"key": "CASES"}, "issuetype": {"name": "Тикет"}, "summary": summary}
    fields |= {"description": body, "labels": list(labels)}
    made = bot.sandbox.call_as(PERSON, "POST", "/rest/api/3/issue", {"fields": fields})
    life.finish(bot)
    return str(made["key"])


@pytest.mark.rule("J-01", "J-38", "J-04", "J-05")
def test_a_case_has_its_row_at_once_and_an_issue_with_its_sections(bot: Bot) -> None:
    life.prepare(bot)
    of = life.ticket(city="Астана", platform="Kaspi")
    body = life.tell(bot, of, type="ticket.created", case={"kind": "не тот товар"})
    assert ("J-38", "open_case", "done") in bot.steps(body["id"])
    case = the_case(bot)
    assert (case.kind, case.state, case.branch, case.owner_id) == ("wrong_item", "open", "", "a17")
    fields = life.issue(bot)["fields"]
    assert fields["summary"] == "Заказ неизвестен – не тот размер или товар"
    text = plain_text(fields["description"])
    parts = ["Что случилось", "Пришло не то", "Что известно", "Астана", "Каспи КЗ", "Что нужно"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    life.tell(bot, of, type="ticket.created", case={"kind": "не тот товар"})
    assert len(life.rows(bot)) == 1
    assert len(bot.sandbox.issues()) == 1


@pytest.mark.rule("J-15", "J-16", "J-17", "J-22", "J-06")
def test_data_are_asked_for_and_reminded_of(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, {"kind": "Не тот товар"})
    (asked,) = notes(bot, of, draft=True)
    assert "WhatsApp номер заказа" in asked
    assert "заводские этикетки" in asked
    assert the_case(bot).branch == ""
    after(bot, "4h")
    reminders = [text for text in notes(bot, of) if "Ждём с" in text]
    assert [text.rpartition("(")[2].partition(")")[0] for text in reminders] == ["J-06", "J-17", "J-22"]
    assert "Не хватает: Номер заказа, Фото." in reminders[0]
    assert "Не хватает: Город, Площадка, Что не так, Чья ошибка." in reminders[1]
    assert "calm" not in life.pending(bot)  # only a line of the checklist
    client_says(bot, of, "Заказ 1234567, вот фото", files=2)
    case = the_case(bot)
    assert (case.facts["order_no"], case.facts["photos"]) == ("1234567", "есть")
    assert "Фото клиента" in comments(bot)[-1]
    say(bot, of, "Артикул заказа: A-1\nАртикул полученного: A-1\nЧья ошибка: наша\nЧто не так: товар\nГород: Алматы")
    assert "(J-22)" in notes(bot, of)[-1]
    say(bot, of, "Артикул полученного: A-2\nПлощадка: Kaspi")
    assert the_case(bot).branch == "almaty"
    assert life.dead(bot) == []


@pytest.mark.rule("J-04", "J-07", "J-08", "J-09", "J-11")
def test_a_case_from_an_issue_made_by_hand(bot: Bot) -> None:
    life.prepare(bot)
    told = "Город: Астана\nПлощадка: Каспи\nЧья ошибка: наша\nЧто не так: размер\nАртикул полученного: A-2"
    key = hand_made(bot, "1234567 / A-1 – не тот размер", told)
    case = the_case(bot)
    assert (case.source, case.issue_key, case.kind, case.branch) == ("main", key, "wrong_item", "kaspi_other_city")
    assert (case.facts["order_no"], case.facts["sku_ordered"]) == ("1234567", "A-1")
    said = comments(bot)
    assert any("Шаги:" in text for text in said)
    assert any("Слова для клиента (черновик" in text for text in said)
    assert life.issue(bot)["fields"]["status"]["name"] == "К выполнению"
    after(bot, "5h")
    assert any("стоит без движения" in text and "исполнителя у неё нет" in text for text in comments(bot))
    comment(bot, "Сборщик: Сборщик 7")
    assert life.issue(bot)["fields"]["status"]["name"] == "В работе"
    assert "Стадия: в работе" in comments(bot)[-1]
    assert the_case(bot).facts["picker"] == "Сборщик 7"
    before = len(comments(bot))
    after(bot, "72h")
    assert any("в статусе «В работе»" in text for text in comments(bot)[before:])
    assert life.dead(bot) == []


@pytest.mark.rule("J-04")
def test_a_summary_without_an_order_and_an_issue_of_no_kind(bot: Bot) -> None:
    life.prepare(bot)
    hand_made(bot, "Клиент недоволен")
    assert life.rows(bot) == []
    (issue,) = bot.sandbox.issues()
    (told,) = [plain_text(one["body"]) for one in issue["fields"]["comment"]["comments"]]
    assert "«wrong-item» – Не тот товар" in told
    key = hand_made(bot, "Пришёл не тот товар", "", "wrong-item")
    assert the_case(bot).issue_key == key
    assert sum("нет номера заказа" in text for text in comments(bot)) == 1
    hand_made(bot, "1234567 – не тот товар")
    assert len(life.rows(bot)) == 2


@pytest.mark.rule("J-14", "J-41", "J-42")
def test_the_clients_words_only_suggest_a_case_and_a_colleague_opens_it(bot: Bot) -> None:
    life.prepare(bot)
    of = life.ticket()
    of["messages"][0]["text"] = "Я до сих пор не получила свой заказ!"
    life.tell(bot, of, type="ticket.created")
    (asked,) = notes(bot, of)
    assert "случай «Задержка курьера» (правило J-41)" in asked
    life.tell(bot, of, message_id="m1")
    assert notes(bot, of) == [asked]
    assert life.rows(bot) == []
    say(bot, of, "Случай: Задержка курьера")
    case = the_case(bot)
    assert case.kind == "courier_delay"
    assert "номер заказа и город" in notes(bot, of, draft=True)[0]
    assert "calm" in case.waits


def test_an_ordinary_ticket_is_left_alone(bot: Bot) -> None:
    life.prepare(bot)
    of = life.ticket()
    body = life.tell(bot, of, type="ticket.created")
    assert bot.steps(body["id"]) == []


@pytest.mark.rule("J-38")
def test_an_observed_case_is_only_spoken_of(bot: Bot) -> None:
    life.prepare(bot, RULES_DEFAULT_MODE="observe")
    of = start(bot, ALL)
    assert (life.rows(bot), bot.sandbox.issues(), notes(bot, of), chat(bot, "ecom")) == ([], [], [], [])
    (body,) = [one for one in _deliveries(bot) if one.startswith("case-evt")]
    steps = bot.steps(body)
    assert {outcome for *_, outcome in steps} == {"observed"}
    assert {("J-38", "open_case", "observed"), ("J-19", "create_issue", "observed")} <= set(steps)


def _deliveries(bot: Bot) -> list[str]:
    with bot.engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT delivery_id FROM deliveries").scalars())


def test_nobody_has_named_a_project(bot: Bot, tmp_path: Path) -> None:
    life.prepare(bot)
    bot.set_mode("J-01", "act")
    file = Path(bot.env["CONFIG_DIR"]) / "cases.yml"
    file.write_text(file.read_text().replace("project: CASES", "project: null"))
    bot.set_config()
    start(bot, ALL)
    assert life.rows(bot) == []


@pytest.mark.rule("J-21", "J-12")
def test_a_group_without_an_address_is_the_agents_to_tell(bot: Bot) -> None:
    life.prepare(bot, CASES_ECOM_CHAT="")
    of = start(bot, ALL | {"picker": "Сборщик 7"})
    assert any("бот ничего не отправил" in text and "Заказ собирал: Сборщик 7" in text for text in notes(bot, of))
    after(bot, "4h")
    assert any("Ждём" in text and "группу еком" in text for text in notes(bot, of))
    say(bot, of, "Сделано: Отправить ссылку в группу еком")
    assert "check" in the_case(bot).steps


@pytest.mark.rule("J-10")
def test_a_deleted_issue_ends_its_case(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, ALL)
    admin = "712020:ad300000-3b90-4f6e-a7d1-9c4e2f8ae004"
    bot.sandbox.call_as(admin, "DELETE", f"/rest/api/3/issue/{the_case(bot).issue_key}")
    life.finish(bot)
    assert (the_case(bot).state, life.pending(bot)) == ("done", [])
    assert "удалили" in notes(bot, of)[-1]
    assert life.dead(bot) == []


@pytest.mark.rule("J-01", "J-38", "J-16")
def test_a_case_from_usedesk(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with usedesk_bot(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as bot:
        life.prepare(bot)
        bot.sandbox.put_usedesk(700_077, subject="Не тот размер", assignee_id=12, status=1)
        said = "Случай: Не тот размер\nГород: Астана\nПлощадка: Kaspi\nЧья ошибка: наша"
        bot.sandbox.usedesk_act("agent", ticket_id=700_077, message=said, user_id=12, private=True)
        life.finish(bot)
        case = the_case(bot)
        assert (case.source, case.branch, case.owner_id) == ("usedesk", "kaspi_other_city", "12")
        assert any("Шаги:" in text for text in usedesk_notes(bot, 700_077))
        assert any("WhatsApp" in text for text in usedesk_notes(bot, 700_077))  # a draft is a private comment there
        assert life.dead(bot) == []


def test_every_text_of_a_step_is_there() -> None:
    table = yaml.safe_load((ROOT / "config" / "cases.yml").read_text(encoding="utf-8"))
    cases = Cases.model_validate({**table, "chats": dict.fromkeys(table["chats"])})
    kinds = cases.kinds.values()
    tables = [kind.steps for kind in kinds] + [row.steps for kind in kinds for row in kind.branches.values()]
    texts = {step.text for steps in tables for step in steps.values() if step.text}
    assert {text for text in texts if not Templates(ROOT).has_note(text)} == set()
