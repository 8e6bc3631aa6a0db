"""What was changed in a file, kept line by line, so that the history can show it and take it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

Hunk = tuple[int, list[str]]  # from which line on (0 = the first), and the lines


@dataclass(frozen=True)
class ChangedLine:
    """A line that is gone (`-`) or new (`+`), with its number in the file of before, or of after."""

    sign: str
    number: int
    text: str


@dataclass(frozen=True)
class FileChange:
    """The lines that differ: hunk by hunk what stood there and what stands there now."""

    before: Sequence[Hunk]
    after: Sequence[Hunk]

    @classmethod
    def between(cls, old: str, new: str) -> FileChange:
        """What makes one text of another."""
        was, now = old.split("\n"), new.split("\n")
        steps = [step for step in SequenceMatcher(None, was, now, autojunk=False).get_opcodes() if step[0] != "equal"]
        before: list[Hunk] = [(first, was[first:last]) for _, first, last, _, _ in steps]
        after: list[Hunk] = [(first, now[first:last]) for _, _, _, first, last in steps]
        return cls(before, after)

    @classmethod
    def of_audit(cls, before: Any, after: Any) -> FileChange | None:
        """What a row of the audit kept; None where it kept no lines."""
        if not (isinstance(before, Mapping) and isinstance(after, Mapping) and "lines" in before and "lines" in after):
            return None
        return cls(*([(int(first), list(lines)) for first, lines in side["lines"]] for side in (before, after)))

    @staticmethod
    def digest(side: Any) -> str:
        """The name of the whole content of before, or of after."""
        return str(side["sha256"])

    @staticmethod
    def count(side: Any) -> int:
        """How many lines of it are other ones."""
        return int(side["count"])

    def kept(self, digests: tuple[str, str], *, with_lines: bool) -> tuple[dict[str, object], dict[str, object]]:
        """Before and after, for a row of the audit; `digests` name both contents."""
        sides = [
            {"sha256": digest, "count": sum(len(lines) for _, lines in hunks)}
            | ({"lines": [list(hunk) for hunk in hunks]} if with_lines else {})
            for digest, hunks in zip(digests, (self.before, self.after), strict=True)
        ]
        return sides[0], sides[1]

    def taken_back(self, text: str) -> str | None:
        """The text as it was before; None when the new lines do not stand there."""
        lines = text.split("\n")
        for (_, old), (first, new) in reversed(list(zip(self.before, self.after, strict=True))):
            if lines[first : first + len(new)] != new:
                return None
            lines[first : first + len(new)] = old
        return "\n".join(lines)

    def lines(self) -> Iterator[ChangedLine]:
        """What is gone and what is new, in the order of the file."""
        for hunks in zip(self.before, self.after, strict=True):
            for sign, (first, lines) in zip("-+", hunks, strict=True):
                yield from (ChangedLine(sign, number, line) for number, line in enumerate(lines, first + 1))

    def __bool__(self) -> bool:
        return bool(self.before)
