"""The fields of an issue that can be written: what Jira takes, what it refuses, what its changelog says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox import adf
from sandbox.jira_errors import JiraError
from sandbox.jira_state import JiraState, SandboxIssue
from sandbox.language import said
from sandbox.versions import api_version
from sandbox.world import REQUEST_TYPE_FIELD, NamedRow, SandboxProject, by_id

SHORT = 255  # characters in a summary, a label, a one-line custom field
NOT_ON_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
TOO_LONG = "The entered text is too long. It exceeds the allowed limit of {:,} characters."
ANY_TIME = ("summary", "description", "components", "labels", "priority", "assignee", "reporter")
LISTS = ("components", "labels")


class FieldError(ValueError):
    """What is wrong with a field's value, in Jira's words."""


@dataclass(frozen=True)
class Scope:
    """Where a value is read: the state and the project whose components count."""

    state: JiraState
    project: SandboxProject


def read_summary(_scope: Scope, value: Any) -> str:
    """A line of 1 to 255 characters."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise FieldError("You must specify a summary of the issue.")
    if not isinstance(value, str):
        raise FieldError("Operation value must be a string")
    if "\n" in value or "\r" in value:
        raise FieldError("The summary is invalid because it contains newline characters.")
    if len(value) > SHORT:
        raise FieldError(f"Summary can't exceed {SHORT} characters.")
    return value


def read_document(_scope: Scope, value: Any) -> dict[str, Any] | None:
    """An ADF document or null; for the API's second version a text."""
    if value is None:
        return None
    if api_version() == "2":
        if not isinstance(value, str):
            raise FieldError("Operation value must be a string")
        value = adf.from_text(value)
    if not adf.is_valid(value):
        raise FieldError("Operation value must be an Atlassian Document (see the Atlassian Document Format)")
    if adf.text_length(value) > adf.TEXT_LIMIT:
        raise FieldError(TOO_LONG.format(adf.TEXT_LIMIT))
    return dict(value)


def read_components(scope: Scope, value: Any) -> tuple[str, ...]:
    """A list of `{id}` or `{name}`; the ids of known components of the project."""
    if not isinstance(value, list):
        raise FieldError("data was not an array")
    return tuple(dict.fromkeys(read_component(scope, one) for one in value))


def read_component(scope: Scope, value: Any) -> str:
    """One `{id}` or `{name}`."""
    if not isinstance(value, dict) or not ({"id", "name"} & set(value)):
        raise FieldError("expected Object containing a 'id' or 'name' property")
    for component in scope.state.project_components(scope.project):
        if str(value["id"]) == component.id if "id" in value else value["name"] == component.name:
            return component.id
    what = "id" if "id" in value else "name"
    raise FieldError(f"Component {what} '{value[what]}' is not valid")


def read_labels(scope: Scope, value: Any) -> tuple[str, ...]:
    """A list of labels."""
    if not isinstance(value, list):
        raise FieldError("data was not an array")
    return tuple(dict.fromkeys(read_label(scope, one) for one in value))


def read_label(_scope: Scope, value: Any) -> str:
    """One label: no spaces, at most 255 characters."""
    if not isinstance(value, str) or not value:
        raise FieldError("string expected at index 0")
    if any(sign.isspace() for sign in value):
        raise FieldError(f"The label '{value}' contains spaces which is invalid.")
    if len(value) > SHORT:
        raise FieldError(f"The label '{value[:20]}…' exceeds the allowed limit of {SHORT} characters.")
    return value


def read_person(scope: Scope, value: Any) -> str | None:
    """`{id}` or `{accountId}` of a known account, or null."""
    if value is None or (isinstance(value, dict) and value.get("id", value.get("accountId", "")) is None):
        return None
    account_id = value.get("id", value.get("accountId")) if isinstance(value, dict) else None
    account = scope.state.world.account(account_id)
    if account is None:
        raise FieldError(f"User '{account_id}' does not exist.")
    return account.id


def read_assignee(scope: Scope, value: Any) -> str | None:
    """As a person, who is no customer; `-1` is the project's default: nobody."""
    if isinstance(value, dict) and "-1" in (value.get("id"), value.get("accountId")):
        return None
    account = scope.state.world.account(account_id) if (account_id := read_person(scope, value)) else None
    if account and (account.kind == "customer" or account.id in scope.state.left):
        raise FieldError(f"User '{account.id}' cannot be assigned issues.")
    return account_id


def read_reporter(scope: Scope, value: Any) -> str:
    """As a person; an issue always has one."""
    account_id = read_person(scope, value)
    if account_id is None:
        raise FieldError("Reporter is required.")
    return account_id


def read_line(_scope: Scope, value: Any) -> str | None:
    """A one-line text or null; an empty one is none."""
    if value is not None and not isinstance(value, str):
        raise FieldError("Operation value must be a string")
    if value and len(value) > SHORT:
        raise FieldError(TOO_LONG.format(SHORT))
    return value or None


def read_request_type(scope: Scope, value: Any) -> str | None:
    """The id of the project's request type, or null."""
    if value is not None and str(value) != scope.project.request_type:
        raise FieldError("Request Type is not valid for this project")
    return None if value is None else str(value)


def choice(rows: Callable[[JiraState], Sequence[NamedRow]], what: str) -> Callable[[Scope, Any], str]:
    """A reader of `{id}` or `{name}` of one of the rows."""

    def read(scope: Scope, value: Any) -> str:
        wanted = value if isinstance(value, dict) else {}
        for row in rows(scope.state):
            if row.id == str(wanted.get("id")) or ("id" not in wanted and row.name == wanted.get("name")):
                return row.id
        raise FieldError(f"The {what} selected is invalid.")

    return read


