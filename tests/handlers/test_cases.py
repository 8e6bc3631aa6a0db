"""Problem cases, from the signed event to «Готово», branch by branch (T-8), and then repeated without effect."""

from __future__ import annotations

from typing import Any

import pytest

from desk.adf_text import plain_text
from tests.bot import Bot
from tests.handlers import case_life as life
from tests.handlers.case_life import SKUS, WRONG, after, chat, comment, comments, notes, pending, say, start, the_case

DELAY = {"kind": "Задержка курьера", "order_no": "7654321", "handed_over": "16.11.2026"}
DONE = "41"


def done(bot: Bot, of: dict[str, Any], *, left: bool = False) -> None:
    """«Готово» ends the case and its reminders, and the agent hears of it (J-10); what came is then heard again."""
    life.move(bot, DONE)
    case = the_case(bot)
    assert (case.state, case.status, pending(bot)) == ("done", "Готово", [])
    assert ("сделано не всё" in notes(bot, of)[-1]) is left
    before = life.deeds(bot), notes(bot, of), comments(bot)
    assert after(bot, "40d") == 0
    assert (life.deeds(bot), notes(bot, of), comments(bot)) == before
    assert life.dead(bot) == []


@pytest.mark.rule("J-14", "J-18", "J-19", "J-20", "J-21", "J-23", "J-24", "J-25", "J-12", "J-03", "J-13")
def test_almaty_our_fault_by_courier(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, WRONG | SKUS | {"city": "г. Алматы", "platform": "Kaspi"})
    fields = life.issue(bot)["fields"]
    assert fields["summary"] == "1234567 / A-100-M – не тот размер или товар"
    assert {"wrong-item", "еком", "ОПС_КЗ", "manual-exchange"} <= set(fields["labels"])
    assert fields["status"]["name"] == "К выполнению"
    case = the_case(bot)
    assert case.branch == "almaty"
    assert [text.partition("\n")[0] for text in chat(bot, "ops")] == [
        f"Не тот товар: {case.issue_key}, заказ 1234567, Алматы."
    ]
    (sorry,) = notes(bot, of, draft=True)
    assert "Приносим извинения" in sorry
    assert chat(bot, "ecom") == []  # who picked the order is desirable, so it is waited for a while
    say(bot, of, "Сборщик: Сборщик 7")
    (asked,) = chat(bot, "ecom")
    assert "Заказ собирал: Сборщик 7" in asked
    assert case.issue_key and case.issue_key in asked
    say(bot, of, "Клиент ехать отказался.\nВозврат: курьер")
    assert "курьера за счёт нашей компании" in notes(bot, of, draft=True)[-1]
    assert "курьером за счёт компании" in chat(bot, "ecom")[-1]
    say(bot, of, "Курьер забрал товар")
    say(bot, of, "Обмен сделан, остатки поправили")
    assert "swapped" in the_case(bot).steps
    done(bot, of)
    assert len(chat(bot, "ecom")) == 2


@pytest.mark.rule("J-24", "J-25")
def test_the_couriers_sub_task_is_ecoms_and_its_end_is_the_steps(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, WRONG | SKUS | {"city": "г. Алматы", "platform": "Kaspi", "picker": "Сборщик 7"})
    assert life.issue(bot)["fields"]["subtasks"] == []
    say(bot, of, "Возврат: курьер")
    case = the_case(bot)
    (shown,) = life.issue(bot)["fields"]["subtasks"]
    task = bot.sandbox.issue(shown["key"])["fields"]
    assert (task["parent"]["key"], task["issuetype"]["name"]) == (case.issue_key, "Подзадача")
    assert task["summary"] == "1234567 – курьер: забрать и отправить товар"
    assert "курьером за счёт компании" in plain_text(task["description"])
    assert ("еком" in task["labels"], "wrong-item" in task["labels"]) == (True, False)
    assert "fetch" in pending(bot)
    comment(bot, "Решение: обмен", shown["key"])
    assert (the_case(bot).facts["solution"], the_case(bot).status) == ("обмен", case.status)
    path = f"/rest/api/3/issue/{shown['key']}/transitions"
    bot.sandbox.call_as(life.PERSON, "POST", path, {"transition": {"id": DONE}})
    life.finish(bot)
    case = the_case(bot)
    assert ("fetch" in case.steps, "fetch" in pending(bot), case.state) == (True, False, "open")
    say(bot, of, "Обмен сделан")
    assert len(bot.sandbox.issues()) == 2
    assert (len(life.rows(bot)), life.dead(bot)) == (1, [])


