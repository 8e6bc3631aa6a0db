"""ADF: literal text, Jira's limit, and reading it back."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from desk import adf
from desk.adf_text import plain_text
from desk.usedesk.words import to_html
from web.lead.files import safe

SCHEMA = Path(__file__).parents[3] / "shared" / "openapi" / "adf.json"
ANY_TEXT = st.text(st.characters())  # surrogates and controls included


@cache
def validator() -> Draft4Validator:
    if not SCHEMA.exists():
        pytest.skip("the ADF schema (../shared/openapi/adf.json) is absent")
    return Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def texts_of(node: dict[str, Any]) -> list[str]:
    own = [node["text"]] if node["type"] == "text" else []
    return own + [text for child in node.get("content", ()) for text in texts_of(child)]


def length(document: dict[str, Any]) -> int:
    """The stricter reading of the limit."""
    as_json = json.dumps(document, ensure_ascii=False)
    texts = sum(adf.units(text) for text in texts_of(document))
    return max(adf.units(as_json), texts)


def test_every_builder_makes_valid_adf() -> None:
    document = adf.doc(
        adf.heading("Что случилось", level=2),
        adf.paragraph("первая\n\nтретья ", adf.strong("важно"), " ", adf.link("тикет", "https://crm.example.test/t/1")),
        adf.facts({"Склад": "Хоругвино", "Город": ""}) or {},
        adf.bullet_list(["раз", " ", "два"]) or {},
        adf.quote("сказано"),
        adf.rule(),
        adf.paragraph(""),
    )
    validator().validate(document)
    assert plain_text(document) == ("Что случилось\nпервая\n\nтретья важно тикет\nСклад\tХоругвино\nраз\nдва\nсказано")


def test_line_breaks_become_hard_breaks_and_never_stand_in_text() -> None:
    node = adf.paragraph("\r\nа\r\nб\rв\u2028г\x0bд\x85е\n")
    assert [child["type"] for child in node["content"]] == ["text", *["hardBreak", "text"] * 5]
    assert plain_text(node) == "а\nб\nв\nг\nд\nе"


def test_what_json_or_xml_refuse_is_left_out() -> None:
    assert adf.clean("а\x00б\x1bв\ud83dг\ufffeд\x9fе\tж") == "абвгде\tж"
    assert adf.is_blank("\x00 \ud800\n")


def test_facts_without_value_are_left_out_and_long_ones_cut() -> None:
    assert adf.facts({"Склад": "", "Город": " \x00"}) is None
    table = adf.facts({"Склад": "", "Магазин": "я" * 5_000_000}) or {}
    assert len(table["content"]) == 1
    assert plain_text(table) == "Магазин\t" + "я" * (adf.FACT_LIMIT - 1) + "…"


def test_a_list_without_items_is_none() -> None:
    assert adf.bullet_list(["", " \n"]) is None


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//crm.example.test",
        "https://",
        "https://[broken",
        "https://crm.example.test/a b",
        "https://crm.example.test/\x00",
        "https://crm.example.test/" + "a" * adf.URL_LIMIT,
        "",
        None,
    ],
)
def test_only_web_addresses_become_links(url: str | None) -> None:
    assert adf.link("тикет", url) == {"type": "text", "text": "тикет"}


def test_a_link_without_text_shows_its_address_and_never_an_empty_text() -> None:
    assert adf.link(" ", "https://crm.example.test/")["text"] == "https://crm.example.test/"
    assert adf.link("", None)["text"] == "…"


@pytest.mark.parametrize("before", ["\x00", " ", "\r\n"])
def test_what_comes_after_a_long_nothing_is_found(before: str) -> None:
    text = before * 300_000 + "слово"
    assert not adf.is_blank(text)
    assert adf.is_blank(before * 300_000)
    assert adf.one_line(text) == "слово"
    assert plain_text(adf.paragraph(text)).strip(" ") in {"слово", ""}
    assert adf.size(adf.fit(adf.doc(adf.paragraph(text)))) <= adf.LIMIT


def test_one_line_is_counted_in_utf16_units_and_cut_between_characters() -> None:
    assert adf.one_line(" а\n б\t ") == "а б"
    line = adf.one_line("😀" * 200)
    assert adf.units(line) <= 255
    assert line == "😀" * 127 + "…"


@given(text=ANY_TEXT)
@example(text="\t")
@settings(max_examples=200, deadline=None)
def test_any_text_stays_literal(text: str) -> None:
    document = adf.doc(adf.heading(text), adf.paragraph(text), adf.quote(text))
    validator().validate(document)
    json.dumps(document, ensure_ascii=False).encode("utf-8")
    assert {child["type"] for child in document["content"][1]["content"]} <= {"text", "hardBreak"}
    assert plain_text(document["content"][1]) == adf.clean(text).strip("\n")


@given(
    texts=st.lists(st.tuples(ANY_TEXT, st.integers(1, 3_000)), min_size=1, max_size=4),
    limit=st.integers(1_200, adf.LIMIT),
)
@settings(max_examples=100, deadline=None)
def test_any_document_fits_and_keeps_a_prefix(texts: list[tuple[str, int]], limit: int) -> None:
    note = adf.paragraph("Текст сокращён: полностью в ", adf.link("тикете", "https://crm.example.test/1"))
    blocks = [adf.paragraph(text * times) for text, times in texts]
    document = adf.doc(adf.heading("Переписка"), *blocks, adf.paragraph(adf.link("т", "https://crm.example.test/1")))
    cut = adf.fit(document, limit, note)
    validator().validate(cut)
    assert length(cut) <= limit
    if cut is not document:
        assert note in cut["content"]
        whole = plain_text(document)
        before = plain_text(adf.doc(*cut["content"][: cut["content"].index(note)]))
        assert whole.startswith(before.removesuffix("…").rstrip("\n"))


def test_a_document_that_fits_is_not_touched() -> None:
    document = adf.doc(adf.paragraph("коротко"))
    assert adf.fit(document, note=adf.paragraph("сокращено")) is document


def test_the_longest_run_is_cut_first_and_facts_headings_links_stay() -> None:
    link = adf.paragraph(adf.link("Тикет 1", "https://crm.example.test/1"))
    note = adf.paragraph("Текст сокращён")
    table = adf.facts({"Склад": "Хоругвино"}) or {}
    description = adf.paragraph("описание " * 300)
    talk = [adf.quote(f"сообщение {n} " * 200) for n in range(30)]
    document = adf.doc(
        adf.heading("а"), description, adf.heading("б"), table, adf.heading("в"), *talk, adf.rule(), link
    )
    cut = adf.fit(document, note=note)
    kept = cut["content"]
    assert kept[:6] == [adf.heading("а"), description, adf.heading("б"), table, adf.heading("в"), talk[0]]
    assert kept[-3:] == [note, adf.rule(), link]
    assert adf.LIMIT - 300 < length(cut) <= adf.LIMIT
    assert plain_text(kept[-4]).endswith("…")


def test_two_long_runs_share_the_room() -> None:
    document = adf.doc(adf.paragraph("а" * 90_000), adf.rule(), adf.paragraph("б" * 60_000))
    cut = adf.fit(document)
    text = plain_text(cut)
    assert length(cut) <= adf.LIMIT
    assert abs(text.count("а") - text.count("б")) < 3


def test_facts_that_alone_are_over_the_limit_give_way_and_the_note_stays() -> None:
    table = adf.facts({f"Поле {n}": '"' * 500 for n in range(60)}) or {}
    note = adf.paragraph("Текст сокращён")
    cut = adf.fit(adf.doc(adf.heading("Номера"), table, adf.paragraph("текст")), note=note)
    assert cut["content"] == [adf.heading("Номера"), note]


@pytest.mark.parametrize("unit", ["я", "\n", '"', "😀", "\x00", "строка\n", "\t"])
def test_five_megabytes_fit(unit: str) -> None:
    text = unit * (5_000_000 // len(unit))
    cut = adf.fit(adf.doc(adf.paragraph(text)), note=adf.paragraph("сокращено"))
    validator().validate(cut)
    assert length(cut) <= adf.LIMIT


def test_plain_text_reads_what_people_write_in_jira() -> None:
    document = adf.doc(
        {
            "type": "paragraph",
            "content": [
                {"type": "mention", "attrs": {"id": "x", "text": "@Кто-то"}},
                {"type": "text", "text": " см. "},
                {"type": "inlineCard", "attrs": {"url": "https://crm.example.test/1"}},
                {"type": "emoji", "attrs": {"shortName": ":smile:"}},
            ],
        },
        {"type": "codeBlock", "content": [{"type": "text", "text": "код"}]},
    )
    assert plain_text(document) == "@Кто-то см. https://crm.example.test/1:smile:\nкод"


@pytest.mark.parametrize("junk", [None, 5, [], {}, {"content": 7}, {"content": [None, 3, "а", {"attrs": []}]}])
def test_plain_text_of_anything_else_is_empty(junk: object) -> None:
    assert plain_text(junk) == ""


def test_plain_text_of_a_string_is_the_string() -> None:
    assert plain_text("h1. старая разметка") == "h1. старая разметка"


def test_plain_text_survives_any_depth() -> None:
    node: dict[str, Any] = {"type": "text", "text": "дно"}
    for _ in range(20_000):
        node = {"type": "bulletList", "content": [node]}
    assert plain_text(node) == "дно"
    while "content" in node:  # taken apart by hand: Python frees nested values by recursion
        node = node.pop("content")[0]


@pytest.mark.rule("W-56")
def test_a_mention_is_a_paragraph_of_its_own() -> None:
    document = adf.doc(adf.mention("712020:00000000-0000-4000-8000-000000000001"))
    validator().validate(document)
    assert plain_text(document) == ""


DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(st.text(st.sampled_from(DIRECTIONS + "аб1 \n\t=")))
def test_nothing_that_is_written_turns_text_around(text: str) -> None:
    written = (adf.clean(text), adf.one_line(text), to_html(text), safe(text), *texts_of(adf.paragraph(text)))
    for one in written:
        assert not set(one) & set(DIRECTIONS)


def test_a_sign_of_several_signs_stays_whole() -> None:
    family = "\U0001f469\u200d\U0001f467 и \u2764\ufe0f"
    assert adf.clean(family) == family
    assert not adf.is_blank("\u2764\ufe0f")


UNSEEN = "\u00a0\u2003\u200b\u200c\u200d\ufeff\u2060\u00ad\u034f\u202e\u3164\uffa0\u2800\ufe0f\U000e0041"


@pytest.mark.parametrize("text", ["", " \n\t", *UNSEEN, UNSEEN], ids=ascii)
def test_what_nobody_sees_is_blank(text: str) -> None:
    assert adf.is_blank(text)
    assert not adf.is_blank(text + ".")
