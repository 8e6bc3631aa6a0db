"""The two versions of Jira's REST API: the third gives and takes text as ADF, the second as wiki markup."""

from __future__ import annotations

from typing import Literal

from flask import has_request_context, request

Api = Literal["2", "3"]
PREFIX = "/rest/api/3"
OLDER = {"v2": "/rest/api/2", "latest": "/rest/api/latest"}  # both are the second


def api_version() -> Api:
    """The version that this call asks for; the service desk's API and whatever is no call count as the third."""
    asked = has_request_context() and request.path.startswith(tuple(f"{prefix}/" for prefix in OLDER.values()))
    return "2" if asked else "3"
