"""Each rule of the closing's table: one closing that breaks it, one that does not, by `POST /api/closing-check`."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import create_app
from config.settings import Settings
from handlers.closing_checks import TABLE
from receivers.webcrm_events import parse
from tests.bot import Bot
from tests.closings import ASKED, NO, NTO, OURS, RULES, YES, closed, customer, said
from tests.tickets import T1, closing, ticket
from tests.web.site import Site
from tests.web.test_closing_check import CASES

TOKEN = {"Authorization": "Bearer sandbox-api-token"}
CHECKED = (
    "W-21", "W-22", "W-23", "W-27", "W-28", "W-29", "W-30", "W-31",
    "R-02", "R-04", "R-05", "R-06", "R-07", "R-08", "R-09", "R-14", "R-17", "R-18", "R-19",
    "R-20", "R-20a", "R-21", "R-22", "R-23", "R-24", "R-25", "R-26", "R-27", "R-28", "R-29", "R-30", "R-31", "R-32",
    "R-33", "R-34", "R-35", "R-36", "R-37", "R-38", "R-39", "R-40", "R-41", "R-42", "R-45", "R-46", "R-47", "R-48",
    "R-49", "R-50", "R-51",
)  # fmt: skip
# by what the bot has heard of another ticket: `test_duplicates_of_clients.py`, `test_typed_notices.py` of the handlers
OF_STORE = ("W-16", "R-43", "R-44")
Ask = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def asking(bot: Bot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Ask]:
    """Make a bot with changes to tables of `resolutions.yml`; it answers to closings."""

    def make(**changes: dict[str, Any]) -> Ask:
        folder = tmp_path / f"config{len(list(tmp_path.iterdir()))}"
        shutil.copytree(bot.process.settings.config_dir, folder)
        path = folder / "resolutions.yml"
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        table |= {name: table[name] | value for name, value in changes.items()}
        path.write_text(yaml.safe_dump(table, allow_unicode=True), encoding="utf-8")
        env = bot.env | {"CONFIG_DIR": str(folder)}
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        client = create_app(Settings.read(env)).test_client()

        def answer(event: dict[str, Any]) -> dict[str, Any]:
            got = client.post("/api/closing-check", json=event, headers=TOKEN)
            assert got.status_code == 200, got.text
            found: dict[str, Any] = got.get_json()
            return found

        return answer

    return make


@pytest.fixture
def ask(asking: Callable[..., Ask]) -> Ask:
    """The answer to a closing, by the tables as shipped."""
    return asking()


def broken(answer: dict[str, Any]) -> dict[str, str]:
    """Rule → severity."""
    return {one["rule"]: one["severity"] for one in answer["violations"]}


@pytest.mark.rule(*CHECKED, "R-53")
def test_each_rule_is_told_when_it_is_broken_and_only_then(ask: Ask) -> None:
    for rule, (breaks, severity, keeps) in RULES.items():
        answer = ask(breaks)
        assert broken(answer).get(rule) == severity, rule
        (told,) = [one for one in answer["violations"] if one["rule"] == rule]
        assert told["text"], rule
        assert told["suggest"], rule
        assert told["quote"], rule
        assert rule not in broken(ask(keeps)), rule


def test_every_check_of_the_table_is_tried() -> None:
    older = {rule for *_, rules in CASES for rule, _ in rules}
    assert {check.rule for check in TABLE} == {*RULES, *older, *OF_STORE, "R-01"}


def test_what_is_not_told_is_not_guessed(ask: Ask) -> None:
    event = {"id": "1", "type": "ticket.closing", "occurred_at": "2026-11-20T16:04:11+03:00", "ticket": {"id": "1"}}
    answer = ask(event)
    assert (answer["violations"], answer["advice"]) == ([], None)
    missing = {one["rule"]: one["missing"] for one in answer["unknown"]}
    assert missing["R-36"] == ["closing.resolution", "ticket.channel"]
    assert missing["R-51"] == ["closing.resolution", "ticket.topics"]
    legal = closed(customer(topics=["ЭДО"], client={"id": "c-6"}, jira_key="DESK-7"), YES)
    assert [one for one in ask(legal)["unknown"] if one["rule"] == "R-23"] == [
        {"rule": "R-23", "missing": ["ticket.client.is_legal_entity"]}
    ]


@pytest.mark.rule("W-03")
@pytest.mark.parametrize(
    ("channel", "kind", "broken_rule", "missing"),
    [
        ("ЧАТ", "обычный", "R-36", None),
        ("Чат – Вопрос по информации на сайте", None, "R-36", None),
        ("Отзыв - Отзыв App Store", None, "R-38", None),
        ("review", None, None, ["ticket.channel_kind"]),
        ("телеграф", None, None, ["ticket.channel"]),
        ("E-mail", "NPS", None, None),
        ("email", "Отзыв о доставке", None, None),
    ],
)
def test_ticket_kinds_by_any_spelling(
    ask: Ask, channel: str, kind: str | None, broken_rule: str | None, missing: list[str] | None
) -> None:
    answer = ask(closed(customer(channel=channel, channel_kind=kind), "дубль", duplicate_of="7"))
    excluded = [rule for rule in broken(answer) if rule in ("R-36", "R-37", "R-38", "R-39", "R-40", "R-41", "R-42")]
    assert excluded == ([broken_rule] if broken_rule else [])
    told = [one["missing"] for one in answer["unknown"] if one["rule"] == "R-37"]
    assert told == ([missing] if missing else [])


@pytest.mark.rule("R-12", "R-15", "R-16")
@pytest.mark.parametrize(
    ("question", "marks", "waits"),
    [
        ("У вас остались вопросы?", {}, False),
        ("Всё вернули. Могу ещё чем-то помочь?", {}, False),
        ("Какой у вас размер? Могу ещё чем-то помочь?", {}, True),
        ("Пришлите фото", {}, True),
        ("Пришлите фото", {"mandatory": False}, False),
        ("У вас остались вопросы?", {"mandatory": True}, True),
    ],
)
def test_which_question_must_be_answered(ask: Ask, question: str, marks: dict[str, Any], waits: bool) -> None:
    messages = [ASKED, said("agent", question, "question", **marks)]
    assert ("R-25" in broken(ask(closed(customer(messages=messages), YES)))) is waits
    partner = ticket(type="Финансы", subtype="Сверка", messages=messages)
    assert ("W-25" in broken(ask(closed(partner, YES)))) is waits


def test_the_agents_own_mark_counts_before_the_phrases(ask: Ask) -> None:
    event = closed(customer(), YES, question="Могу ещё чем-то помочь?", mandatory_question=True)
    assert "R-25" in broken(ask(event))


def test_what_only_looks_so_never_blocks(ask: Ask) -> None:
    looks = closed(customer(messages=[said("client", "А когда привезут?")]), NTO)
    assert broken(ask(looks))["R-08"] == "advise"
    answered = closed(customer(messages=[said("client", "А когда привезут?"), OURS]), NTO)
    assert "R-08" not in broken(ask(answered))


@pytest.mark.rule("R-10")
def test_thanks_for_somebody_are_answered(ask: Ask) -> None:
    event = closed(customer(messages=[said("client", "Кассир – молодец", "thanks")]), NTO)
    (told,) = [one for one in ask(event)["violations"] if one["rule"] == "R-33"]
    assert told["suggest"].startswith("Ответьте клиенту и закройте, выбрав верную категорию (R-10).")


@pytest.mark.rule("R-52")
def test_every_topic_is_looked_at_and_an_absent_list_is_no_empty_one(ask: Ask) -> None:
    some = [{"category": "FBO", "topic": "Прибытие"}, "Финансовые сервисы - Рассрочка - Условия"]
    partner = ticket(topics=some, messages=[said("partner", "Где акт"), OURS])
    assert broken(ask(closed(partner, YES))) == {"R-02": "forbid"}
    del partner["topics"]
    assert broken(ask(closed(partner, YES))) == {}


@pytest.mark.rule("R-01")
def test_a_topic_that_the_tree_does_not_have(asking: Callable[..., Ask]) -> None:
    names = ["Логистика - Доставка - Дроны", "Финансовые сервисы - Ozon Банк - Общие условия"]
    event = closed(customer(topics=names), YES)
    assert "R-01" not in broken(asking()(event))
    ask = asking(topics={"general": {"Логистика": {"Доставка": ["Где посылка"]}}})
    assert [one["text"] for one in ask(event)["violations"] if one["rule"] == "R-01"] == [
        "В дереве тем нет: Логистика – Доставка – Дроны."
    ]
    assert "R-01" not in broken(ask(closed(customer(), YES)))


@pytest.mark.rule("R-03", "W-02")
def test_an_activitys_own_instruction_is_before_the_general_one(asking: Callable[..., Ask]) -> None:
    event = closed(customer(activity="Обработка JIRA", type="Заказ"), YES)
    assert broken(asking()(event)) == {"R-05": "warn"}
    strict = asking(activities={"jira": {"name": "Обработка Jira", "checks": {"R-05": "forbid"}}})
    assert broken(strict(event)) == {"R-05": "forbid"}
    assert broken(strict(event | {"ticket": event["ticket"] | {"activity": None}})) == {"R-05": "warn"}
    lenient = asking(activities={"jira": {"name": "Обработка Jira", "checks": {"R-05": "off"}}})
    assert broken(lenient(event)) == {}


def test_numbers_are_found_and_offered(ask: Ask) -> None:
    text = "Заказ 12345678-0001 не пришёл, отправление 12345678-0001-2; поставка 2000012345"
    event = closed(customer(type="Заказ", messages=[said("client", text), OURS]), NO)
    answer = ask(event)
    assert answer["numbers"] == {
        "order_no": ["12345678-0001"],
        "shipment_no": ["12345678-0001-2"],
        "supply_no": ["2000012345"],
    }
    (told,) = [one for one in answer["violations"] if one["rule"] == "R-05"]
    assert told["text"] == "Не указан № заказа и № отправления."
    assert told["suggest"] == "Укажите; в тексте обращения есть: 12345678-0001, 12345678-0001-2."


def test_a_pair_of_the_third_line_is_a_next_step(ask: Ask) -> None:
    assert "R-46" not in broken(ask(closing(ticket(type=T1[0][1], subtype=T1[0][2]), create_jira=False)))


def test_the_card_says_before_the_button_what_may_be_chosen(site: Site) -> None:
    asked = said("client", "Верните деньги за заказ 12345678-0001", "complaint")
    understood = parse(closed(customer(id="900", channel="chat", type="Заказ", messages=[asked, OURS]), NO)).event
    assert understood is not None
    site.add(case_id="webcrm:900", event=understood.model_dump_json())
    page = html.unescape(site.get("/tickets/webcrm/900", "agent").text)
    panel = page.partition("Перед закрытием")[2].partition("</section>")[0]
    marks = dict(re.findall(r"<li><b>([^<]+)</b> <span class=.mark[^>]*>([^<]+)</span>", panel))
    assert marks["Дубликат"] == "нельзя"
    assert "R-36</span> В чате «Дубликат» не используется." in panel
    assert "Номер заказа в тексте: <b>12345678-0001</b>" in panel
    assert "По инструкции подходит <b>Решено</b>" in panel
    assert "Перед закрытием" not in site.get("/tickets/usedesk/900", "agent").text