@pytest.mark.rule("J-25")
def test_a_jira_that_takes_no_sub_task_holds_up_no_case(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, WRONG | SKUS | {"city": "г. Алматы", "platform": "Kaspi", "picker": "Сборщик 7"})
    body = '{"errorMessages": [], "errors": {"parent": "No."}}'
    bot.sandbox.fault(system="jira", match="POST /rest/api/3/issue", status=400, body=body, times=9)
    say(bot, of, "Возврат: курьер")
    assert "курьером за счёт компании" in chat(bot, "ecom")[-1]
    assert "fetch" in pending(bot)
    say(bot, of, "Курьер забрал товар")
    assert ("fetch" in the_case(bot).steps, life.dead(bot)) == (True, [])


@pytest.mark.rule("J-20", "J-21", "J-26")
def test_almaty_our_fault_the_client_comes(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, WRONG | SKUS | {"city": "Алматы", "platform": "Ваншоп"})
    after(bot, "4h")
    assert "Ждём с 23 ноября, 11:00: " in notes(bot, of)[-1]  # by the company's clock
    assert any("Не хватает: Сборщик" in text for text in notes(bot, of))
    assert "уточняем (скриншот" in chat(bot, "ecom")[0]  # told without the name after the first reminder
    say(bot, of, "Возврат: приедет сам\nПриедет: 25.11.2026")
    assert {"prepare", "visit"} <= set(pending(bot))
    assert "курьер" not in "".join(notes(bot, of, draft=True))
    say(bot, of, "Товар подготовлен")
    assert "prepare" not in pending(bot)
    after(bot, "2d")
    assert any("Принять клиента" in text for text in notes(bot, of))
    say(bot, of, "Сделано: Принять клиента\nСборщик: Сборщик 7")
    comment(bot, "Обмен сделан")
    done(bot, of)


@pytest.mark.rule("J-27", "J-28", "J-29", "J-30", "J-31", "J-32")
def test_kaspi_in_another_city_with_its_timers(any_bot: Bot) -> None:
    bot = any_bot
    life.prepare(bot)
    of = start(bot, WRONG | SKUS | {"city": "Астана", "platform": "Каспи КЗ", "picker": "Сборщик 7"})
    assert "Приносим извинения" in notes(bot, of, draft=True)[0]
    assert len(chat(bot, "ecom")) == 1
    assert not any("возврат в Каспи" in text and "прожала" in text for text in comments(bot))  # not before it is true
    say(bot, of, "Прожала возврат в кабинете")
    assert comments(bot)[-1] == "прожала возврат в Каспи"
    assert "pickup" in pending(bot)
    after(bot, "71h")
    assert not any("Курьер Каспи забрал" in text and "Ждём" in text for text in notes(bot, of))
    after(bot, "1h")
    after(bot, "2d")
    assert sum("Ждём" in text and "Курьер Каспи забрал" in text for text in notes(bot, of)) == 2  # after 3 and 5 days
    say(bot, of, "Курьер забрал")
    after(bot, "10d")
    after(bot, "4d")
    assert sum("Ждём" in text and "Возврат приехал" in text for text in notes(bot, of)) == 2  # after 10 and 14 days
    say(bot, of, "Возврат приехал")
    say(bot, of, "Деньги возвращены")
    done(bot, of)


@pytest.mark.rule("J-10", "J-32")
def test_done_while_a_return_runs_is_warned_of(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, WRONG | SKUS | {"city": "Астана", "platform": "Каспи КЗ"})
    say(bot, of, "Прожала возврат")
    done(bot, of, left=True)
    assert "Вернуть клиенту средства" in notes(bot, of)[-1]
    assert "сделано не всё" in comments(bot)[-1]
    life.move(bot, "51")
    assert the_case(bot).state == "open"
    assert "pickup" in pending(bot)


@pytest.mark.rule("J-33", "J-34", "J-35", "J-36", "J-37")
def test_our_site_in_another_city(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, WRONG | SKUS | {"city": "Шымкент", "platform": "наш сайт", "picker": "Сборщик 7"})
    assert the_case(bot).branch == "site_other_city"
    assert "Заказ собирал: Сборщик 7" in chat(bot, "ecom")[0]
    assert "возврат за счёт компании" in chat(bot, "returns")[0]
    assert "Приносим извинения" in notes(bot, of, draft=True)[0]
    say(bot, of, "Возврат сделан")
    done(bot, of)


@pytest.mark.rule("J-23", "J-39", "J-40")
def test_the_clients_fault(bot: Bot) -> None:
    life.prepare(bot)
    theirs = WRONG | SKUS | {"fault": "клиента", "platform": "Kaspi"}
    of = start(bot, theirs | {"city": "Алматы"})
    assert "приезжайте" in notes(bot, of, draft=True)[0]
    assert "задачу можно закрывать" in notes(bot, of)[-1]
    assert chat(bot, "ecom") == []
    say(bot, of, "Возврат: курьер\nРешение: обмен")
    found = notes(bot, of)[-2:]
    assert ["(J-40)" in found[1], "(J-23)" in found[0]] == [True, True]
    say(bot, of, "Возврат: приедет сам\nРешение: возврат")
    assert notes(bot, of)[-2:] == found  # told once, and nothing new
    done(bot, of)


