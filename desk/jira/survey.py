"""A survey of a Jira known only by its address: its projects, with everything that `jira.yml` names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import methodcaller
from typing import Any

from desk.circuit_breaker import Refused
from desk.jira.client import PAGE, JiraSite
from desk.jira.names import is_done

REQUEST_TYPE = "com.atlassian.servicedesk:vp-origin"  # the type of the field Request Type, whatever its name
DESKS = "rest/servicedeskapi/servicedesk"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class FoundProject:
    """A project as the bot's account sees it; `request_types` is empty without a service desk.

    `fields`: by issue type id, the custom fields on its create screen (id → name).
    `ways`: by status id, the transitions from it, as an unfinished issue in it has them.
    """

    key: str
    name: str
    issue_types: tuple[Row, ...]
    subtask_types: tuple[Row, ...]
    statuses: tuple[Row, ...]
    components: tuple[str, ...]
    request_types: tuple[Row, ...]
    fields: Mapping[str, Mapping[str, str]]
    may_administer: bool
    ways: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Survey:
    """A whole site; `request_type_field` is `None` if it has no service desks."""

    projects: tuple[FoundProject, ...]
    request_type_field: str | None


def survey(site: JiraSite) -> Survey:
    """Survey the site, by reads only. Raises like any call."""
    fields = site.examine("GET /field", lambda client: client.get("rest/api/3/field"))
    kinds = {str(row["id"]): (row.get("schema") or {}).get("custom") for row in fields}
    desks = {row["projectKey"]: row["id"] for row in desk_rows(site, DESKS)}
    projects = tuple(_project(site, row, desks.get(row["key"])) for row in list(_projects(site)))
    return Survey(projects, next((field for field, kind in kinds.items() if kind == REQUEST_TYPE), None))


def account_of(site: JiraSite, email: str) -> str | None:
    """Return the account with this e-mail; `None` if none or several are found."""
    found = site.examine(
        "GET /user/search", lambda client: client.get("rest/api/3/user/search", params={"query": email})
    )
    return str(found[0]["accountId"]) if len(found) == 1 else None


def _projects(site: JiraSite) -> Iterator[Row]:
    start, path = 0, "rest/api/3/project/search"
    while True:
        asked = {"startAt": start, "maxResults": PAGE}
        page = site.examine("GET /project/search", methodcaller("get", path, params=asked))
        yield from page["values"]
        start += len(page["values"])
        if page.get("isLast", True) or not page["values"]:
            return


def desk_rows(site: JiraSite, path: str) -> list[Row]:
    """Return a list from the service desk API; empty if Jira has no service desks."""
    rows: list[Row] = []
    while True:
        asked = {"start": len(rows), "limit": PAGE}
        try:
            page = site.examine("GET /servicedesk", methodcaller("get", path, params=asked))
        except Refused:
            return rows
        rows += page["values"]
        if page.get("isLastPage", True) or not page["values"]:
            return rows


def _project(site: JiraSite, row: Row, desk: str | None) -> FoundProject:
    key = str(row["key"])
    shown = site.examine("GET /project", lambda client: client.get_project(key))
    types = tuple(kind for kind in shown["issueTypes"] if not kind.get("subtask"))
    kinds = site.examine("GET /project/statuses", lambda client: client.get_all_statuses(key))
    statuses = {str(status["id"]): status for kind in kinds for status in kind["statuses"]}
    rights = site.examine(
        "GET /mypermissions",
        lambda client: client.get_my_permissions(project_key=key, permissions="ADMINISTER_PROJECTS"),
    )
    return FoundProject(
        key=key,
        name=str(row["name"]),
        issue_types=types,
        subtask_types=tuple(kind for kind in shown["issueTypes"] if kind.get("subtask")),
        statuses=tuple(statuses.values()),
        components=tuple(one["name"] for one in shown.get("components", ())),
        request_types=tuple(desk_rows(site, f"{DESKS}/{desk}/requesttype")) if desk else (),
        fields={str(kind["id"]): _screen(site, key, str(kind["id"])) for kind in types},
        may_administer=any(right["havePermission"] for right in rights["permissions"].values()),
        ways=_ways(site, key, [number for number, status in statuses.items() if not is_done(status)]),
    )


def _ways(site: JiraSite, key: str, statuses: Sequence[str]) -> dict[str, tuple[Row, ...]]:
    """Return the transitions that issues offer: workflows are shown to Jira's admins alone."""
    if not statuses:
        return {}
    jql = f'project = "{key}" AND status in ({", ".join(statuses)}) ORDER BY updated DESC'
    try:
        issues = site.search(jql, ["status"])
        examples = {str(issue.fields["status"]["id"]): issue.id for issue in reversed(issues)}
        return {status: tuple(site.transitions(issue)) for status, issue in examples.items()}
    except Refused:
        return {}


def _screen(site: JiraSite, key: str, kind: str) -> dict[str, str]:
    page = site.examine(
        "GET /issue/createmeta/issuetypes",
        lambda client: client.get_create_issue_meta_issue_type_id(key, kind, start_at=0, max_results=200),
    )
    return {str(row["fieldId"]): str(row["name"]) for row in page["fields"]}
