"""The service desk's API: requests as their customers see them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import adf, jira_comments
from sandbox.clock import ZONE, jira_stamp
from sandbox.core import here
from sandbox.jira_errors import JiraError
from sandbox.jira_issues import make_issue
from sandbox.jira_request import actor, body_object, issue_or_refuse, may, section, shape
from sandbox.jira_state import INTERNAL_MARK, SandboxComment, SandboxIssue
from sandbox.paging import desk_page
from sandbox.world import REQUEST_TYPE_FIELD, JiraAccount, SandboxProject

routes = Blueprint("jsm", __name__, url_prefix="/rest/servicedeskapi")


def base() -> str:
    """The address of this API."""
    return f"{request.host_url}rest/servicedeskapi"


def request_or_refuse(id_or_key: str) -> SandboxIssue:
    """An issue with a request type; a customer sees the own ones alone; raise JiraError 404."""
    issue = issue_or_refuse(id_or_key)
    is_customer = actor().kind == "customer"
    if issue.fields.get(REQUEST_TYPE_FIELD) is None or (is_customer and actor().id not in customers(issue)):
        raise JiraError(
            404, "The request you are trying to view does not exist or you do not have permission to see it."
        )
    return issue


def customers(issue: SandboxIssue) -> tuple[str, ...]:
    """Who sees the request: its reporter and its participants."""
    return (issue.fields["reporter"], *issue.participants)


def date(moment: Any) -> dict[str, Any]:
    """A moment as this API gives it."""
    local = moment.astimezone(ZONE)
    text = {"iso8601": local.strftime("%Y-%m-%dT%H:%M:%S%z"), "jira": jira_stamp(moment)}
    return {**text, "friendly": local.strftime("%d.%m.%Y %H:%M"), "epochMillis": int(moment.timestamp() * 1000)}


def person(account: JiraAccount) -> dict[str, Any]:
    """An account as this API gives it."""
    names = {"accountId": account.id, "displayName": account.name, "active": True, "timeZone": "Europe/Moscow"}
    return {**names, "_links": {"self": shape().user(account)["self"], "avatarUrls": {}}}


def known(account_id: Any) -> JiraAccount:
    """The account; raise JiraError 400."""
    account = here().jira.world.account(account_id)
    if account is None:
        raise JiraError(400, f"User with accountId '{account_id}' does not exist.")
    return account


def request_shape(issue: SandboxIssue) -> dict[str, Any]:
    """A request."""
    status = here().jira.world.status(issue.status)
    names = {"issueId": issue.id, "issueKey": issue.key, "summary": issue.fields["summary"]}
    values = [{"fieldId": "summary", "label": "Summary", "value": issue.fields["summary"]}]
    values += [{"fieldId": "description", "label": "Description", "value": adf.to_text(issue.fields["description"])}]
    return {
        "_expands": ["participant", "status", "requestType", "serviceDesk"],
        **names,
        "requestTypeId": issue.project.request_type,
        "serviceDeskId": issue.project.desk,
        "createdDate": date(issue.created),
        "reporter": person(known(issue.fields["reporter"])),
        "requestFieldValues": values,
        "currentStatus": {
            "status": status.name,
            "statusCategory": status.category.upper(),
            "statusDate": date(issue.status_changed),
        },
        "_links": {
            "self": f"{base()}/request/{issue.id}",
            "jiraRest": shape().url(f"issue/{issue.id}"),
            "web": f"{request.host_url}servicedesk/customer/portal/{issue.project.desk}/{issue.key}",
            "agent": f"{request.host_url}browse/{issue.key}",
        },
    }


@routes.post("/request")
def create_request() -> ResponseReturnValue:
    """Make a request, for oneself or on behalf of a customer; the description is plain text unless `isAdfRequest`."""
    body, state = body_object(), here().jira
    project = desk_project(body)
    on_behalf = known(body["raiseOnBehalfOf"]) if body.get("raiseOnBehalfOf") else actor()
    participants = tuple(known(one).id for one in body.get("requestParticipants") or ())
    fields = dict(section(body, "requestFieldValues"))
    if isinstance(fields.get("description"), str) and not body.get("isAdfRequest"):
        fields["description"] = adf.from_text(fields["description"])
    if actor().kind != "customer" and not may("CREATE_ISSUES"):
        raise JiraError(403, "You do not have permission to create requests.")
    fields |= {"reporter": {"id": on_behalf.id}, REQUEST_TYPE_FIELD: project.request_type}
    issue = make_issue(project, state.world.issue_types[0], fields, {})
    issue.participants = participants
    return jsonify(request_shape(issue)), 201


def desk_project(body: dict[str, Any]) -> SandboxProject:
    """The project that the service desk and the request type name; raise JiraError 400."""
    wanted = str(body.get("serviceDeskId")).removeprefix("projectKey:")
    project = next((p for p in here().jira.world.projects if wanted in (p.desk, p.key)), None)
    if project is None:
        raise JiraError(400, f"The service desk with id '{wanted}' does not exist.")
    if str(body.get("requestTypeId")) != project.request_type:
        raise JiraError(
            400, f"The request type with id '{body.get('requestTypeId')}' does not exist on this service desk."
        )
    return project


@routes.get("/request/<key>")
def get_request(key: str) -> ResponseReturnValue:
    """One request."""
    return jsonify(request_shape(request_or_refuse(key)))


def comment_shape(issue: SandboxIssue, comment: SandboxComment) -> dict[str, Any]:
    """A comment as this API gives it: its body is plain text."""
    return {
        "_expands": ["attachment", "renderedBody"],
        "id": comment.id,
        "body": adf.to_text(comment.body),
        "public": comment.public,
        "author": person(known(comment.author)),
        "created": date(comment.created),
        "_links": {"self": f"{base()}/request/{issue.id}/comment/{comment.id}"},
    }


@routes.get("/request/<key>/comment")
def get_comments(key: str) -> ResponseReturnValue:
    """A request's comments; customers get the public ones; `public` and `internal` choose."""
    issue, wanted = request_or_refuse(key), set()
    if request.args.get("public", "true") != "false":
        wanted.add(True)
    if request.args.get("internal", "true") != "false" and actor().kind != "customer":
        wanted.add(False)
    return jsonify(desk_page([comment_shape(issue, one) for one in issue.comments if one.public in wanted]))


