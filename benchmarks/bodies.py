"""Signed requests of invented senders, as bytes that go onto a socket."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from tests.bot import sign_crm, sign_jira
from tests.tickets import closing, ticket

CRM, JIRA = "/webhooks/webcrm", "/webhooks/jira"
Request = bytes


def requests(path: str, prefix: str, count: int) -> Iterator[Request]:
    """So many requests, each with a ticket or an issue of its own; `prefix` (A-Z a-z 0-9 _ -) makes the ids new."""
    make = crm_request if path == CRM else jira_request
    for number in range(count):
        yield make(f"{prefix}-{number}")


def crm_request(name: str) -> Request:
    """The closing of a ticket with this id: about 1.2 KB, becomes a delivery."""
    body = closing_of(name)
    return raw(CRM, body, headers_of(body, name))


def closing_of(name: str) -> bytes:
    """The body of the closing of a ticket with this id."""
    return json.dumps(closing(ticket(id=name)), ensure_ascii=False).encode()


def headers_of(body: bytes, delivery_id: str) -> dict[str, str]:
    """The headers of a CRM event."""
    return {"Content-Type": "application/json"} | sign_crm(body, delivery_id)


def jira_request(name: str) -> Request:
    """An issue of the project FBO was updated: about 2 KB; the bodies differ, because Jira's are known by hash."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:5])
    body = json.dumps(issue_updated(number), ensure_ascii=False).encode()
    return raw(JIRA, body, {"Content-Type": "application/json; charset=UTF-8"} | sign_jira(body, name))


def raw(path: str, body: bytes, headers: dict[str, str]) -> Request:
    """An HTTP/1.1 request that keeps its connection."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()] + [f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def issue_updated(number: int) -> dict[str, Any]:
    """The body of a webhook: the issue of this number went to another status."""
    person = {
        "accountId": "712020:5c0f1d2e-0000-4000-8000-000000000001",
        "accountType": "atlassian",
        "active": True,
        "displayName": "Сотрудник Пример",
        "timeZone": "Europe/Moscow",
    }
    status = {"id": "10002", "name": "В работе", "statusCategory": {"id": 4, "key": "indeterminate"}}
    fields = {
        "summary": "Водитель у ворот, поставка 2000012345",
        "project": {"id": "10001", "key": "FBO", "name": "FBO"},
        "issuetype": {"id": "10010", "name": "Эскалация", "subtask": False},
        "status": status,
        "priority": {"id": "3", "name": "Medium"},
        "labels": [f"webcrm-{number}"],
        "components": [{"id": "10021", "name": "FF:Хоругвино"}],
        "reporter": person,
        "creator": person,
        "assignee": person,
        "created": "2026-11-20T16:04:12.000+0300",
        "updated": "2026-11-20T16:09:40.000+0300",
        "description": "Водитель ждёт у ворот третий час, пропуск не находят.",
    }
    change = {"field": "status", "fieldtype": "jira", "fieldId": "status", "from": "10001", "fromString": "Открыт"}
    return {
        "timestamp": 1795179580000,
        "webhookEvent": "jira:issue_updated",
        "issue_event_type_name": "issue_generic",
        "user": person,
        "issue": {"id": str(number), "self": f"https://127.0.0.1/rest/api/3/issue/{number}", "key": f"FBO-{number}"}
        | {"fields": fields},
        "changelog": {"id": str(number), "items": [change | {"to": "10002", "toString": "В работе"}]},
    }
