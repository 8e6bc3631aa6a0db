"""`POST /api/closing-check`: what a closing breaks, before the button."""

from __future__ import annotations

from typing import Any

import pytest

from app import create_app
from config.settings import Settings
from handlers.closing_checks import check_closing
from receivers.webcrm_events import parse
from tests.bot import Bot
from tests.closings import RULES
from tests.handlers.test_holds import QUESTION, SELLER_CARD, asked, hold, put
from tests.handlers.test_jira_task import notes
from tests.tickets import closing, ticket
from tests.web.site import Site

TOKEN = {"Authorization": "Bearer sandbox-api-token"}


@pytest.fixture
def check(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ask for a closing's violations."""
    for name, value in bot.env.items():
        monkeypatch.setenv(name, value)
    client = create_app(Settings.read(bot.env)).test_client()

    def ask(event: dict[str, Any], headers: dict[str, str] = TOKEN) -> Any:
        return client.post("/api/closing-check", json=event, headers=headers)

    return ask


def rules(answer: Any) -> list[tuple[str, str]]:
    """The rules broken, with their severity."""
    assert answer.status_code == 200, answer.text
    return [(one["rule"], one["severity"]) for one in answer.get_json()["violations"]]


T3 = {"type": "FBS", "subtype": "Возвраты", "seller": SELLER_CARD}
REMOVAL = {"type": "FBO", "subtype": "Вывоз остатков", "seller": SELLER_CARD}
OUTSIDE = {"type": "Финансы", "subtype": "Сверка"}
ESCALATED = {"resolution": "Не решено - Эскалировать", "create_jira": False}
CASES: list[tuple[str, dict[str, Any], dict[str, Any], list[tuple[str, str]]]] = [
    ("escalation", {}, {}, []),
    ("no tick", {}, {"create_jira": False}, [("W-33", "warn")]),
    ("tick and solved", {}, {"resolution": "Решено"}, [("W-21", "warn"), ("W-22", "forbid"), ("W-58", "forbid")]),
    ("not in T-1", OUTSIDE, {}, [("W-62", "warn")]),
    ("nothing said", {"messages": []}, {"description": " "}, [("W-63", "forbid")]),
    ("hold for Ozon", {}, {"hold": "ozon", "actions_done": "Спросил склад."}, []),
    ("hold for Ozon, nothing done", {}, {"hold": "ozon"}, [("W-70", "warn")]),
    ("hold for the seller", T3, {"hold": "seller", "question": QUESTION}, []),
    ("hold for the seller, no question", T3, {"hold": "seller"}, [("W-76", "forbid")]),
    ("a fifth category", {}, {"hold": "seller", "question": QUESTION}, [("W-79", "warn")]),
    ("a question in T-3", T3, {"question": QUESTION, "create_jira": False}, [("W-26", "forbid")]),
    ("a question in T-3, with the tick", REMOVAL, {"question": QUESTION}, [("W-26", "forbid")]),
    ("no question in T-3, with the tick", REMOVAL, {}, [("W-62", "warn")]),
    ("no question in T-3, without the tick", REMOVAL, {"create_jira": False}, [("R-46", "warn")]),
    ("T-3 escalated, with the tick", REMOVAL, {"question": QUESTION, "escalate": True}, [("W-62", "warn")]),
    ("T-3 escalated", REMOVAL, {**ESCALATED, "question": QUESTION}, [("W-29", "forbid"), ("W-31", "warn")]),
    ("escalated by the tick", {}, {"escalate": True, "create_jira": False}, [("W-27", "warn"), ("W-29", "forbid")]),
    ("escalated by the resolution", {}, ESCALATED, [("W-27", "warn"), ("W-29", "forbid")]),
    (
        "asked in the CRM first",
        {**T3, "messages": [asked(QUESTION)]},
        {"hold": "seller", "question": QUESTION},
        [("W-77", "forbid")],
    ),
    (
        "an open question, solved",
        {"type": "Финансы", "messages": [asked(QUESTION)]},
        {"resolution": "Решено", "create_jira": False},
        [("W-22", "forbid"), ("W-25", "warn")],
    ),
]


@pytest.mark.rule("W-25")
@pytest.mark.rule("W-26")
@pytest.mark.rule("W-77")
@pytest.mark.parametrize(("changes", "chosen", "broken"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_rules_that_a_closing_breaks(
    check: Any, changes: dict[str, Any], chosen: dict[str, Any], broken: list[tuple[str, str]]
) -> None:
    assert rules(check(closing(ticket(**changes), **chosen))) == broken


@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        (REMOVAL, {}),
        (REMOVAL, {"question": QUESTION}),
        (REMOVAL, {"question": QUESTION, "escalate": True}),
        ({**REMOVAL, "messages": [asked(QUESTION)]}, {}),
        (OUTSIDE, {}),
        ({}, {}),
    ],
)
def test_the_check_says_before_the_button_what_the_bot_would_refuse(
    check: Any, bot: Bot, changes: dict[str, Any], chosen: dict[str, Any]
) -> None:
    made = ticket(**changes)
    warned = ("W-62", "warn") in rules(check(closing(made, **chosen)))
    refused = any(note.startswith("Задача Jira не создана") for note in notes(bot, put(bot, made, **chosen)))
    assert warned == refused


@pytest.mark.parametrize("chosen", [ESCALATED, {"escalate": True, "create_jira": False}])
@pytest.mark.parametrize("changes", [OUTSIDE, REMOVAL])
def test_an_escalated_ticket_waits_for_nobody(bot: Bot, changes: dict[str, Any], chosen: dict[str, Any]) -> None:
    put(bot, ticket(**changes), question=QUESTION, **chosen)
    assert hold(bot) is None
    assert bot.sandbox.issues() == []


def test_a_violation_has_its_words_and_the_manuals_quote(check: Any) -> None:
    (found,) = check(closing(ticket(), create_jira=False)).get_json()["violations"]
    assert found == {
        "rule": "W-33",
        "severity": "warn",
        "text": "Этот вопрос решает третья линия, а галочки «Создать задачу Jira» нет.",
        "quote": "Если вопрос партнёра требует решения на стороне 3 линии поддержки",
        "suggest": "Поставьте галочку «Создать задачу Jira».",
    }


def test_nothing_is_stored_and_nobody_is_called(check: Any, bot: Bot) -> None:
    check(closing(ticket(), create_jira=False))
    bot.work()
    assert bot.sandbox.calls("jira") == []
    assert bot.sandbox.calls("webcrm") == []


def test_a_bad_body_and_a_bad_token_are_refused(check: Any) -> None:
    assert check(closing(ticket()), {}).status_code == 401
    answer = check({"id": "1", "type": "ticket.closing", "occurred_at": "2026-11-20T16:04:11+03:00"})
    assert (answer.status_code, answer.get_json()["error"]["path"]) == (400, "$.ticket")


def test_the_api_says_what_the_check_says(site: Site) -> None:
    config = site.process.effective_config.current()
    for event in [event for breaks, _, keeps in RULES.values() for event in (breaks, keeps)]:
        understood = parse(event).event
        assert understood is not None
        found, said = (
            check_closing(understood, config),
            site.client.post("/api/closing-check", json=event, headers=TOKEN),
        )
        told = said.get_json()
        assert rules(said) == [(one.rule, one.severity) for one in found.violations]
        assert [one["rule"] for one in told["unknown"]] == [one.rule for one in found.unknown]
        assert (told["advice"] or {}).get("why") == (found.advice.rule if found.advice else None)
