"""The fields of JQL: how a clause about each is tested, and which values each knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox import adf
from sandbox.clock import ZONE
from sandbox.jira_errors import JiraError
from sandbox.jira_state import JiraState, SandboxIssue
from sandbox.world import by_id

EQUALITY = ("=", "!=", "in", "not in")
EMPTINESS = ("is", "is not")
ORDERING = ("<", ">", "<=", ">=")
MATCHING = ("~", "!~")
NEGATED = ("!=", "not in", "is not", "!~")
DATE_FORMATS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
PERIOD = re.compile(r"^(?P<sign>[-+]?)(?P<n>\d+)(?P<unit>[wdhm])$")
UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}

Test = Callable[[SandboxIssue], bool]


@dataclass(frozen=True)
class Operand:
    """The values on the right of an operator; none for `is empty`."""

    values: tuple[str, ...]


def refuse(message: str) -> JiraError:
    """Jira's answer to a clause that it does not take."""
    return JiraError(400, message)


def key_number(issue: SandboxIssue) -> tuple[str, int]:
    """A key as it is ordered: by project, then by number."""
    project, _, number = issue.key.rpartition("-")
    return project, int(number)


SORT_KEYS: dict[str, Callable[[SandboxIssue], Any]] = {
    "created": lambda issue: issue.created,
    "updated": lambda issue: issue.updated,
    "id": lambda issue: int(issue.id),
    "key": key_number,
    "issuekey": key_number,
    "status": lambda issue: issue.status,
    "project": lambda issue: issue.project.key,
    "summary": lambda issue: issue.fields["summary"],
}


def test_of(state: JiraState, field: str, operator: str, operand: Operand) -> Test:
    """The test of one clause; raise JiraError 400 for an unknown field, value or an operator that does not fit."""
    name = ALIASES.get(field.lower(), field.lower())
    if name in CHOICES:
        return membership(state, name, operator, operand)
    if name in DATES:
        return date_test(state, name, operator, operand)
    if name in TEXTS:
        return text_test(name, TEXTS[name], operator, operand)
    custom = by_id(state.world.custom_fields, re.sub(r"^cf\[(\d+)\]$", r"customfield_\1", name))
    custom = custom or next((row for row in state.world.custom_fields if row.name.lower() == name), None)
    if custom is None:
        raise refuse(f"Field '{field}' does not exist or you do not have permission to view it.")
    return text_test(field, lambda issue: [issue.fields.get(custom.id) or ""], operator, operand)


def check_operator(name: str, operator: str, allowed: tuple[str, ...]) -> None:
    """Refuse an operator that Jira's field does not support."""
    if operator not in allowed:
        raise refuse(f"The operator '{operator}' is not supported by the '{name}' field.")


ALIASES = {"issue": "key", "issuekey": "key", "type": "issuetype", "label": "labels", "components": "component"}


def named(rows: Callable[[JiraState], Iterable[Any]], *names: str) -> Callable[[JiraState, str], str | None]:
    """A reader that finds a row by any of the named attributes, whatever the case; None when there is none."""

    def read(state: JiraState, value: str) -> str | None:
        wanted = value.casefold()
        return next(
            (row.id for row in rows(state) if wanted in (getattr(row, name).casefold() for name in names)), None
        )

    return read


def read_issue(state: JiraState, value: str) -> str | None:
    """The id of the issue that a key or id names."""
    issue = state.find(value)
    return issue.id if issue else None


def component_names(state: JiraState, value: str) -> str | None:
    """A component's name, folded: the same name may stand in several projects."""
    found = next((one for one in state.components.values() if value.casefold() in (one.name.casefold(), one.id)), None)
    return found.name.casefold() if found else None


# field: (what a value means, what an issue has)
CHOICES: dict[
    str, tuple[Callable[[JiraState, str], str | None], Callable[[JiraState, SandboxIssue], Iterable[str | None]]]
] = {
    "key": (read_issue, lambda _state, issue: [issue.id]),
    "id": (read_issue, lambda _state, issue: [issue.id]),
    "project": (
        named(lambda state: state.world.projects, "key", "name", "id"),
        lambda _state, issue: [issue.project.id],
    ),
    "status": (named(lambda state: state.world.statuses, "name", "id"), lambda _state, issue: [issue.status]),
    "issuetype": (named(lambda state: state.world.issue_types, "name", "id"), lambda _state, issue: [issue.type]),
    "assignee": (named(lambda state: state.world.accounts, "id"), lambda _state, issue: [issue.fields.get("assignee")]),
    "reporter": (named(lambda state: state.world.accounts, "id"), lambda _state, issue: [issue.fields.get("reporter")]),
    "labels": (lambda _state, value: value.casefold(), lambda _state, issue: folded(issue.fields.get("labels"))),
    "component": (
        component_names,
        lambda state, issue: folded(state.components[one].name for one in issue.fields.get("components", ())),
    ),
}


