"""Reads the folder of tables into one `Config`, or reports everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from config import alerts, cases, departments, jira, reports
from config.access import Access
from config.alerts import AlertsConfig
from config.answers import Answers
from config.calendar import Calendars
from config.cases import Cases
from config.categories import Categories
from config.config import Config, references_in
from config.crosscheck import Tables, cross_check
from config.departments import Departments
from config.duplicates import Duplicates
from config.escalation import EscalationConfig
from config.expand import Pattern, expand
from config.faults import ConfigError, Fault
from config.fields import in_sandbox
from config.holds import Holds
from config.inherit import ROWS, inherit, told_once
from config.jira import JiraConfig
from config.people import People
from config.phrases import Judging
from config.problems import faults_of
from config.reports import Reports
from config.resolutions import Resolutions
from config.rules import Rules
from config.running import RuntimeConfig
from config.usedesk import UsedeskConfig
from config.webcrm import WebCrmConfig
from config.yaml_file import Document, read

TABLES: Mapping[str, type[BaseModel]] = {
    "jira": JiraConfig,
    "categories": Categories,
    "resolutions": Resolutions,
    "duplicates": Duplicates,
    "holds": Holds,
    "answers": Answers,
    "phrases": Judging,
    "escalation": EscalationConfig,
    "calendar": Calendars,
    "departments": Departments,
    "cases": Cases,
    "usedesk": UsedeskConfig,
    "webcrm": WebCrmConfig,
    "rules": Rules,
    "runtime": RuntimeConfig,
    "alerts": AlertsConfig,
    "reports": Reports,
    "access": Access,
    "people": People,
}
TEMPLATES = Path(__file__).resolve().parent.parent / "jira_templates"
# templates for something other than an escalated ticket
_NOT_ISSUES = {"_shared", "comments", "hold_ozon", "hold_seller", "case", "claim", "courier"}
_SECRETS: Mapping[str, tuple[Pattern, ...]] = {
    "jira": jira.SECRETS,
    "departments": departments.SECRETS,
    "cases": cases.SECRETS,
    "alerts": alerts.SECRETS,
    "reports": reports.SECRETS,
}


@dataclass(frozen=True)
class _Table:
    written: Document
    model: Any  # an instance of TABLES[name]


def path_of(folder: Path, name: str, env: Mapping[str, str]) -> Path:
    """Return the file of a table: it lies in the folder, unless `PEOPLE_FILE` names another `people.yml`."""
    elsewhere = env.get("PEOPLE_FILE") if name == "people" else None
    return Path(elsewhere) if elsewhere else folder / f"{name}.yml"


def load(folder: Path, env: Mapping[str, str], templates: Path = TEMPLATES) -> Config:
    """Read the table files (`path_of`); `${NAME}` is filled in from `env`.

    `templates` has the Jira templates that a type may name. Raises ConfigError with every fault that was found.
    """
    tables, faults = _read_all(folder, env)
    faults += _cross_check(tables, env, templates)
    if faults:
        order = [_shown(path_of(folder, name, env)) for name in TABLES]
        raise ConfigError(sorted(faults, key=lambda fault: (order.index(fault.file), fault.line or 0)))
    models = {name: table.model for name, table in tables.items()}
    return Config(**models, references=references_in({name: table.written.data for name, table in tables.items()}))


def check(folder: Path, env: Mapping[str, str], templates: Path = TEMPLATES) -> list[Fault]:
    """Return every fault of a folder; none when it can be loaded."""
    try:
        load(folder, env, templates)
    except ConfigError as error:
        return list(error.faults)
    return []


def _read_all(folder: Path, env: Mapping[str, str]) -> tuple[dict[str, _Table], list[Fault]]:
    tables: dict[str, _Table] = {}
    faults: list[Fault] = []
    for name in TABLES:
        path = path_of(folder, name, env)
        try:
            tables[name] = _table(name, read(path, _shown(path)), env)
        except ConfigError as error:
            faults += error.faults
    return tables, faults


def _table(name: str, written: Document, env: Mapping[str, str]) -> _Table:
    model, rows = TABLES[name], ROWS.get(name)
    whole = inherit(written, rows) if rows else written
    filled = expand(whole, env, _SECRETS.get(name, ()))
    try:
        return _Table(whole, model.model_validate(filled.data))
    except ValidationError as error:
        faults = faults_of(error, filled, model)
        raise ConfigError(told_once(faults, written, rows) if rows else faults) from None


def _cross_check(tables: Mapping[str, _Table], env: Mapping[str, str], templates: Path) -> list[Fault]:
    found = {name: (table.written, table.model) for name, table in tables.items()}
    names = frozenset(path.stem for path in templates.glob("*.yml")) - _NOT_ISSUES
    checked = Tables(**{field.name: found.get(field.name) for field in fields(Tables)})
    faults = list(cross_check(checked, names, sandbox=in_sandbox(env)))
    for name in ROWS.keys() & tables.keys():
        faults = told_once(faults, tables[name].written, ROWS[name])
    return faults


def _shown(path: Path) -> str:
    """Return a file's path relative to the current folder, so that a click opens it in an editor."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
