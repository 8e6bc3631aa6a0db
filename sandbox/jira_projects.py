"""Jira's routes about who one is, what one may, and what projects are made of."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.core import here
from sandbox.jira_components import component_shape, project_or_refuse
from sandbox.jira_errors import JiraError
from sandbox.jira_fields import writable
from sandbox.jira_request import actor, body_object, may, shape
from sandbox.jira_state import JiraState
from sandbox.paging import page, window
from sandbox.versions import PREFIX
from sandbox.world import REQUEST_TYPE_FIELD, NamedRow, SandboxProject

routes = Blueprint("jira_projects", __name__, url_prefix=PREFIX)


@routes.get("/myself")
def myself() -> ResponseReturnValue:
    """The caller's account."""
    return jsonify(shape().user(actor()))


@routes.get("/mypermissions")
def my_permissions() -> ResponseReturnValue:
    """The asked permissions and whether the caller has them."""
    asked = [name for name in request.args.get("permissions", "").split(",") if name]
    if not asked:
        raise JiraError(400, "The 'permissions' query parameter is required.")
    unknown = [name for name in asked if name not in here().jira.world.permissions]
    if unknown:
        raise JiraError(400, f"Unrecognized permission '{unknown[0]}'")
    rows = {
        name: {"id": str(number), "key": name, "name": name, "type": "PROJECT", "havePermission": may(name)}
        for number, name in enumerate(asked)
    }
    return jsonify({"permissions": rows})


def project_shape(project: SandboxProject) -> dict[str, Any]:
    """A project as its own routes show it."""
    names = {"id": project.id, "key": project.key, "name": project.name, "style": "classic", "isPrivate": False}
    kind = {"projectTypeKey": "service_desk", "simplified": False, "avatarUrls": {}}
    return {"self": shape().url(f"project/{project.id}"), **names, **kind}


@routes.get("/project/search")
def search_projects() -> ResponseReturnValue:
    """The projects, in pages; `keys` and `query` narrow them."""
    keys, text = request.args.getlist("keys"), request.args.get("query", "").casefold()
    found = [
        project
        for project in here().jira.world.projects
        if (not keys or project.key in keys) and text in f"{project.key} {project.name}".casefold()
    ]
    return jsonify(page(found if may("BROWSE_PROJECTS") else [], project_shape))


@routes.get("/project/<key>")
def get_project(key: str) -> ResponseReturnValue:
    """One project with its issue types and components."""
    project, world = project_or_refuse(key), here().jira.world
    return jsonify(
        {
            **project_shape(project),
            "issueTypes": [shape().issue_type(row) for row in world.issue_types],
            "components": [component_shape(one) for one in here().jira.project_components(project)],
        }
    )


@routes.get("/project/<key>/statuses")
def project_statuses(key: str) -> ResponseReturnValue:
    """The statuses of each issue type: here every type has all of them."""
    project_or_refuse(key)
    world, shapes = here().jira.world, shape()
    statuses = [shapes.status(row) for row in world.statuses]
    kinds = [shapes.issue_type(row) for row in world.issue_types]
    names = ("self", "id", "name", "subtask")
    return jsonify([{**{name: kind[name] for name in names}, "statuses": statuses} for kind in kinds])


@routes.get("/priority")
def all_priorities() -> ResponseReturnValue:
    """All priorities."""
    return jsonify([shape().named("priority", row) for row in here().jira.world.priorities])


@routes.get("/status")
def all_statuses() -> ResponseReturnValue:
    """All statuses, with their categories."""
    return jsonify([shape().status(row) for row in here().jira.world.statuses])


@routes.put("/statuses")
def rename_statuses() -> ResponseReturnValue:
    """Give statuses other names; needs Administer projects."""
    given, state = body_object().get("statuses"), here().jira
    if not may("ADMINISTER_PROJECTS"):
        raise JiraError(403, "You do not have permission to manage statuses.")
    if not isinstance(given, list) or not all(isinstance(one, dict) and {"id", "name"} <= set(one) for one in given):
        raise JiraError(400, "'statuses' must be a list of objects with 'id', 'name' and 'statusCategory'")
    names = {str(one["id"]): str(one["name"]) for one in given}
    renamed = [row.model_copy(update={"name": names.get(row.id, row.name)}) for row in state.world.statuses]
    state.world = state.world.model_copy(update={"statuses": tuple(renamed)})
    return "", 204


@routes.get("/issue/createmeta/<key>/issuetypes")
def create_meta_types(key: str) -> ResponseReturnValue:
    """The issue types that can be created in a project."""
    project_or_refuse(key)
    head, rows = window(here().jira.world.issue_types, 50)
    return jsonify({**head, "issueTypes": [shape().issue_type(row) for row in rows]})


@routes.get("/issue/createmeta/<key>/issuetypes/<type_id>")
def create_meta_fields(key: str, type_id: str) -> ResponseReturnValue:
    """The fields of the create screen."""
    project, world = project_or_refuse(key), here().jira.world
    kind = next((row for row in world.issue_types if row.id == type_id), None)
    if kind is None:
        raise JiraError(400, "The issue type selected is invalid.")
    names = ("project", "issuetype", *(("parent",) if kind.subtask else ()), *writable(here().jira))
    head, rows = window([field_meta(project, name) for name in names], 50)
    return jsonify({**head, "fields": rows})


def field_meta(project: SandboxProject, name: str) -> dict[str, Any]:
    """What a screen says about one field: its name, type, and the values to choose from."""
    world = here().jira.world
    tables: dict[str, tuple[NamedRow, ...]] = {
        "priority": world.priorities,
        "issuetype": world.issue_types,
        "resolution": world.resolutions,
        "project": (project,),
    }
    is_list, custom = name in ("components", "labels"), name.startswith("customfield_")
    meta: dict[str, Any] = {
        "required": name in ("summary", "project", "issuetype", "reporter", "parent"),
        "schema": {"type": "array" if is_list else "string", "customId" if custom else "system": field_code(name)},
        "name": field_names(here().jira).get(name, name.capitalize()),
        "key": name,
        "fieldId": name,
        "hasDefaultValue": name in ("priority", "reporter"),
        "operations": ["add", "set", "remove"] if is_list else ["set"],
    }
    values = [{"id": row.id, "name": row.name} for row in tables.get(name, ())]
    if name == "components":
        values = [{"id": one.id, "name": one.name} for one in here().jira.project_components(project)]
    return {**meta, "allowedValues": values} if values or name == "components" else meta


def field_names(state: JiraState) -> dict[str, str]:
    """The names of the custom fields by id."""
    return {row.id: row.name for row in state.world.custom_fields} | {REQUEST_TYPE_FIELD: "Request Type"}


def field_code(name: str) -> str | int:
    """A field's name, of a custom one the number."""
    return int(name.removeprefix("customfield_")) if name.startswith("customfield_") else name
