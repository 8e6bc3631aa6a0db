"""Which line a customer's chat goes to: examples that no phrase was chosen by, and a rule that is off."""

from __future__ import annotations

import pytest

from benchmarks import escalation
from benchmarks.corpora import read, scores
from config import Config, load
from handlers.escalation import check_escalation


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


def test_a_rule_that_is_off_sends_nobody_anywhere(config: Config) -> None:
    event = escalation.chat("Flex не приехал")
    assert check_escalation(event, config).line == "flex"
    assert check_escalation(event, config.switched({"E-31": "off"})).decision == "self"
