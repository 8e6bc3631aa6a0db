"""Calls to one Jira Cloud site, by the official client, behind the gates.

The client's own waiting and retrying is off: its default may sleep for half an hour inside a call and repeats
creates. Timeouts are set on the adapter, since the client takes no (connect, read) pair.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

import requests
from atlassian.jira import JiraCloud
from requests.adapters import HTTPAdapter

from config.jira import Site
from config.running import RuntimeConfig
from desk.gates import PROBE, Call, Gates
from events import ISSUE_ID, ISSUE_KEY

T = TypeVar("T")
_ADDRESS = re.compile(f"{ISSUE_ID}|{ISSUE_KEY}")
_PROJECT = re.compile(r"^[A-Z][A-Z0-9_]+$")
PROPERTY = "smezhnik"  # the bot's mark on issues and comments
PAGE = 100


class TimedAdapter(HTTPAdapter):
    """Gives every call its timeouts: reads are given up sooner than writes, which may have happened."""

    def __init__(self, connect: float, read: float, write: float) -> None:
        super().__init__(pool_connections=2, pool_maxsize=2)
        self._connect, self._read, self._write = connect, read, write

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send with (connect, read or write) timeouts in seconds."""
        kwargs["timeout"] = (self._connect, self._read if request.method == "GET" else self._write)
        return super().send(request, *args, **kwargs)


def session_for(running: RuntimeConfig) -> requests.Session:
    """A session whose calls end in time; it ignores proxies and .netrc, which would replace the credentials."""
    session = requests.Session()
    session.trust_env = False
    http = running.http
    adapter = TimedAdapter(http.connect.total_seconds(), http.read.total_seconds(), http.write.total_seconds())
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


@dataclass(frozen=True)
class Found:
    """An issue as Jira answers it: id, key, fields and the properties that were asked for."""

    id: str
    key: str
    fields: Mapping[str, Any]
    properties: Mapping[str, Any]


def system_of(site: str) -> str:
    """The name of a site's gate."""
    return f"jira:{site}"


