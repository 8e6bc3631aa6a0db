"""Which line a customer's chat goes to: examples that no phrase was chosen by, and all that T-9 tells apart."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from benchmarks import escalation
from benchmarks.corpora import read, scores
from config import Config, load
from events import TicketEvent
from handlers.escalation import Verdict, check_escalation

FS = ("installment", "balance", "insurance")
CHOSEN = (("chat", None), ("chat", "Чат. Ozon Карта"), ("chat", "Чат. Монетизация"), ("email", None), (None, None))
TOPICS = (
    "Express", "DS mini", "Flex", "Ozon Банк", "Рассрочка", "Баланс Средств", "Ozon Страхование", "Ozon Объявления",
    "Премиум подписка", "Сертификаты", "Монетизация", "Начисления", "Оформление заказа", "Отмена заказа",
    "Возврат денежных средств", None,
)  # fmt: skip
PACKAGES: tuple[list[dict[str, Any]], ...] = ([], [{"delivery": "express"}], [{"delivery": "express"}, {}])
WHO = tuple(itertools.product((None, True), ([], ["Монетизация"]), ([], ["B2B"], None)))  # company, badges, skills
STAFF: tuple[tuple[str, list[str]], ...] = (("КЦ", []), ("АКЦ", []), ("АКЦ", ["Начисления"]))


@pytest.fixture(scope="module")
def config() -> Config:
    """The shipped configuration."""
    return load(escalation.FOLDER, escalation.ENV)


def test_chats_that_no_phrase_was_chosen_by_find_their_line(config: Config) -> None:
    found = escalation.escalated(config, "judging")
    assert found.true >= 80
    assert found.precision >= 0.95
    assert found.recall >= 0.9
    labels = {label for example in read("escalation_judging") for label in example.labels}
    each = scores(read("escalation_judging"), lambda text: escalation.line(config, text), labels)
    assert {name: one for name, one in each.items() if one.precision < 0.9 or one.recall < 0.8} == {}


def test_no_chat_stands_in_both_parts() -> None:
    judging = {example.text.casefold() for example in read("escalation_judging")}
    tuning = {example.text.casefold() for example in read("escalation_tuning")}
    assert len(judging) + len(tuning) >= 300
    assert judging & tuning == {"где мой заказ?"}  # the manual's own


@pytest.mark.rule("E-09", "E-24", "E-27", "E-30", "E-32", "E-49")
@pytest.mark.parametrize(("channel", "chosen"), CHOSEN)
def test_no_forbidden_pair_is_ever_suggested(config: Config, channel: str | None, chosen: str | None) -> None:
    pairs = [(one, other) for one in TOPICS for other in (None, TOPICS[3], TOPICS[5]) if one != other]
    for topics, packages, who, staff in itertools.product(pairs, PACKAGES, WHO, STAFF):
        event = _event({"channel": channel, "topics": [one for one in topics if one], "packages": packages}, who, staff)
        reason = {"escalate": chosen is not None, "escalation_reason": chosen, "comment": "Проверено, ждёт."}
        verdict = check_escalation(TicketEvent.model_validate(event | {"closing": reason}), config)
        known = {config.escalation.topic_of((topic,)) for topic in topics if topic}
        _assert_allowed(verdict, channel, known, who, staff)


def _event(ticket: dict[str, Any], who: Any, staff: Any) -> dict[str, Any]:
    company, badges, skills = who
    org, permissions = staff
    client = {"is_legal_entity": company, "badges": badges}
    agent = {"org": org, "permissions": permissions, "skills": skills}
    event = {"id": "e", "type": "ticket.message", "occurred_at": "2026-11-20T16:04:11+03:00", "agent": agent}
    return event | {"ticket": {"id": "1", "audience": "customer", "client": client} | ticket}


def _assert_allowed(verdict: Verdict, channel: str | None, known: set[str | None], who: Any, staff: Any) -> None:
    company, badges, skills = who
    case = (verdict, known, who, staff)
    if verdict.decision == "escalate":
        assert channel == "chat", case
        assert verdict.line != "bank" or "bank" in known, case
        assert verdict.line != "financial" or (known.intersection(FS) and not company), case
        assert verdict.line != "express" or "express" in known or not known.intersection({"premium", "ads"}), case
    suggested = [verdict.line] if verdict.decision == "escalate" else [one.line for one in verdict.alternatives]
    for line in suggested:
        assert line != "monetisation" or (badges and "monetisation" in known), case
        assert line != "accruals" or (staff == ("АКЦ", []) and "accrual" in known), case
        assert line != "b2b" or (company and skills != ["B2B"]), case
        assert line != "bank" or "bank" in known, case
        assert line != "financial" or known.intersection(FS), case
    if channel == "chat" and known.intersection({"express", "ds_mini", "flex"}) and verdict.decision != "refuse":
        assert verdict.line in ("express", "ds_mini", "flex"), case


def test_a_rule_that_is_off_sends_nobody_anywhere(config: Config) -> None:
    event = escalation.chat("Flex не приехал")
    assert check_escalation(event, config).line == "flex"
    assert check_escalation(event, config.switched({"E-31": "off"})).decision == "self"
