"""What `flask doctor` asks Jira besides its projects: its clock, the bot's webhook, request types and accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from config import Config
from desk.faults import ActionFault
from desk.jira import webhooks
from desk.jira.client import JiraSite
from desk.jira.portals import accounts, look_for_people, look_for_request_types
from desk.symptoms import Symptom, fault, good, warning
from runtime.process import Process
from runtime.webhooks import wanted

SKEW = timedelta(minutes=2)  # longer than a call may take; as much as holds.yml tolerates


def asked_besides(process: Process, config: Config, name: str) -> Iterator[Symptom]:
    """Check a site's clock, webhook, request types and accounts.

    Stops quietly when the site does not answer: another check reports that.
    """
    site = process.factory.looked_at(config, name)
    try:
        yield from _clock(site, process.clock.now())
        if process.settings.public_url is not None:
            yield _webhook(site, config, process.settings.public_url)
        yield from look_for_request_types(site, config)
        if name == next(iter(config.jira.sites)):  # accounts are the same in all sites of a company
            yield from look_for_people(site, accounts(config))
    except ActionFault:
        return


def _clock(site: JiraSite, now: datetime) -> Iterator[Symptom]:
    told = site.examine("GET /serverInfo", lambda client: client.get("rest/api/3/serverInfo")).get("serverTime")
    ahead = datetime.fromisoformat(told) - now if told else timedelta(0)
    if abs(ahead) > SKEW:
        yield warning("clock_skewed", site=site.name, minutes=round(abs(ahead) / timedelta(minutes=1)))


def _webhook(site: JiraSite, config: Config, base: str) -> Symptom:
    """Compare the bot's webhook with the one it should have; an account that is no Jira admin cannot see it."""
    try:
        found = webhooks.ours(webhooks.listed(site))
    except ActionFault:
        return good("hook_unseen", site=site.name)
    if not found:
        return fault("hook_absent", site=site.name)
    drift = found[0].drift(wanted(config, site.name, base))
    if drift:
        return fault("hook_drifted", site=site.name, names=", ".join(drift))
    if len(found) > 1:
        return warning("hooks_several", site=site.name, count=len(found))
    return good("hook_right", site=site.name)
