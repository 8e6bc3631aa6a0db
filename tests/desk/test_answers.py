"""What is an answer and what is not (C-12, U-30): messages with labels, and what holds for any text."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from config.answers import Answers
from desk import adf
from desk.adf_text import plain_text
from desk.answers import judge, own_words

ROOT = Path(__file__).resolve().parents[2]
LABELLED: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "answers.yml").read_text(encoding="utf-8"))
TABLE = Answers.model_validate(yaml.safe_load((ROOT / "config" / "answers.yml").read_text(encoding="utf-8")))
CASES = [(label, text) for label, texts in LABELLED.items() for text in texts]


@pytest.mark.parametrize(("label", "text"), CASES, ids=[f"{label}-{n}" for n, (label, _) in enumerate(CASES)])
def test_each_message_is_what_it_is(label: str, text: str) -> None:
    judged = judge(TABLE, text)
    found: str | None = judged.of or judged.verdict
    assert found == label
    assert judged.is_answer == (label == "answer")


def test_there_are_enough_of_them_in_both_directions() -> None:
    assert len(CASES) >= 120
    assert min(len(LABELLED["answer"]), len(CASES) - len(LABELLED["answer"])) >= 50
    assert set(LABELLED) == {"answer", "doubt", "thanks", "greeting", "taken", "receipt", "absence"}


@given(st.text())
def test_it_never_raises_and_a_question_never_stops_the_clock(text: str) -> None:
    judge(TABLE, text)
    assert not judge(TABLE, f"{text}\nКогда?").is_answer


@given(st.sampled_from(LABELLED["answer"]), st.sampled_from([*LABELLED["thanks"], *LABELLED["taken"]]))
def test_courtesies_around_an_answer_do_not_hide_it(answer: str, courtesy: str) -> None:
    first_line = own_words(courtesy).splitlines()[-1]
    assert judge(TABLE, f"{first_line}\n{answer}").is_answer


@pytest.mark.parametrize("sign", [" ", "> ", ",", "(", "на ", "--", "\n", "a wrote "])
def test_a_long_text_is_judged_in_no_time(sign: str) -> None:
    began = time.process_time()
    judge(TABLE, sign * 200_000)
    assert time.process_time() - began < 2  # linear: some milliseconds; backtracking would take minutes


def test_what_a_document_quotes_is_not_said() -> None:
    document = adf.doc(adf.quote("Груз где?"), adf.paragraph("Спасибо!"))
    assert plain_text(document, quotes=False).strip() == "Спасибо!"
    assert "Груз где?" in plain_text(document)
