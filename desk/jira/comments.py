"""Comments: each is written once, and an internal one is never left where a customer sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from config import Topic
from desk import adf
from desk.actions import Action, Result
from desk.clock import machine_now
from desk.context import DeskContext
from desk.issues import Issue
from desk.jira.client import PROPERTY, JiraSite
from desk.jira.orders import SAID, said_in
from desk.templates import IssueContext
from events import TicketEvent
from store import links

_KEPT = 20  # closings of one ticket that are remembered


@dataclass(frozen=True)
class HoldEnd:
    """How a hold ended: its kind, who answered, when (as text), and the answer if known."""

    kind: str
    who: str
    at: str
    said: str = ""


class JiraComments:
    """Writes comments, each once; an internal one that Jira would show to a customer is deleted."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._config = context.config

    def write(
        self,
        issue: Issue,
        action: Action,
        body: Mapping[str, Any],
        *,
        public: bool = False,
        also: Callable[[sa.Connection], None] | None = None,
    ) -> Any:
        """Write a comment once, and return its value in the ledger; `None` if it was not written.

        After an unknown outcome it is looked for by the bot's mark.
        """
        mark = {"delivery": self._context.label, "verb": f"{action.why} {action.name}"}

        def stray(connection: sa.Connection, _done: Result | None, key: str) -> None:
            about = {"of": "comment", "rule": action.why, "verb": action.name, "site": issue.site, "issue_id": issue.id}
            self._context.leave_word(connection, key, **about)

        site = self._context.site(issue.site)

        def find(_begun_at: datetime) -> Mapping[str, Any] | None:
            return next((comment for comment in site.comments(issue.id) if mark_of(comment) == mark), None)

        def written(comment: Mapping[str, Any]) -> Result:
            if not public and comment.get("jsdPublic") is True:
                return self._leak(site, issue, str(comment["id"]))
            return Result({"id": str(comment["id"])}, rows=also)

        marked = replace(action, stray=stray)
        return self._context.actions.do(
            marked, lambda: site.comment(issue.id, body, mark, public=public), find, written
        )

    def _leak(self, site: JiraSite, issue: Issue, comment: str) -> Result:
        """Delete an internal comment that Jira shows to the seller, and raise an alert."""
        site.delete_comment(issue.id, comment)

        def tell(connection: sa.Connection) -> None:
            self._context.alerts.raise_once(connection, f"leak:{issue.site}:{issue.id}", "alert_leak", issue=issue.key)

        return Result(outcome="refused", reason="Jira would show an internal comment to customers", rows=tell)

    def say_to_third_line(
        self, issue: Issue, event: TicketEvent, topic: Topic, *, why: str, again: bool = False
    ) -> bool:
        """Write what the third line has to know into the ticket's issue, where the seller cannot see it.

        `again`: write only what no earlier closing has said. Returns whether a comment was written.
        """
        said, known = said_in(event), self._said(issue)
        if again and said is None:
            return False
        if again and known is None:
            known = self._remember(issue, said)
        kind = self._config.categories.types[topic.type_id]
        context = IssueContext(event.ticket, topic, event.agent, event.closing)
        body = self._context.templates.issue(kind.template, context).description

        def told() -> str | None:
            return "the third line was told already" if again and said in (known or ()) else None

        def also(connection: sa.Connection) -> None:
            if said is not None:
                value = [*(known or ()), said][-_KEPT:]
                links.set_mark(connection, issue.site, issue.id, SAID, value=value, set_at=machine_now())

        action = Action(why, "say_to_third_line", issue.key, possible=issue.real, already=told)
        return bool(self.write(issue, action, body, also=also))

    def _said(self, issue: Issue) -> list[str] | None:
        """Return what closings have said in an issue; `None` if a person made it and no closing was heard yet."""
        with self._context.reading() as connection:
            mark = links.mark(connection, issue.site, issue.id, SAID)
        return list(mark.value or ()) if mark else None

    def _remember(self, issue: Issue, said: str | None) -> list[str]:
        value = [said] if said else []
        self._context.actions.record(
            lambda rows: links.set_mark(rows, issue.site, issue.id, SAID, value=value, set_at=machine_now())
        )
        return value

    def say_linked(self, issue: Issue, ticket: str, url: str | None, *, why: str) -> None:
        """Comment on an issue that a person made which ticket it belongs to now."""
        body = self._context.templates.comment("linked_ticket", ticket_id=ticket, url=url or "")
        self.write(issue, Action(why, "say_linked", issue.key, intent=ticket), body)

    def say_what_was_done(self, issue: Issue, event: TicketEvent, *, why: str) -> None:
        """Write the internal comment on what was done for the ticket (W-70), mentioning the awaited person (W-56)."""
        detail, actions = event.closing.hold_detail, event.closing.actions_done or ""
        values = {"actions": actions, "agent": event.agent.name or "", "reason": detail.reason or ""}
        body = self._context.templates.comment("hold_done", **values)
        if detail.account_id:
            body = {**body, "content": [*body["content"], adf.mention(detail.account_id)]}
        self.write(issue, Action(why, "say_what_was_done", issue.key, intent=actions, possible=issue.real), body)

    def say_checklist(self, issue: Issue, reason: str, category: str, *, why: str) -> None:
        """Write the agent's checklist into the issue (W-69)."""
        body = self._context.templates.comment("hold_checklist", reason=reason, category=category)
        self.write(issue, Action(why, "say_checklist", issue.key, possible=issue.real), body)

    def ask_seller(self, issue: Issue, question: str, *, why: str) -> None:
        """Ask the seller in the issue, by a public comment, and nowhere else (W-76, W-77)."""
        body = self._context.templates.comment("hold_question", question=question)
        self.write(issue, Action(why, "ask_seller", issue.key, question, issue.real), body, public=True)

    def say_hold_ended(self, issue: Issue, end: HoldEnd, *, why: str) -> None:
        """Comment on the issue that its hold is over, who answered, and when."""
        body = self._context.templates.comment("hold_ended", **asdict(end))
        self.write(issue, Action(why, "say_hold_ended", issue.key, intent=end.who), body)

    def say_both_asked(self, issue: Issue, *, why: str) -> None:
        """Comment on the issue that both holds were requested at once, so neither was begun."""
        labels = self._config.jira.hold_labels
        body = self._context.templates.comment("hold_both_asked", labels=f"{labels.ozon}, {labels.seller}")
        self.write(issue, Action(why, "say_both_asked", issue.key), body)

    def say_hold_not_possible(self, issue: Issue, *, why: str) -> None:
        """Comment on the issue that the seller cannot see it, so it cannot be put on hold."""
        body = self._context.templates.comment("hold_not_visible")
        self.write(issue, Action(why, "say_hold_not_possible", issue.key), body)

    def say_question_missing(self, issue: Issue, *, why: str) -> None:
        """Comment on the issue that the question to the seller must be asked there."""
        body = self._context.templates.comment("hold_ask_here")
        self.write(issue, Action(why, "say_question_missing", issue.key), body)


def mark_of(comment: Mapping[str, Any]) -> Any:
    """Return the bot's mark on a comment, or `None`."""
    return next((p.get("value") for p in comment.get("properties") or () if p.get("key") == PROPERTY), None)
