"""Cleans up what a worker did after it had lost its delivery: of two effects one stays."""

from __future__ import annotations

from desk.desk import Desk
from events import StrayEvent


def bring_back_to_one(event: StrayEvent, desk: Desk) -> None:
    """A second issue says that it is one too many, a second comment goes, a second message is known as ours."""
    if event.of == "issue":
        real, second = desk.jira.strays.find_second_issues(event)
        for issue in second:
            desk.jira.strays.say_superfluous(issue, real)
            desk.jira.strays.set_aside(issue, event)
    elif event.of == "comment":
        desk.jira.strays.take_second_comments_back(event)
    else:
        desk.usedesk.account_for(event)
