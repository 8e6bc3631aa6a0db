"""What the bot does in Jira: issues, components, comments, links back."""

from __future__ import annotations

from desk.clock import machine_now
from desk.issues import Issue, TicketRef
from desk.jira.components import ComponentVerbs
from desk.jira.hold_labels import HoldLabels
from desk.jira.orders import label_of
from desk.jira.requests import RequestIssues
from desk.jira.strays import Strays
from desk.journal import Done, Verb
from events import IssueRef
from store import links
from store.links import Link


class JiraDesk(HoldLabels, ComponentVerbs, RequestIssues, Strays):
    """All verbs that act in Jira. Each verb's `why` is the rule that it obeys."""

    def link_ticket(self, issue: Issue, of: TicketRef, *, why: str) -> bool:
        """Remember that an issue which a person made belongs to a ticket; False when either is taken by another."""
        verb = Verb(why, "link_ticket", issue.key, intent=label_of(of.source, of.id))
        type_id = self._config.categories.type_id(of.type)
        link = Link(of.source, of.id, "escalation", issue.site, issue.id, issue.key, made_by_bot=False, type_id=type_id)

        def act() -> Done:
            with self._around.writing() as connection:
                if of.passed_on:
                    links.pass_on(connection, link, machine_now())
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
