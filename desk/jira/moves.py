"""Moves an issue through its workflow, by the status names configured for its project."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from config.jira import Statuses
from desk.actions import Action, Result
from desk.context import DeskContext
from desk.faults import Dead
from desk.issues import Issue
from desk.jira.names import is_named
from desk.jira.transitions import asked_by, targets, ways_to


class JiraMoves:
    """Brings issues into a status, each with a single write to Jira."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._config = context.config

    def statuses(self, issue: Issue) -> Statuses:
        """Return the status names of the issue's project. Raises `Dead` if `jira.yml` does not contain it."""
        project = self._config.jira.projects.get(issue.project)
        if project is None:
            raise Dead(f"{issue.key} is in the project {issue.project}, which jira.yml does not name")
        return project.statuses

    def take_in_work(self, issue: Issue, *, why: str) -> None:
        """Take the issue into work (W-68, W-75)."""
        self._move(issue, Action(why, "take_in_work", issue.key, self.statuses(issue).in_work, issue.real))

    def return_to_queue(self, issue: Issue, *, why: str) -> None:
        """Return the issue to the common queue (W-71), and unassign it if `unassign_in_queue` is set."""
        self._move(issue, Action(why, "return_to_queue", issue.key, self.statuses(issue).queue, issue.real))
        if self._config.holds.unassign_in_queue:

            def act() -> Result:
                self._context.site(issue.site).assign(issue.id, None)
                return Result()

            self._context.actions.do(Action(why, "unassign", issue.key, possible=issue.real, courtesy=True), act)

    def wait_for_seller(self, issue: Issue, *, why: str) -> None:
        """Put the issue into the status of waiting for the seller (W-76)."""
        self._move(issue, Action(why, "wait_for_seller", issue.key, self.statuses(issue).waiting_seller, issue.real))

    def _move(self, issue: Issue, action: Action) -> None:
        """Move the issue to the status `action.intent`, unless it is there already."""

        def standing() -> Mapping[str, Any]:
            found = self._context.site(issue.site).issue(issue.id, ["status"])
            return found.fields.get("status") or {}

        def find(_begun_at: datetime) -> Result | None:
            return Result() if is_named(standing(), action.intent) else None

        def act() -> Result:
            site = self._context.site(issue.site)
            transitions = site.transitions(issue.id)
            chosen = next(iter(ways_to(transitions, action.intent)), None)
            if chosen is None:
                status = standing()
                if is_named(status, action.intent):
                    return Result(outcome="unchanged", after=str(status.get("name")))
                known = ", ".join(targets(transitions)) or "nowhere"
                name = str(status.get("name"))
                raise Dead(f"{issue.key}: no transition from «{name}» to «{action.intent}»; open: {known}")
            if asked := asked_by(chosen):
                raise Dead(f"{issue.key}: every transition to «{action.intent}» asks for {', '.join(asked)}")
            site.transition(issue.id, str(chosen["id"]))
            return Result()

        self._context.actions.do(action, act, find)
