"""A ticket's history for agents: a sentence per event, the newest first; events without effect are folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from events import ISSUE_KEY
from store.rows import EventRow, StepRow
from web.language import said
from web.shown import Step, View
from web.times import ShownMoment
from web.words import word, words

_KEY = re.compile(ISSUE_KEY)
_HAPPENED = ("done", "unchanged", "warned", "observed", "refused", "put_off", "failed")
_NOTES = ("note_", "write_comment", "draft_comment")


@dataclass(frozen=True)
class HistoryLine:
    """One event: `sentence` says what happened, `bot` what the bot did about it, `notes` what it told the agent."""

    at: ShownMoment
    source: str
    sentence: str
    bot: Sequence[str]
    notes: Sequence[str]
    state: str
    state_words: str
    reason: str
    steps: Sequence[Step]

    @property
    def quiet(self) -> bool:
        """Whether the event had no effect, such as an echo of the bot's own comment."""
        return self.state in ("ignored", "done") and not self.steps


@dataclass(frozen=True)
class HistoryPart:
    """A run of consecutive events: each is shown, or, if `quiet`, all are folded."""

    quiet: bool
    lines: Sequence[HistoryLine]


def history(
    rows: Iterable[EventRow], steps: Mapping[int, Sequence[StepRow]], view: View, told: Iterable[str]
) -> list[HistoryPart]:
    """Return the parts of a history; `told`: notes that are elsewhere on the page and not to be repeated."""
    seen = set(told)
    lines = [_line(row, steps[row.id], view, seen) for row in rows]
    return [HistoryPart(quiet, list(group)) for quiet, group in groupby(lines, key=lambda line: line.quiet)]


def _line(row: EventRow, steps: Sequence[StepRow], view: View, seen: set[str]) -> HistoryLine:
    shown = [view.step(step, row.case_id) for step in steps]
    notes = [one.after for step, one in zip(steps, shown, strict=True) if _is_new_note(step, one, seen)]
    return HistoryLine(
        at=view.moment(row.received_at),
        source=word("sources", row.source),
        sentence=_happened(row.type),
        bot=[sentence for outcome in _HAPPENED if (sentence := _did(outcome, steps))],
        notes=notes,
        state=row.state,
        state_words=word("states", row.state),
        reason=view.reason(row.reason),
        steps=shown,
    )


def _is_new_note(step: StepRow, shown: Step, seen: set[str]) -> bool:
    if not step.verb.startswith(_NOTES) or step.outcome not in ("done", "warned") or not shown.after:
        return False
    new = shown.after not in seen
    seen.add(shown.after)
    return new


def _happened(event_type: str) -> str:
    told = word("happened", event_type)
    return told if told != event_type else word("types", event_type)


def _did(outcome: str, steps: Iterable[StepRow]) -> str:
    """Return a sentence like «Бот создал задачу Jira FBO-7, закрыл тикет.», without the bot's book-keeping."""
    found = [_deed(step) for step in steps if step.outcome == outcome]
    deeds = dict.fromkeys(deed for deed in found if deed)
    return said(str(words()["bot_did"][outcome])).format(deeds=", ".join(deeds)) if deeds else ""


def _deed(step: StepRow) -> str:
    family = next((one for one in ("note", "say_case") if step.verb.startswith(f"{one}_")), step.verb)
    if family not in words()["did"]:
        return ""
    past = step.outcome in ("done", "unchanged")
    key = next((one for one in (step.after, step.target) if isinstance(one, str) and _KEY.match(one)), "")
    return f"{word('did' if past else 'verbs', family)} {key}".strip()
