"""Jira's routes about transitions: which are open from the issue's status, and making one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import jira_comments, jira_events, jira_fields
from sandbox.core import here
from sandbox.jira_errors import JiraError
from sandbox.jira_fields import NOT_ON_SCREEN, Scope, Writing
from sandbox.jira_projects import field_meta
from sandbox.jira_request import actor, body_object, issue_or_refuse, may, section, shape
from sandbox.jira_state import SandboxIssue
from sandbox.language import said
from sandbox.versions import PREFIX
from sandbox.world import Transition

DONE = "done"

routes = Blueprint("jira_transitions", __name__, url_prefix=PREFIX)


def open_transitions(issue: SandboxIssue) -> list[Transition]:
    """The transitions that lead away from the issue's status and are available; none without the right."""
    if not may("TRANSITION_ISSUES"):
        return []
    return [one for one in leading_away(issue) if one.available]


def leading_away(issue: SandboxIssue) -> list[Transition]:
    """The transitions from the issue's status, those among them that are closed for now too."""
    return [one for one in here().jira.world.transitions if issue.status in one.sources]


def transition_shape(issue: SandboxIssue, transition: Transition, with_fields: bool) -> dict[str, Any]:
    """A transition; `fields` of its screen only when asked for."""
    flags = {"isGlobal": False, "isInitial": False, "looped": False}
    flags |= {"isAvailable": transition.available, "isConditional": transition.conditional}
    names = {
        "id": transition.id,
        "name": said(transition),
        "to": shape().status(here().jira.world.status(transition.to)),
    }
    shown = {**names, "hasScreen": bool(transition.screen), **flags}
    if with_fields:
        shown["fields"] = {name: screen_field(issue, transition, name) for name in transition.screen}
    return shown


def screen_field(issue: SandboxIssue, transition: Transition, name: str) -> dict[str, Any]:
    """A field of a transition's screen."""
    meta = field_meta(issue.project, name) | {"required": name in transition.required}
    operations = ["add"] if name == "comment" else meta["operations"]
    return {key: value for key, value in meta.items() if key != "fieldId"} | {"operations": operations}


@routes.get("/issue/<key>/transitions")
def get_transitions(key: str) -> ResponseReturnValue:
    """The open transitions; `expand=transitions.fields` adds screens, `includeUnavailableTransitions` those closed."""
    issue = issue_or_refuse(key)
    with_fields = "transitions.fields" in request.args.get("expand", "")
    every = request.args.get("includeUnavailableTransitions", "").lower() == "true" and may("TRANSITION_ISSUES")
    shown = leading_away(issue) if every else open_transitions(issue)
    rows = [transition_shape(issue, one, with_fields) for one in shown]
    only = request.args.get("transitionId")
    rows = [row for row in rows if only in (None, row["id"])]
    return jsonify({"expand": "transitions", "transitions": rows})


@routes.post("/issue/<key>/transitions")
def do_transition(key: str) -> ResponseReturnValue:
    """Make a transition, with fields and a comment where it has a screen."""
    issue, body = issue_or_refuse(key), body_object()
    wanted = body.get("transition")
    if not isinstance(wanted, dict) or "id" not in wanted:
        raise JiraError(400, "Missing 'transition' identifier")
    transition = next((one for one in open_transitions(issue) if one.id == str(wanted["id"])), None)
    if transition is None:
        raise JiraError(400, f"Transition id '{wanted['id']}' is not valid for this issue.")
    update = dict(section(body, "update"))
    comments = [jira_comments.read_body(one) for one in added_comments(transition, update.pop("comment", []))]
    values = screen_values(issue, transition, section(body, "fields"), update)
    given = {*values, *(["comment"] if comments else [])}
    if missing := [name for name in transition.required if name not in given]:
        raise JiraError(400, errors={name: f"{name.capitalize()} is required." for name in missing})
    move_along(issue, transition, values)
    for document in comments:
        jira_comments.add(issue, document, {}, None)
    return "", 204


def added_comments(transition: Transition, operations: Any) -> list[Any]:
    """The bodies in `update.comment`; such a comment is always public, whatever properties it carries."""
    if operations and "comment" not in transition.screen:
        raise JiraError(400, errors={"comment": NOT_ON_SCREEN.format("comment")})
    try:
        return [operation["add"]["body"] for operation in operations]
    except (TypeError, KeyError):
        raise JiraError(400, errors={"comment": "Comment body is not valid!"}) from None


def screen_values(
    issue: SandboxIssue, transition: Transition, fields: dict[str, Any], update: dict[str, Any]
) -> dict[str, Any]:
    """The values that the screen writes; raise JiraError 400 for a field that is not on it."""
    state = here().jira
    return Writing(Scope(state, issue.project), issue.fields, transition.screen).values(fields, update)


def move_along(issue: SandboxIssue, transition: Transition, values: dict[str, Any]) -> None:
    """Put the issue into its new status; a done one gets a resolution, any other loses it."""
    state = here().jira
    before, is_done = issue.status, state.world.status(transition.to).category == DONE
    values = {**values, "resolution": values.get("resolution", state.world.resolutions[0].id) if is_done else None}
    issue.status, issue.status_changed = transition.to, state.now()
    issue.resolved = issue.status_changed if is_done else None
    items = [*jira_fields.change(state, "status", before, transition.to), *jira_fields.apply(state, issue, values)]
    state.touch(issue)
    jira_events.issue_changed("jira:issue_updated", issue, actor(), items, "issue_generic")