class JiraSite:
    """One site. Every method is one call; `Later` and `Dead` come out of it, never an exception of requests."""

    def __init__(self, name: str, site: Site, running: RuntimeConfig, gates: Gates) -> None:
        self.system = system_of(name)
        self.name = name
        self._gates = gates
        # typed Any: the generated methods carry no annotations
        self._client: Any = JiraCloud(
            site.url,
            username=site.user,
            password=site.token.get_secret_value(),
            api_version=3,
            session=session_for(running),
            backoff_and_retry=False,
            retry_with_header=False,
        )

    def _call(self, endpoint: str, send: Callable[[], T], issue: str | None = None) -> T:
        if issue is not None and not _ADDRESS.fullmatch(issue):
            raise ValueError(f"not an issue id or key: {issue!r}")
        return self._gates.pass_through(Call(self.system, endpoint, issue), send)

    def _ask(self, endpoint: str, send: Callable[[], Any], issue: str | None = None) -> dict[str, Any]:
        """A call that is answered by an object; a page of some proxy instead is no answer."""

        def heard() -> dict[str, Any]:
            answer = send()
            if not isinstance(answer, dict):
                raise requests.exceptions.InvalidJSONError("no JSON object")
            return answer

        return self._call(endpoint, heard, issue)

    def myself(self) -> str:
        """The bot's own account id; asked for even while the site counts as down, to learn whether it is."""
        return str(self._ask(PROBE, self._client.get_current_user)["accountId"])

    def examine(self, question: Callable[[Any], T]) -> T:
        """Ask the client something that only an examination wants to know."""

        def heard() -> T:
            answer = question(self._client)
            if not isinstance(answer, dict | list):
                raise requests.exceptions.InvalidJSONError("no JSON")
            return cast(T, answer)

        return self._call("an examination", heard)

    def search(self, jql: str, fields: list[str]) -> list[Found]:
        """The first page of a search, with the bot's property."""
        query = {"jql": jql, "fields": fields, "properties": [PROPERTY], "maxResults": 50}
        answer = self._ask(
            "POST /search/jql", lambda: self._client.search_and_reconsile_issues_using_jql_post(data=query)
        )
        return [_found(issue) for issue in answer.get("issues", [])]

    def issue(self, issue: str, fields: list[str]) -> Found:
        """Read an issue now (search lags behind)."""
        names = ",".join(fields)
        return _found(
            self._ask("GET /issue", lambda: self._client.get_issue(issue, fields=names, properties=PROPERTY), issue)
        )

    def create(self, fields: Mapping[str, Any], mark: Mapping[str, Any]) -> Found:
        """Create an issue with the bot's property in the same call."""
        data = {"fields": dict(fields), "properties": [{"key": PROPERTY, "value": dict(mark)}]}
        return _found(self._ask("POST /issue", lambda: self._client.create_issue(data=data)))

    def edit(
        self,
        issue: str,
        update: Mapping[str, Any],
        fields: Mapping[str, Any] | None = None,
        mark: Mapping[str, Any] | None = None,
    ) -> None:
        """Change an issue in one call: fields by operations (`{"components": [{"add": {"id": …}}]}`) or whole,
        and the bot's property."""
        data: dict[str, Any] = {"update": dict(update)}
        if fields:
            data["fields"] = dict(fields)
        if mark:
            data["properties"] = [{"key": PROPERTY, "value": dict(mark)}]
        self._call("PUT /issue", lambda: self._client.edit_issue(issue, data=data), issue)

    def transitions(self, issue: str) -> list[dict[str, Any]]:
        """The transitions that are open to the bot from where the issue stands."""
        answer = self._ask("GET /issue/transitions", lambda: self._client.get_transitions(issue), issue)
        return list(answer.get("transitions", []))

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
        answer: dict[str, Any] = self._ask(
            "POST /issue/comment", lambda: self._client.add_comment(issue, data=data), issue
        )
        return answer

    def comments(self, issue: str) -> list[dict[str, Any]]:
        """The newest comments with their properties, which only the list by ids gives."""
        newest = self._ask(
            "GET /issue/comment",
            lambda: self._client.get_comments(issue, max_results=PAGE, order_by="-created"),
            issue,
        )
        ids = {"ids": [int(comment["id"]) for comment in newest.get("comments", [])]}
        if not ids["ids"]:
            return []
        answer = self._ask(
            "POST /comment/list", lambda: self._client.get_comments_by_ids(expand="properties", data=ids)
        )
        return list(answer.get("values", []))

    def delete_comment(self, issue: str, comment: str) -> None:
        """Take a comment back at once."""
        self._call("DELETE /issue/comment", lambda: self._client.delete_comment(issue, comment), issue)

    def remote_link(self, issue: str, link: Mapping[str, Any]) -> None:
        """Create or replace a remote link; the same `globalId` twice is one link."""
        self._call(
            "POST /issue/remotelink",
            lambda: self._client.create_or_update_remote_issue_link(issue, data=dict(link)),
            issue,
        )

    def link(self, link: Mapping[str, Any]) -> None:
        """Link two issues (`{"type", "inwardIssue", "outwardIssue"}`); a link that exists stays the only one."""
        self._call("POST /issueLink", lambda: self._client.link_issues(data=dict(link)))

    def assign(self, issue: str, account: str | None) -> None:
        """Assign an issue to an account, or to nobody."""
        self._call("PUT /issue/assignee", lambda: self._client.assign_issue(issue, data={"accountId": account}), issue)

    def components(self, project: str) -> dict[str, str]:
        """All components of a project: name → id."""
        if not _PROJECT.fullmatch(project):
            raise ValueError(f"not a project key: {project!r}")
        names: dict[str, str] = {}
        while True:
            page = self._ask("GET /project/component", partial(self._components, project, len(names)))
            names |= {component["name"]: str(component["id"]) for component in page["values"]}
            if page.get("isLast", True) or not page["values"]:
                return names

    def _components(self, project: str, start_at: int) -> dict[str, Any]:
        page: dict[str, Any] = self._client.get_project_components_paginated(
            project, start_at=start_at, max_results=PAGE
        )
        return page

    def create_component(self, project: str, name: str) -> str:
        """Create a component; its id. Needs the permission to administer the project."""
        data = {"name": name, "project": project}
        return str(self._ask("POST /component", lambda: self._client.create_component(data=data))["id"])


def _found(answer: Mapping[str, Any]) -> Found:
    return Found(
        id=str(answer["id"]),
        key=str(answer["key"]),
        fields=answer.get("fields") or {},
        properties=answer.get("properties") or {},
    )
