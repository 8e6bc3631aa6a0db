"""Problem cases in Jira: their issues, comments and labels, and claims in the carrier's own Jira (J-01…J-10, J-44)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from desk import adf
from desk.actions import Action, Result
from desk.adf_text import plain_text
from desk.context import DeskContext
from desk.issues import Issue, IssueView
from desk.jira.comments import JiraComments
from desk.jira.issues import JiraIssues
from desk.jira.orders import Order
from desk.templates import CaseContext
from events import TicketEvent

CASE, CLAIM, COURIER = "case", "claim", "courier"
SUMMARY = re.compile(r"\s*(?P<order>\d[\w-]{4,31})\s*(?:/\s*(?P<sku>[^\s–—]{2,64})\s*)?[–—-]")  # J-04


@dataclass(frozen=True)
class CaseReport:
    """What an issue of a case is made of; `labels` besides those of all cases."""

    event: TicketEvent
    context: CaseContext
    labels: tuple[str, ...] = ()


class JiraCases:
    """The actions on the issues of problem cases."""

    def __init__(self, context: DeskContext, issues: JiraIssues, comments: JiraComments) -> None:
        self._context = context
        self._issues = issues
        self._comments = comments

    def make(self, report: CaseReport, *, why: str) -> Issue | None:
        """The case's issue, one for each; None where no project is named."""
        return self._make(CASE, self._context.config.cases.project, report, why)

    def claim(self, report: CaseReport, *, why: str) -> Issue | None:
        """The claim in the carrier's own Jira (J-44); None where nobody may write there (C-17)."""
        return self._make(CLAIM, self._context.config.cases.claims, report, why)

    def subtask(self, report: CaseReport, parent: Issue, *, why: str) -> Issue:
        """Make the sub-task of a case's issue for whoever sends the courier, one for each case (J-25)."""
        text = self._context.templates.issue(COURIER, report.context)
        place = {"parent": {"key": parent.key}}
        order = Order(COURIER, parent.project, text, labels=report.labels, fields=place, decisive=place)
        return self._issues.make(report.event, order, why)

    def _make(self, purpose: str, project: str | None, report: CaseReport, why: str) -> Issue | None:
        if project is None:
            return None
        text = self._context.templates.issue(purpose, report.context)
        labels = (*report.labels, *self._context.config.cases.labels) if purpose == CASE else ()
        return self._issues.make(report.event, Order(purpose, project, text, labels=labels), why)

    def say(self, issue: Issue, text: str, *, why: str, about: str, possible: bool = True) -> bool:
        """Write a comment in the words of a note; `about` tells it from the others of a delivery."""
        body = adf.fit(adf.doc(adf.paragraph(text)))
        action = Action(why, f"say_case_{about}", issue.key, intent=text, possible=possible and issue.real)
        return bool(self._comments.write(issue, action, body))

    def label(self, issue: Issue, label: str, *, why: str) -> None:
        """Add a label; a courtesy."""

        def act() -> Result:
            self._context.site(issue.site).edit(issue.id, {"labels": [{"add": label}]}, None, None)
            return Result()

        self._context.actions.do(Action(why, "label_case", issue.key, label, issue.real, courtesy=True), act)

    def description(self, seen: IssueView) -> str:
        """What stands in an issue that a person made."""
        found = self._context.site(seen.issue.site).issue(seen.issue.id, ["description"])
        return plain_text(found.fields.get("description") or {})
