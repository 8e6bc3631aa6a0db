"""How Jira says no: its error shapes, and those of the service desk's API."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request


class JiraError(Exception):
    """A refusal: `messages` about the call, `errors` by field."""

    def __init__(self, status: int, *messages: str, errors: dict[str, str] | None = None) -> None:
        """Keep what the answer will say."""
        super().__init__(status, messages, errors)
        self.status = status
        self.messages = list(messages)
        self.errors = errors or {}


def no_issue() -> JiraError:
    """The issue is not there, or not to be seen."""
    return JiraError(404, "Issue does not exist or you do not have permission to see it.")


def unauthenticated() -> JiraError:
    """No or wrong credentials."""
    return JiraError(401, "Client must be authenticated to access this resource.")


def error_body(path: str, error: JiraError) -> dict[str, Any]:
    """The body of a refusal, in the shape of the API that `path` belongs to."""
    if path.startswith("/rest/servicedeskapi"):
        text = "; ".join([*error.messages, *error.errors.values()])
        return {"errorMessage": text, "i18nErrorMessage": {"i18nKey": "sd.sandbox.error", "parameters": []}}
    return {"errorMessages": error.messages, "errors": error.errors}


def answer(error: JiraError) -> Response:
    """The whole answer of a refusal."""
    response = jsonify(error_body(request.path, error))
    response.status_code = error.status
    if error.status == 401:  # noqa: PLR2004 - HTTP's own number
        response.headers["X-Seraph-LoginReason"] = "AUTHENTICATED_FAILED"
    return response
