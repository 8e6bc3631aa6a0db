"""`cases.yml`: the kinds of problem cases, the branches of T-8 with their steps, and the facts of a case (J)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from config.departments import Address
from config.fields import Duration, Strict, Text
from config.jira import Id, Label, ProjectKey
from config.named import Named, spellings
from config.names import Names, match_key, normalise
from config.rules import RuleId
from config.usedesk import Pattern

SECRETS = (("chats", "*"),)
NOT, ANY = "!", "*"  # in a condition: anything but; in promised days: any other city
_LINE = re.compile(r"^[ \t]*([^:\n]{2,60}?)[ \t]*:[ \t]*(\S[^\n]*?)[ \t]*$", re.MULTILINE)
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y")
LONGEST = 500  # characters of one fact
Do = Literal["issue", "person", "ask", "draft", "chat", "comment", "claim", "subtask"]
Facts = Mapping[str, str]
When = dict[Id, Text]


class CaseFact(Named):
    """A fact that decides a case, or that others need to know; people may write it as a line `name: value`.

    `values`: the spellings of each value that conditions name; with `only`, no other value is accepted. `pattern` finds
    the fact in what people write. `date`: the value is a day. `kind`: the kind of case that has it; None: all kinds.
    """

    values: dict[Id, tuple[Text, ...]] = Field(default_factory=dict)
    only: bool = False
    pattern: Pattern | None = None
    date: bool = False
    kind: Id | None = None

    def read(self, text: str) -> str | None:
        """Return the value that a text means: an id of `values`, a day, or the text itself; None if it has none."""
        text = " ".join(text.split())[:LONGEST]
        if self.date:
            return as_day(text)
        found = self._values.find(text)
        return found or (None if self.only else text or None)

    def shown(self, value: str) -> str:
        """Return a value the way people write it."""
        if self.date and value:
            return f"{date.fromisoformat(value):%d.%m.%Y}"
        return self.values[value][0] if self.values.get(value) else value

    @cached_property
    def _values(self) -> Names:
        return Names([(one, spelling) for one, known in self.values.items() for spelling in (one, *known)])


class CaseStep(Strict):
    """One step of a branch: the rule, its line in the checklist, and who does what.

    `do`: issue (is created), person (only a person can do it), ask (until `facts` are known), draft (of a message to
    the client), chat (a message to `chat`), comment (in the issue), claim (in the carrier's Jira), subtask (of the
    issue, with the team's `label`). `text` names the text. `needs`: steps and facts that must come first; so must those
    of `hopes`, until somebody was reminded of them. `when`: the conditions for having the step. `after`: the pauses
    before a person is reminded; `on_day`: the fact with the day on which it is due. `phrases`: words of a colleague
    that mean it was done; with `reply`, so does an answer to the client.
    """

    rule: RuleId
    name: Text
    do: Do = "person"
    text: Id | None = None
    chat: Id | None = None
    facts: tuple[Id, ...] = ()
    needs: tuple[Id, ...] = ()
    hopes: tuple[Id, ...] = ()
    when: When = Field(default_factory=dict)
    after: tuple[Duration, ...] = ()
    phrases: tuple[Text, ...] = ()
    reply: bool = False
    on_day: Id | None = None
    label: Label | None = None

    def is_said(self, text: str) -> bool:
        """Return whether a colleague's words say that it was done."""
        words = f" {normalise(text)} "
        return any(f" {normalise(one)} " in words for one in self.phrases)


class Branch(Strict):
    """A row of T-8: the conditions for it, and its steps in order. `rule` is where the manual begins with it."""

    rule: RuleId
    name: Text
    when: Annotated[When, Field(min_length=1)]
    steps: Annotated[dict[Id, CaseStep], Field(min_length=1)]
    label: Label | None = None


class CaseKind(Named):
    """A kind of case: how it is recognised, the steps it always begins with, and its branches in order of precedence.

    `when`: the conditions for having a branch at all (J-43: that there is a delay).
    """

    rule: RuleId
    label: Label
    short: Text
    phrases: tuple[Text, ...] = ()
    when: When = Field(default_factory=dict)
    steps: dict[Id, CaseStep] = Field(default_factory=dict)
    branches: Annotated[dict[Id, Branch], Field(min_length=1)]


class Choice(Strict):
    """What a case's facts lead to: a branch, or the facts that are missing, or neither if no row covers it (C-16)."""

    branch: str | None = None
    missing: tuple[str, ...] = ()


class Stale(Strict):
    """After how many working hours somebody is told of an issue that nobody touches (J-08, J-09)."""

    new: Duration = timedelta(hours=4)
    in_work: Duration = timedelta(hours=24)


class Cases(Strict):
    """All of `cases.yml`. `project`: where issues of cases go; `claims`: the project of the carrier's Jira, None if
    nobody may write there (C-17). `labels`: of all issues of cases (J-03, J-13). `item_like_size`: a wrong item is
    handled like a wrong size (C-16). `promised_days`: platform → city → days.
    """

    project: ProjectKey | None = None
    claims: ProjectKey | None = None
    labels: tuple[Label, ...] = ()
    item_like_size: bool = True
    remind: Duration = timedelta(hours=4)
    again: Duration = timedelta(hours=24)
    stale: Stale = Stale()
    chats: dict[Id, Address] = Field(default_factory=dict)
    promised_days: dict[Id, dict[Text, Annotated[int, Field(ge=0, le=365)]]] = Field(default_factory=dict)
    facts: dict[Id, CaseFact] = Field(default_factory=dict)
    kinds: dict[Id, CaseKind] = Field(default_factory=dict)

    def kind_of(self, *texts: str | None) -> str | None:
        """Return the kind that the first known one of these names means."""
        return next(filter(None, map(self._kinds.find, texts)), None)

    def kind_in(self, text: str) -> str | None:
        """Return the kind whose phrases a text has; None if it is none, or more than one."""
        words = f" {normalise(text)} "
        found = {k for k, kind in self.kinds.items() if any(f" {normalise(one)} " in words for one in kind.phrases)}
        return found.pop() if len(found) == 1 else None

    def told_in(self, text: str) -> dict[str, str]:
        """Return the facts that a text states in lines `name: value`."""
        told = ((self._facts.find(name), value) for name, value in _LINE.findall(text))
        read = {name: self.facts[name].read(value) for name, value in told if name}
        return {name: value for name, value in read.items() if value}

    def found_in(self, text: str) -> dict[str, str]:
        """Return the facts that the patterns find anywhere in a text."""
        found = {name: re.search(fact.pattern, text) for name, fact in self.facts.items() if fact.pattern}
        return {name: match[match.re.groups] for name, match in found.items() if match}

    def given(self, values: Mapping[str, str | None]) -> dict[str, str]:
        """Return the facts stated in fields that are called by the facts' ids or names."""
        named = {name if name in self.facts else self._facts.find(name): value for name, value in values.items()}
        read = {name: self.facts[name].read(value) for name, value in named.items() if name and value}
        return {name: value for name, value in read.items() if value}

    def choose(self, kind: str, facts: Facts) -> Choice:
        """Choose the first branch whose conditions hold, or name the facts that it or an earlier branch lacks (T-8).

        When the kind's own conditions do not hold, `branch` is an empty string: nothing is missing or uncovered.
        """
        real = [self.holds(facts, name, wanted) for name, wanted in self.kinds[kind].when.items()]
        if not all(real):
            return Choice(branch="") if False in real else Choice(missing=tuple(self.kinds[kind].when))
        for branch_id, branch in self.kinds[kind].branches.items():
            holds = {name: self.holds(facts, name, wanted) for name, wanted in branch.when.items()}
            unknown = tuple(name for name, known in holds.items() if known is None)
            if all(holds.values()):
                return Choice(branch=branch_id)
            if unknown and False not in holds.values():
                return Choice(missing=unknown)
        return Choice()

    def holds(self, facts: Facts, name: str, wanted: str) -> bool | None:
        """Return whether a fact meets a condition; None when the fact is unknown."""
        if name == "mismatch" and self.item_like_size:
            return True
        known = facts.get(name)
        if known is None:
            return None
        values = {one.strip() for one in wanted.removeprefix(NOT).split("|")}
        return (known in values) != wanted.startswith(NOT)

    def steps(self, kind: str, branch: str | None, facts: Facts) -> dict[str, CaseStep]:
        """Return a case's checklist: the steps of its kind and its branch whose conditions hold, in order."""
        own = self.kinds[kind].branches[branch].steps if branch in self.kinds[kind].branches else {}
        every = {**self.kinds[kind].steps, **own}
        return {
            name: step
            for name, step in every.items()
            if all(self.holds(facts, fact, wanted) for fact, wanted in step.when.items())
        }

    def days(self, platform: str, city: str) -> int | None:
        """Return in how many days a platform promises to deliver to a city; None if the table has no row (J-43)."""
        cities = self.promised_days.get(platform, {})
        shown = self.facts["city"].shown(city) if "city" in self.facts else city
        own = {match_key(name): days for name, days in cities.items()}
        return own.get(match_key(shown), cities.get(ANY))

    def facts_of(self, kind: str) -> dict[str, CaseFact]:
        """Return the facts that cases of a kind have."""
        return {name: fact for name, fact in self.facts.items() if fact.kind in (None, kind)}

    @cached_property
    def _kinds(self) -> Names:
        labels = [(name, kind.label) for name, kind in self.kinds.items()]
        return Names([*((name, name) for name in self.kinds), *labels, *spellings(self.kinds)])

    @cached_property
    def _facts(self) -> Names:
        return Names(spellings(self.facts))


def as_day(text: str) -> str | None:
    """Return a day as it is stored, 2026-11-20; None if the text is not a day."""
    for form in _DATES:
        try:
            return datetime.strptime(text, form).date().isoformat()  # a day has no zone
        except ValueError:
            continue
    return None


def day_of(value: str | None) -> date | None:
    """Return a stored day as a date."""
    return date.fromisoformat(value) if value else None
