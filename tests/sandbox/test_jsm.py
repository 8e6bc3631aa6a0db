"""The service desk: requests as customers see them."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import CUSTOMER, OPERATOR, STRANGER, Jira, doc

REQUEST = "/rest/servicedeskapi/request"


def make(jira: Any, **more: Any) -> str:
    """Make a request for the customer; its key."""
    values = {"summary": "Где деньги", "description": "Раз\nДва"}
    body = {"serviceDeskId": "2", "requestTypeId": "102", "requestFieldValues": values, "raiseOnBehalfOf": CUSTOMER}
    made: dict[str, Any] = jira.take("POST", REQUEST, body | more)
    return str(made["issueKey"])


def test_a_request_is_made_for_a_customer(jira: Jira) -> None:
    key = make(jira, requestParticipants=[STRANGER])
    fields = jira.fields(key)
    assert fields["reporter"]["accountId"] == CUSTOMER
    assert fields["customfield_10010"]["requestType"]["id"] == "102"
    assert fields["description"]["content"][1]["content"][0]["text"] == "Два"
    assert jira.acting_as(CUSTOMER).take("GET", f"{REQUEST}/{key}")["issueKey"] == key
    assert jira.acting_as(STRANGER)("GET", f"{REQUEST}/{key}").status_code == 200


def test_a_request_can_be_adf_and_a_customers_own(jira: Jira) -> None:
    values = {"summary": "Сам", "description": doc("Сам написал")}
    key = make(
        jira.acting_as(CUSTOMER),
        requestFieldValues=values,
        isAdfRequest=True,
        raiseOnBehalfOf=CUSTOMER,
        serviceDeskId="projectKey:FBO",
    )
    assert jira.fields(key)["description"] == doc("Сам написал")
    assert jira.fields(key)["creator"]["accountId"] == CUSTOMER


def test_customers_see_their_own_requests_and_public_comments_alone(jira: Jira) -> None:
    key, customer = make(jira), jira.acting_as(CUSTOMER)
    jira.take("POST", f"{REQUEST}/{key}/comment", {"body": "Своим", "public": False})
    jira.take("POST", f"{REQUEST}/{key}/comment", {"body": "Всем", "public": True})
    assert [one["jsdPublic"] for one in jira.fields(key)["comment"]["comments"]] == [False, True]
    assert [one["body"] for one in customer.take("GET", f"{REQUEST}/{key}/comment")["values"]] == ["Всем"]
    listed = jira.take("GET", f"{REQUEST}/{key}/comment")
    assert (listed["size"], listed["isLastPage"]) == (2, True)
    internal = jira.take("GET", f"{REQUEST}/{key}/comment?public=false")
    assert [one["body"] for one in internal["values"]] == ["Своим"]
    paged = jira.take("GET", f"{REQUEST}/{key}/comment?limit=1")
    assert (paged["size"], paged["isLastPage"]) == (1, False)
    assert jira.acting_as(STRANGER)("GET", f"{REQUEST}/{key}").status_code == 404


def test_customers_write_public_comments_alone(jira: Jira) -> None:
    key, customer = make(jira), jira.acting_as(CUSTOMER)
    assert customer.take("POST", f"{REQUEST}/{key}/comment", {"body": "Ответ"})["public"] is True
    assert customer("POST", f"{REQUEST}/{key}/comment", {"body": "Тайна", "public": False}).status_code == 403
    for text in ("", "x" * 32_768):
        assert jira("POST", f"{REQUEST}/{key}/comment", {"body": text}).status_code == 400


def test_an_issue_without_a_request_type_is_no_request(jira: Jira) -> None:
    answer = jira("GET", f"{REQUEST}/{jira.create(reporter={'id': CUSTOMER})['key']}")
    assert answer.status_code == 404
    assert set(answer.json()) == {"errorMessage", "i18nErrorMessage"}


def test_participants_are_added_once(jira: Jira) -> None:
    key = make(jira)
    path = f"{REQUEST}/{key}/participant"
    for _ in range(2):
        jira.take("POST", path, {"accountIds": [STRANGER, OPERATOR]})
    assert [one["accountId"] for one in jira.take("GET", path)["values"]] == [STRANGER, OPERATOR]
    assert jira("POST", path, {"accountIds": ["712020:nobody"]}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"serviceDeskId": "99"},
        {"requestTypeId": "101"},
        {"raiseOnBehalfOf": "qm:nobody"},
        {"requestFieldValues": {"summary": ""}},
        {"requestFieldValues": {"summary": "x", "nonsense": 1}},
    ],
)
def test_a_wrong_request_is_refused(jira: Jira, body: dict[str, Any]) -> None:
    good = {"serviceDeskId": "2", "requestTypeId": "102", "requestFieldValues": {"summary": "x"}}
    answer = jira("POST", REQUEST, good | body)
    assert answer.status_code == 400
    assert answer.json()["errorMessage"]


def test_a_wrong_token_is_refused_in_the_desks_shape(jira: Jira) -> None:
    jira.auth = None
    assert set(jira("GET", f"{REQUEST}/FBO-1").json()) == {"errorMessage", "i18nErrorMessage"}