@pytest.mark.rule("J-39")
def test_the_clients_fault_in_another_city(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, WRONG | SKUS | {"fault": "клиента", "platform": "Kaspi", "city": "Астана"})
    assert "оформить возврат" in notes(bot, of, draft=True)[0]
    done(bot, of)


@pytest.mark.rule("J-41", "J-43", "J-44", "J-45", "J-46", "J-47")
def test_a_delay_of_kaspi_without_access_to_its_jira(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, DELAY | {"city": "Алматы", "platform": "Kaspi"})
    assert any("Задержка 4 дн." in text for text in comments(bot))
    claim = next(text for text in notes(bot, of) if "(J-44)" in text)
    assert "Заказ 7654321, Алматы: передан курьеру 16.11.2026, задержка 4 дн." in claim
    assert notes(bot, of, draft=True) == []  # nobody waits for Kaspi yet
    after(bot, "4h")
    assert "Не хватает: Претензия" in "".join(notes(bot, of))
    say(bot, of, "Претензия: KSP-17")
    assert "ждём ответа от менеджеров Каспи" in notes(bot, of, draft=True)[-1]
    after(bot, "1d")
    assert "Не хватает: Ответ" in "".join(notes(bot, of))
    say(bot, of, "Ответ Каспи: доставим завтра до обеда")
    assert "доставим завтра до обеда" in notes(bot, of, draft=True)[-1]
    after(bot, "2h")
    assert sum("Ждём" in text and "Ответ у клиента" in text for text in notes(bot, of)) == 1
    say(bot, of, "Доставим завтра до обеда.", public=True)
    assert "sent" in the_case(bot).steps
    done(bot, of)


@pytest.mark.rule("J-43", "J-48", "J-49", "J-50", "J-51", "J-52")
def test_a_delay_of_our_site_with_a_promo_code(any_bot: Bot) -> None:
    bot = any_bot
    life.prepare(bot)
    of = start(bot, DELAY | {"city": "Алматы", "platform": "сайт"})
    after(bot, "4h")
    assert "Не хватает: Курьерская служба" in "".join(notes(bot, of))
    say(bot, of, "Курьерская служба: Служба 1")
    letter = notes(bot, of)[-1]
    assert "Заказ 7654321, Алматы, передан вам 16.11.2026" in letter
    after(bot, "2h")
    assert "Связаться с курьерской службой" in notes(bot, of)[-1]
    say(bot, of, "Сделано: contact")
    assert "answer" in pending(bot)
    say(bot, of, "Ответ: привезут сегодня")
    assert "Приносим извинения за задержку" in notes(bot, of, draft=True)[-1]
    say(bot, of, "Извините, привезут сегодня", public=True)
    assert chat(bot, "approver") == []
    say(bot, of, "Сильный негатив: да\nСумма промо-кода: 5000")
    assert "промо-код для клиента на сумму 5000" in chat(bot, "approver")[0]
    say(bot, of, "Промо-код: SORRY-1")
    assert "SORRY-1" in notes(bot, of, draft=True)[-1]
    done(bot, of)


@pytest.mark.rule("J-43")
def test_there_is_no_delay_until_the_promise_is_over(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, DELAY | {"city": "Алматы", "platform": "Kaspi", "handed_over": "21.11.2026"})
    assert "Задержки пока нет: обещали доставить до 2026-11-24" in notes(bot, of)[-1]
    assert (the_case(bot).branch, the_case(bot).reason) == ("", None)
    after(bot, "47h")  # the morning of 25 November
    assert the_case(bot).branch == "kaspi_almaty"
    assert any("Задержка 1 дн." in text for text in comments(bot))


@pytest.mark.rule("J-41", "J-47")
def test_a_delay_in_another_city_goes_to_a_person(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, DELAY | {"city": "Астана", "platform": "Kaspi", "handed_over": "01.11.2026"})
    case = the_case(bot)
    assert case.branch == "uncovered"
    assert case.reason == "Задержка курьера; Город: Астана; Площадка: Каспи КЗ"
    assert case.reason in notes(bot, of)[-1]
    assert case.reason in chat(bot, "lead")[0]
    say(bot, of, "Город: Алматы")
    assert the_case(bot).branch == "kaspi_almaty"
    assert len(chat(bot, "lead")) == 1
