"""What comes of a chat: to which line, by which rule, or what has to be known first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Decision = Literal["escalate", "self", "ask", "refuse"]


class LineChoice(NamedTuple):
    """A line that a chat may go to; None: the agent answers it."""

    line: str | None
    rule: str
    sure: float
    topic: str | None = None


@dataclass(frozen=True)
class Verdict:
    """`line` and `alternatives` name lines of `escalation.yml`.

    `words`: the note that says what to ask or to answer; none with an escalation, of which a client never hears
    (E-03). `missing`: fields that a rule needs and the CRM does not tell.
    """

    decision: Decision
    rule: str
    sure: float
    line: str | None = None
    topic: str | None = None
    words: tuple[str, ...] = ()
    alternatives: tuple[LineChoice, ...] = ()
    missing: tuple[str, ...] = ()

    @classmethod
    def of(cls, choice: LineChoice, words: tuple[str, ...] = ()) -> Verdict:
        """A choice as a decision."""
        decision: Decision = "escalate" if choice.line else "self"
        return cls(decision, choice.rule, choice.sure, choice.line, choice.topic, words)
