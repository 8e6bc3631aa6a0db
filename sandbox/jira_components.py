"""Jira's routes about components: listed, made, renamed, deleted."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.core import here
from sandbox.jira_errors import JiraError
from sandbox.jira_fields import SHORT
from sandbox.jira_request import body_object, may, shape
from sandbox.jira_state import Component
from sandbox.paging import page
from sandbox.versions import PREFIX
from sandbox.world import SandboxProject

routes = Blueprint("jira_components", __name__, url_prefix=PREFIX)


def project_or_refuse(id_or_key: object) -> SandboxProject:
    """The project; raise JiraError 404."""
    project = here().jira.world.project(id_or_key)
    if project is None or not may("BROWSE_PROJECTS"):
        raise JiraError(404, f"No project could be found with key '{id_or_key}'.")
    return project


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
    name, lead = free_name(project, body.get("name")), body.get("leadAccountId")
    if lead and state.world.account(lead) is None:
        raise JiraError(400, errors={"leadAccountId": f"The user {lead} does not exist."})
    component = state.add_component(project, name)
    component.description, component.lead = body.get("description"), lead
    component.assignee_type = body.get("assigneeType", component.assignee_type)
    return jsonify(component_shape(component)), 201


def free_name(project: SandboxProject, name: Any, but: Component | None = None) -> str:
    """A name that no other component of the project has, in whatever case; raise JiraError 400."""
    if not isinstance(name, str) or not name.strip():
        raise JiraError(400, errors={"name": "The component name specified is invalid - cannot be an empty string."})
    if len(name) > SHORT:
        raise JiraError(
            400, errors={"name": f"The component name is too long - it must be less than {SHORT} characters."}
        )
    others = [one for one in here().jira.project_components(project) if one is not but]
    if any(one.name.casefold() == name.strip().casefold() for one in others):
        raise JiraError(400, errors={"name": f"A component with the name {name} already exists in this project."})
    return name.strip()


def component_or_refuse(component_id: str) -> Component:
    """The component, which the caller must be allowed to change; raise JiraError."""
    component = here().jira.components.get(component_id)
    if component is None or not may("BROWSE_PROJECTS"):
        raise JiraError(404, f"The component with id {component_id} does not exist.")
    if not may("ADMINISTER_PROJECTS"):
        raise JiraError(403, "You do not have permission to manage components in this project.")
    return component


@routes.put("/component/<component_id>")
def change_component(component_id: str) -> ResponseReturnValue:
    """Rename a component; it keeps its id."""
    component, body = component_or_refuse(component_id), body_object()
    if "name" in body:
        component.name = free_name(component.project, body["name"], but=component)
    component.description = body.get("description", component.description)
    return jsonify(component_shape(component))


@routes.delete("/component/<component_id>")
def delete_component(component_id: str) -> ResponseReturnValue:
    """Delete a component; its issues lose it, or get the one that `moveIssuesTo` names. No webhook tells of that."""
    component, state = component_or_refuse(component_id), here().jira
    instead = request.args.get("moveIssuesTo")
    if instead is not None and instead not in {one.id for one in state.project_components(component.project)}:
        raise JiraError(404, f"The component with id {instead} does not exist.")
    for issue in state.issues.values():
        had = issue.fields.get("components") or ()
        if component.id in had:
            rest = [one for one in had if one != component.id]
            issue.fields["components"] = tuple(dict.fromkeys([*rest, *([instead] if instead else [])]))
            state.touch(issue)
    del state.components[component.id]
    return "", 204
