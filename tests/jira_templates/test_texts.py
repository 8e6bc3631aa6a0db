"""Every note and comment, as one file that a person can read through; and that they quote the manual."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from desk import adf
from desk.adf_text import plain_text
from desk.templates import Templates
from desk.templates.format import CommentFile, NoteFile, read
from events import HoldDetail

ROOT = Path(__file__).parents[2]
NOTES = read(ROOT, "crm_templates/notes.yml", NoteFile).root
COMMENTS = read(ROOT, "jira_templates/comments.yml", CommentFile).root
QUOTE = re.compile(r"«(.+?)» \(([A-Z]-\d+)")
Check = Callable[[dict[str, Any]], None]

EXAMPLES: dict[str, object] = {
    "action": "поставил бы в задаче компонент группы склада",
    "actions": "Спросили склад в чате.\nЖдём ответа до вечера.",
    "again": 1,
    "agent": "Сотрудник 17",
    "at": datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
    "category": "FBO: Вывоз остатков",
    "client": "draft",
    "component": "FF:Склад",
    "components": "FF:Склад",
    "delivery": "webcrm/evt-1",
    "department": "Сервисный департамент",
    "departments": ["Сервисный департамент", "Менеджер по продукту"],
    "due": datetime(2026, 11, 21, 12, 58, tzinfo=UTC),
    "since": datetime(2026, 11, 20, 12, 58, tzinfo=UTC),
    "how": "comment",
    "issue": "FBO-7",
    "first": "FBO-3",
    "issue_key": "FBO-7",
    "key": "FBO-7",
    "kind": "ozon",
    "known": ["Технический отдел", "Сервисный департамент"],
    "labels": ["hold-ozon", "hold-seller"],
    "late": False,
    "nearest": ["Услуга «Первая помощь»"],
    "project": "FBO",
    "question": "На какой адрес вывезти остатки?\nКто их примет?",
    "real": "FBO-7",
    "reminded": True,
    "quote": "Создаём задачу в Jira",
    "resolution": "Решена",
    "rule": "W-66",
    "scope": "jira:main POST /issue",
    "second": "FBO-8",
    "said": "Двадцать пятого, с утра.",
    "subtype": "Вторая помощь",
    "system": "Jira",
    "text": "Что случилось\nПартнёр просит вывезти остатки.",
    "ticket": "23814352",
    "ticket_id": "23814352",
    "ticket_key": "FBO-1",
    "type": "Реклама",
    "until": datetime(2026, 11, 23, 6, 0, tzinfo=UTC),
    "url": "https://crm.example.test/tickets/23814352",
    "warehouse": "Хоругвино",
    "where": "900002",
}
KINDS = ("ozon", "seller", "client", "department")
REASONS = [
    *(reason for kind in get_args(HoldDetail.model_fields["reason"].annotation) for reason in get_args(kind)),
    None,
]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GONE = ("issue_deleted", "issue_gone", "ticket_gone", "other_department")
PARTS = ["U-03", "U-04", "U-34", "U-35", "U-36"]
GONE_USER = "User '712020:a9e' cannot be assigned issues."
OFF_SCREEN = "Field 'customfield_10053' cannot be set. It is not on the appropriate screen, or unknown."
REFUSED = "403 You do not have permission to create issues"
WHO = (
    "seller",
    "client",
    "department",
    "awaited",
    "linked_issue",
    "linked_issue_deleted",
    "agent",
    "Сотрудник 17",
    None,
)


def variants(value: str, options: Iterable[object]) -> list[dict[str, object]]:
    return [{value: option} for option in options]


VARIANTS: dict[str, list[dict[str, object]]] = {
    "procedure_dead": [{"reason": REFUSED}, {"reason": None}],
    "alert_system_down": [{"reason": "503"}, {"reason": "401 Unauthorized"}],
    "alert_unknown_warehouse": [{}, {"warehouse": None}],
    "unknown_subtype": [{}, {"subtype": ""}, {"nearest": []}],
    "wrong_resolution": [{}, {"resolution": ""}],
    "alert_dead_letter": [{"reason": REFUSED}],
    "hold_begun": [*variants("kind", KINDS), {"kind": "client", "key": None, "due": None}],
    "hold_turned": [{}, {"key": None}],
    "hold_not_possible": [
        *(
            {"reason": reason, "said": ""}
            for reason in ("no_account", "no_request_type", "not_service_desk", "no_project", REFUSED, None)
        ),
        {"reason": "account_refused", "said": "User 'qm:1' does not exist."},
        {"reason": "type_refused", "said": "Request Type is not valid for this project"},
    ],
    "hold_not_assigned": [{"said": GONE_USER}],
    "issue_lacks": [
        {"lacks": lacks} for lacks in ({"assignee": GONE_USER, "warehouse": OFF_SCREEN}, {"priority": "No."})
    ],
    "alert_field_refused": [{"field": "customfield_10053", "said": OFF_SCREEN}],
    "hold_asked_in_crm": [{}, {"key": None}],
    "hold_other_category": [{"category": "Реклама: Первая помощь"}, {"category": None}],
    "hold_unassigned": [{}, {"agent": None}],
    "hold_checklist": [{"reason": reason, "category": None} for reason in REASONS] + [{"reason": None, "key": None}],
    "hold_done": [*variants("reason", REASONS), {"reason": None, "agent": None}],
    "hold_ended": [*variants("who", WHO), {"kind": "seller", "who": "seller", "key": None, "said": ""}],
    "maybe_answered": [*variants("kind", KINDS), {"text": " "}],
    "request_maybe_answered": [{}, {"text": ""}],
    "request_still_needed": [{}, {"departments": ["Технический отдел"]}],
    "hold_issue_gone": variants("gone", ("closed", "deleted", "moved", REFUSED, None)),
    "hold_replaced": [{"former": "ozon", "kind": "seller"}, {"former": "seller", "kind": "ozon"}],
    "waiting_begun": [{}, {"due": None}, {"kind": "client"}],
    "hold_due": variants("kind", ("ozon", "seller")),
    "waiting_due": variants("kind", ("seller", "client", None)),
    "hold_awaited": [
        {"key": "NOPE-77", "issue": "DESK-1", "how": how} for how in ("unseen", "unheard", "done", "not_linked")
    ],
    "alert_unseen": [{"system": "jira:main", "place": "FBO"}, {"system": "webcrm", "place": "WebCRM"}],
    "waiting_needs_not_solved": [{}, {"resolution": None}],
    "usedesk_not_taken": variants("other", (True, False)),
    "ticket_taken": [
        {"others": ["№ 7 «Не греет»", "№ 8"], "history": ["GSIS: https://gsis.example.test/?q=AB1"], "parts": PARTS},
        {"others": [], "history": [], "parts": PARTS[:2]},
        {"others": [], "history": [], "parts": PARTS[2:3]},
    ],
    "usedesk_other_type": [{"category": "Заявка", "type": kind, "wanted": "task"} for kind in ("question", "")],
    "usedesk_field_empty": [{"field": "Категория"}],
    "usedesk_other_category": [{"category": text, "wanted": "Заявка | Заявка на ремонт"} for text in ("Гарантия", "")],
    "usedesk_priority": [{"priority": "extreme", "usual": "medium"}],
    "usedesk_status": variants("advice", ("on_hold", "waiting_client", "done")),
    "usedesk_status_hold": [{"departments": ["Сервисный департамент"]}],
    "usedesk_done_early": [{"department": "Сервисный департамент", "reminder": at} for at in (NOON, "")],
    "client_answered": [{"received": ["MAC-адрес: 00:1A:2B:3C:4D:5E", "серийный номер: AB1234567"]}, {"received": []}],
    "client_silent": [{"since": NOON}],
    "usedesk_jira_made": [{"key": "DESK-1", "new": new} for new in (True, False)],
    "request_unknown_department": [{"department": "Луна"}, {"department": None}],
    "request_opened": [{}, {"where": None, "due": None}],
    "request_linked": [{}, {"url": None}],
    "request_ended": [
        *variants("how", ("comment", "event", "status", "person", *GONE)),
        {"how": "status", "text": None},
    ],
    "request_late": [
        *variants("client", ("draft", "sent", "23.11.2026 09:00", None)),
        {"reminded": False, "client": None, "late": True, "where": None},
    ],
    "request_snoozed": [{"reason": "Отдел просил подождать до среды."}, {"reason": None}],
    "said_hold_snoozed": [
        {"kind": "seller", "reason": "Продавец в отпуске до среды."},
        {"kind": "ozon", "reason": None},
    ],
    "chat_request": [{}, {"again": 2, "where": None, "url": None}],
    "chat_reminder": [{}, {"late": True, "where": None, "url": None}],
    "chat_late": [{}, {"late": True, "where": None, "url": None}],
    "person_wins": [{}, {"component": ""}],
}


def given_to(name: str, names: tuple[str, ...]) -> Iterator[dict[str, object]]:
    """The values of each variant of a text; those that a text does not declare are left out."""
    for variant in VARIANTS.get(name, [{}]):
        values = EXAMPLES | variant
        yield {value: values.get(value, f"<{value}>") for value in names}


def shown(texts: Iterator[str]) -> str:
    """The first text, then each line that only the others have."""
    first = next(texts)
    seen = first.split("\n")
    for text in texts:
        seen += [f"или: {line}" for line in text.split("\n") if not {line, f"или: {line}"} & {*seen}]
    return "\n".join(seen)


def test_every_text_can_be_read_through(shipped: Templates, compare: Callable[[str, str], None]) -> None:
    notes = {
        f"заметка {name}": shown(shipped.note(name, **values) for values in given_to(name, entry.values))
        for name, entry in NOTES.items()
    }
    comments = {
        f"комментарий {name}": shown(
            plain_text(shipped.comment(name, **values)) for values in given_to(name, entry.values)
        )
        for name, entry in COMMENTS.items()
    }
    text = "\n".join(f"=== {name}\n{said}\n" for name, said in (notes | comments).items())
    assert "None" not in text
    assert "Undefined" not in text
    compare("texts/all", text)


def test_every_value_has_an_example() -> None:
    declared = {name: entry.values for name, entry in NOTES.items()} | {
        name: entry.values for name, entry in COMMENTS.items()
    }
    named = {(name, value) for name, values in declared.items() for value in values}
    assert [
        (name, value)
        for name, value in sorted(named)
        if value not in EXAMPLES and not all(value in variant for variant in VARIANTS.get(name, [{}]))
    ] == []


@pytest.mark.parametrize("name", NOTES)
def test_notes_quote_the_manual_word_by_word(name: str, shipped: Templates) -> None:
    rules = yaml.safe_load((ROOT / "config" / "rules.yml").read_text(encoding="utf-8"))["rules"]
    for values in given_to(name, NOTES[name].values):
        for quote, rule in QUOTE.findall(shipped.note(name, **values)):
            assert quote in rules[rule]["quote"].replace("**", ""), rule


@pytest.mark.rule("W-33")
def test_a_subtype_outside_the_list_is_not_called_missing(shipped: Templates) -> None:
    note = shipped.note("unknown_subtype", type="Реклама", subtype="Сбор", nearest=["А", "Б"]).split("\n")
    assert note[:2] == [
        "Задача Jira не создана: Подтип «Сбор» Типа «Реклама» не входит в список обращений для третьей линии (W-33).",
        "Из Подтипов этого Типа в списке есть: «А», «Б».",
    ]
    blank = shipped.note("unknown_subtype", type="Реклама", subtype="", nearest=["А"])
    assert "не выбран Подтип" in blank
    assert "«»" not in blank
    assert "Из Подтипов" not in shipped.note("unknown_subtype", type="Реклама", subtype="В", nearest=[])


@pytest.mark.parametrize("name", ["not_in_t1", "unknown_subtype", "wrong_resolution"])
def test_who_wants_no_task_is_told_how_to_go_on(name: str, shipped: Templates) -> None:
    for values in given_to(name, NOTES[name].values):
        to_do = shipped.note(name, **values).split("\n")[-1]
        assert to_do.startswith("Что сделать: ")
        assert "снимите галочку" in to_do
        assert to_do.endswith("и закройте тикет ещё раз.")


@pytest.mark.rule("W-57")
def test_a_warehouse_that_nobody_named_is_no_fault_of_the_settings(shipped: Templates) -> None:
    given = {"components": "FF:Склад", "delivery": "webcrm/evt-1"}
    unknown = shipped.note("alert_unknown_warehouse", warehouse="Рязань", **given)
    assert "«Рязань»" in unknown
    assert "by_warehouse" in unknown
    absent = shipped.note("alert_unknown_warehouse", warehouse="", **given)
    assert absent.startswith("В тикете или задаче не указан склад: ")
    assert "by_warehouse" not in absent
    assert "config/jira.yml менять не нужно" in absent


@pytest.mark.parametrize("name", [name for name in NOTES if name.startswith(("hold_", "waiting_"))])
def test_notes_about_holds_name_the_rule_and_what_to_do(name: str, shipped: Templates) -> None:
    for values in given_to(name, NOTES[name].values):
        what, rule, to_do = shipped.note(name, **values).split("\n")
        assert what.endswith(".")
        assert QUOTE.search(rule)
        assert rule.startswith("Правило: «")
        assert rule.endswith(".")
        assert to_do.startswith("Что сделать: ")
        assert to_do.endswith(".")


def test_comments_are_valid_adf(shipped: Templates, valid_adf: Check) -> None:
    for name, entry in COMMENTS.items():
        for values in given_to(name, entry.values):
            valid_adf(shipped.comment(name, **values))


@pytest.mark.rule("W-76")
@pytest.mark.parametrize("text", ["На какой адрес?", "{{ 7*7 }}\n[~accountid:712020:abc] <b> @all", "- а\n- б"])
def test_the_seller_gets_the_question_and_nothing_else(text: str, shipped: Templates) -> None:
    question = shipped.comment("hold_question", question=text)
    assert plain_text(question) == text
    assert [block["type"] for block in question["content"]] == ["paragraph"]
    assert {node["type"] for node in question["content"][0]["content"]} <= {"text", "hardBreak"}


def test_labels_may_be_a_text_or_a_list(shipped: Templates) -> None:
    texts = [shipped.comment("hold_both_asked", labels=labels) for labels in ("а, б", ["а", "б"])]
    assert texts[0] == texts[1]
    assert "удержаниях: а, б." in plain_text(texts[0])


@pytest.mark.parametrize(("name", "value"), [("hold_done", "actions"), ("former_description", "text")])
def test_what_is_long_fits(name: str, value: str, shipped: Templates, valid_adf: Check) -> None:
    comment = shipped.comment(name, **dict.fromkeys(COMMENTS[name].values, "") | {value: "Слово за слово\n" * 9_000})
    valid_adf(comment)
    assert adf.LIMIT - 500 < adf.size(comment) <= adf.LIMIT
