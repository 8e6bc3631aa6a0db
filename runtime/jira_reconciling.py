"""Asks Jira what changed, and files what its webhooks lost: Jira gives up after a few tries (and tells of a moved
webhook, a wrong secret or a bot that was away to nobody).

What is found comes in by the same door, as the bodies that the webhooks would have had, and is known by what it is of:
an entry of a changelog, a comment, a link. So nothing comes in twice, whichever comes first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from config import Config, ConfigReloader
from desk.circuit_breaker import Refused
from desk.clock import machine_now
from desk.factory import DeskFactory
from desk.faults import Later
from desk.jira.client import Found, JiraSite, system_of
from runtime.inbox import Arrival, StoreInbox
from store import polls
from store.arrivals import BODY_REMEMBERED
from store.polls import Poll

log = structlog.get_logger("reconciling")
OVERLAP = timedelta(minutes=10)  # each look goes back so far behind the one before; search lags behind by less
WEBHOOKS_FIRST = timedelta(seconds=30)  # what is younger may still be on its way
FURTHEST = BODY_REMEMBERED - timedelta(days=1)  # what came in longer ago is not known any more
CLAIM = timedelta(minutes=10)  # longer than all calls of a look may take
ISSUES = 50  # of one look, two calls each; the rest follows at the next tick
RECONCILED = 50  # ids: all that Jira takes
AGAIN = timedelta(minutes=1)  # after a look that Jira did not answer


@dataclass(frozen=True)
class History:
    """An issue with what happened to it, and from when to when the bot wants to know; `config` names the sites."""

    issue: Mapping[str, Any]
    comments: tuple[Mapping[str, Any], ...]
    since: datetime
    until: datetime


# From a site's name and a history: the arrivals within the window, and whether nothing younger is left to come.
Understand = Callable[[Config, str, History], tuple[list[Arrival], bool]]


class Reconciling:
    """One look after another through the issues that changed, in each site; the place is kept in the store."""

    def __init__(
        self, factory: DeskFactory, reloader: ConfigReloader, inbox: StoreInbox, understand: Understand
    ) -> None:
        self._factory = factory
        self._engine = factory.engine
        self._reloader = reloader
        self._inbox = inbox
        self._understand = understand

    def look(self) -> int:
        """Look through the sites whose turn it is; how many lost events were filed."""
        config = self._reloader.current()
        return sum(self._look_at(config, name) for name in config.jira.sites)

    def _look_at(self, config: Config, name: str) -> int:
        place, until = _place(name), machine_now() + CLAIM
        with self._engine.begin() as connection:
            poll = polls.claim(connection, place, now=machine_now(), until=until)
        if poll is None:
            return 0
        count, pause = 0, AGAIN
        try:
            poll, count, is_through = self._through(config, name, poll)
            pause = config.jira.reconcile_every if is_through else timedelta(0)
        except (Later, Refused) as fault:
            log.info("reconciling is put off", site=name, reason=fault.reason)
        with self._engine.begin() as connection:
            polls.release(connection, place, poll, claimed_until=until, next_at=machine_now() + pause)
        if count:
            log.warning("lost events were found", site=name, count=count)
        return count

    def _through(self, config: Config, name: str, poll: Poll) -> tuple[Poll, int, bool]:
        """Look through what changed since the last look; where the next begins, what was filed, and if this was all."""
        site, now, count = self._factory.site(config, name), self._factory.clock.now(), 0
        since = max(poll.since or now - OVERLAP, now - FURTHEST)
        seen, rows = dict(poll.seen), _changed(site, config, since, now, list(poll.seen))
        fresh = [row for row in rows if seen.get(row.id) != row.fields["updated"]]
        for row in fresh[:ISSUES]:
            history = History(site.history(row.id), tuple(site.newest_comments(row.id)), since, now - WEBHOOKS_FIRST)
            arrivals, settled = self._understand(config, name, history)
            with self._engine.begin() as connection:
                count += sum(self._inbox.add(connection, arrivals)) if arrivals else 0
            if settled:
                seen[row.id] = str(row.fields["updated"])
        if len(fresh) > ISSUES:
            return replace(poll, since=since, seen=seen), count, False
        there = {row.id for row in rows}
        seen = {issue: updated for issue, updated in seen.items() if issue in there}
        return replace(poll, since=now - OVERLAP, seen=seen), count, True


def look_soon(engine: sa.Engine, config: Config, site: str) -> None:
    """Let a site be looked through as soon as Jira's search knows what has just happened there."""
    at = machine_now() + max(WEBHOOKS_FIRST, config.runtime.search_settle)
    with engine.begin() as connection:
        polls.hasten(connection, _place(site), at)


def _place(site: str) -> str:
    return system_of(site)[:32]


def _changed(site: JiraSite, config: Config, since: datetime, now: datetime, known: list[str]) -> list[Found]:
    """The issues of the site's projects that changed, those first that did first.

    JQL's dates know no zone and no seconds, so it is told how many minutes ago.
    """
    minutes = math.ceil((now - since) / timedelta(minutes=1)) + 1
    projects = ", ".join(key for key, project in config.jira.projects.items() if project.site == site.name)
    jql = f"project in ({projects}) AND updated >= -{minutes}m ORDER BY updated ASC"
    return site.search_all(jql, ["updated"], known[-RECONCILED:])