@routes.post("/request/<key>/comment")
def add_comment(key: str) -> ResponseReturnValue:
    """Write a comment of plain text; customers can only write public ones."""
    issue, body = request_or_refuse(key), body_object()
    text, public = body.get("body"), body.get("public", True)
    if not isinstance(text, str) or not text.strip():
        raise JiraError(400, "Comment body can not be empty!")
    if len(text) > adf.TEXT_LIMIT:
        raise JiraError(400, f"The comment is too long: more than {adf.TEXT_LIMIT} characters.")
    if not public and actor().kind == "customer":
        raise JiraError(403, "Customers can only add public comments.")
    if actor().kind != "customer" and not may("ADD_COMMENTS"):
        raise JiraError(403, "You do not have permission to comment on this request.")
    mark = {} if public else {INTERNAL_MARK: {"internal": True}}
    return jsonify(comment_shape(issue, jira_comments.add(issue, adf.from_text(text), mark, None))), 201


@routes.get("/request/<key>/participant")
def get_participants(key: str) -> ResponseReturnValue:
    """The people whom the request is shared with."""
    return jsonify(desk_page([person(known(one)) for one in request_or_refuse(key).participants]))


@routes.post("/request/<key>/participant")
def add_participants(key: str) -> ResponseReturnValue:
    """Share the request with more people."""
    issue = request_or_refuse(key)
    added = tuple(known(one).id for one in body_object().get("accountIds") or ())
    issue.participants = tuple(dict.fromkeys((*issue.participants, *added)))
    here().jira.touch(issue)
    return jsonify(desk_page([person(known(one)) for one in issue.participants]))
