"""Jira's search, which learns of a write only after a while."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.jira_state import SandboxIssue


@dataclass
class Version:
    """An issue as it was at a write (None: deleted), and when search begins to see it (monotonic seconds)."""

    issue: SandboxIssue | None
    written: float
    visible: float


class SearchIndex:
    """The versions of every issue that search sees or is about to see."""

    def __init__(self, lag: float) -> None:
        """`lag` is in seconds."""
        self.lag = lag
        self._versions: dict[str, list[Version]] = {}

    def set_lag(self, seconds: float) -> None:
        """Change the lag; a shorter one also holds for what was already written."""
        self.lag = seconds
        for version in (version for versions in self._versions.values() for version in versions):
            version.visible = min(version.visible, version.written + seconds)

    def note(self, issue: SandboxIssue) -> None:
        """Remember an issue as it is now."""
        seen = copy.copy(issue)
        seen.fields = dict(issue.fields)
        seen.properties = dict(issue.properties)
        seen.comments = list(issue.comments)
        self._add(issue.id, seen)

    def note_deleted(self, issue_id: str) -> None:
        """Remember that an issue went."""
        self._add(issue_id, None)

    def _add(self, issue_id: str, issue: SandboxIssue | None) -> None:
        now = time.monotonic()
        versions = self._versions.setdefault(issue_id, [])
        versions.append(Version(issue, now, now + self.lag))
        while len(versions) > 1 and versions[1].visible <= now:
            versions.pop(0)

    def seen(self, reconciled: Iterable[str] = ()) -> Iterator[SandboxIssue]:
        """The issues as search sees them; those of the `reconciled` ids as they are now."""
        now, fresh = time.monotonic(), set(reconciled)
        for issue_id, versions in self._versions.items():
            newest = (version for version in reversed(versions) if version.visible <= now or issue_id in fresh)
            version = next(newest, None)
            if version and version.issue is not None:
                yield version.issue
