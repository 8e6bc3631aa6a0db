"""`resolutions.yml`: the checks of a closing (manual R, T-4…T-6), and which resolution is advised (T-5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from config.categories import ResolutionId
from config.channels import Channel, Channels, Place, TicketKind
from config.fields import Strict, Text
from config.jira import Id
from config.named import Named, spellings
from config.names import Names, match_key
from config.numbers import Numbers
from config.rules import RuleId
from config.topics import Topics

Severity = Literal["forbid", "warn", "advise"]
Audience = Literal["partner", "customer"]
Label = Literal["question", "complaint", "wish", "thanks", "courtesy", "spam"]
Circumstance = Literal[
    "bank", "impossible", "mass_failure", "payout_data", "repeated", "service", "settled", "solved_at_once", "test"
]
Condition = Literal[
    "spam", "test", "duplicate", "duplicate_unlinked", "no_contact", "documents_task", "mass_failure",
    "solved_at_once", "task_with_answer", "task_informs", "question_open", "payout_data", "repeated", "bank",
    "consulted", "handed_over",
]  # fmt: skip
CHECKED = frozenset(
    {
        *("W-16", "W-21", "W-22", "W-23", "W-25", "W-26", "W-27", "W-28", "W-29", "W-30", "W-31", "W-33"),
        *("W-58", "W-62", "W-63", "W-70", "W-76", "W-77", "W-79"),
        *("R-01", "R-02", "R-04", "R-05", "R-06", "R-07", "R-08", "R-09", "R-14", "R-17", "R-18", "R-19", "R-20"),
        *("R-21", "R-22", "R-23", "R-24", "R-25", "R-26", "R-27", "R-28", "R-29", "R-30", "R-31", "R-32", "R-33"),
        *("R-34", "R-35", "R-36", "R-37", "R-38", "R-39", "R-40", "R-41", "R-42", "R-45", "R-46", "R-47", "R-48"),
        *("R-43", "R-44", "R-49", "R-50", "R-51"),
    }
)
NO_DUPLICATES = ("R-36", "R-37", "R-38", "R-39", "R-40", "R-41", "R-42")  # T-6: a rule for each place
LONGEST_QUESTION = 5000  # characters of an agent's question that are read
_SENTENCE = re.compile(r"[^.!?\n]*\?")


def _checked(rule: str) -> str:
    if rule not in CHECKED:
        raise PydanticCustomError("check_unknown", "no such check", {"rule": rule})
    return rule


CheckedRule = Annotated[RuleId, AfterValidator(_checked)]


class CheckConfig(Strict):
    """When a rule is checked, and how severely; an empty list is no restriction.

    `forbid`: the manual does not allow it; `warn`: the agent decides; `advise`: it only looks that way.
    """

    severity: Severity
    audiences: tuple[Audience, ...] = ()
    resolutions: tuple[ResolutionId, ...] = ()
    channels: tuple[Place, ...] = ()


class Activity(Named):
    """Work that an agent may be switched to (W-02); `checks` are its own severities, `off` for no check (R-03)."""

    checks: dict[CheckedRule, Severity | Literal["off"]] = Field(default_factory=dict)


class ResolutionRow(Strict):
    """A row of T-5: if `when` holds, advise this resolution by this rule; `besides` are the places it excludes."""

    row: Text
    when: Condition
    resolution: ResolutionId
    rule: RuleId
    escalate: bool = False
    audiences: tuple[Audience, ...] = ()
    channels: tuple[Place, ...] = ()
    besides: tuple[Place, ...] = ()


class Resolutions(Strict):
    """All of `resolutions.yml`.

    `kinds`: the CRM's words for the kinds of messages; `staff`: ids of senders whose tickets are tests (R-19).
    """

    channels: dict[Id, Channel] = Field(default_factory=dict)
    activities: dict[Id, Activity] = Field(default_factory=dict)
    checks: dict[CheckedRule, CheckConfig] = Field(default_factory=dict)
    advice: tuple[ResolutionRow, ...] = ()
    circumstances: dict[Circumstance, Named] = Field(default_factory=dict)
    kinds: dict[Label, tuple[Text, ...]] = Field(default_factory=dict)
    soft_questions: tuple[Text, ...] = ()
    staff: tuple[Text, ...] = ()
    topics: Topics = Topics()
    numbers: Numbers = Numbers()

    def kind_of(self, channel: str | None, kind: str | None) -> TicketKind:
        """Find the channel and the kind of a ticket by any spelling (T-2)."""
        return self._channel_names.find(channel, kind)

    def takes_duplicates(self, kind: TicketKind) -> bool:
        """Return whether «Дубликат» is used for tickets of this kind (T-6); False when the kind is unclear."""
        places = [place for rule in NO_DUPLICATES if rule in self.checks for place in self.checks[rule].channels]
        return kind.lies_in(tuple(places)) is False

    def activity_id(self, text: str | None) -> str | None:
        """Find an activity by any spelling (W-02)."""
        return self._activity_names.find(text)

    def check_of(self, rule: str, activity: str | None) -> CheckConfig | None:
        """Return how a rule is checked: the activity's own severity before the general one (R-03); None if not."""
        general = self.checks.get(rule)
        if general is None or activity is None:
            return general
        own = self.activities[activity].checks.get(rule)
        if own is None:
            return general
        return None if own == "off" else general.model_copy(update={"severity": own})

    def circumstance(self, text: str) -> str | None:
        """Find a circumstance that an agent states by any spelling: test, mass_failure, payout_data …"""
        return self._circumstances.find(text)

    def is_soft(self, text: str) -> bool:
        """Return whether a text asks only courtesy questions, which need no answer (R-16)."""
        asked = [match_key(one) for one in _SENTENCE.findall(text[:LONGEST_QUESTION])]
        return bool(asked) and all(any(soft in one for soft in self._soft) for one in asked)

    def label(self, kind: str | None) -> Label | None:
        """Find the label of a message by the CRM's word: question, complaint, wish, thanks, courtesy, spam."""
        return self._labels.get(match_key(kind)) if kind else None

    @cached_property
    def _channel_names(self) -> Channels:
        return Channels(self.channels)

    @cached_property
    def _activity_names(self) -> Names:
        return Names(spellings(self.activities))

    @cached_property
    def _circumstances(self) -> Names:
        ids = [(name, name) for name in self.circumstances]
        return Names([*ids, *spellings(self.circumstances)])

    @cached_property
    def _soft(self) -> tuple[str, ...]:
        return tuple(map(match_key, self.soft_questions))

    @cached_property
    def _labels(self) -> Mapping[str, Label]:
        return {match_key(spelling): name for name, words in self.kinds.items() for spelling in (name, *words)}
