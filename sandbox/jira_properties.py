"""Jira's routes about entity properties, of issues and of comments."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.core import here
from sandbox.jira_errors import JiraError
from sandbox.jira_request import issue_or_refuse, may, shape
from sandbox.jira_state import SandboxComment, SandboxIssue
from sandbox.versions import PREFIX

KEY_LIMIT = 255  # characters
VALUE_LIMIT = 32_768  # characters of JSON

routes = Blueprint("jira_properties", __name__, url_prefix=PREFIX)


def check_property(key: Any, value: Any) -> None:
    """Refuse a key or value that is too long, or no value; raise JiraError 400."""
    if not isinstance(key, str) or not 0 < len(key) <= KEY_LIMIT:
        raise JiraError(400, f"The property key must be 1 to {KEY_LIMIT} characters long.")
    if value in (None, ""):
        raise JiraError(400, "The property value must be a valid non-empty JSON.")
    if len(json.dumps(value, ensure_ascii=False)) > VALUE_LIMIT:
        raise JiraError(400, f"The property value cannot be longer than {VALUE_LIMIT} characters.")


def check_properties(given: Any) -> dict[str, Any]:
    """A body's list of `{key, value}` as a dict; raise JiraError 400."""
    if given is None:
        return {}
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise JiraError(400, "'properties' must be a list of objects with 'key' and 'value'")
    for one in given:
        check_property(one.get("key"), one.get("value"))
    return {one["key"]: one["value"] for one in given}


def keys(of: str, properties: dict[str, Any]) -> ResponseReturnValue:
    """The list of the properties' keys; `of` is the entity's path."""
    return jsonify({"keys": [{"self": shape().url(f"{of}/properties/{key}"), "key": key} for key in properties]})


def read(properties: dict[str, Any], key: str) -> ResponseReturnValue:
    """One property; raise JiraError 404."""
    if key not in properties:
        raise JiraError(404, f"The property with key '{key}' does not exist.")
    return jsonify({"key": key, "value": properties[key]})


def write(properties: dict[str, Any], key: str) -> ResponseReturnValue:
    """Set a property to the request's JSON: 201 when it is new, else 200."""
    value = request.get_json(force=True, silent=True)
    check_property(key, value)
    is_new = key not in properties
    properties[key] = value
    return "", 201 if is_new else 200


def drop(properties: dict[str, Any], key: str) -> ResponseReturnValue:
    """Remove a property; raise JiraError 404."""
    if properties.pop(key, None) is None:
        raise JiraError(404, f"The property with key '{key}' does not exist.")
    return "", 204


def editable(key: str) -> SandboxIssue:
    """The issue, whose editing the caller must be allowed."""
    issue = issue_or_refuse(key)
    if not may("EDIT_ISSUES"):
        raise JiraError(403, "You do not have permission to edit this issue.")
    return issue


@routes.get("/issue/<issue_key>/properties")
def issue_keys(issue_key: str) -> ResponseReturnValue:
    """The keys of an issue's properties."""
    issue = issue_or_refuse(issue_key)
    return keys(f"issue/{issue.id}", issue.properties)


@routes.get("/issue/<issue_key>/properties/<key>")
def issue_property(issue_key: str, key: str) -> ResponseReturnValue:
    """One property of an issue."""
    return read(issue_or_refuse(issue_key).properties, key)


@routes.put("/issue/<issue_key>/properties/<key>")
def set_issue_property(issue_key: str, key: str) -> ResponseReturnValue:
    """Set one property of an issue."""
    issue = editable(issue_key)
    answer = write(issue.properties, key)
    here().jira.index.note(issue)
    return answer


@routes.delete("/issue/<issue_key>/properties/<key>")
def delete_issue_property(issue_key: str, key: str) -> ResponseReturnValue:
    """Remove one property of an issue."""
    issue = editable(issue_key)
    answer = drop(issue.properties, key)
    here().jira.index.note(issue)
    return answer


def comment_or_refuse(comment_id: str) -> SandboxComment:
    """The comment with this id; raise JiraError 404."""
    found = next((comment for _, comment in here().jira.comments() if comment.id == comment_id), None)
    if found is None or not may("BROWSE_PROJECTS"):
        raise JiraError(404, f"Can not find a comment for the id: {comment_id}.")
    return found


@routes.get("/comment/<comment_id>/properties")
def comment_keys(comment_id: str) -> ResponseReturnValue:
    """The keys of a comment's properties."""
    return keys(f"comment/{comment_id}", comment_or_refuse(comment_id).properties)


@routes.get("/comment/<comment_id>/properties/<key>")
def comment_property(comment_id: str, key: str) -> ResponseReturnValue:
    """One property of a comment."""
    return read(comment_or_refuse(comment_id).properties, key)


@routes.put("/comment/<comment_id>/properties/<key>")
def set_comment_property(comment_id: str, key: str) -> ResponseReturnValue:
    """Set one property of a comment; `sd.public.comment` makes it internal or public."""
    return write(comment_or_refuse(comment_id).properties, key)


@routes.delete("/comment/<comment_id>/properties/<key>")
def delete_comment_property(comment_id: str, key: str) -> ResponseReturnValue:
    """Remove one property of a comment."""
    return drop(comment_or_refuse(comment_id).properties, key)
