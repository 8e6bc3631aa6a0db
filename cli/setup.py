"""`setup`: from Jira's address and a token to tables with which the bot runs."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from cli.doctor import doctor
from cli.starting import StartError, open_database, read
from cli.words import say
from config import ConfigError, environment
from config.loader import load
from desk.faults import ActionFault
from runtime.process import Process
from runtime.setup.tables import ProposedTables, SetupWishes, pairs, propose_tables

MADE_UP = ("JIRA_WEBHOOK_SECRETS", "SECRET_KEY")  # secrets that are ours to choose
JIRA = ("JIRA_URL", "JIRA_USER", "JIRA_TOKEN")


@dataclass(frozen=True)
class SetupAnswers:
    """What the flags said: Jira's address, account and token, `OURS=JIRAS`, `AGENT=E-MAIL`, and whether to ask."""

    given: Mapping[str, str | None]
    projects: Sequence[str]
    agents: Sequence[str]
    agreed: bool


def setup(answers: SetupAnswers) -> None:
    """Look at Jira, propose the tables, write what is agreed to, let the doctor look; status 1 when it finds faults."""
    wishes = SetupWishes(_pairs(answers.projects), _pairs(answers.agents))
    variables = _asked(answers.given)
    os.environ.update(variables)
    process = open_database(Process(read(None)))
    folder = process.settings.config_dir
    try:
        config = load(folder, os.environ)
    except ConfigError as error:
        raise StartError(error.faults) from None
    site = process.factory.looked_at(config, next(iter(config.jira.sites)))
    try:
        proposed = propose_tables(site, config, folder, wishes)
    except ActionFault as fault:
        raise click.ClickException(say("setup_silent", reason=fault.reason)) from None
    _show(proposed)
    if faults := proposed.faults(os.environ):
        raise StartError(faults)
    if not answers.agreed and not click.confirm(say("setup_write"), default=True):
        raise click.exceptions.Exit(1)
    proposed.write()
    environment.keep(variables)
    click.echo(say("setup_written", names=", ".join([*proposed.texts, str(environment.FILE)])))
    doctor(open_database(Process(read(None))), as_json=False)


def _pairs(flags: Sequence[str]) -> dict[str, str]:
    try:
        return pairs(flags)
    except ValueError as error:
        raise click.ClickException(say("setup_pair", line=error)) from None


def _asked(given: Mapping[str, str | None]) -> dict[str, str]:
    """What Jira needs, from flags, the environment or by asking; and the secrets that we make up."""
    environment.complete()
    found: dict[str, str] = {}
    for name in JIRA:
        value = given.get(name) or os.environ.get(name)
        if not value and not sys.stdin.isatty():
            raise click.ClickException(say("setup_lacks", name=name))
        found[name] = value or click.prompt(say(f"ask_{name.lower()}"), hide_input=name == "JIRA_TOKEN", err=True)
    made = {name: os.environ.get(name) or secrets.token_urlsafe(32) for name in MADE_UP}
    return found | made


def _show(proposed: ProposedTables) -> None:
    click.echo(proposed.difference() if proposed.texts else say("setup_nothing"))
    for doubt in proposed.doubts:
        click.echo(say(f"doubt_{doubt.code}", **doubt.values))
