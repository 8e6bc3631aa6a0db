"""Usedesk's methods: its shapes, its refusals inside 200 bodies, its limit."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.live import LiveSandbox

TOKEN = "sandbox-usedesk-token"


@pytest.fixture
def usedesk(live: LiveSandbox) -> Usedesk:
    """Calls the sandbox's Usedesk."""
    return Usedesk(live.url)


class Usedesk:
    """Calls one method after the other; every answer is a 200."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, method: str, **body: Any) -> Any:
        answer = requests.post(f"{self.url}/usedesk/{method}", json={"api_token": TOKEN, **body}, timeout=10)
        assert answer.status_code == 200
        return answer.json()

    def made(self, **body: Any) -> int:
        """Make a ticket; its id."""
        given = {"subject": "Тема", "message": "<p>Вопрос</p>", "client_id": 5, "from": "client"}
        answer = self("create/ticket", **given | body)
        assert answer["status"] == "success", answer
        return int(answer["ticket_id"])


def test_a_ticket_is_made_and_shown_with_ids_as_strings(usedesk: Usedesk) -> None:
    number = usedesk.made(
        additional_id="900001:service:1", tag="hold, call", field_id="54;55", field_value="Гарантия;7", assignee_id="12"
    )
    shown = usedesk("ticket", ticket_id=str(number))
    ticket = shown["ticket"]
    assert (ticket["id"], ticket["status_id"], ticket["client_id"]) == (str(number), "8", "5")
    assert (ticket["assignee_id"], ticket["group"], ticket["additional_id"]) == ("12", "0", "900001:service:1")
    assert ticket["email"] == "client-1@example.test"
    assert [tag["name"] for tag in shown["tags"]] == ["hold", "call"]
    assert [field["value"] for field in shown["custom_fields"]] == ["Гарантия", "7"]
    (comment,) = shown["comments"]
    assert (comment["message"], comment["from"], comment["type"], comment["user_id"]) == (
        "<p>Вопрос</p>", "client", "public", None)  # fmt: skip
    assert isinstance(comment["id"], str)
    assert usedesk("tags") == [
        {"ticket_tag_id": 1, "tag_company_id": 1, "name": "call", "ticket_count": 1},
        {"ticket_tag_id": 2, "tag_company_id": 1, "name": "hold", "ticket_count": 1},
    ]


def test_a_new_client_is_made_with_the_ticket(usedesk: Usedesk) -> None:
    number = usedesk.made(client_id="new_client", client_name="Новый Клиент", client_email="new@example.test")
    client = usedesk("client", client_id=usedesk("ticket", ticket_id=number)["ticket"]["client_id"])
    assert (client["name"], client["emails"]) == ("Новый Клиент", [{"email": "new@example.test"}])
    assert client in usedesk("clients")


def test_a_comment_is_private_and_the_first_users_unless_told(usedesk: Usedesk) -> None:
    number = usedesk.made()
    first = usedesk("create/comment", ticket_id=number, message="Заметка")
    usedesk("create/comment", ticket_id=number, message="Ответ", type="public", user_id="13")
    comments = usedesk("ticket", ticket_id=number)["comments"][1:]
    assert first == {"status": "success", "comment_id": int(comments[0]["id"])}
    assert [(one["type"], one["user_id"]) for one in comments] == [("private", "1"), ("public", "13")]


def test_a_change_is_kept_and_what_is_the_same_is_none(usedesk: Usedesk) -> None:
    number = usedesk.made()
    for _ in range(2):
        answer = usedesk("update/ticket", ticket_id=number, status="5", group_id=3, priority="urgent", user_id=12)
        assert answer == {"status": "success"}
    shown = usedesk("ticket", ticket_id=number)
    assert (shown["ticket"]["status_id"], shown["ticket"]["group"], shown["ticket"]["priority"]) == ("5", "3", "urgent")
    (change,) = shown["changes"]
    assert (change["user_id"], change["old_status"], change["new_status"]) == (12, 8, 5)
    usedesk("update/ticket", ticket_id=number, group_id="null")
    assert usedesk("ticket", ticket_id=number)["ticket"]["group"] == "0"


def test_tickets_are_filtered_and_paged(live: LiveSandbox, usedesk: Usedesk) -> None:
    live.clock(set="2026-01-12T09:00:00+00:00")
    for number in range(1, 104):
        live.put_usedesk(number, status=5 if number % 2 else 1, client_id=5, subject=f"Тема {number}")
    live.clock(set="2026-01-12T12:00:00+00:00")
    live.put_usedesk(200, status=6, client_id=6, tag="call", assignee_id=12)

    def ids(**asked: Any) -> list[int]:
        return [int(row["id"]) for row in usedesk("tickets", **asked)]

    assert ids() == list(range(1, 101))
    assert ids(offset=100) == [101, 102, 103, 200]
    assert ids(fstatus="5,6", offset="50") == [101, 103, 200]
    assert ids(updated_after="2026-01-12 11:50") == ids(client_id=6) == ids(tag="call") == [200]
    assert ids(fassigned=[{"assignee_id": 12}]) == [200]
    assert ids(created_before="2026-01-12 11:50", order="desc")[:2] == [103, 102]
    assert ids(query="тема 10", sort="id") == [10, 100, 101, 102, 103]
    assert ids(fassigned="unassigned", sort="last_updated_at", offset=102) == [103]


@pytest.mark.parametrize(
    ("method", "body", "error"),
    [
        ("ticket", {"api_token": None}, "api_token is required"),
        ("ticket", {"api_token": "wrong"}, "Wrong api_token"),
        ("ticket", {}, "ticket_id is required"),
        ("ticket", {"ticket_id": "x"}, "ticket_id must be a number"),
        ("ticket", {"ticket_id": 5}, "Ticket not found"),
        ("create/ticket", {"subject": "Тема"}, "message is required"),
        ("create/ticket", {"subject": "x", "message": "x", "client_id": 99}, "client_id: not found"),
        ("create/ticket", {"subject": "x", "message": "x", "assignee_id": 99}, "assignee_id: not found"),
        ("create/ticket", {"subject": "x", "message": "x", "status": 11}, "status: unknown value"),
        ("create/ticket", {"subject": "x", "message": "x", "priority": "high"}, "priority: unknown value"),
        ("tickets", {"sort": "nonsense"}, "sort, offset: wrong value"),
        ("tickets", {"updated_after": "вчера"}, None),
    ],
)
def test_refusals_are_inside_200_bodies(
    usedesk: Usedesk, live: LiveSandbox, method: str, body: Any, error: Any
) -> None:
    live.put_usedesk(1)
    answer = usedesk(method, **body)
    assert isinstance(answer["code"], int)
    assert answer["error"] == error or (error is None and answer["error"])


def test_forms_and_queries_are_understood(live: LiveSandbox) -> None:
    live.put_usedesk(1)
    url = f"{live.url}/usedesk/ticket"
    for call in ({"data": {"api_token": TOKEN, "ticket_id": 1}}, {"params": {"api_token": TOKEN, "ticket_id": 1}}):
        assert requests.post(url, timeout=10, **call).json()["ticket"]["id"] == "1"  # type: ignore[arg-type]


def test_too_many_calls_are_refused_until_the_limit_is_off(live: LiveSandbox, usedesk: Usedesk) -> None:
    assert all(isinstance(usedesk("users"), list) for _ in range(25))
    assert "Too many requests" in usedesk("users")["error"]
    live.usedesk_settings(rate_limit=False)
    assert [group["id"] for group in usedesk("groups")] == [3]
    assert [field["id"] for field in usedesk("ticket/fields")] == [54, 55]


def test_faults_meet_usedesk_too(live: LiveSandbox, usedesk: Usedesk) -> None:
    live.put_usedesk(1)
    live.fault(system="usedesk", match="POST /usedesk/create/comment", status=500, after_effect=True)
    body = {"api_token": TOKEN, "ticket_id": 1, "message": "x"}
    answer = requests.post(f"{live.url}/usedesk/create/comment", json=body, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (500, 500)
    assert len(usedesk("ticket", ticket_id=1)["comments"]) == 1
    assert [call["path"] for call in live.calls("usedesk")] == ["/usedesk/create/comment", "/usedesk/ticket"]
