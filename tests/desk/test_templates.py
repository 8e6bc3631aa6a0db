"""Templates: what values may and may not do, what is said about a wrong template, what is said to the agent."""

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from structlog.testing import capture_logs

from config import Topic
from desk.adf_text import plain_text
from desk.templates import IssueContext, Templates
from desk.templates.format import TemplateError
from events import Closing, Seller, Ticket

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT.parent / "shared" / "openapi" / "adf.json"
DRIVER = Topic("fbo", "driver_arrival", "Отгрузка со склада OZON (FBO)", "Прибытие водителя на склад", "W-40")
ANY_TEXT = st.text(st.characters())

MARKUP = [
    "{{ 7*7 }}",
    "{% raw %}{{ ticket.id }}{% endraw %}",
    "{# тихо #}",
    "{{ ''.__class__.__mro__ }}",
    "*жирно* _курсив_ -зачёркнуто- {color:red}к{color} h1. !картинка.png!",
    "[~accountid:712020:abc]",
    "[ссылка|https://evil.example.test]",
    "<script>alert(1)</script> &amp; <b>",
    "@all @Кто-то :smile: (on)",
    "|| таблица | ячейка ||",
    "https://crm.example.test/browse/FBO-1",
    "😀👨‍👩‍👧 ﷽",
    "справа налево שלום",
    '{"type": "mention", "attrs": {"id": "x"}}',
    "- heading: взлом\n- text: x",
]


