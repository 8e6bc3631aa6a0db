"""Jira's and the service desk's ways of giving a list in pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flask import request

from sandbox.jira_errors import JiraError

Item = TypeVar("Item")


def number(name: str, default: int) -> int:
    """A whole number, zero or more, from the query; raise JiraError 400 for anything else."""
    given = request.args.get(name, str(default))
    if not given.isdigit():
        raise JiraError(400, f"Invalid value for parameter '{name}': {given}")
    return int(given)


def window(rows: Sequence[Item], default: int) -> tuple[dict[str, Any], list[Item]]:
    """`startAt`, `maxResults`, `total` and the rows of the page that the query asks for."""
    start, most = number("startAt", 0), number("maxResults", default)
    return {"startAt": start, "maxResults": most, "total": len(rows)}, list(rows[start : start + most])


def page(rows: Sequence[Item], show: Callable[[Item], dict[str, Any]], default: int = 50) -> dict[str, Any]:
    """A page bean: `values`, `isLast`, `total` and, before the last, `nextPage`."""
    head, shown = window(rows, default)
    after = head["startAt"] + len(shown)
    body = {"self": request.url, **head, "isLast": after >= len(rows), "values": [show(row) for row in shown]}
    return body if body["isLast"] else {**body, "nextPage": f"{request.base_url}?startAt={after}"}


def desk_page(rows: Sequence[dict[str, Any]], default: int = 50) -> dict[str, Any]:
    """A page of the service desk's API: `start`, `limit`, `isLastPage`."""
    start, limit = number("start", 0), number("limit", default)
    shown = list(rows[start : start + limit])
    is_last = start + len(shown) >= len(rows)
    links = {"self": request.url, "base": request.host_url.rstrip("/"), "context": ""}
    links |= {} if is_last else {"next": f"{request.base_url}?start={start + len(shown)}&limit={limit}"}
    return {"_expands": [], "size": len(shown), "start": start, "limit": limit, "isLastPage": is_last,
            "_links": links, "values": shown}  # fmt: skip
