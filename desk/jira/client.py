"""Calls to one Jira Cloud site, with the official client, behind the circuit breaker.

The client's own waiting and retrying is off: by default it may sleep for half an hour inside a call, and it repeats
creates. It returns raw responses (`advanced_mode`); `answers.py` says which of them mean that a call was done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import requests

from config.jira import Site
from desk.circuit_breaker import PROBE, Call, CircuitBreaker
from desk.jira.answers import ANSWERS
from desk.run import Run
from events import ISSUE_ID, ISSUE_KEY

Send = Callable[[], requests.Response]
_ADDRESS = re.compile(f"{ISSUE_ID}|{ISSUE_KEY}")
_PROJECT = re.compile(r"^[A-Z][A-Z0-9_]+$")
PROPERTY = "smezhnik"  # the bot's mark on issues and comments
PAGE = 100
PAGES = 20  # of one search, in case its page tokens form a loop


@dataclass(frozen=True)
class Found:
    """An issue in Jira's answer: id, key, fields and the requested properties."""

    id: str
    key: str
    fields: Mapping[str, Any]
    properties: Mapping[str, Any]


def system_of(site: str) -> str:
    """Return the name of a site's circuit breaker."""
    return f"jira:{site}"


class JiraSite:
    """One site. Calls raise `Later` and `Dead`, never an exception of requests."""

    def __init__(self, name: str, site: Site, session: requests.Session, breaker: CircuitBreaker) -> None:
        self.system = system_of(name)
        self.name, self.user = name, site.user
        self._breaker = breaker
        from atlassian.jira import JiraCloud  # noqa: PLC0415 # 9 MB and 0.2 s, of which the web and the clock have no use

        # typed Any: the generated methods carry no annotations
        self._client: Any = JiraCloud(
            site.url,
            username=site.user,
            password=site.token.get_secret_value(),
            api_version=3,
            session=session,
            advanced_mode=True,
            backoff_and_retry=False,
            retry_with_header=False,
        )
        self._client.log_curl_debug = _say_nothing  # type: ignore[method-assign]

    def asked_by(self, run: Run) -> Self:
        """Return this client, with its session, for the calls of a run."""
        other = copy(self)
        other._breaker = self._breaker.asked_by(run)
        return other

    def _call(self, endpoint: str, send: Send, issue: str | None = None) -> Any:
        if issue is not None and not _ADDRESS.fullmatch(issue):
            raise ValueError(f"not an issue id or key: {issue!r}")
        read = ANSWERS[endpoint].read
        return self._breaker.pass_through(Call(self.system, endpoint, issue), lambda: read(send()))

    def myself(self) -> str:
        """Return the bot's own account id; also called while the site counts as down, to check whether it is."""
        return str(self._call(PROBE, self._client.get_current_user)["accountId"])

    def see_project(self, project: str) -> None:
        """Read a project; raise `Refused` if the bot may not see it."""
        if not _PROJECT.fullmatch(project):
            raise ValueError(f"not a project key: {project!r}")
        self._call("GET /project", lambda: self._client.get_project(project))

    def examine(self, endpoint: str, question: Callable[[Any], requests.Response]) -> Any:
        """Make a call that only an examination needs."""
        return self._call(endpoint, lambda: question(self._client))

    def search(self, jql: str, fields: list[str]) -> list[Found]:
        """Return the first page of a search, with the bot's property."""
        query = {"jql": jql, "fields": fields, "properties": [PROPERTY], "maxResults": 50}
        answer = self._call(
            "POST /search/jql", lambda: self._client.search_and_reconsile_issues_using_jql_post(data=query)
        )
        return [_found(issue) for issue in answer["issues"]]

    def search_all(self, jql: str, fields: list[str], fresh: list[str]) -> list[Found]:
        """Return all pages of a search; issues in `fresh` (at most 50 ids) are up to date even if search lags."""
        query: dict[str, Any] = {"jql": jql, "fields": fields, "maxResults": PAGE}
        if fresh:
            query["reconcileIssues"] = [int(issue) for issue in fresh]
        found: list[Found] = []
        for _ in range(PAGES):
            answer = self._call("POST /search/jql", partial(self._searched, dict(query)))
            found += map(_found, answer["issues"])
            token = answer.get("nextPageToken")
            if not token or not answer["issues"]:
                break
            query["nextPageToken"] = token
        return found

    def _searched(self, query: Mapping[str, Any]) -> requests.Response:
        answer: requests.Response = self._client.search_and_reconsile_issues_using_jql_post(data=query)
        return answer

    def history(self, issue: str) -> dict[str, Any]:
        """Return an issue with its creator, its links and the latest hundred changelog entries."""
        fields = "project,created,creator,issuelinks"
        answer: dict[str, Any] = self._call(
            "GET /issue", lambda: self._client.get_issue(issue, fields=fields, expand="changelog"), issue
        )
        return answer

    def newest_comments(self, issue: str) -> list[dict[str, Any]]:
        """Return the newest comments, without their properties."""
        answer = self._call(
            "GET /issue/comment",
            lambda: self._client.get_comments(issue, max_results=PAGE, order_by="-created"),
            issue,
        )
        return list(answer["comments"])

    def issue(self, issue: str, fields: list[str]) -> Found:
        """Read an issue as it is now (search lags behind)."""
        names = ",".join(fields)
        return _found(
            self._call("GET /issue", lambda: self._client.get_issue(issue, fields=names, properties=PROPERTY), issue)
        )

    def create(self, fields: Mapping[str, Any], mark: Mapping[str, Any]) -> Found:
        """Create an issue with the bot's property in the same call."""
        data = {"fields": dict(fields), "properties": [{"key": PROPERTY, "value": dict(mark)}]}
        return _found(self._call("POST /issue", lambda: self._client.create_issue(data=data)))

    def edit(
        self,
        issue: str,
        update: Mapping[str, Any],
        fields: Mapping[str, Any] | None = None,
        mark: Mapping[str, Any] | None = None,
    ) -> None:
        """Change an issue in one call: fields by operations (`{"components": [{"add": {"id": …}}]}`) or as a whole, and
        the bot's property (`mark`).
        """
        data: dict[str, Any] = {"update": dict(update)}
        if fields:
            data["fields"] = dict(fields)
        if mark:
            data["properties"] = [{"key": PROPERTY, "value": dict(mark)}]
        self._call("PUT /issue", lambda: self._client.edit_issue(issue, data=data), issue)

    def transitions(self, issue: str) -> list[dict[str, Any]]:
        """Return the transitions that the bot can make from the issue's current status, with their fields."""
        answer = self._call(
            "GET /issue/transitions",
            lambda: self._client.get_transitions(issue, expand="transitions.fields"),
            issue,
        )
        return list(answer["transitions"])

    def transition(self, issue: str, transition: str) -> None:
        """Make a transition, by its id."""
        data = {"transition": {"id": transition}}
        self._call("POST /issue/transitions", lambda: self._client.do_transition(issue, data=data), issue)

    def comment(self, issue: str, body: Mapping[str, Any], mark: Mapping[str, Any], *, public: bool) -> dict[str, Any]:
        """Write a comment carrying the bot's mark; internal unless `public`."""
        properties: list[dict[str, Any]] = [{"key": PROPERTY, "value": dict(mark)}]
        if not public:
            properties.append({"key": "sd.public.comment", "value": {"internal": True}})
        data = {"body": dict(body), "properties": properties}
        answer: dict[str, Any] = self._call(
            "POST /issue/comment", lambda: self._client.add_comment(issue, data=data), issue
        )
        return answer

    def comments(self, issue: str) -> list[dict[str, Any]]:
        """Return the newest comments with their properties, which Jira includes only when asked by id."""
        ids = {"ids": [int(comment["id"]) for comment in self.newest_comments(issue)]}
        if not ids["ids"]:
            return []
        answer = self._call(
            "POST /comment/list", lambda: self._client.get_comments_by_ids(expand="properties", data=ids)
        )
        return list(answer["values"])

    def delete_comment(self, issue: str, comment: str) -> None:
        """Delete a comment."""
        self._call("DELETE /issue/comment", lambda: self._client.delete_comment(issue, comment), issue)

    def attach(self, issue: str, name: str, content: bytes, kind: str) -> None:
        """Attach a file of a media type `kind`. Jira accepts the form only with this header."""
        self._call(
            "POST /issue/attachments",
            lambda: self._client.add_attachment(
                issue, files={"file": (name, content, kind)}, headers={"X-Atlassian-Token": "no-check"}
            ),
            issue,
        )

    def remote_link(self, issue: str, link: Mapping[str, Any]) -> None:
        """Create or replace a remote link; a repeated `globalId` replaces the link."""
        self._call(
            "POST /issue/remotelink",
            lambda: self._client.create_or_update_remote_issue_link(issue, data=dict(link)),
            issue,
        )

    def link(self, link: Mapping[str, Any]) -> None:
        """Link two issues (`{"type", "inwardIssue", "outwardIssue"}`); an existing link is not duplicated."""
        self._call("POST /issueLink", lambda: self._client.link_issues(data=dict(link)))

    def assign(self, issue: str, account: str | None) -> None:
        """Assign an issue to an account, or to nobody."""
        self._call("PUT /issue/assignee", lambda: self._client.assign_issue(issue, data={"accountId": account}), issue)

    def issue_types(self, project: str) -> list[dict[str, Any]]:
        """Return the issue types of a project."""
        if not _PROJECT.fullmatch(project):
            raise ValueError(f"not a project key: {project!r}")
        return list(self._call("GET /project", lambda: self._client.get_project(project))["issueTypes"])

    def priorities(self) -> list[dict[str, Any]]:
        """Return all priorities."""
        return list(self._call("GET /priority", self._client.get_priorities))

    def link_types(self) -> list[dict[str, Any]]:
        """Return all types of issue links."""
        answer = self._call("GET /issueLinkType", self._client.get_issue_link_types)
        return list(answer["issueLinkTypes"])

    def statuses(self, project: str) -> list[dict[str, Any]]:
        """Return the statuses of a project, one issue type after the other."""
        if not _PROJECT.fullmatch(project):
            raise ValueError(f"not a project key: {project!r}")
        kinds = self._call("GET /project/statuses", lambda: self._client.get_all_statuses(project))
        return [status for kind in kinds for status in kind["statuses"]]

    def components(self, project: str) -> dict[str, str]:
        """Return all components of a project: name → id."""
        if not _PROJECT.fullmatch(project):
            raise ValueError(f"not a project key: {project!r}")
        names: dict[str, str] = {}
        while True:
            known = len(names)
            page = self._call("GET /project/component", partial(self._components, project, known))
            names |= {component["name"]: component["id"] for component in page["values"]}
            if page.get("isLast", True) or len(names) == known:  # a page without new names is the last one
                return names

    def _components(self, project: str, start_at: int) -> requests.Response:
        page: requests.Response = self._client.get_project_components_paginated(
            project, start_at=start_at, max_results=PAGE
        )
        return page

    def create_component(self, project: str, name: str) -> str:
        """Create a component and return its id. Needs the permission to administer the project."""
        data = {"name": name, "project": project}
        return str(self._call("POST /component", lambda: self._client.create_component(data=data))["id"])


def _say_nothing(*_: object, **__: object) -> None:
    """Replaces the client's debug log line, made for each call, which contains the token and the whole body."""


def _found(answer: Mapping[str, Any]) -> Found:
    return Found(
        id=answer["id"],
        key=answer["key"],
        fields=answer.get("fields") or {},
        properties=answer.get("properties") or {},
    )
