"""What each rule does, in a few words of both languages, grouped by the steps of the guide: `rule_titles.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from config.fields import Strict, Text
from config.rules import RuleId
from web.language import language


class Title(NamedTuple):
    """A text in Russian and in English."""

    ru: Text
    en: Text

    @property
    def said(self) -> str:
        """The text in the language of the request."""
        return self.ru if language() == "ru" else self.en


class TitledGroup(Strict):
    """A part of the page of rules; `id` is used in URLs."""

    id: Text
    name: Title
    rules: dict[RuleId, Title]


class RuleTitles(Strict):
    """All of `rule_titles.yml`; `offers`: by rule, the English of its `by_hand` in `rules.yml`."""

    groups: tuple[TitledGroup, ...]
    offers: dict[RuleId, Text]

    @property
    def by_rule(self) -> Mapping[str, Title]:
        """The title of each rule."""
        return {rule: title for group in self.groups for rule, title in group.rules.items()}

    def group(self, group_id: str) -> TitledGroup | None:
        """Return the part of the page with this id, or None."""
        return next((group for group in self.groups if group.id == group_id), None)


@cache
def rule_titles() -> RuleTitles:
    """Return the table, which is read once."""
    path = Path(__file__).with_suffix(".yml")
    return RuleTitles.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@cache
def _titles() -> Mapping[str, Title]:
    return rule_titles().by_rule


def title_of(rule: str) -> str:
    """Return what a rule does, in the language of the request; empty for an unknown rule."""
    title = _titles().get(rule)
    return title.said if title else ""


def offer_of(rule: str, russian: str | None) -> str | None:
    """Return what the bot offers for a rule that only a person can follow."""
    return russian if language() == "ru" else rule_titles().offers.get(rule, russian)
