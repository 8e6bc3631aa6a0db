"""What the bot does in Jira: issues, components, comments, links back."""

from __future__ import annotations

from desk.clock import machine_now
from desk.issues import Issue
from desk.jira.components import ComponentVerbs
from desk.jira.hold_labels import HoldLabels
from desk.jira.making import label_of
from desk.jira.requests import RequestIssues
from desk.jira.strays import Strays
from desk.journal import Done, Verb
from events import IssueRef
from store import links
from store.links import Link


class JiraDesk(HoldLabels, ComponentVerbs, RequestIssues, Strays):
    """All verbs that act in Jira. Each verb's `why` is the rule that it obeys."""

    def link_ticket(self, issue: Issue, source: str, ticket_id: str, *, why: str) -> bool:
        """Remember that an issue which a person made belongs to a ticket; False when either is taken by another."""
        verb = Verb(why, "link_ticket", issue.key, intent=label_of(source, ticket_id))
        link = Link(source, ticket_id, "escalation", issue.site, issue.id, issue.key, made_by_bot=False)

        def act() -> Done:
            with self._around.writing() as connection:
                try:
                    links.add(connection, link, machine_now())
                except links.LinkTakenError as taken:
                    return Done(False, outcome="refused", reason=f"taken: {taken}")
            return Done(True)

        return bool(self._around.journal.do(verb, act))

    def forget(self, ref: IssueRef, *, why: str) -> None:
        """Undo the link of an issue that was deleted."""

        def act() -> Done:
            return Done(also=lambda connection: links.forget(connection, ref.site, ref.id, machine_now()))

        self._around.journal.do(Verb(why, "forget_issue", ref.key or ref.id), act)

    def rename(self, ref: IssueRef, key: str, *, why: str) -> None:
        """Keep the new key of an issue that moved; the ticket does not carry it yet."""

        def act() -> Done:
            return Done(also=lambda connection: links.rename(connection, ref.site, ref.id, key))

        self._around.journal.do(Verb(why, "rename_issue", key), act)
