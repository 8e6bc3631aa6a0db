"""Comments: each is written once, and an internal one never reaches a customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from desk.issues import Issue
from desk.jira.client import PROPERTY, JiraSite
from desk.jira.reading import Reading
from desk.journal import Done, Verb


class Comments(Reading):
    """The one place that writes comments into issues."""

    def _comment(
        self,
        issue: Issue,
        verb: Verb,
        body: Mapping[str, Any],
        *,
        public: bool = False,
        also: Callable[[sa.Connection], None] | None = None,
    ) -> Any:
        """Write a comment once; after an unknown outcome it is looked for by the bot's mark. None: not written."""
        mark = {"delivery": self._around.label, "verb": f"{verb.why} {verb.name}"}

        def stray(connection: sa.Connection, _done: Done | None, key: str) -> None:
            about = {"of": "comment", "rule": verb.why, "verb": verb.name, "site": issue.site, "issue_id": issue.id}
            self._around.leave_word(connection, key, **about)

        def find(_begun_at: datetime) -> Done | None:
            site = self._around.site(issue.site)
            mine = [comment for comment in site.comments(issue.id) if mark_of(comment) == mark]
            return written(site, mine[0]) if mine else None

        def act() -> Done:
            site = self._around.site(issue.site)
            return written(site, site.comment(issue.id, body, mark, public=public))

        def written(site: JiraSite, comment: Mapping[str, Any]) -> Done:
            if not public and comment.get("jsdPublic") is True:
                return self._leak(site, issue, str(comment["id"]))
            return Done({"id": str(comment["id"])}, also=also)

        return self._around.journal.do(replace(verb, stray=stray), act, find)

    def _leak(self, site: JiraSite, issue: Issue, comment: str) -> Done:
        """Jira shows an internal comment to the seller: take it back at once and alert."""
        site.delete_comment(issue.id, comment)

        def tell(connection: sa.Connection) -> None:
            self._around.alerts.raise_once(connection, f"leak:{issue.site}:{issue.id}", "alert_leak", issue=issue.key)

        return Done(outcome="refused", reason="Jira would show an internal comment to customers", also=tell)


def mark_of(comment: Mapping[str, Any]) -> Any:
    """The bot's mark on a comment; None: it has none."""
    return next((p.get("value") for p in comment.get("properties") or () if p.get("key") == PROPERTY), None)
