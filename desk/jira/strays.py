"""What is in Jira twice because a worker stalled during a call and another one took its work over.

A call that was allowed in time may still go out late. When it comes back and its delivery belongs to another worker, a
`StrayEvent` is posted. Here both effects are compared: one stays, the other is removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from desk.actions import OWN, Action, Result
from desk.circuit_breaker import Refused
from desk.clock import machine_now
from desk.context import DeskContext
from desk.faults import Later
from desk.issues import Issue
from desk.jira.client import PROPERTY
from desk.jira.comments import JiraComments, mark_of
from desk.jira.orders import label_of
from desk.jira.reading import JiraReading
from desk.sight import NOT_FOUND
from events import StrayEvent
from store import ledger, links

SUPERFLUOUS = "superfluous"  # the purpose of a surplus issue


class Strays:
    """Removes duplicates. What a look finds is recorded, because the removal changes what a second look would show."""

    def __init__(self, context: DeskContext, reading: JiraReading, comments: JiraComments) -> None:
        self._context = context
        self._config = context.config
        self._reading = reading
        self._comments = comments

    def find_second_issues(self, event: StrayEvent) -> tuple[str, list[Issue]]:
        """Return the key of the ticket's issue, and the delivery's surplus issues, of which an admin is told."""
        source, ticket = event.ticket_source or "", event.ticket_id or ""

        def look() -> Result:
            with self._context.reading() as connection:
                own = links.all_of_ticket(connection, source, ticket)
            made = self._made(event, label_of(source, ticket)) if own else []
            second = [issue for issue in made if issue.id not in {link.issue_id for link in own}]
            if not second:
                return Result(outcome="unchanged", reason="the ticket has no issue besides its own")
            real = next((link for link in own if link.purpose == event.purpose), own[-1])

            def tell(connection: sa.Connection) -> None:
                for issue in second:
                    values = {"real": real.issue_key, "second": issue.key, "ticket": ticket}
                    self._context.alerts.raise_once(
                        connection, f"second:{issue.site}:{issue.id}", "alert_second_issue", **values
                    )

            found = [[issue.site, issue.id, issue.key, issue.project] for issue in second]
            result = {"real": real.issue_key, "second": found}
            return Result(result, before=real.issue_key, after=[issue.key for issue in second], rows=tell)

        action = Action(OWN, "find_second_issues", label_of(source, ticket))
        found = self._context.actions.look(action, look)
        return (found["real"], [Issue(*one) for one in found["second"]]) if found else ("", [])

    def _made(self, event: StrayEvent, label: str) -> list[Issue]:
        """Return the issues that bear the delivery's mark: by id if it is known, otherwise by a search."""
        wanted = {"purpose": event.purpose, "delivery": event.delivery}
        if event.issue_id:
            seen = self._reading.read_at(event.site or "", event.issue_id, None)
            return [seen.issue] if seen is not None and _bears(seen.mark, wanted) else []
        settled = event.occurred_at + self._config.runtime.search_settle
        if machine_now() < settled:
            raise Later(f"Jira's search may not show {label} yet", at=settled)
        found = self._context.site(event.site or "").search(f'labels = "{label}" ORDER BY created ASC', ["labels"])
        bearing = [one for one in found if _bears(one.properties.get(PROPERTY), wanted)]
        return [Issue(event.site or "", one.id, one.key, one.key.split("-")[0]) for one in bearing]

    def say_superfluous(self, issue: Issue, real: str) -> None:
        """Comment on a surplus issue that it is one, and which issue counts."""
        body = self._context.templates.comment("superfluous", key=real)
        self._comments.write(issue, Action(OWN, "say_superfluous", issue.key, intent=real, courtesy=True), body)

    def set_aside(self, issue: Issue, event: StrayEvent) -> None:
        """Remove the ticket's label and the purpose from a surplus issue, so that no search finds it."""
        label = label_of(event.ticket_source or "", event.ticket_id or "")
        mark = {"purpose": SUPERFLUOUS, "delivery": event.delivery, "ticket": label}

        def act() -> Result:
            self._context.site(issue.site).edit(issue.id, {"labels": [{"remove": label}]}, None, mark)
            return Result(before=event.purpose)

        self._context.actions.do(Action(OWN, "set_aside", issue.key, intent=SUPERFLUOUS, courtesy=True), act)

    def take_second_comments_back(self, event: StrayEvent) -> None:
        """Delete an action's comments that the ledger has not recorded, if it has recorded another one."""
        mark = {"delivery": event.delivery, "verb": f"{event.rule} {event.verb}"}

        def act() -> Result:
            site = self._context.site(event.site or "")
            kept, issue = self._recorded(event), event.issue_id or ""
            mine = [str(comment["id"]) for comment in site.comments(issue) if mark_of(comment) == mark]
            second = [one for one in mine if one not in kept] if kept & set(mine) else []
            for one in second:
                try:
                    site.delete_comment(issue, one)
                except Refused as refused:
                    if refused.trouble.status != NOT_FOUND:
                        raise
            return Result(second, before=mine) if second else Result(outcome="unchanged", reason="no comment twice")

        self._context.actions.do(Action(OWN, "take_second_comments_back", event.issue_id, courtesy=True), act)

    def _recorded(self, event: StrayEvent) -> set[str]:
        """Return the ids of the comments that the delivery's action wrote, according to the ledger."""
        with self._context.reading() as connection:
            results = ledger.results_of(connection, event.delivery, event.rule, event.verb)
        return {str(one["id"]) for one in results if isinstance(one, dict) and "id" in one}


def _bears(mark: Any, wanted: dict[str, Any]) -> bool:
    return isinstance(mark, Mapping) and wanted.items() <= mark.items()
