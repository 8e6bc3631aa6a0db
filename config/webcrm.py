"""`webcrm.yml`: escalation inside WebCRM, silence in chats, and how agents work (W-05…W-08, W-27…W-32, R-13, R-54)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property

from pydantic import Field

from config.fields import Duration, Strict, Text
from config.jira import Id
from config.named import Named, spellings
from config.names import Names, match_key


class Question(Strict):
    """What a group solves: a Тип, or one Подтип of it."""

    type: Text
    subtype: Text | None = None


class SkillGroup(Named):
    """A group of the second line and what it `takes`; agents with one of `skills` may solve that themselves."""

    takes: tuple[Question, ...] = ()
    skills: tuple[Text, ...] = ()


class WebCrmDelays(Strict):
    """How long to wait before a check.

    `silence`: for a client's message in a chat (R-13, R-25); `escalation`: for the closing that completes one (W-32);
    `rest`: a ticket assigned less than this before an agent's rest was assigned too late (R-54).
    """

    silence: Duration = timedelta(seconds=90)
    escalation: Duration = timedelta(minutes=10)
    rest: Duration = timedelta(seconds=60)


class WebCrmConfig(Strict):
    """All of `webcrm.yml`."""

    groups: dict[Id, SkillGroup] = Field(default_factory=dict)
    on_line: tuple[Text, ...] = ()
    resting: tuple[Text, ...] = ()
    delays: WebCrmDelays = WebCrmDelays()

    def group_of(self, type_text: str | None, subtype: str | None) -> SkillGroup | None:
        """Find the group for a Тип and Подтип by any spelling: a row for both comes before a row for the Тип alone."""
        kind = self._types.find(type_text)
        if kind is None:
            return None
        of_both = self._subtypes[kind].find(subtype)
        owner = of_both or self._whole.get(kind)
        return self.groups[owner] if owner else None

    def group_named(self, text: str | None) -> SkillGroup | None:
        """Find a group by any spelling of its name."""
        found = self._names.find(text)
        return self.groups[found] if found else None

    def is_on_line(self, status: str | None) -> bool:
        """Return whether an agent with this status is working."""
        return match_key(status or "") in map(match_key, self.on_line)

    def is_resting(self, status: str | None) -> bool:
        """Return whether an agent with this status is resting."""
        return match_key(status or "") in map(match_key, self.resting)

    def questions(self) -> Iterator[tuple[str, int, Question]]:
        """Yield each row of `takes` with the group's id and the row's position."""
        for owner, group in self.groups.items():
            for number, row in enumerate(group.takes):
                yield owner, number, row

    @cached_property
    def _types(self) -> Names:
        return Names((match_key(row.type), row.type) for _, _, row in self.questions())

    @cached_property
    def _subtypes(self) -> dict[str, Names]:
        kinds: dict[str, list[tuple[str, str]]] = {match_key(row.type): [] for _, _, row in self.questions()}
        for owner, _, row in self.questions():
            if row.subtype:
                kinds[match_key(row.type)].append((owner, row.subtype))
        return {kind: Names(rows) for kind, rows in kinds.items()}

    @cached_property
    def _whole(self) -> dict[str, str]:
        return {match_key(row.type): owner for owner, _, row in self.questions() if not row.subtype}

    @cached_property
    def _names(self) -> Names:
        return Names(spellings(self.groups))
