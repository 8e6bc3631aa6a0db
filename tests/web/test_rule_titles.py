"""Titles of rules: each has one in both languages, short, and stands in one part of the page."""

from __future__ import annotations

import re
from collections import Counter

from config.rules import KNOWN
from tests.bot import Bot
from web.rule_titles import rule_titles, title_of

_LONGEST = 70  # characters: a line at 1280 px beside the switch


def test_every_rule_has_one_short_title_in_each_language() -> None:
    groups = rule_titles().groups
    counted = Counter(rule for group in groups for rule in group.rules)
    assert set(counted) == KNOWN
    assert [rule for rule, times in counted.items() if times > 1] == []
    for title in (*rule_titles().by_rule.values(), *(group.name for group in groups)):
        assert re.search("[а-яё]", title.ru.lower()), title
        assert not re.search("[а-яё]", title.en.lower()), title
        assert len(title.ru) <= _LONGEST, title
        assert len(title.en) <= _LONGEST, title
    assert len({group.id for group in groups}) == len(groups)


def test_rules_of_one_deed_stand_in_one_part(bot: Bot) -> None:
    rules = bot.reloader.current().rules
    for together in rules.together:
        assert any(set(together) <= set(group.rules) for group in rule_titles().groups), together


def test_what_is_offered_by_hand_has_its_english(bot: Bot) -> None:
    rules = bot.reloader.current().rules.rules
    assert set(rule_titles().offers) == {name for name, rule in rules.items() if rule.by_hand}
    assert title_of("W-40") == "Создаёт задачу в FBO: водитель на складе"
    assert title_of("own") == ""
