"""The service desk's API about desks and their request types."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.core import here
from sandbox.jira_errors import JiraError
from sandbox.jira_fields import writable
from sandbox.jira_projects import field_names
from sandbox.jsm import base
from sandbox.paging import desk_page
from sandbox.world import REQUEST_TYPE_FIELD, SandboxProject

routes = Blueprint("jsm_desks", __name__, url_prefix="/rest/servicedeskapi")


def desk_or_refuse(desk: str) -> SandboxProject:
    """The project of a service desk, by its id or its project's key; raise JiraError 404."""
    wanted = desk.removeprefix("projectKey:")
    found = next((one for one in here().jira.world.projects if wanted in (one.desk, one.key)), None)
    if found is None:
        raise JiraError(404, f"The service desk with id '{wanted}' does not exist.")
    return found


def desk_shape(project: SandboxProject) -> dict[str, Any]:
    """A service desk."""
    names = {"id": project.desk, "projectId": project.id, "projectName": project.name, "projectKey": project.key}
    return {**names, "projectTypeKey": "service_desk", "_links": {"self": f"{base()}/servicedesk/{project.desk}"}}


def request_type_shape(project: SandboxProject) -> dict[str, Any]:
    """The one request type of a service desk."""
    world = here().jira.world
    names = {"id": project.request_type, "name": world.request_type_name, "description": "", "helpText": ""}
    place = {"issueTypeId": world.issue_types[0].id, "serviceDeskId": project.desk, "portalId": project.desk}
    icon = {"id": "10513", "_links": {"iconUrls": {}}}
    links = {"self": f"{base()}/servicedesk/{project.desk}/requesttype/{project.request_type}"}
    return {"_expands": ["field"], **names, **place, "groupIds": [], "icon": icon, "_links": links}


@routes.get("/servicedesk")
def all_desks() -> ResponseReturnValue:
    """The service desks, in pages."""
    return jsonify(desk_page([desk_shape(one) for one in here().jira.world.projects]))


@routes.get("/servicedesk/<desk>")
def get_desk(desk: str) -> ResponseReturnValue:
    """One service desk."""
    return jsonify(desk_shape(desk_or_refuse(desk)))


@routes.get("/requesttype")
def every_request_type() -> ResponseReturnValue:
    """The request types of all desks; `searchQuery` and `serviceDeskId` narrow them."""
    text, desks = request.args.get("searchQuery", "").casefold(), request.args.getlist("serviceDeskId")
    rows = [request_type_shape(one) for one in here().jira.world.projects if not desks or one.desk in desks]
    return jsonify(desk_page([row for row in rows if text in str(row["name"]).casefold()]))


@routes.get("/servicedesk/<desk>/requesttype")
def request_types(desk: str) -> ResponseReturnValue:
    """The request types of a desk."""
    return jsonify(desk_page([request_type_shape(desk_or_refuse(desk))]))


def own_type(desk: str, request_type: str) -> SandboxProject:
    """The desk that has this request type; raise JiraError 404."""
    project = desk_or_refuse(desk)
    if request_type != project.request_type:
        raise JiraError(404, f"The request type with id '{request_type}' does not exist on this service desk.")
    return project


@routes.get("/servicedesk/<desk>/requesttype/<request_type>")
def get_request_type(desk: str, request_type: str) -> ResponseReturnValue:
    """One request type."""
    return jsonify(request_type_shape(own_type(desk, request_type)))


@routes.get("/servicedesk/<desk>/requesttype/<request_type>/field")
def request_type_fields(desk: str, request_type: str) -> ResponseReturnValue:
    """What a customer fills in."""
    own_type(desk, request_type)
    shown = [name for name in writable(here().jira) if name in ("summary", "description") or is_custom(name)]
    names = field_names(here().jira)
    rows = [
        {"fieldId": name, "name": names.get(name, name.capitalize()), "description": "", "required": name == "summary",
         "defaultValues": [], "validValues": [], "presetValues": [], "visible": True, "jiraSchema": {"type": "string"}}
        for name in shown
    ]  # fmt: skip
    return jsonify({"requestTypeFields": rows, "canRaiseOnBehalfOf": True, "canAddRequestParticipants": True})


def is_custom(name: str) -> bool:
    """True for a custom field that people fill in."""
    return name.startswith("customfield_") and name != REQUEST_TYPE_FIELD
