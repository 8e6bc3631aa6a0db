"""Links from an issue to its ticket, and to other issues."""

from __future__ import annotations

from typing import Literal

from desk.actions import Action, Result
from desk.circuit_breaker import Refused
from desk.context import DeskContext
from desk.issues import Issue, is_finished
from desk.jira.client import JiraSite
from desk.jira.orders import label_of
from desk.sight import NOT_FOUND
from events import TicketEvent

# The other task: linked; linked but finished, or in a project without events to the bot; existing but not linked;
# not found.
Awaited = Literal["linked", "done", "unheard", "not_linked", "unseen"]


class JiraRelations:
    """Links issues to their tickets and to each other."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._config = context.config

    def link_back(self, issue: Issue, event: TicketEvent, *, why: str) -> None:
        """Put a link to the ticket into the issue; a repetition does not duplicate it."""
        url = event.ticket.url
        if not url or not url.startswith(("http://", "https://")):
            return
        label = label_of(event.source, event.ticket.id)
        title = self._context.templates.note("remote_link", ticket=event.ticket.id)
        action = Action(why, "link_back", issue.key, intent=url, possible=issue.real, courtesy=True)
        link = {"globalId": f"smezhnik:{label}", "object": {"url": url, "title": title}}

        self._context.actions.do(action, lambda: self._context.site(issue.site).remote_link(issue.id, link))

    def relate(self, issue: Issue, key: str, *, why: str) -> Awaited | None:
        """Link the issue to the task that it waits for (W-53), if possible; return that task's state.

        A repetition does not duplicate the link.
        """
        action = Action(why, "relate", issue.key, intent=key, possible=issue.real)

        def act() -> Result:
            site = self._context.site(issue.site)
            try:
                other = site.issue(key, ["status"])
            except Refused as refused:
                if refused.trouble.status != NOT_FOUND:
                    raise
                return Result("unseen", outcome="refused", reason=refused.reason)
            try:
                self._link(site, issue.key, key)
            except Refused as refused:
                return Result("not_linked", outcome="refused", reason=refused.reason)
            if is_finished(other.fields):
                return Result("done")
            return Result("linked" if other.key.split("-")[0] in self._config.jira.projects else "unheard")

        result: Awaited | None = self._context.actions.do(action, act)
        return result

    def _link(self, site: JiraSite, inward: str, outward: str) -> None:
        """Link two issues; if Jira does not know the configured name of the link type, use the id it has for it."""
        name, directory = self._config.holds.link_type, self._context.directory
        ends = {"inwardIssue": {"key": inward}, "outwardIssue": {"key": outward}}
        kind = directory.named(site, "", "linktype", name)
        try:
            site.link({"type": kind, **ends})
        except Refused:
            anew = directory.named_anew(site, "", "linktype", name)
            if anew == kind:
                raise
            site.link({"type": anew, **ends})
