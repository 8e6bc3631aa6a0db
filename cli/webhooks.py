"""`webhooks`: shows, corrects and removes the bot's webhook in Jira."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import click

from cli.words import say
from desk.faults import ActionFault
from desk.jira import webhooks
from desk.jira.client import JiraSite
from runtime.automation_rules import rules
from runtime.process import Process
from runtime.webhooks import wanted

Answer = TypeVar("Answer")


class Webhooks:
    """What the commands of `webhooks` do, in each site of `jira.yml`."""

    def __init__(self, process: Process, url: str | None = None) -> None:
        """`url` is the bot's address, by default `PUBLIC_URL`."""
        self._process = process
        self._config = process.effective_config.current()
        self._url = url or process.settings.public_url

    def show(self) -> bool:
        """Print the state of the webhook of each site; return False when one is not as it should be."""
        return all([self._show(site) for site in self._sites()])

    def apply(self) -> None:
        """Create or correct the webhook of each site."""
        secrets = self._process.settings.jira_webhook_secrets
        if not secrets:
            raise click.ClickException(say("hook_no_secret"))
        for site in self._sites():
            needed = wanted(self._config, site.name, self._base())
            done = _asked(site, partial(webhooks.apply, site, needed, secrets[0]))
            click.echo(say(f"hook_{done}", site=site.name, url=needed.url, jql=needed.jql))
            click.echo(say("hook_events", events=", ".join(sorted(needed.events))))

    def print_rules(self) -> None:
        """Print the Jira Automation rules with the bot's address filled in."""
        if not self._process.settings.jira_automation_tokens:
            click.echo(say("rule_no_token"))
        click.echo(say("rule_headers"))
        for rule in rules(self._config, self._base()):
            click.echo(say("rule_of_automation", site=rule.site, trigger=rule.trigger, url=rule.url))
            click.echo(rule.body or say("rule_issue_data"))

    def remove(self) -> None:
        """Remove the webhook of each site."""
        for site in self._sites():
            count = _asked(site, partial(webhooks.remove, site))
            click.echo(say("hooks_removed", site=site.name, count=count))

    def _sites(self) -> Iterator[JiraSite]:
        for name in self._config.jira.sites:
            yield self._process.factory.site(self._config, name)

    def _base(self) -> str:
        if not self._url:
            raise click.ClickException(say("hook_no_url"))
        return self._url

    def _show(self, site: JiraSite) -> bool:
        found = webhooks.ours(_asked(site, partial(webhooks.listed, site)))
        if not found:
            click.echo(say("hook_absent", site=site.name))
            return False
        if len(found) > 1:
            click.echo(say("hooks_several", site=site.name, count=len(found)))
        needed, hook = wanted(self._config, site.name, self._base()), found[0]
        drift = hook.drift(needed)
        click.echo(say("hook_drifted" if drift else "hook_right", site=site.name, id=hook.id, url=hook.url))
        for name in drift:
            click.echo(say(f"drift_{name}", **told(hook, needed)))
        return not drift and len(found) == 1


def told(hook: webhooks.KnownWebhook, needed: webhooks.WantedWebhook) -> dict[str, str]:
    """Return the values for the sentences about how a webhook differs."""
    missing, spare = sorted(needed.events - hook.events), sorted(hook.events - needed.events)
    none = say("hook_none")
    return {
        "url": needed.url,
        "jql": needed.jql,
        "there": hook.jql or none,
        "missing": ", ".join(missing) or none,
        "spare": ", ".join(spare) or none,
    }


def _asked(site: JiraSite, ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except ActionFault as fault:
        raise click.ClickException(say("hook_refused", site=site.name, reason=fault.reason)) from None
