"""Jira's routes about who one is, what one may, and what projects are made of."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.core import here
from sandbox.jira_errors import JiraError
from sandbox.jira_fields import SHORT, writable
from sandbox.jira_request import actor, body_object, may, shape
from sandbox.jira_state import Component
from sandbox.paging import page, window
from sandbox.world import REQUEST_TYPE_FIELD, Named, Project

routes = Blueprint("jira_projects", __name__, url_prefix="/rest/api/3")


def project_or_refuse(id_or_key: object) -> Project:
    """The project; raise JiraError 404."""
    project = here().jira.world.project(id_or_key)
    if project is None or not may("BROWSE_PROJECTS"):
        raise JiraError(404, f"No project could be found with key '{id_or_key}'.")
    return project


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


def project_shape(project: Project) -> dict[str, Any]:
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


def component_shape(component: Component) -> dict[str, Any]:
    """A component as its own routes show it."""
    kind = {"assigneeType": component.assignee_type, "realAssigneeType": component.assignee_type}
    place = {"project": component.project.key, "projectId": int(component.project.id), "isAssigneeTypeValid": False}
    lead = {"lead": shape().account(component.lead)} if component.lead else {}
    return {**shape().component(component), **kind, **place, **lead}


def counted_component(component: Component) -> dict[str, Any]:
    """A component of the paged list, with the number of its issues."""
    issues = here().jira.issues.values()
    count = sum(component.id in issue.fields.get("components", ()) for issue in issues)
    return {**component_shape(component), "issueCount": count}


@routes.get("/project/<key>/component")
def page_of_components(key: str) -> ResponseReturnValue:
    """A project's components, in pages; `query` narrows them."""
    text = request.args.get("query", "").casefold()
    found = [one for one in here().jira.project_components(project_or_refuse(key)) if text in one.name.casefold()]
    return jsonify(page(found, counted_component))


@routes.get("/project/<key>/components")
def all_components(key: str) -> ResponseReturnValue:
    """A project's components, all at once."""
    return jsonify([component_shape(one) for one in here().jira.project_components(project_or_refuse(key))])


@routes.post("/component")
def create_component() -> ResponseReturnValue:
    """Make a component; needs Administer projects, and a name that is new in the project."""
    body, state = body_object(), here().jira
    project = state.world.project(body.get("project"))
    if project is None:
        raise JiraError(404, errors={"project": f"The project {body.get('project')} does not exist."})
    if not may("ADMINISTER_PROJECTS"):
        raise JiraError(403, "You do not have permission to manage components in this project.")
    name, lead = body.get("name"), body.get("leadAccountId")
    if not isinstance(name, str) or not name.strip():
        raise JiraError(400, errors={"name": "The component name specified is invalid - cannot be an empty string."})
    if len(name) > SHORT:
        raise JiraError(
            400, errors={"name": f"The component name is too long - it must be less than {SHORT} characters."}
        )
    if any(one.name.casefold() == name.strip().casefold() for one in state.project_components(project)):
        raise JiraError(400, errors={"name": f"A component with the name {name} already exists in this project."})
    if lead and state.world.account(lead) is None:
        raise JiraError(400, errors={"leadAccountId": f"The user {lead} does not exist."})
    component = state.add_component(project, name.strip())
    component.description, component.lead = body.get("description"), lead
    component.assignee_type = body.get("assigneeType", component.assignee_type)
    return jsonify(component_shape(component)), 201


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
    if type_id not in {row.id for row in world.issue_types}:
        raise JiraError(400, "The issue type selected is invalid.")
    head, rows = window([field_meta(project, name) for name in ("project", "issuetype", *writable(here().jira))], 50)
    return jsonify({**head, "fields": rows})


def field_meta(project: Project, name: str) -> dict[str, Any]:
    """What a screen says about one field: its name, type, and the values to choose from."""
    world = here().jira.world
    tables: dict[str, tuple[Named, ...]] = {
        "priority": world.priorities,
        "issuetype": world.issue_types,
        "resolution": world.resolutions,
        "project": (project,),
    }
    is_list, custom = name in ("components", "labels"), name.startswith("customfield_")
    names = {row.id: row.name for row in world.custom_fields} | {REQUEST_TYPE_FIELD: "Request Type"}
    meta: dict[str, Any] = {
        "required": name in ("summary", "project", "issuetype", "reporter"),
        "schema": {"type": "array" if is_list else "string", "customId" if custom else "system": field_code(name)},
        "name": names.get(name, name.capitalize()),
        "key": name,
        "fieldId": name,
        "hasDefaultValue": name in ("priority", "reporter"),
        "operations": ["add", "set", "remove"] if is_list else ["set"],
    }
    values = [{"id": row.id, "name": row.name} for row in tables.get(name, ())]
    if name == "components":
        values = [{"id": one.id, "name": one.name} for one in here().jira.project_components(project)]
    return {**meta, "allowedValues": values} if values or name == "components" else meta


def field_code(name: str) -> str | int:
    """A field's name, of a custom one the number."""
    return int(name.removeprefix("customfield_")) if name.startswith("customfield_") else name
