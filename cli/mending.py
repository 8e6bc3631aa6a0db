"""`doctor --fix`: shows which symptoms the bot can repair by itself, and repairs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import click

from cli.words import say
from config import Config
from desk.faults import ActionFault
from desk.jira import webhooks
from desk.symptoms import Symptom
from runtime.process import Process
from runtime.webhooks import wanted

HOOKS = ("hook_absent", "hook_drifted", "hooks_several")
COMPONENTS = ("components_missing", "components_later")


@dataclass(frozen=True)
class Mending:
    """A change to Jira: what it is, and how it is made."""

    said: str
    make: Callable[[], object]


def mend(process: Process, config: Config, symptoms: Iterable[Symptom], *, agreed: bool) -> bool:
    """Show the possible repairs, and make them if somebody agrees; return False if there are none or nobody agrees."""
    mendings = [one for symptom in symptoms for one in _mendings(process, config, symptom)]
    for one in mendings:
        click.echo(one.said)
    if not mendings:
        click.echo(say("mend_nothing"))
        return False
    if not agreed and not click.confirm(say("mend_ask"), default=False):
        return False
    for one in mendings:
        try:
            one.make()
        except ActionFault as fault:
            click.echo(say("mend_failed", said=one.said, reason=fault.reason))
    return True


def _mendings(process: Process, config: Config, symptom: Symptom) -> Iterator[Mending]:
    if symptom.code in COMPONENTS:
        key = str(symptom.values["project"])
        site = process.factory.site(config, config.jira.projects[key].site)
        for name in symptom.values["each"]:
            yield Mending(say("mend_component", project=key, name=name), partial(site.create_component, key, name))
    secrets, base = process.settings.jira_webhook_secrets, process.settings.public_url
    if symptom.code in HOOKS and secrets and base:
        site = process.factory.site(config, str(symptom.values["site"]))
        right = wanted(config, site.name, base)
        make = partial(webhooks.apply, site, right, secrets[0])
        yield Mending(say("mend_hook", site=site.name, url=right.url, jql=right.jql), make)
