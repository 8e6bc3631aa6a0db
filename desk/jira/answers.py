"""Jira Cloud's documented answers to the calls that the bot makes, as far as it reads them.

From Jira's OpenAPI document; `tests/desk/test_jira_answers.py` compares the two.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from desk.http import Documented
from events import ISSUE_ID, ISSUE_KEY

Number = Annotated[str, Field(pattern=ISSUE_ID)]  # id of an issue, a comment, a component …; Jira sends some as numbers
Key = Annotated[str, Field(pattern=ISSUE_KEY)]
AccountId = Annotated[str, Field(pattern=r"^[A-Za-z0-9:_-]{1,128}$")]
_OPEN = with_config(ConfigDict(extra="allow", coerce_numbers_to_str=True))


def _moment(text: str) -> str:
    """Check that a moment is in ISO form; return it unchanged."""
    datetime.fromisoformat(text)
    return text


Moment = Annotated[str, AfterValidator(_moment)]


@_OPEN
class _Account(TypedDict):
    accountId: AccountId


@_OPEN
class _Named(TypedDict):
    name: str


@_OPEN
class _Numbered(TypedDict):
    id: Number


@_OPEN
class _HistoryItem(_Numbered):
    """A component, a status, a type of issues or of links."""

    name: str


@_OPEN
class _Fields(TypedDict, total=False):
    """The fields of an issue that are read by name; a site's custom fields may hold anything."""

    created: Moment
    labels: list[str] | None
    components: list[_HistoryItem] | None
    status: _Named | None
    project: dict[str, Any] | None
    reporter: dict[str, Any] | None
    assignee: dict[str, Any] | None


@_OPEN
class _Issue(_Numbered):
    """An issue that was made or found; `fields` and `properties` as far as they were requested."""

    key: Key
    fields: NotRequired[_Fields | None]
    properties: NotRequired[dict[str, Any] | None]


@_OPEN
class _ReadIssue(_Numbered):
    key: Key
    fields: _Fields
    properties: NotRequired[dict[str, Any] | None]


@_OPEN
class _Issues(TypedDict):
    issues: list[_Issue]


@_OPEN
class _Attachment(TypedDict):
    filename: str


@_OPEN
class _Transition(_Numbered):
    to: _Named


@_OPEN
class _Transitions(TypedDict):
    transitions: list[_Transition]


@_OPEN
class _Comments(TypedDict):
    comments: list[_Numbered]


@_OPEN
class _Comment(_Numbered):
    created: Moment
    author: NotRequired[dict[str, Any] | None]
    body: NotRequired[dict[str, Any] | None]
    properties: NotRequired[list[dict[str, Any]] | None]


@_OPEN
class _CommentPage(TypedDict):
    values: list[_Comment]


@_OPEN
class _ComponentPage(TypedDict):
    values: list[_HistoryItem]


@_OPEN
class _Project(TypedDict):
    issueTypes: list[_HistoryItem]
    components: NotRequired[list[_Named]]


@_OPEN
class _LinkTypes(TypedDict):
    issueLinkTypes: list[_HistoryItem]


@_OPEN
class _Right(TypedDict):
    havePermission: bool


@_OPEN
class _Rights(TypedDict):
    permissions: dict[str, _Right]


@_OPEN
class _ScreenField(TypedDict):
    fieldId: str
    name: str
    required: bool


@_OPEN
class _Screen(TypedDict):
    fields: list[_ScreenField]


@_OPEN
class _TypeStatuses(_Named):
    statuses: list[_HistoryItem]


@_OPEN
class _Server(TypedDict):
    serverTime: NotRequired[Moment | None]


@_OPEN
class _FieldRow(TypedDict):
    id: str
    schema: NotRequired[dict[str, Any] | None]


@_OPEN
class _ProjectRow(TypedDict):
    key: str
    name: str


@_OPEN
class _ProjectPage(TypedDict):
    values: list[_ProjectRow]


@_OPEN
class _DeskPage(TypedDict):
    values: list[_Numbered]


@_OPEN
class _Webhook(TypedDict):
    """From `/rest/webhooks/1.0`, which only Jira's page on webhooks documents, not the OpenAPI document."""

    self: str
    name: str
    url: str
    events: list[str]
    filters: NotRequired[dict[str, Any] | None]
    enabled: NotRequired[bool]
    excludeBody: NotRequired[bool]
    isSigned: NotRequired[bool]


# By the endpoint names that the circuit breaker uses.
ANSWERS = {
    "GET /myself": Documented((200,), TypeAdapter(_Account)),
    "POST /search/jql": Documented((200,), TypeAdapter(_Issues)),
    "GET /issue": Documented((200,), TypeAdapter(_ReadIssue)),
    "POST /issue": Documented((201,), TypeAdapter(_Issue)),
    "PUT /issue": Documented((204,)),  # 200 is only for `returnIssue`
    "GET /issue/transitions": Documented((200,), TypeAdapter(_Transitions)),
    "POST /issue/transitions": Documented((204,)),
    "GET /issue/comment": Documented((200,), TypeAdapter(_Comments)),
    "POST /issue/comment": Documented((201,), TypeAdapter(_Numbered)),
    "DELETE /issue/comment": Documented((204,)),
    "POST /issue/attachments": Documented((200,), TypeAdapter(list[_Attachment])),
    "POST /comment/list": Documented((200,), TypeAdapter(_CommentPage)),
    "POST /issue/remotelink": Documented((200, 201), TypeAdapter(_Numbered)),
    "POST /issueLink": Documented((201,)),
    "PUT /issue/assignee": Documented((204,)),
    "GET /project/component": Documented((200,), TypeAdapter(_ComponentPage)),
    "POST /component": Documented((201,), TypeAdapter(_Numbered)),
    "GET /project": Documented((200,), TypeAdapter(_Project)),
    "GET /project/statuses": Documented((200,), TypeAdapter(list[_TypeStatuses])),
    "GET /priority": Documented((200,), TypeAdapter(list[_HistoryItem])),
    "GET /issueLinkType": Documented((200,), TypeAdapter(_LinkTypes)),
    # only for an examination
    "GET /mypermissions": Documented((200,), TypeAdapter(_Rights)),
    "GET /issue/createmeta/issuetypes": Documented((200,), TypeAdapter(_Screen)),
    # only for a survey
    "GET /serverInfo": Documented((200,), TypeAdapter(_Server)),
    "GET /field": Documented((200,), TypeAdapter(list[_FieldRow])),
    "GET /project/search": Documented((200,), TypeAdapter(_ProjectPage)),
    "GET /user": Documented((200,), TypeAdapter(_Account)),
    "GET /user/search": Documented((200,), TypeAdapter(list[_Account])),
    "GET /servicedesk": Documented((200,), TypeAdapter(_DeskPage)),
    "GET /webhooks": Documented((200,), TypeAdapter(list[_Webhook])),
    "POST /webhooks": Documented((201,), TypeAdapter(_Webhook)),
    "PUT /webhooks": Documented((200,), TypeAdapter(_Webhook)),
    "DELETE /webhooks": Documented((204,)),
}
