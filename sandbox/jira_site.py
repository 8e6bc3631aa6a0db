"""Jira's routes about the site as a whole: what a client asks before it knows any issue."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.clock import jira_stamp
from sandbox.core import here
from sandbox.jira_components import project_or_refuse
from sandbox.jira_errors import JiraError
from sandbox.jira_fields import every_field
from sandbox.jira_projects import field_names, project_shape
from sandbox.jira_request import issue_or_refuse, may, shape
from sandbox.paging import number
from sandbox.versions import PREFIX
from sandbox.world import REQUEST_TYPE_FIELD, JiraAccount

READ_ONLY = ("issuetype", "project", "status", "resolution", "created", "updated", "creator", "comment", "issuelinks")
LISTS = {"components": "component", "labels": "string", "issuelinks": "issuelinks"}
TYPES = {
    "assignee": "user",
    "reporter": "user",
    "creator": "user",
    "created": "datetime",
    "updated": "datetime",
    "comment": "comments-page",
    REQUEST_TYPE_FIELD: "sd-customerrequesttype",
} | {name: name for name in ("issuetype", "project", "status", "resolution", "priority")}
GONE = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline "
    "is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)

routes = Blueprint("jira_site", __name__, url_prefix=PREFIX)


@routes.get("/serverInfo")
def server_info() -> ResponseReturnValue:
    """Which Jira this is, and its clock."""
    base = request.host_url.rstrip("/")
    build = {"version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0], "buildNumber": 100300}
    build |= {"deploymentType": "Cloud", "buildDate": "2026-11-02T00:00:00.000+0300", "scmInfo": "sandbox"}
    clock = {"serverTime": jira_stamp(here().clock.now()), "serverTimeZone": "Europe/Moscow"}
    return jsonify({"baseUrl": base, "displayUrl": base, **build, **clock, "serverTitle": "Jira"})


@routes.route("/search", methods=["GET", "POST"])
def former_search() -> ResponseReturnValue:
    """The search that Jira took away."""
    raise JiraError(410, GONE)


@routes.get("/field")
def all_fields() -> ResponseReturnValue:
    """All fields, those of the system and the custom ones."""
    return jsonify([field_shape(name) for name in (*READ_ONLY, *every_field(here().jira))])


def field_shape(name: str) -> dict[str, Any]:
    """A field as the list of fields shows it."""
    custom = name.startswith("customfield_")
    number_of = name.removeprefix("customfield_")
    kind = {"type": "array", "items": LISTS[name]} if name in LISTS else {"type": TYPES.get(name, "string")}
    origin: dict[str, Any] = {"system": name}
    if custom:
        code = "com.atlassian.jira.plugin.system.customfieldtypes:textfield"
        code = "com.atlassian.servicedesk:vp-origin" if name == REQUEST_TYPE_FIELD else code
        origin = {"custom": code, "customId": int(number_of)}
    shown = field_names(here().jira).get(name, name.capitalize())
    clauses = [f"cf[{number_of}]", shown] if custom else [name]
    flags = {"custom": custom, "orderable": True, "navigable": True, "searchable": True}
    return {"id": name, "key": name, "name": shown, **flags, "clauseNames": clauses, "schema": kind | origin}


@routes.get("/issuetype")
def all_issue_types() -> ResponseReturnValue:
    """All issue types."""
    return jsonify([shape().issue_type(row) for row in here().jira.world.issue_types])


@routes.get("/resolution")
def all_resolutions() -> ResponseReturnValue:
    """All resolutions."""
    return jsonify([shape().named("resolution", row) for row in here().jira.world.resolutions])


@routes.get("/status/<id_or_name>")
def get_status(id_or_name: str) -> ResponseReturnValue:
    """One status."""
    found = next((row for row in here().jira.world.statuses if id_or_name in (row.id, row.name)), None)
    if found is None:
        raise JiraError(404, f"Status with id or name '{id_or_name}' does not exist.")
    return jsonify(shape().status(found))


@routes.get("/project")
def all_projects() -> ResponseReturnValue:
    """All projects, at once."""
    return jsonify([project_shape(one) for one in here().jira.world.projects] if may("BROWSE_PROJECTS") else [])


@routes.get("/user")
def get_user() -> ResponseReturnValue:
    """An account by its id."""
    found = here().jira.world.account(request.args.get("accountId"))
    if found is None:
        raise JiraError(404, "Specified user does not exist or you do not have required permissions")
    return jsonify(shape().user(found))


@routes.get("/user/search")
def search_users() -> ResponseReturnValue:
    """The accounts that a name or an e-mail begins like, or the one with an id; the e-mail itself is not shown."""
    if not request.args.get("query") and not request.args.get("accountId"):
        raise JiraError(400, "Either 'query', 'property' or 'accountId' must be provided.")
    return jsonify(users(here().jira.world.accounts))


@routes.get("/user/assignable/search")
def assignable_users() -> ResponseReturnValue:
    """The accounts that issues of a project, or one issue, can be assigned to."""
    project, key = request.args.get("project"), request.args.get("issueKey") or request.args.get("issueId")
    if not project and not key:
        raise JiraError(400, "Either 'project' or 'issueKey' must be provided.")
    _ = issue_or_refuse(key) if key else project_or_refuse(project)
    left = here().jira.left
    return jsonify(users(one for one in here().jira.world.accounts if one.kind != "customer" and one.id not in left))


def users(accounts: Any) -> list[dict[str, Any]]:
    """Those of the accounts that the query asks for, its page."""
    start, most = number("startAt", 0), number("maxResults", 50)
    return [shape().user(one) for one in accounts if is_meant(one)][start : start + most]


def is_meant(account: JiraAccount) -> bool:
    """True when `query` or `accountId` of the call means this account."""
    wanted, account_id = request.args.get("query", "").casefold(), request.args.get("accountId")
    words = [*account.name.casefold().split(), account.name.casefold(), account.email or "", account.id]
    return account_id in (None, account.id) and any(word.startswith(wanted) for word in words)
