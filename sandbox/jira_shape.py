"""What Jira's answers (REST v3, text as ADF) and webhooks (the older v2, text as wiki markup) look like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from urllib.parse import quote

from sandbox import adf
from sandbox.clock import jira_stamp
from sandbox.jira_state import Component, IssueLink, JiraState, SandboxAttachment, SandboxComment, SandboxIssue
from sandbox.language import said
from sandbox.world import REQUEST_TYPE_FIELD, IssueType, JiraAccount, LinkType, NamedRow, SandboxProject, Status, by_id

Json = dict[str, Any]
CATEGORIES = {
    "new": {"id": 2, "colorName": "blue-gray", "name": "К выполнению"},
    "indeterminate": {"id": 4, "colorName": "yellow", "name": "В работе"},
    "done": {"id": 3, "colorName": "green", "name": "Готово"},
}
CUT_DOWN = ("summary", "issuetype", "project", "assignee", "priority", "status")  # an issue inside a comment event


@dataclass(frozen=True)
class Shape:
    """Writes Jira's JSON; `base` is the site's address without a trailing slash."""

    state: JiraState
    base: str
    api: Literal["2", "3"] = "3"

    def url(self, path: str) -> str:
        """An address of the REST API."""
        return f"{self.base}/rest/api/{self.api}/{path}"

    def text(self, document: Json | None) -> Json | str | None:
        """A document as this version of the API gives it."""
        return document if self.api == "3" else adf.to_text(document)

    def account(self, account_id: str | None) -> Json | None:
        """An account, or null for nobody."""
        account = self.state.world.account(account_id)
        return self.user(account) if account else None

    def user(self, account: JiraAccount) -> Json:
        """An account."""
        return {
            "self": self.url(f"user?accountId={quote(account.id, safe='')}"),
            "accountId": account.id,
            "avatarUrls": {},
            "displayName": account.name,
            "active": account.id not in self.state.left,
            "timeZone": "Europe/Moscow",
            "accountType": account.kind,
        }

    def named(self, kind: str, row: NamedRow | None) -> Json | None:
        """A priority, resolution and the like, or null."""
        return {"self": self.url(f"{kind}/{row.id}"), "id": row.id, "name": said(row)} if row else None

    def status(self, status: Status) -> Json:
        """A status with its category."""
        category = CATEGORIES[status.category]
        return {
            "self": self.url(f"status/{status.id}"),
            "description": "",
            "iconUrl": f"{self.base}/images/icons/status.png",
            "name": said(status),
            "id": status.id,
            "statusCategory": {
                "self": self.url(f"statuscategory/{category['id']}"),
                "key": status.category,
                **category,
            },
        }

    def issue_type(self, row: IssueType) -> Json:
        """An issue type."""
        more = {"description": "", "iconUrl": f"{self.base}/images/icons/issuetype.png", "subtask": row.subtask}
        return {
            "self": self.url(f"issuetype/{row.id}"),
            "id": row.id,
            "name": row.name,
            **more,
            "hierarchyLevel": -1 if row.subtask else 0,
        }

    def project(self, project: SandboxProject) -> Json:
        """A project as it stands inside an issue."""
        names = {"id": project.id, "key": project.key, "name": project.name}
        kind = {"projectTypeKey": "service_desk", "simplified": False, "avatarUrls": {}}
        return {"self": self.url(f"project/{project.id}"), **names, **kind}

    def component(self, component: Component) -> Json:
        """A component as it stands inside an issue."""
        shown = {"self": self.url(f"component/{component.id}"), "id": component.id, "name": component.name}
        return shown | ({"description": component.description} if component.description else {})

    def link_type(self, row: LinkType) -> Json:
        """A kind of link."""
        names = {"id": row.id, "name": row.name, "inward": row.inward, "outward": row.outward}
        return {**names, "self": self.url(f"issueLinkType/{row.id}")}

    def link(self, link: IssueLink, seen_from: str) -> Json:
        """A link as one of its two issues shows it: the source names the outward issue, the other the inward one."""
        kind = by_id(self.state.world.link_types, link.type)
        outward = seen_from == link.source
        other = self.state.issues[link.destination if outward else link.source]
        shown = {"id": str(link.id), "self": self.url(f"issueLink/{link.id}"), "type": kind and self.link_type(kind)}
        return shown | {"outwardIssue" if outward else "inwardIssue": self.relative(other)}

    def relative(self, issue: SandboxIssue) -> Json:
        """An issue as another one shows it."""
        writers = self.field_writers(issue)
        fields = {name: writers[name]() for name in ("summary", "status", "priority", "issuetype")}
        return {**self.stub(issue), "fields": fields}

    def stub(self, issue: SandboxIssue) -> Json:
        """What names an issue."""
        return {"id": issue.id, "key": issue.key, "self": self.url(f"issue/{issue.id}")}

    def field_writers(self, issue: SandboxIssue) -> dict[str, Callable[[], Any]]:
        """Field → what writes it, so that a caller pays only for the fields that it asked for."""
        state, world, fields = self.state, self.state.world, issue.fields
        priority = by_id(world.priorities, fields.get("priority"))
        resolution = by_id(world.resolutions, fields.get("resolution"))
        writers: dict[str, Callable[[], Any]] = {
            "summary": lambda: fields["summary"],
            "issuetype": lambda: self.issue_type(next(row for row in world.issue_types if row.id == issue.type)),
            "project": lambda: self.project(issue.project),
            "status": lambda: self.status(world.status(issue.status)),
            "statuscategorychangedate": lambda: jira_stamp(issue.status_changed),
            "description": lambda: self.text(fields.get("description")),
            "components": lambda: [self.component(state.components[one]) for one in fields.get("components", ())],
            "labels": lambda: list(fields.get("labels", ())),
            "priority": lambda: self.named("priority", priority),
            "resolution": lambda: self.named("resolution", resolution),
            "resolutiondate": lambda: jira_stamp(issue.resolved) if issue.resolved else None,
            "assignee": lambda: self.account(fields.get("assignee")),
            "reporter": lambda: self.account(fields.get("reporter")),
            "creator": lambda: self.account(issue.creator),
            "created": lambda: jira_stamp(issue.created),
            "updated": lambda: jira_stamp(issue.updated),
            "issuelinks": lambda: [self.link(link, issue.id) for link in state.links_of(issue.id)],
            "attachment": lambda: [self.attachment(one) for one in issue.attachments],
            "fixVersions": lambda: [],
            REQUEST_TYPE_FIELD: lambda: self.request_type(issue),
        }
        if issue.parent is not None:
            writers["parent"] = lambda: self.relative(state.issues[str(issue.parent)])
        writers["subtasks"] = lambda: [self.relative(one) for one in state.issues.values() if one.parent == issue.id]
        for custom in world.custom_fields:
            writers[custom.id] = partial(fields.get, custom.id)
        return writers

    def fields(self, issue: SandboxIssue) -> Json:
        """All fields of an issue but its comments, which have routes of their own."""
        return {name: write() for name, write in self.field_writers(issue).items()}

    def request_type(self, issue: SandboxIssue) -> Json | None:
        """The value of the field Request Type, or null for an issue that no customer sees."""
        if issue.fields.get(REQUEST_TYPE_FIELD) is None:
            return None
        names = {"id": issue.project.request_type, "name": self.state.world.request_type_name}
        status = self.state.world.status(issue.status)
        return {
            "_links": {"agent": f"{self.base}/browse/{issue.key}"},
            "requestType": {**names, "serviceDeskId": issue.project.desk, "issueTypeId": issue.type},
            "currentStatus": {"status": said(status), "statusCategory": status.category.upper()},
        }

    def changelog(self, issue: SandboxIssue) -> Json:
        """An issue's changelog, the newest hundred entries first."""
        newest = issue.history[::-1][:100]
        rows = [
            {"id": one.id, "author": self.account(one.author), "created": jira_stamp(one.created), "items": one.items}
            for one in newest
        ]
        return {"startAt": 0, "maxResults": len(rows), "total": len(issue.history), "histories": rows}

    def attachment(self, attachment: SandboxAttachment) -> Json:
        """An attachment, without what is in it."""
        return {
            "self": self.url(f"attachment/{attachment.id}"),
            "id": attachment.id,
            "filename": attachment.name,
            "author": self.account(attachment.author),
            "created": jira_stamp(attachment.created),
            "size": len(attachment.content),
            "mimeType": attachment.kind,
            "content": self.url(f"attachment/content/{attachment.id}"),
        }

    def comment(self, issue: SandboxIssue, comment: SandboxComment) -> Json:
        """A comment."""
        shown = {
            "self": self.url(f"issue/{issue.id}/comment/{comment.id}"),
            "id": comment.id,
            "author": self.account(comment.author),
            "body": self.text(comment.body),
            "updateAuthor": self.account(comment.update_author),
            "created": jira_stamp(comment.created),
            "updated": jira_stamp(comment.updated),
            "jsdPublic": comment.public,
        }
        return shown | ({"visibility": comment.visibility} if comment.visibility else {})

    def issue(self, issue: SandboxIssue) -> Json:
        """A whole issue as a webhook carries it."""
        return {**self.stub(issue), "fields": self.fields(issue)}

    def cut_down_issue(self, issue: SandboxIssue) -> Json:
        """An issue as it stands inside a comment event."""
        writers = self.field_writers(issue)
        return {**self.stub(issue), "fields": {name: writers[name]() for name in CUT_DOWN}}
