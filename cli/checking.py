"""`check-config`: reports everything that is wrong with an admin's settings at once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from cli.starting import folder_of, lacking
from cli.words import say
from config import ConfigError, check, load
from config.settings import Settings
from desk.factory import ROOT
from desk.templates import Templates


def check_config(given: Settings | None) -> None:
    """Print each fault and exit with status 1, or print one line that all is well."""
    if faults := list(_faults(given)):
        click.echo("\n".join(faults))
        raise click.exceptions.Exit(1)
    settings = given or Settings.read()
    config = load(folder_of(settings), os.environ)
    built = sum(rule.built for rule in config.rules.rules.values())
    click.echo(say("config_ok", version=config.version, built=built, mode=config.rules.default_mode))
    if linked := settings.guesses_its_address(config.reports.card.ancestors):
        click.echo(say("no_public_url", linked=", ".join(linked)))


def _faults(given: Settings | None) -> Iterator[str]:
    """Yield the faults of the tables, then of the templates, then of the environment."""
    wrong, settings = _read(given)
    yield from map(str, check(folder_of(settings), os.environ))
    yield from Templates(ROOT).check()
    yield from wrong
    if settings:
        yield from map(str, lacking(settings))


def _read(given: Settings | None) -> tuple[list[str], Settings | None]:
    try:
        return [], given or Settings.read()
    except ConfigError as error:
        return [str(fault) for fault in error.faults], None
