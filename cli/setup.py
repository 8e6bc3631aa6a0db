"""`setup`: from Jira's address and a token to tables with which the bot runs."""

from __future__ import annotations

import difflib
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from cli.doctor import doctor
from cli.proposing import PURPOSES, Need, match_projects, propose, written
from cli.starting import StartError, open_database, read
from cli.words import say
from config import Config, ConfigError, environment
from config.loader import check, load
from desk.faults import ActionFault
from desk.jira.client import JiraSite
from desk.jira.survey import Survey, account_of, survey
from runtime.process import Process

MADE_UP = ("JIRA_WEBHOOK_SECRETS", "SECRET_KEY")  # secrets that are ours to choose
FILES = ("jira.yml", "categories.yml", "holds.yml", "cases.yml")  # which name projects of Jira
JIRA = ("JIRA_URL", "JIRA_USER", "JIRA_TOKEN")


@dataclass(frozen=True)
class SetupWishes:
    """What the flags said: Jira's address, account and token, `SLOT=KEY` and `AGENT=E-MAIL`, and whether to ask."""

    given: Mapping[str, str | None]
    projects: Sequence[str]
    agents: Sequence[str]
    agreed: bool


def setup(answers: SetupWishes) -> None:
    """Look at Jira, propose the tables, write what is agreed to, let the doctor look; status 1 when it finds faults."""
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
        changes, doubts = _proposed(site, config, folder, answers)
    except ActionFault as fault:
        raise click.ClickException(say("setup_silent", reason=fault.reason)) from None
    _show(folder, changes, doubts)
    if faults := _faults(folder, changes):
        raise StartError(faults)
    if not answers.agreed and not click.confirm(say("setup_write"), default=True):
        raise click.exceptions.Exit(1)
    for name, text in changes.items():
        (folder / name).write_text(text, encoding="utf-8")
    _keep(environment.FILE, variables)
    click.echo(say("setup_written", names=", ".join([*changes, str(environment.FILE)])))
    doctor(open_database(Process(read(None))), as_json=False)


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


def _proposed(site: JiraSite, config: Config, folder: Path, answers: SetupWishes) -> tuple[dict[str, str], list[str]]:
    """The files with their new texts, and what is not sure."""
    site.myself()
    found = survey(site)
    slots = _slots(config)
    places = match_projects(found, slots) | dict(one.split("=", 1) for one in answers.projects)
    proposal = propose(found, _needs(config, slots, places))
    doubts = [*_unmatched(slots, places, found), *proposal.doubts]
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in FILES}
    new = dict(texts)
    new["jira.yml"] = _without_block(texts["jira.yml"], "defaults")
    new["jira.yml"] = _with_block(new["jira.yml"], "projects", written(proposal.projects))
    for name in FILES[1:]:
        new[name] = _renamed(texts[name], places)
    new["holds.yml"] = _with_agents(new["holds.yml"], site, answers.agents, doubts)
    return {name: text for name, text in new.items() if text != texts[name]}, doubts


def _slots(config: Config) -> dict[str, list[str]]:
    """The projects that our tables name, and what their topics are called."""
    slots: dict[str, list[str]] = {key: [] for key in config.jira.projects}
    slots.setdefault(config.holds.project, [])
    for kind in config.categories.types.values():
        slots.setdefault(kind.project, []).extend((kind.name, *kind.aliases))
    for row in config.categories.hold_seller.values():
        slots.setdefault(row.project, [])
    return slots


def _needs(config: Config, slots: Iterable[str], places: Mapping[str, str]) -> dict[str, Need]:
    """What is needed of each project of Jira; where several of ours are one there, the first says."""
    types = config.categories.types
    carrying = {types[name].project for name in config.jira.components if name in types}
    needs: dict[str, Need] = {}
    for slot in slots:
        now = config.jira.projects.get(slot)
        purposes = tuple(now.issue_type) if now else PURPOSES
        needs.setdefault(places.get(slot, slot), Need(purposes, slot in carrying, now))
    return needs


def _unmatched(slots: Iterable[str], places: Mapping[str, str], found: Survey) -> list[str]:
    keys = ", ".join(project.key for project in found.projects)
    return [say("doubt_project", project=slot, keys=keys) for slot in slots if slot not in places]


def _renamed(text: str, places: Mapping[str, str]) -> str:
    def other(line: re.Match[str]) -> str:
        return f"{line[1]}{places.get(line[2], line[2])}"

    return re.sub(r"^(\s*(?:project|claims): )([A-Z][A-Z0-9_]+)", other, text, flags=re.MULTILINE)


def _block(key: str) -> re.Pattern[str]:
    """A key of the top with all that stands indented below it."""
    return re.compile(rf"^{key}:[^\n]*\n(?:[ \t][^\n]*\n|\n(?=[ \t]))*", re.MULTILINE)


def _without_block(text: str, key: str) -> str:
    return re.sub(_block(key).pattern + r"\n?", "", text, flags=re.MULTILINE)


def _with_block(text: str, key: str, block: str) -> str:
    return _block(key).sub(lambda _: block, text, count=1)


def _with_agents(text: str, site: JiraSite, agents: Sequence[str], doubts: list[str]) -> str:
    found = {}
    for agent in agents:
        number, _, email = agent.partition("=")
        account = account_of(site, email)
        if account:
            found[number] = account
        else:
            doubts.append(say("doubt_agent", agent=number, email=email))
    lines = "".join(f'  {number}: "{account}"\n' for number, account in found.items())
    return _with_block(text, "agents", f"agents:\n{lines}") if found else text


def _show(folder: Path, changes: Mapping[str, str], doubts: Sequence[str]) -> None:
    for name, text in changes.items():
        before = (folder / name).read_text(encoding="utf-8").splitlines(keepends=True)
        click.echo("".join(difflib.unified_diff(before, text.splitlines(keepends=True), name, name, n=1)))
    if not changes:
        click.echo(say("setup_nothing"))
    for doubt in doubts:
        click.echo(doubt)


def _faults(folder: Path, changes: Mapping[str, str]) -> list[object]:
    """What would be wrong with the tables once they are written."""
    with tempfile.TemporaryDirectory() as made:
        new = Path(made)
        for file in folder.glob("*.yml"):
            shutil.copy(file, new)
        for name, text in changes.items():
            (new / name).write_text(text, encoding="utf-8")
        return list(check(new, os.environ))


def _keep(file: Path, variables: Mapping[str, str]) -> None:
    """Write the variables into `.env`, in place of those that stand there; for its owner's eyes alone."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    kept = [line for line in lines if line.partition("=")[0].strip() not in variables]
    text = "\n".join([*kept, *(f"{name}={value}" for name, value in variables.items())]) + "\n"
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
    file.chmod(0o600)
