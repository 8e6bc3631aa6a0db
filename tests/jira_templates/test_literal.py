"""What people write becomes an issue that Jira takes, and stays what they wrote."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import ValidationError

from config import Topic
from desk import adf
from desk.adf_text import plain_text
from desk.templates import EmptyDescriptionError, IssueContext, Templates
from events import Agent, Author, Closing, Message, Seller, Ticket
from handlers.closings import OURS

DRIVER = Topic("fbo", "driver_arrival", "Отгрузка со склада OZON (FBO)", "Прибытие водителя на склад", "W-40")
ANY_TEXT = st.text(st.characters())
Check = Callable[[dict[str, Any]], None]

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


def said(text: str, **ticket: Any) -> IssueContext:
    return IssueContext(Ticket(id="23814352", **ticket), DRIVER, closing=Closing(description=text))


def everywhere(text: str) -> IssueContext:
    """The text in each field that a person or the CRM fills in."""
    names = ("url", "channel", "channel_kind", "subject", "order_no", "shipment_no", "supply_no", "warehouse", "city")
    message = Message(text=text, author=Author(role=text, id=text), visibility=text)
    seller = Seller(id=text, name=text, legal_entity=text, schemes=(text, text), size=text)
    ticket = Ticket(id="23814352", seller=seller, messages=(message,)).model_copy(update=dict.fromkeys(names, text))
    closing = Closing(description=text, actions_done=text, comment=text)
    return IssueContext(ticket, DRIVER, Agent(name=text, org=text), closing)


def kinds(node: dict[str, Any]) -> set[str]:
    marks = {mark["type"] for mark in node.get("marks", ())}
    return {node["type"], *marks, *(kind for child in node.get("content", ()) for kind in kinds(child))}


def test_the_schema_is_obeyed(valid_adf: Check) -> None:
    for wrong in ({"type": "text", "text": ""}, {"type": "paragraf"}, {"type": "hardBreak", "text": "а"}):
        with pytest.raises(ValidationError):
            valid_adf(adf.doc(adf.paragraph(wrong)))


@pytest.mark.rule("W-63")
@pytest.mark.rule("W-17")
@pytest.mark.parametrize("text", MARKUP)
def test_what_people_write_stays_literal(text: str, shipped: Templates, valid_adf: Check) -> None:
    plain = shipped.issue("fbo", everywhere("слово")).description
    issue = shipped.issue("fbo", everywhere(text))
    valid_adf(issue.description)
    assert plain_text(issue.description).count(text) >= 3
    assert kinds(issue.description) <= kinds(plain) | {"hardBreak", "link"}
    assert adf.one_line(text, 40).removesuffix("…") in issue.summary


@pytest.mark.rule("W-17")
def test_line_breaks_are_kept(shipped: Templates) -> None:
    issue = shipped.issue("fbo", said("первая строка\n\nтретья"))
    assert "первая строка\n\nтретья" in plain_text(issue.description)
    assert issue.summary.endswith("первая строка третья")


@given(text=ANY_TEXT)
@settings(max_examples=50, deadline=None)
def test_any_text_gives_an_issue_that_jira_takes(text: str, shipped: Templates, valid_adf: Check) -> None:
    try:
        issue = shipped.issue("fbo", everywhere(text))
    except EmptyDescriptionError:
        assert adf.is_blank(text)
        return
    valid_adf(issue.description)
    assert adf.size(issue.description) <= adf.LIMIT
    assert 0 < adf.units(issue.summary) <= 255
    assert issue.summary == adf.clean(issue.summary)
    assert not any(char.isspace() for label in issue.labels for char in label)
    assert "\n" not in issue.summary


@given(text=ANY_TEXT, times=st.integers(1, 2_000))
@settings(max_examples=50, deadline=None)
def test_summary_labels_and_fields_are_never_over_255(text: str, times: int, shipped: Templates) -> None:
    topic = Topic("fbo", "x", text * times, text * times, "W-40" + text * times)
    issue = shipped.issue("fbo", IssueContext(everywhere(text * times).ticket, topic, closing=Closing(description="а")))
    for line in (issue.summary, *issue.labels, *issue.fields.values()):
        assert adf.units(line) <= 255


def test_five_megabytes_leave_the_facts_and_say_where_the_rest_is(shipped: Templates, valid_adf: Check) -> None:
    messages = (Message(text="Строка сообщения\n" * 300_000, author=Author(role="partner")),)
    url = "https://crm.example.test/tickets/23814352"
    issue = shipped.issue("fbo", said("Водителя не пускают", url=url, supply_no="2000012345", messages=messages))
    valid_adf(issue.description)
    text = plain_text(issue.description)
    assert adf.LIMIT - 500 < adf.size(issue.description) <= adf.LIMIT
    assert "Что случилось\nВодителя не пускают\n" in text
    assert "Номер поставки\t2000012345" in text
    assert text.endswith("\nТикет 23814352")
    assert "\nТекст сокращён: полностью в тикете 23814352\n" in text
    assert {"type": "link", "attrs": {"href": url}} in [
        mark
        for block in issue.description["content"]
        for node in block.get("content", [])
        for mark in node.get("marks", [])
    ]


def test_very_many_messages_fit(shipped: Templates) -> None:
    issue = shipped.issue("fbo", said("а", messages=(Message(text="Да"),) * 20_000))
    assert adf.size(issue.description) <= adf.LIMIT
    assert "Текст сокращён" in plain_text(issue.description)


def test_an_address_that_is_no_web_page_does_not_become_a_link(shipped: Templates) -> None:
    issue = shipped.issue("fbo", said("а", url="javascript:alert(1)"))
    assert "link" not in kinds(issue.description)
    assert plain_text(issue.description).endswith("Тикет 23814352")


@pytest.mark.rule("W-63")
@pytest.mark.parametrize("text", [None, "", " \n", "\x00\ud800"])
def test_empty_description_is_refused(text: str | None, shipped: Templates) -> None:
    messages = () if text is None else (Message(text=text),)
    context = IssueContext(Ticket(id="1", subject="Тема", messages=messages), DRIVER, closing=Closing(description=text))
    with pytest.raises(EmptyDescriptionError) as refused:
        shipped.issue("fbo", context)
    assert str(refused.value) == shipped.note("empty_description")
    assert "необходимо заполнить поле Описание" in str(refused.value)
    assert "напишите в «Описании», что случилось" in str(refused.value)


@pytest.mark.rule("W-63")
def test_a_message_is_enough_to_describe(shipped: Templates) -> None:
    ticket = Ticket(id="1", messages=(Message(text="Помогите", author=Author(role="partner")),))
    issue = shipped.issue("fbo", IssueContext(ticket, DRIVER))
    assert plain_text(issue.description).startswith("Что случилось\nПомогите\n")


@pytest.mark.parametrize("role", OURS)
def test_whoever_of_us_wrote_is_named_in_the_same_word(role: str, shipped: Templates) -> None:
    messages = (Message(text="Уточняю у коллег.", author=Author(role=role), visibility="public"),)
    text = plain_text(shipped.issue("fbo", said("а", messages=messages)).description)
    assert "\nСотрудник · видно партнёру\nУточняю у коллег.\n" in text


@pytest.mark.rule("W-04")
def test_the_sellers_card_leaves_out_what_is_not_known(shipped: Templates) -> None:
    seller = Seller(name="Пример-магазин", top=False)
    text = plain_text(shipped.issue("fbo", said("а", seller=seller)).description)
    assert "\nПродавец\nМагазин\tПример-магазин\nТоповый селлер\tНет\nТип\t" in text


def test_an_issue_is_rendered_from_one_reading_of_its_values(shipped: Templates) -> None:
    """A value that looks like a template, or like the shared texts, is never rendered again."""
    issue = shipped.issue("fbo", said("{{ texts.summary }}", supply_no="{{ seller.name }}"))
    assert issue.summary == "Поставка {{ seller.name }} – Прибытие водителя на склад – {{ texts.summary }}"
