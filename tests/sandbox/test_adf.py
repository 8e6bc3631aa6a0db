"""The compact check of ADF agrees with the official schema on what a bot may write."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import adf
from tests import openapi

from .conftest import doc

TEXT = {"type": "text", "text": "слово"}
P = {"type": "paragraph", "content": [TEXT]}
ITEM = {"type": "listItem", "content": [P]}


def whole(*content: Any) -> dict[str, Any]:
    """A document."""
    return {"type": "doc", "version": 1, "content": list(content)}


def marked(*marks: Any) -> dict[str, Any]:
    """A paragraph whose text carries marks."""
    return {"type": "paragraph", "content": [{**TEXT, "marks": list(marks)}]}


VALID = [
    whole(),
    whole(P),
    whole({"type": "paragraph"}),
    whole({"type": "heading", "attrs": {"level": 3}, "content": [TEXT]}),
    whole(
        {
            "type": "bulletList",
            "content": [ITEM, {"type": "listItem", "content": [P, {"type": "orderedList", "content": [ITEM]}]}],
        }
    ),
    whole({"type": "codeBlock", "attrs": {"language": "json"}, "content": [{"type": "text", "text": "a\nb"}]}),
    whole({"type": "blockquote", "content": [P]}),
    whole({"type": "panel", "attrs": {"panelType": "info"}, "content": [P]}),
    whole({"type": "rule"}),
    whole({"type": "expand", "attrs": {"title": "Ещё"}, "content": [P]}),
    whole(
        {
            "type": "table",
            "content": [
                {
                    "type": "tableRow",
                    "content": [{"type": "tableHeader", "content": [P]}, {"type": "tableCell", "content": [P]}],
                }
            ],
        }
    ),
    whole(
        {
            "type": "taskList",
            "attrs": {"localId": "1"},
            "content": [{"type": "taskItem", "attrs": {"localId": "2", "state": "TODO"}, "content": [TEXT]}],
        }
    ),
    whole(
        {
            "type": "paragraph",
            "content": [TEXT, {"type": "hardBreak"}, {"type": "mention", "attrs": {"id": "712020:x", "text": "@x"}}],
        }
    ),
    whole(
        {
            "type": "paragraph",
            "content": [
                {"type": "date", "attrs": {"timestamp": "1763670000000"}},
                {"type": "inlineCard", "attrs": {"url": "https://x.test"}},
            ],
        }
    ),
    whole(
        {
            "type": "paragraph",
            "content": [
                {"type": "status", "attrs": {"text": "ждёт", "color": "blue"}},
                {"type": "emoji", "attrs": {"shortName": ":x:"}},
            ],
        }
    ),
    whole(marked({"type": "strong"}, {"type": "em"}, {"type": "link", "attrs": {"href": "https://x.test"}})),
    whole(marked({"type": "code"}, {"type": "link", "attrs": {"href": "https://x.test"}})),
]
INVALID: list[Any] = [
    None,
    "текст",
    {},
    {"type": "doc", "content": []},
    {"type": "doc", "version": 2, "content": []},
    {"type": "doc", "version": 1},
    whole(TEXT),
    whole({"type": "wizard"}),
    whole({"type": "paragraph", "content": [P]}),
    whole({"type": "paragraph", "content": "x"}),
    whole({"type": "paragraph", "content": [{"type": "text"}]}),
    whole({"type": "paragraph", "content": [{"type": "text", "text": ""}]}),
    whole({"type": "paragraph", "content": [{"type": "text", "text": "x", "color": "red"}]}),
    whole({"type": "paragraph", "text": "x"}),
    whole({"type": "heading", "content": [TEXT]}),
    whole({"type": "bulletList", "content": []}),
    whole({"type": "bulletList", "content": [P]}),
    whole({"type": "blockquote", "content": [{"type": "heading", "attrs": {"level": 1}}]}),
    whole({"type": "codeBlock", "content": [{**TEXT, "marks": [{"type": "strong"}]}]}),
    whole({"type": "panel", "content": [P]}),
    whole({"type": "rule", "content": [P]}),
    whole({"type": "paragraph", "content": [{"type": "mention", "attrs": {"text": "@x"}}]}),
    whole(marked({"type": "blink"})),
    whole(marked({"type": "code"}, {"type": "strong"})),
    whole(marked({"type": "link", "attrs": {}})),
    whole(marked("strong")),
]  # fmt: skip


@pytest.mark.parametrize("document", VALID)
def test_what_jira_takes(document: Any) -> None:
    assert adf.is_valid(document)
    if openapi.available("jira"):
        openapi.check_documents(document, "here")


@pytest.mark.parametrize("document", INVALID)
def test_what_jira_refuses(document: Any) -> None:
    assert not adf.is_valid(document)
    if openapi.available("jira"):
        assert list(openapi.adf_validator().iter_errors(document))


def test_a_newline_in_a_text_is_refused_though_the_schema_allows_it() -> None:
    assert not adf.is_valid(doc("раз\nдва"))


def test_text_goes_there_and_back() -> None:
    text = "Раз\n\nДва"
    assert adf.is_valid(adf.from_text(text))
    assert adf.to_text(adf.from_text(text)) == text
    assert adf.to_text(None) is None


def test_a_document_reads_as_wiki_markup() -> None:
    document = whole(
        {"type": "heading", "attrs": {"level": 2}, "content": [TEXT]},
        {"type": "bulletList", "content": [ITEM]},
        {
            "type": "paragraph",
            "content": [{"type": "mention", "attrs": {"id": "712020:x"}}, {"type": "hardBreak"}, TEXT],
        },
        marked({"type": "link", "attrs": {"href": "https://x.test"}}),
        {"type": "codeBlock", "content": [{"type": "text", "text": "a"}]},
        {"type": "table", "content": [{"type": "tableRow", "content": [{"type": "tableCell", "content": [P]}]}]},
    )
    assert adf.to_text(document) == (
        "h2. слово\n* слово\n[~accountid:712020:x]\nслово\n[слово|https://x.test]\n{code}a{code}\n|слово|"
    )