def folded(texts: Iterable[str] | None) -> list[str | None]:
    """Texts as they are compared."""
    return [text.casefold() for text in texts or ()]


def membership(state: JiraState, name: str, operator: str, operand: Operand) -> Test:
    """A clause about a field with known values."""
    check_operator(name, operator, (*EQUALITY, *EMPTINESS))
    read, has = CHOICES[name]
    wanted: set[str | None] = set()
    for value in operand.values:
        meant = read(state, value)
        if meant is None and name in ("key", "id"):
            raise refuse(f"An issue with key '{value}' does not exist for field '{name}'.")
        if meant is None:
            raise refuse(f"The value '{value}' does not exist for the field '{name}'.")
        wanted.add(meant)
    if operator in EMPTINESS:
        return lambda issue: (not any(has(state, issue))) == (operator == "is")
    if operator in NEGATED:  # an empty field is not "different from": Jira leaves it out
        return lambda issue: (values := {one for one in has(state, issue) if one}) != set() and not values & wanted
    return lambda issue: bool(wanted.intersection(has(state, issue)))


DATES = {"created", "updated"}


def date_test(state: JiraState, name: str, operator: str, operand: Operand) -> Test:
    """A clause about a moment; JQL's dates stand in the zone of the caller's profile and know no seconds."""
    check_operator(name, operator, ORDERING)
    moment = read_moment(state, name, operand.values[0])
    compare: dict[str, Callable[[datetime], bool]] = {
        "<": lambda at: at < moment,
        ">": lambda at: at > moment,
        "<=": lambda at: at <= moment,
        ">=": lambda at: at >= moment,
    }
    return lambda issue: compare[operator](issue.created if name == "created" else issue.updated)


def read_moment(state: JiraState, name: str, value: str) -> datetime:
    """A date, a period before now (`-5d`) or `now()`."""
    if value == "now()":
        return state.now()
    if period := PERIOD.match(value):
        away = timedelta(**{UNITS[period["unit"]]: int(period["n"])})
        return state.now() + (-away if period["sign"] == "-" else away)
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(value, form).replace(tzinfo=ZONE)
        except ValueError:
            continue
    raise refuse(
        f"Date value '{value}' for field '{name}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )


def all_texts(issue: SandboxIssue) -> list[str]:
    """What the field `text` looks through."""
    custom = [value for name, value in issue.fields.items() if name.startswith("customfield_") and value]
    comments = [adf.to_text(comment.body) or "" for comment in issue.comments]
    return [issue.fields["summary"], adf.to_text(issue.fields.get("description")) or "", *custom, *comments]


TEXTS: dict[str, Callable[[SandboxIssue], list[str]]] = {
    "summary": lambda issue: [issue.fields["summary"]],
    "description": lambda issue: [adf.to_text(issue.fields.get("description")) or ""],
    "comment": lambda issue: [adf.to_text(comment.body) or "" for comment in issue.comments],
    "text": all_texts,
}


def text_test(name: str, texts: Callable[[SandboxIssue], list[str]], operator: str, operand: Operand) -> Test:
    """A clause about a text: every word must be there (`*` at its end: its beginning), a quoted phrase as a whole."""
    check_operator(name, operator, (*MATCHING, *(EMPTINESS if name != "text" else ())))
    if operator in EMPTINESS:
        return lambda issue: (not any(texts(issue))) == (operator == "is")
    query = operand.values[0]
    return lambda issue: any(contains(text, query) for text in texts(issue)) != (operator == "!~")


def contains(text: str, query: str) -> bool:
    """True when the text holds every word of the query, or the phrase that it quotes."""
    words = re.findall(r"\w+", text.casefold())
    if query.startswith('"') and query.endswith('"'):
        phrase = re.findall(r"\w+", query.casefold())
        return any(words[at : at + len(phrase)] == phrase for at in range(len(words)))
    wanted = re.findall(r"\w+\*?", query.casefold())
    return all(
        any(word.startswith(one[:-1]) for word in words) if one.endswith("*") else one in words for one in wanted
    )
