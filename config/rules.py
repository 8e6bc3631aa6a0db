"""`rules.yml`: every rule of the manuals, and its mode: what the bot may do by it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from config.fields import Strict, Text

Mode = Literal["off", "observe", "warn", "act"]
_CHAPTERS = {"W": 82, "R": 54, "J": 52, "U": 37, "E": 57}
KNOWN = frozenset(
    {f"{letter}-{number:02}" for letter, last in _CHAPTERS.items() for number in range(1, last + 1)}
    | {"R-20a", "E-52a"}  # added between two rules
)
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_OWN_KEY = "*"  # not `id`, which must stay an unknown key when it is written in the file
SENT = frozenset({"U-27", "U-28", "U-29", "U-31", "W-15", "W-29"})  # the bot's own messages, drafts unless `send`
_NAMED = 5  # missing rules that a fault lists


def _known(rule_id: str) -> str:
    if rule_id not in KNOWN:
        raise PydanticCustomError("rule_id", "no such rule")
    return rule_id


def _day(value: object) -> object:
    """Read only the form 2025-11-05: two spellings of one day would be two keys of a table."""
    if value is None or isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(_DAY, value):
        with contextlib.suppress(ValueError):  # not a day of the calendar
            return date.fromisoformat(value)
    raise PydanticCustomError("day", "not a day")


RuleId = Annotated[str, AfterValidator(_known)]
Day = Annotated[date, BeforeValidator(_day)]


class Rule(Strict):
    """A rule: the manual's words (`quote`), where they are (`source`), whether the bot can do it (`built`).

    `needs`: the CRMs of which at least one must be set up for the rule ever to apply.
    `effective_from`: the first day, by the company's calendar, on which the manual asks for it.
    `by_hand`: for a rule that only a person can follow, what the bot offers instead; it is never `built`.
    """

    id: Annotated[SkipJsonSchema[str], Field(validation_alias=_OWN_KEY, exclude=True)]
    quote: Text
    source: Text
    built: bool
    mode: Mode | None = None
    send: bool = False
    effective_from: Day | None = None
    needs: tuple[Literal["webcrm", "usedesk"], ...] = ()
    by_hand: Text | None = None

    def applies(self, crms: Collection[str]) -> bool:
        """Return True when one of the CRMs that it needs is set up, or it needs none."""
        return not self.needs or any(crm in crms for crm in self.needs)

    def is_ahead(self, day: date) -> bool:
        """Return True when the manual asks for it only after this day."""
        return self.effective_from is not None and self.effective_from > day

    @property
    def said(self) -> str:
        """The manual's words without its marks for bold text."""
        return self.quote.replace("**", "")

    @model_validator(mode="after")
    def _only_what_is_built_has_a_mode(self) -> Self:
        if not self.built and self.mode not in (None, "off"):
            raise PydanticCustomError("rule_not_built", "not built", {"mode": self.mode})
        return self

    @model_validator(mode="after")
    def _done_by_the_bot_or_by_hand(self) -> Self:
        if self.built and self.by_hand is not None:
            raise PydanticCustomError("rule_by_hand", "built")
        return self

    @model_validator(mode="after")
    def _only_words_are_sent(self) -> Self:
        if self.send and self.id not in SENT:
            raise PydanticCustomError("rule_not_sent", "no words", {"known": ", ".join(sorted(SENT))})
        return self


class Rules(Strict):
    """All of `rules.yml`: 284 rules by id; those of a group in `together` have the same mode."""

    default_mode: Mode
    together: tuple[tuple[RuleId, ...], ...] = ()  # groups in which one rule without the others does half a job
    rules: dict[RuleId, Rule]

    @model_validator(mode="before")
    @classmethod
    def _name_each_rule(cls, data: object) -> object:
        """Give each rule its key as its id."""
        if not isinstance(data, dict) or not isinstance(rules := data.get("rules"), dict):
            return data
        named = {key: {**rule, _OWN_KEY: key} if isinstance(rule, dict) else rule for key, rule in rules.items()}
        return {**data, "rules": named}

    @model_validator(mode="after")
    def _all_there(self) -> Self:
        missing = sorted(KNOWN - set(self.rules))
        if missing:
            names = ", ".join(missing[:_NAMED]) + (" …" if len(missing) > _NAMED else "")
            raise PydanticCustomError("rules_missing", "missing", {"missing": names, "count": len(missing)})
        return self

    def with_others(self, rule_id: str) -> tuple[str, ...]:
        """Return a rule with those that are switched together with it."""
        return next((group for group in self.together if rule_id in group), (rule_id,))

    def mode(self, rule_id: str) -> Mode:
        """Return a rule's mode: its own, else the default; off when it is not built.

        Raises KeyError for an id that the manuals do not have.
        """
        rule = self.rules[rule_id]
        return (rule.mode or self.default_mode) if rule.built else "off"

    @property
    def begun_by(self) -> date | None:
        """The day from which all rules are in force; None when no rule has such a day."""
        return max((rule.effective_from for rule in self.rules.values() if rule.effective_from), default=None)

    def on(self, day: date) -> Rules:
        """Return the rules as of a day: one that begins later is off with its group, whatever its mode (C-28)."""
        if self.begun_by is None or day >= self.begun_by:
            return self
        ahead = [name for name, rule in self.rules.items() if rule.is_ahead(day)]
        return self.switched({other: "off" for name in ahead for other in self.with_others(name)})

    def switched(self, modes: Mapping[str, Mode]) -> Rules:
        """Return a copy with these modes; rules that are unknown or not built are skipped."""
        meant = {name: mode for name, mode in modes.items() if name in self.rules and self.rules[name].built}
        if not meant:
            return self
        changed = {name: self.rules[name].model_copy(update={"mode": mode}) for name, mode in meant.items()}
        return self.model_copy(update={"rules": self.rules | changed})
