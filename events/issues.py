"""Events about issues in Jira."""

from __future__ import annotations

from typing import Literal

from events.values import AccountId, Frozen, IssueId, IssueKey, Moment, Text

# What Jira's webhooks call these events.
JIRA_EVENTS = {
    "jira:issue_created": "issue.created",
    "jira:issue_updated": "issue.updated",
    "jira:issue_deleted": "issue.deleted",
    "comment_created": "comment.created",
    "comment_updated": "comment.updated",
    "comment_deleted": "comment.deleted",
    "issuelink_created": "issuelink.created",
    "issuelink_deleted": "issuelink.deleted",
}


class Person(Frozen):
    """A Jira account, known by `account_id` alone; `kind` is atlassian, app or customer."""

    account_id: AccountId
    kind: Text | None = None


class FieldChange(Frozen):
    """One changelog item. `field` is the `fieldId`, never the localised display name; `Key` stands for a move."""

    field: Text
    before: Text | None = None
    after: Text | None = None
    before_text: Text | None = None
    after_text: Text | None = None


class IssueRef(Frozen):
    """A Jira issue, identified by site and id; its key may change when it moves."""

    site: Text
    id: IssueId
    key: IssueKey | None = None
    project: Text | None = None


class IssueEvent(Frozen):
    """An issue was created, updated (with its changes) or deleted."""

    kind: Literal["issue"] = "issue"
    source: Text = "jira"
    type: Literal["issue.created", "issue.updated", "issue.deleted"]
    occurred_at: Moment
    issue: IssueRef
    actor: Person | None = None
    changes: tuple[FieldChange, ...] = ()

    def changed(self, *fields: str) -> bool:
        """Return True when the changelog names one of these field ids."""
        return any(change.field in fields for change in self.changes)


class CommentEvent(Frozen):
    """A comment was written, edited or deleted.

    The actor is who wrote or edited it; nobody knows who deleted one.
    """

    kind: Literal["comment"] = "comment"
    source: Text = "jira"
    type: Literal["comment.created", "comment.updated", "comment.deleted"]
    occurred_at: Moment
    issue: IssueRef
    actor: Person | None = None
    comment_id: Text
    text: str = ""
    public: bool | None = None


class IssueLinkEvent(Frozen):
    """Two issues were linked or unlinked; they have ids but no keys. `issue` is the source issue."""

    kind: Literal["issuelink"] = "issuelink"
    source: Text = "jira"
    type: Literal["issuelink.created", "issuelink.deleted"]
    occurred_at: Moment
    issue: IssueRef
    other: IssueRef
    link_type: Text | None = None
    actor: Person | None = None