READERS: dict[str, Callable[[Scope, Any], Any]] = {
    "summary": read_summary,
    "description": read_document,
    "components": read_components,
    "labels": read_labels,
    "priority": choice(lambda state: state.world.priorities, "priority"),
    "resolution": choice(lambda state: state.world.resolutions, "resolution"),
    "assignee": read_assignee,
    "reporter": read_reporter,
    REQUEST_TYPE_FIELD: read_request_type,
}
MEMBERS: dict[str, Callable[[Scope, Any], str]] = {"components": read_component, "labels": read_label}


def reader(state: JiraState, name: str) -> Callable[[Scope, Any], Any] | None:
    """The reader of a field, None for one that Jira does not know."""
    return READERS.get(name) or (read_line if by_id(state.world.custom_fields, name) else None)


def every_field(state: JiraState) -> tuple[str, ...]:
    """The fields that can stand on a screen."""
    return (*ANY_TIME, REQUEST_TYPE_FIELD, *(custom.id for custom in state.world.custom_fields))


def writable(state: JiraState) -> tuple[str, ...]:
    """The fields of the create and edit screens."""
    return tuple(name for name in every_field(state) if name not in state.off_screen)


@dataclass(frozen=True)
class Writing:
    """A write of fields: the present values and the names that may be written."""

    scope: Scope
    current: Mapping[str, Any]
    allowed: Sequence[str]

    def values(self, fields: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
        """The new values of what is written; raise JiraError 400 with every fault by field."""
        errors = {
            name: f"Field '{name}' cannot appear in both 'fields' and 'update'" for name in fields if name in update
        }
        values: dict[str, Any] = {}
        for name, value in [*fields.items(), *update.items()]:
            try:
                self._check_allowed(name)
                values[name] = self._operate(name, value) if name in update else self._read(name, value)
            except FieldError as fault:
                errors.setdefault(name, str(fault))
        if errors:
            raise JiraError(400, errors=errors)
        return values

    def _check_allowed(self, name: str) -> None:
        if name not in self.allowed or reader(self.scope.state, name) is None:
            raise FieldError(NOT_ON_SCREEN.format(name))

    def _read(self, name: str, value: Any) -> Any:
        read = reader(self.scope.state, name)
        return read(self.scope, value) if read else None

    def _operate(self, name: str, operations: Any) -> Any:
        """Apply a list of `{set|add|remove: value}` to the present value."""
        if not isinstance(operations, list) or not all(isinstance(one, dict) and len(one) == 1 for one in operations):
            raise FieldError("Operations must be a list of objects with one verb each")
        value = self.current.get(name)
        for verb, operand in (pair for operation in operations for pair in operation.items()):
            if verb == "set":
                value = self._read(name, operand)
            elif verb in ("add", "remove") and name in LISTS:
                member = MEMBERS[name](self.scope, operand)
                rest = tuple(one for one in value or () if one != member)
                value = (*(value or ()), *([] if member in (value or ()) else [member])) if verb == "add" else rest
            else:
                raise FieldError(f"Field with id '{name}' and name '{name}' does not support operation '{verb}'")
        return value


def apply(state: JiraState, issue: SandboxIssue, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write values into an issue; the changelog items of what really changed."""
    items = [
        change(state, name, issue.fields.get(name), value)
        for name, value in values.items()
        if issue.fields.get(name) != value and (name not in LISTS or set(issue.fields.get(name) or ()) != set(value))
    ]
    issue.fields.update(values)
    return [item for changed in items for item in changed]


def change(state: JiraState, name: str, before: Any, after: Any) -> list[dict[str, Any]]:
    """The changelog items of one field; components give one item each, as in Jira."""
    if name == "components":
        gone = [one for one in before or () if one not in (after or ())]
        come = [one for one in after or () if one not in (before or ())]
        pairs = [*((one, None) for one in gone), *((None, one) for one in come)]
        return [_item(state, name, *pair) for pair in pairs]
    return [_item(state, name, before, after)]


def _item(state: JiraState, name: str, before: Any, after: Any) -> dict[str, Any]:
    custom = by_id(state.world.custom_fields, name)
    kind = "custom" if name.startswith("customfield_") else "jira"
    shown = custom.name if custom else {REQUEST_TYPE_FIELD: "Request Type", "components": "Component"}.get(name, name)
    (was, was_text), (now, now_text) = ends(state, name, before), ends(state, name, after)
    item: dict[str, Any] = {"field": shown, "fieldtype": kind, "fieldId": name}
    item |= {"from": was, "fromString": was_text, "to": now, "toString": now_text}
    return item | ({"tmpFromAccountId": was, "tmpToAccountId": now} if name in ("assignee", "reporter") else {})


def ends(state: JiraState, name: str, value: Any) -> tuple[str | None, str | None]:
    """A value as a changelog names it: id and text."""
    world = state.world
    tables: dict[str, Any] = {"priority": world.priorities, "resolution": world.resolutions, "status": world.statuses}
    if name == "labels":
        return None, " ".join(value or ())
    if value is None or name in ("summary", "description") or by_id(world.custom_fields, name):
        return None, adf.to_text(value) if name == "description" else value
    if name == "components":
        return value, state.components[value].name
    if name in tables:
        return value, next(said(row) for row in tables[name] if row.id == value)
    account = world.account(value)
    return value, account.name if account else world.request_type_name
