"""Requests to departments in Jira: recognise their issues, cross-link, remind, find answers (U-14, U-16, U-30)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

import sqlalchemy as sa

from config.departments import Department
from desk.actions import Action
from desk.adf_text import plain_text
from desk.answers import judge
from desk.context import DeskContext
from desk.issues import COMPONENTS, Issue, IssueView
from desk.jira.client import PROPERTY
from desk.jira.comments import JiraComments
from desk.jira.reading import JiraReading
from desk.tickets import Stop
from events import IssueRef
from store import links, requests
from store.requests import ANSWERED, WITHDRAWN, Request

NOT_PEOPLE_OF_OURS = ("customer", "app")  # account types whose comments are not a department's answer


class JiraRequests:
    """Issues that ask a department something."""

    def __init__(self, context: DeskContext, reading: JiraReading, comments: JiraComments) -> None:
        self._context = context
        self._config = context.config
        self._reading = reading
        self._comments = comments

    @staticmethod
    def issue_of_request(request: Request) -> Issue | None:
        """Return the issue in which a request lives."""
        if not (request.site and request.issue_id and request.issue_key):
            return None
        return Issue(request.site, request.issue_id, request.issue_key, request.issue_key.split("-")[0])

    def department_of(self, seen: IssueView) -> Department | None:
        """Return the department that an issue asks: its request's if the issue still names it, else one a person named.

        Components set by the bot do not count: they are groups of the third line (W-57, C-25).
        """
        with self._context.reading() as connection:
            mark = links.mark(connection, seen.issue.site, seen.issue.id, COMPONENTS)
            request = requests.of_issue(connection, seen.issue.site, seen.issue.id)
        asked = request.department if request and request.state != WITHDRAWN else None
        known = [one for one in self.departments_in(seen) if one.id == asked]
        own = mark.value or () if mark else ()
        return next(iter((*known, *self.departments_in(seen, but=own))), None)

    def departments_in(self, seen: IssueView, but: Collection[str] = ()) -> list[Department]:
        """Return the departments that an issue names, by components (except ids in `but`) and by assignee."""
        departments = self._config.departments
        named = [departments.of_component(name) for name, number in seen.components.items() if number not in but]
        return [one for one in (*named, departments.of_assignee(seen.assignee)) if one]

    def say_request(self, issue: Issue, ticket: str, url: str | None, *, why: str) -> None:
        """Comment on a department's issue for which ticket it asks (U-16)."""
        body = self._context.templates.comment("request_linked", ticket_id=ticket, url=url or "")
        self._comments.write(issue, Action(why, "say_request", issue.key, intent=ticket), body)

    def remind_in_issue(
        self,
        issue: Issue,
        since: str,
        *,
        why: str,
        unless: Stop,
        also: Callable[[sa.Connection], None],
    ) -> bool:
        """Remind a department where its question lives (U-30); return whether that was done.

        A refusal by Jira does not stop the run: others are told too.
        """
        body = self._context.templates.comment("request_reminder", since=since)
        action = Action(why, "remind_in_issue", issue.key, courtesy=True, already=unless)
        return bool(self._comments.write(issue, action, body, also=also))

    def how_stands(self, request: Request) -> tuple[str, str, str | None, str] | None:
        """Return the outcome of a request by its issue: (state, how, by whom, text); `None` if there is none yet."""
        if not (request.site and request.issue_id):
            return None
        project = (request.issue_key or "").split("-", maxsplit=1)[0]
        seen = self._reading.read(IssueRef(site=request.site, id=request.issue_id, project=project))
        if seen is None:
            return WITHDRAWN, "issue_gone", None, ""
        if self._reading.is_finished(seen):
            return ANSWERED, "status", None, seen.status
        if request.origin == "jira" and request.department not in {one.id for one in self.departments_in(seen)}:
            return WITHDRAWN, "other_department", None, ""
        return self._answer_in(request, request.since)

    def _answer_in(self, request: Request, since: datetime) -> tuple[str, str, str | None, str] | None:
        site = self._context.site(request.site or "")
        own = self._reading.own_account(site.name)
        for comment in site.comments(request.issue_id or ""):
            author = comment.get("author") or {}
            mine = author.get("accountId") in (own, request.asker_account) or any(
                one.get("key") == PROPERTY for one in comment.get("properties") or ()
            )
            theirs = not mine and author.get("accountType") not in NOT_PEOPLE_OF_OURS
            at = datetime.fromisoformat(str(comment.get("created")))
            text = plain_text(comment.get("body") or {}, quotes=False).strip()
            if theirs and at >= since.replace(microsecond=0) and judge(self._config.answers, text).is_answer:
                return ANSWERED, "comment", author.get("accountId"), text
        return None
