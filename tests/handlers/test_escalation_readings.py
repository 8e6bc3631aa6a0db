"""How a chat is read before T-9 is asked: words beside other words, packages, and names as CRMs spell them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from benchmarks import escalation
from config import load
from events import TicketEvent
from handlers.escalation import Verdict, check_escalation

CONFIG = load(escalation.FOLDER, escalation.ENV)
TABLE = CONFIG.escalation
PACKAGES = TABLE.packages
PHRASES = [
    (name, group, phrase) for name, topic in TABLE.topics.items() for group in topic.phrases for phrase in group.phrases
]
WORDS: dict[str | None, tuple[str | None, ...]] = {None: (None, "courier", "Самовывоз")}
WORDS |= {kind: getattr(PACKAGES, kind) for kind in ("express", "ds_mini", "flex", "rfbs")}
WAREHOUSES = (None, "Хоругвино", f"X_{PACKAGES.mini_warehouse}7", f"{PACKAGES.mini_warehouse}77",
              PACKAGES.mini_warehouse.lower())  # fmt: skip
MINUTES = (None, PACKAGES.mini_minutes, PACKAGES.mini_minutes + 1, PACKAGES.flex_minutes, PACKAGES.flex_minutes + 1)


BETWEEN = "Вот что я хочу у вас узнать."  # words enough for no phrase to reach across


def text_of(phrase: str) -> str:
    """A message of nothing but a phrase."""
    return " ".join(phrase.replace("*", "").replace("…", " ").split())


def lines(verdict: Verdict) -> set[str]:
    """All lines that a verdict suggests."""
    return {line for line in (verdict.line, *(one.line for one in verdict.alternatives)) if line}


def judged(ticket: dict[str, Any], agent: dict[str, Any] | None = None) -> Verdict:
    """The verdict on a chat whose body says so, which is the same however often the body is read."""
    body = {"id": "e1", "type": "ticket.message", "occurred_at": "2026-11-20T16:04:11+03:00"}
    said = {"id": "m1", "author": {"role": "client"}, "visibility": "public", "text": "Здравствуйте"}
    base = {"id": "1", "audience": "customer", "channel": "chat", "messages": [said]} | ticket
    whole = body | {"ticket": base, "agent": agent or {"skills": [], "permissions": []}}
    verdict = check_escalation(TicketEvent.model_validate(whole), CONFIG)
    turned = {"ticket": dict(reversed(base.items())), **dict(reversed(whole.items()))}
    assert check_escalation(TicketEvent.model_validate(turned), CONFIG) == verdict
    return verdict


@pytest.mark.rule("E-33", "E-35", "E-36", "E-50", "E-51")
@pytest.mark.parametrize("mention", TABLE.nothing)
def test_how_an_order_was_paid_for_is_not_what_the_client_asks_about(mention: str) -> None:
    for topic, group, phrase in PHRASES:
        alone = check_escalation(escalation.chat(text_of(phrase)), CONFIG)
        verdict = check_escalation(escalation.chat(f"{text_of(mention)}. {BETWEEN} {text_of(phrase)}"), CONFIG)
        if topic != "bank":
            assert "bank" not in lines(verdict), (phrase, verdict)
            assert lines(verdict) == lines(alone), (phrase, verdict, alone)
        elif group.beside is None:
            assert verdict.line == alone.line == "bank", (phrase, verdict)


@pytest.mark.rule("E-28", "E-29", "E-31", "E-52", "E-55")
@pytest.mark.parametrize("kind", WORDS)
def test_a_package_comes_as_its_words_its_warehouse_and_its_interval_say(kind: str | None) -> None:
    for word, warehouse, minutes in itertools.product(WORDS[kind], WAREHOUSES, MINUTES):
        package = {"delivery": word, "warehouse": warehouse, "interval_minutes": minutes}
        soon = minutes is not None and minutes <= (PACKAGES.flex_minutes if kind == "rfbs" else PACKAGES.mini_minutes)
        if warehouse in WAREHOUSES[3:]:
            expected: str | None = "ds_mini"
        elif kind == "rfbs":
            expected = "flex" if soon else None
        else:
            expected = "ds_mini" if soon else kind
        assert judged({"packages": [package]}).line == expected, package
        beside = judged({"packages": [package, {"delivery": "courier"}]})
        assert (beside.line, lines(beside)) == (None, {expected} - {None}), package


@pytest.mark.rule("E-06", "E-24", "E-27", "E-32")
def test_names_are_understood_as_crms_spell_them() -> None:
    for badges, due in (([], 0), (["VIP"], 0), (["VIP", "монетизация"], 1), ([" МОНЕТИЗАЦИЯ "], 1)):
        verdict = judged({"topics": ["Ozon Moments"], "client": {"badges": badges}})
        assert lines(verdict) == ({"monetisation"} if due else set()), badges
    for company, skills, due in itertools.product((None, False, True), ([], ["SQL"], ["b2b"], ["В2В", "SQL"]), (0, 1)):
        told = {"client": {"is_legal_entity": company}, "topics": ["Статусы заказа"] if due else ["Регистрация"]}
        goes = bool(company and due and skills in ([], ["SQL"]))
        assert lines(judged(told, {"skills": skills})) == ({"b2b"} if goes else set()), (told, skills)
    for org, rights in itertools.product((None, "КЦ", "АКЦ", "акц"), ([], ["Отчёты"], ["начисления"])):
        verdict = judged({"topics": ["начисления"]}, {"org": org, "permissions": rights})
        goes = org in ("АКЦ", "акц") and rights != ["начисления"]
        assert lines(verdict) == ({"accruals"} if goes else set()), (org, rights)