@cache
def shipped() -> Templates:
    return Templates(ROOT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped templates, to be spoilt."""
    for name in ("jira_templates", "crm_templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def said(text: str, **ticket: Any) -> IssueContext:
    return IssueContext(Ticket(id="23814352", **ticket), DRIVER, closing=Closing(description=text))


def kinds(node: dict[str, Any]) -> set[str]:
    marks = {mark["type"] for mark in node.get("marks", ())}
    return {node["type"], *marks, *(kind for child in node.get("content", ()) for kind in kinds(child))}


def test_priority_is_set_when_a_template_says_so(folder: Path) -> None:
    change(folder, "jira_templates/fbo.yml", lambda text: "priority: \"{{ 'High' if seller.top }}\"\n" + text)
    assert Templates(folder).issue("fbo", said("а", seller=Seller(top=False))).priority is None
    assert Templates(folder).issue("fbo", said("а", seller=Seller(top=True))).priority == "High"


def change(folder: Path, file: str, how: Callable[[str], str]) -> None:
    path = folder / file
    before = path.stat().st_mtime_ns
    path.write_text(how(path.read_text(encoding="utf-8")), encoding="utf-8")
    os.utime(path, ns=(before + 1_000_000_000, before + 1_000_000_000))


FAULTS = {
    "unknown variable": (
        "jira_templates/fbo.yml",
        'summary: "{{ tiket.id }}"\ndescription: [{text: а}]\n',
        "jira_templates/fbo.yml: summary: {{ tiket.id }}: unknown tiket; "
        "there are: agent, closing, seller, texts, ticket, topic",
    ),
    "unknown attribute": (
        "jira_templates/fbo.yml",
        'summary: а\ndescription: [{heading: а}, {facts: {Склад: "{{ ticket.warehous }}"}}]\n',
        "jira_templates/fbo.yml: description[1].facts.Склад: {{ ticket.warehous }}: "
        "'events.tickets.Ticket object' has no attribute 'warehous'",
    ),
    "unknown attribute behind a condition": (
        "jira_templates/fbo.yml",
        'summary: а\ndescription: [{when: topic.rule == "W-39", text: "{{ agent.nmae }}"}]\n',
        "jira_templates/fbo.yml: description[0].text: {{ agent.nmae }}: "
        "'events.tickets.Agent object' has no attribute 'nmae'",
    ),
    "unknown text": (
        "jira_templates/fbo.yml",
        'summary: "{{ texts.sumary }}"\ndescription: [{text: а}]\n',
        "jira_templates/fbo.yml: summary: {{ texts.sumary }}: 'dict object' has no attribute 'sumary'",
    ),
    "bad condition": (
        "jira_templates/fbo.yml",
        "summary: а\ndescription: [{when: topic.rule ==, text: а}]\n",
        "jira_templates/fbo.yml: description[0].when: topic.rule ==: unexpected 'end of statement block'",
    ),
    "syntax error": (
        "jira_templates/fbo.yml",
        'summary: "{{ ticket.id }"\ndescription: [{text: а}]\n',
        "jira_templates/fbo.yml: summary: {{ ticket.id }: unexpected '}'",
    ),
    "unknown key": (
        "jira_templates/fbo.yml",
        "summary: а\nsumary: а\ndescription: [{text: а}]\n",
        "jira_templates/fbo.yml: sumary: Extra inputs are not permitted",
    ),
    "unknown field": (
        "jira_templates/fbo.yml",
        "summary: а\nfields: {shelf: а}\ndescription: [{text: а}]\n",
        "jira_templates/fbo.yml: fields.shelf.[key]: Input should be 'ticket', 'type', 'subtype' or 'warehouse'",
    ),
    "two things in a block": (
        "jira_templates/fbo.yml",
        "summary: а\ndescription: [{text: а, quote: б}]\n",
        "jira_templates/fbo.yml: description[0]: Value error, "
        "a block is exactly one thing, this one is ['quote', 'text']: split it",
    ),
    "unknown piece": (
        "jira_templates/fbo.yml",
        "summary: а\ndescription: [{include: seler}]\n",
        "jira_templates/fbo.yml: description[0].include: no shared piece seler; "
        "there are: conversation, done, footer, happened, numbers, seller",
    ),
    "not a mapping": (
        "jira_templates/fbo.yml",
        "- summary",
        "jira_templates/fbo.yml: (whole file): Input should be a valid dictionary or instance of IssueFile",
    ),
    "reach for Python": (
        "jira_templates/fbo.yml",
        "summary: \"{{ ''.__class__ }}\"\ndescription: [{text: а}]\n",
        "jira_templates/fbo.yml: summary: {{ ''.__class__ }}: "
        "access to attribute '__class__' of 'str' object is unsafe.",
    ),
    "undeclared value of a comment": (
        "jira_templates/comments.yml",
        'linked_ticket: {values: {url: "/"}, body: [{text: "{{ ticket_id }}"}]}\n',
        "jira_templates/comments.yml: linked_ticket.body[0].text: {{ ticket_id }}: unknown ticket_id; there are: url",
    ),
    "an example of another value": (
        "crm_templates/notes.yml",
        "empty_description: {values: {key: FBO-1}, also: [{kay: FBO-2}], text: а}\n",
        "crm_templates/notes.yml: empty_description: Value error, "
        "also: values does not have kay: add it there, or take it away here",
    ),
    "undeclared value of a note": (
        "crm_templates/notes.yml",
        'empty_description: {text: "{{ key }}"}\n',
        "crm_templates/notes.yml: empty_description.text: {{ key }}: unknown key; there are: none",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_check_says_what_is_wrong_and_where(folder: Path, name: str) -> None:
    file, content, message = FAULTS[name]
    change(folder, file, lambda _: content)
    assert Templates(folder).check() == [message]


def test_check_finds_every_fault_at_once(folder: Path) -> None:
    change(folder, "jira_templates/fbo.yml", lambda _: 'summary: "{{ a }}"\ndescription: [{text: "{{ seller.b }}"}]\n')
    change(folder, "jira_templates/ads.yml", lambda _: "summary: [\n")
    change(folder, "crm_templates/notes.yml", lambda text: text.replace("создал задачу {{ key }}", "{{ kay }}"))
    change(folder, "crm_templates/interim.yml", lambda text: text.replace("{{ department }}", "{{ departments }}", 1))
    problems = Templates(folder).check()
    assert [problem.split(": ")[:2] for problem in problems] == [
        ["jira_templates/ads.yml", "not YAML"],
        ["jira_templates/fbo.yml", "summary"],
        ["jira_templates/fbo.yml", "description[0].text"],
        ["crm_templates/notes.yml", "created_instead.text"],
        ["crm_templates/interim.yml", "M-2.text"],
    ]


def test_check_misses_no_file(folder: Path) -> None:
    (folder / "crm_templates" / "notes.yml").unlink()
    assert [problem.split(": ")[:2] for problem in Templates(folder).check()] == [
        ["crm_templates/notes.yml", "cannot be read"]
    ]


def test_the_shipped_templates_are_without_fault() -> None:
    assert shipped().check() == []


@pytest.mark.parametrize("name", ["nothing", "../fbo", "_shared", "", "/etc/passwd"])
def test_only_templates_are_rendered(name: str) -> None:
    with pytest.raises(TemplateError):
        shipped().issue(name, said("а"))


def test_a_changed_file_is_taken_up_and_a_wrong_one_is_not(folder: Path) -> None:
    templates = Templates(folder)
    assert templates.issue("fbo", said("а")).summary.startswith("Тикет 23814352")
    change(folder, "jira_templates/fbo.yml", lambda _: "summary: новое\ndescription: [{text: а}]\n")
    assert templates.issue("fbo", said("а")).summary == "новое"
    with capture_logs() as logs:
        change(folder, "jira_templates/fbo.yml", lambda _: 'summary: "{{"\ndescription: []\n')
        assert [templates.issue("fbo", said("а")).summary for _ in range(2)] == ["новое"] * 2
    assert [entry["event"] for entry in logs] == ["template_refused"]


def test_a_change_of_the_shared_pieces_is_taken_up(folder: Path) -> None:
    templates = Templates(folder)
    templates.issue("fbo", said("а"))
    change(folder, "jira_templates/_shared.yml", lambda text: text.replace("heading: Что случилось", "heading: Суть"))
    assert plain_text(templates.issue("fbo", said("а")).description).startswith("Суть\n")


VALUES: dict[str, dict[str, object]] = {
    "not_in_t1": {"type": "Финансы", "subtype": None},
    "unknown_subtype": {"type": "Реклама", "subtype": "Вторая помощь", "nearest": ["Услуга «Первая помощь»"]},
    "empty_description": {},
    "created_instead": {"key": "FBO-7", "type": DRIVER.type_name, "subtype": DRIVER.subtype_name},
    "procedure_dead": {"delivery": "webcrm/evt-1"},
    "key_mismatch": {"ticket_key": "FBO-1", "issue_key": "FBO-7"},
    "rule_warning": {"rule": "W-57", "quote": "открыть задачу Jira", "action": "поставил бы компонент «FF:Склад»"},
}


@pytest.mark.parametrize("name", VALUES)
def test_each_note_says_what_to_do_and_repeats_its_values(name: str) -> None:
    note = shipped().note(name, **VALUES[name])
    assert "Что сделать: " in note
    assert "None" not in note
    assert note == note.strip()
    for value in VALUES[name].values():
        words = value if isinstance(value, list) else [value] if value else []
        assert all(" ".join(str(word).split()) in note for word in words)


@pytest.mark.parametrize("text", MARKUP)
def test_notes_and_comments_keep_values_literal(text: str) -> None:
    assert text in shipped().note("rule_warning", rule="W-57", quote=text, action=text)
    comment = shipped().comment("component_missing", component=text, project="FBO")
    assert text in plain_text(comment)
    assert kinds(comment) <= {"doc", "paragraph", "bulletList", "listItem", "text", "hardBreak"}


def test_comments() -> None:
    url = "https://crm.example.test/tickets/1"
    comments = {
        "person_wins": shipped().comment("person_wins", component="FF:Склад"),
        "component_missing": shipped().comment("component_missing", component="FF:Склад", project="FBO"),
        "linked_ticket": shipped().comment("linked_ticket", ticket_id="1", url=url),
    }
    assert plain_text(comments["person_wins"]) == (
        "Компоненты этой задачи изменил человек (бот ставил «FF:Склад»). Его решение важнее: бот их больше не меняет."
    )
    assert plain_text(comments["linked_ticket"]) == "Задача связана с тикетом 1"
    assert "link" in kinds(comments["linked_ticket"])
    assert "link" not in kinds(shipped().comment("linked_ticket", ticket_id="1", url=None))


def test_other_values_than_declared_are_refused() -> None:
    with pytest.raises(
        TemplateError, match=r"notes\.yml: key_mismatch: it declares issue_key, ticket_key and was given key"
    ):
        shipped().note("key_mismatch", key="FBO-1")
    with pytest.raises(TemplateError, match=r"comments\.yml: no hello; there are: component_missing"):
        shipped().comment("hello")
