"""«Подключение Jira»: propose tables for a Jira, write them once an admin agrees, show what the doctor finds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from flask import Blueprint, render_template, request

from config import ConfigError, environment
from config.loader import load
from desk.clock import machine_now
from desk.faults import ActionFault
from runtime.checkup import check_up
from runtime.setup.tables import ProposedTables, propose_tables
from store import audit
from store.audit import Change
from web.access.guard import person
from web.admin import config_files
from web.admin.config_files import ChangedError, ConfigFile
from web.admin.file_saving import NewText, save
from web.admin.setup_form import SetupForm, SetupRefusedError
from web.parts import Parts
from web.times import zone_of
from web.told_symptoms import ToldSymptom, told
from web.words import word

log = structlog.get_logger("setup")


@dataclass(frozen=True)
class ShownTables:
    """A proposal on the page; `digest` tells it from another, `files` have their texts where they cannot be written."""

    difference: str
    doubts: Sequence[str]
    digest: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class WrittenTables:
    """What was written, and what the doctor says about it; `restart`: the running bot still has another account."""

    names: Sequence[str]
    findings: Sequence[ToldSymptom]
    restart: bool


def blueprint(parts: Parts) -> Blueprint:
    """`/setup`."""
    routes = Blueprint("setup", __name__)

    @routes.get("/setup")
    def page() -> str:
        """The form."""
        return _page(parts, SetupForm.of(parts.process.settings))

    @routes.post("/setup/look")
    def look() -> str:
        """«Посмотреть»: what would change; only reads."""
        form = SetupForm.of_request()
        try:
            return _page(parts, form, shown=_shown(parts, _proposed(parts, form)))
        except SetupRefusedError as refused:
            return _page(parts, form, faults=refused.lines)

    @routes.post("/setup/write")
    def write() -> str:
        """«Записать»: exactly what was shown; if Jira or the files have changed since, it is shown again."""
        form = SetupForm.of_request()
        try:
            proposed = _proposed(parts, form)
            if proposed.digest() != request.form.get("digest"):
                return _page(parts, form, shown=_shown(parts, proposed), faults=[word("setup_faults", "changed")])
            return _page(parts, form, written=_written(parts, form, proposed))
        except SetupRefusedError as refused:
            return _page(parts, form, faults=refused.lines)

    return routes


def _page(
    parts: Parts,
    form: SetupForm,
    *,
    shown: ShownTables | None = None,
    written: WrittenTables | None = None,
    faults: Sequence[str] = (),
) -> str:
    own, sandbox = form.is_own(parts.process.settings), parts.process.settings.smezhnik_sandbox
    return render_template(
        "setup.html", form=form, own=own, sandbox=sandbox, shown=shown, written=written, faults=faults
    )


def _proposed(parts: Parts, form: SetupForm) -> ProposedTables:
    settings = parts.process.settings
    wishes, env = form.wishes, {**os.environ, **form.variables(settings)}
    try:
        config = load(settings.config_dir, env)
        site = parts.process.factory.looked_at(config, next(iter(config.jira.sites)))
        proposed = propose_tables(site, config, settings.config_dir, wishes)
    except ConfigError as error:
        raise SetupRefusedError(*map(str, error.faults)) from None
    except ActionFault as fault:
        raise SetupRefusedError(word("setup_faults", "silent").format(reason=fault.reason)) from None
    if faults := proposed.faults(env):
        raise SetupRefusedError(*map(str, faults))
    return proposed


def _shown(parts: Parts, proposed: ProposedTables) -> ShownTables:
    doubts = [word("setup_doubts", doubt.code).format(**doubt.values) for doubt in proposed.doubts]
    writable = all(config_files.is_writable(_file(parts, name)) for name in proposed.texts)
    files = {} if writable else {name: quote(text) for name, text in proposed.texts.items()}
    return ShownTables(proposed.difference(), doubts, proposed.digest(), files)


def _written(parts: Parts, form: SetupForm, proposed: ProposedTables) -> WrittenTables:
    """Write the tables, and an account that the bot does not have yet into `.env`; then let the doctor look."""
    settings, variables = parts.process.settings, form.variables(parts.process.settings)
    known = settings.jira_token.get_secret_value() if settings.jira_token else None
    is_new = not form.is_own(settings) or variables["JIRA_TOKEN"] != known
    try:
        for name in proposed.texts:
            _save(parts, proposed, name)
        if is_new:
            _keep(parts, variables)
    except ChangedError:
        raise SetupRefusedError(word("setup_faults", "changed")) from None
    except OSError as error:
        log.warning("setup not written", error=error.strerror)
        raise SetupRefusedError(word("setup_faults", "unwritable").format(said=error.strerror)) from None
    findings = check_up(parts.process.with_variables(variables))
    zone = zone_of(parts.process.reloader.current())
    names = [*proposed.texts, *([str(environment.FILE)] if is_new else [])]
    return WrittenTables(names, [told(symptom, zone) for symptom in findings], is_new)


def _file(parts: Parts, name: str) -> ConfigFile:
    file = config_files.file_of(parts, f"config/{name}")
    assert file is not None  # noqa: S101 # for the type alone: the tables were read
    return file


def _save(parts: Parts, proposed: ProposedTables, name: str) -> None:
    """Write a table, with a row in the audit by which it can be undone."""
    file = _file(parts, name)
    now = config_files.read(file)
    if now.text != proposed.before[name]:
        raise ChangedError
    save(parts.process.engine, NewText(file, proposed.texts[name], now.digest), person().actor)


def _keep(parts: Parts, variables: Mapping[str, str]) -> None:
    change = Change("account_set", target=variables["JIRA_URL"], after=variables["JIRA_USER"])
    with parts.process.engine.begin() as connection:
        audit.write(connection, person().actor, change, machine_now())
        environment.keep(variables)
