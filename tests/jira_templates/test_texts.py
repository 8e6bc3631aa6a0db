"""Every note and comment in each of its examples: it can be read, and what it quotes is the manual's."""

import re
from collections.abc import Callable
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
NOTES = {
    name: note
    for file in ("notes.yml", "cases.yml")
    for name, note in read(ROOT, f"crm_templates/{file}", NoteFile).root.items()
}
COMMENTS = read(ROOT, "jira_templates/comments.yml", CommentFile).root
QUOTE = re.compile(r"«(.+?)» \(([A-Z]-\d+)")
Check = Callable[[dict[str, Any]], None]


def test_every_text_can_be_read_through(shipped: Templates) -> None:
    texts = dict(shipped.examples())
    assert len(texts) == len(NOTES) + len(COMMENTS)
    for name, said in texts.items():
        assert all(said), name
        assert not re.search("None|Undefined", "".join(said)), name


def test_each_reason_of_a_hold_has_words(shipped: Templates) -> None:
    reasons = [kind for kinds in get_args(HoldDetail.model_fields["reason"].annotation) for kind in get_args(kinds)]
    said = {shipped.note("hold_checklist", key="FBO-7", reason=reason) for reason in (*reasons, None)}
    assert len(said) == len(reasons) + 1


@pytest.mark.parametrize("name", NOTES)
def test_notes_quote_the_manual_word_by_word(name: str, shipped: Templates) -> None:
    rules = yaml.safe_load((ROOT / "config" / "rules.yml").read_text(encoding="utf-8"))["rules"]
    for values in NOTES[name].examples():
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
    for values in NOTES[name].examples():
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
    for values in NOTES[name].examples():
        what, rule, to_do = shipped.note(name, **values).split("\n")
        assert what.endswith(".")
        assert QUOTE.search(rule)
        assert rule.startswith("Правило: «")
        assert rule.endswith(".")
        assert to_do.startswith("Что сделать: ")
        assert to_do.endswith(".")


def test_comments_are_valid_adf(shipped: Templates, valid_adf: Check) -> None:
    for name, entry in COMMENTS.items():
        for values in entry.examples():
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
    assert "удержания: а, б." in plain_text(texts[0])


@pytest.mark.parametrize(("name", "value"), [("hold_done", "actions"), ("former_description", "text")])
def test_what_is_long_fits(name: str, value: str, shipped: Templates, valid_adf: Check) -> None:
    comment = shipped.comment(name, **dict.fromkeys(COMMENTS[name].values, "") | {value: "Слово за слово\n" * 9_000})
    valid_adf(comment)
    assert adf.LIMIT - 500 < adf.size(comment) <= adf.LIMIT
