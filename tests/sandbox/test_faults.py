"""Faults: what was asked for happens to the next calls, in order."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from sandbox.faults import Faults, InjectedFault
from sandbox.live import LiveSandbox

from .conftest import Caller, Jira

MYSELF = "/rest/api/3/myself"
CREATE = "POST /rest/api/3/issue"


def test_too_many_requests_says_when_and_why(live: LiveSandbox, jira: Jira) -> None:
    live.fault(system="jira", match=CREATE, times=2, status=429, retry_after=1, reason="jira-burst-based")
    given = {"fields": {"project": {"key": "FBO"}, "issuetype": {"name": "Задача"}, "summary": "x"}}
    for _ in range(2):
        answer = requests.post(f"{live.url}/rest/api/3/issue", json=given, auth=jira.auth, timeout=10)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["RateLimit-Reason"] == "jira-burst-based"
        assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert jira("POST", "/rest/api/3/issue", given).status_code == 201
    assert [call["status"] for call in live.calls("jira")] == [429, 429, 201]


def test_an_error_after_the_effect(live: LiveSandbox, jira: Jira) -> None:
    live.fault(system="jira", match=CREATE, status=500, after_effect=True)
    fields = {"project": {"key": "FBO"}, "issuetype": {"name": "Задача"}, "summary": "x"}
    answer = requests.post(f"{live.url}/rest/api/3/issue", json={"fields": fields}, auth=jira.auth, timeout=10)
    assert answer.status_code == 500
    assert [issue["key"] for issue in live.issues()] == ["FBO-1"]


@pytest.mark.parametrize("after_effect", [True, False])
def test_a_broken_connection(live: LiveSandbox, jira: Jira, after_effect: bool) -> None:
    live.fault(system="jira", match=CREATE, status=0, after_effect=after_effect)
    fields = {"project": {"key": "FBO"}, "issuetype": {"name": "Задача"}, "summary": "x"}
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{live.url}/rest/api/3/issue", json={"fields": fields}, auth=jira.auth, timeout=10)
    assert len(live.issues()) == int(after_effect)
    assert live.calls("jira")[0]["status"] == 0


def test_a_slow_answer_is_the_real_one_and_holds_up_nobody(live: LiveSandbox, jira: Jira) -> None:
    live.fault(system="jira", match=f"GET {MYSELF}", delay=3)
    begun = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        requests.get(live.url + MYSELF, auth=jira.auth, timeout=0.1)
    assert jira("GET", MYSELF).status_code == 200
    assert time.monotonic() - begun < 2.5
    live.fault(system="jira", match=CREATE, delay=0.2, status=200, after_effect=True)
    begun = time.monotonic()
    assert jira.create()["key"] == "FBO-1"
    assert time.monotonic() - begun >= 0.2


def test_a_timeout_after_the_effect(live: LiveSandbox, jira: Jira) -> None:
    live.fault(system="jira", match=CREATE, delay=0.3, after_effect=True)
    fields = {"project": {"key": "FBO"}, "issuetype": {"name": "Задача"}, "summary": "x"}
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{live.url}/rest/api/3/issue", json={"fields": fields}, auth=jira.auth, timeout=0.1)
    assert [issue["key"] for issue in live.issues()] == ["FBO-1"]


def test_the_other_systems_fail_too(live: LiveSandbox, crm: Caller) -> None:
    live.put_ticket({"id": "1"})
    live.fault(system="webcrm", match="GET /webcrm/*", status=503, retry_after=2)
    answer = requests.get(f"{live.url}/webcrm/tickets/1", headers=crm.headers, timeout=10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert crm("GET", "/webcrm/tickets/1").status_code == 200
    live.fault(system="chat", match="POST /chat/fbo", status=500)
    assert requests.post(f"{live.url}/chat/fbo", json={}, timeout=10).status_code == 500
    assert live.chat("fbo") == []


def test_unauthorised_has_jiras_shape(live: LiveSandbox, jira: Jira) -> None:
    live.fault(system="jira", match=f"GET {MYSELF}", status=401)
    answer = requests.get(live.url + MYSELF, auth=jira.auth, timeout=10)
    assert answer.status_code == 401
    assert set(answer.json()) == {"errorMessages", "errors"}


def test_another_page_answers_instead(live: LiveSandbox, jira: Jira) -> None:
    live.fault(system="jira", match=f"GET {MYSELF}", status=200, body="<html>log in")
    answer = requests.get(live.url + MYSELF, auth=jira.auth, timeout=10)
    assert (answer.status_code, answer.text) == (200, "<html>log in")
    assert answer.headers["Content-Type"].startswith("text/html")
    live.fault(system="jira", match=CREATE, status=302, location="https://sso.example.test/", after_effect=True)
    fields = {"project": {"key": "FBO"}, "issuetype": {"name": "Задача"}, "summary": "x"}
    url = f"{live.url}/rest/api/3/issue"
    answer = requests.post(url, json={"fields": fields}, auth=jira.auth, timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://sso.example.test/")
    assert [issue["key"] for issue in live.issues()] == ["FBO-1"]


def test_pending_faults_are_listed_and_dropped(live: LiveSandbox, jira: Jira) -> None:
    live.fault(system="jira", match="GET /rest/api/3/*", times=3, status=500)
    requests.get(live.url + MYSELF, auth=jira.auth, timeout=10)
    (pending,) = live.call("GET", "/sandbox/faults")
    assert (pending["times"], pending["status"]) == (2, 500)
    assert live.call("DELETE", "/sandbox/faults") == []
    assert jira("GET", MYSELF).status_code == 200


def fault(**more: Any) -> InjectedFault:
    """A fault."""
    return InjectedFault.read({"system": "jira", "match": CREATE, **more})


def test_first_in_first_out() -> None:
    faults = Faults()
    faults.pending += [fault(status=429), fault(status=503), fault(match="POST /rest/*", status=500)]
    met = [faults.take("jira", "POST", "/rest/api/3/issue") for _ in range(4)]
    assert [one and one.status for one in met] == [429, 503, 500, None]


@pytest.mark.parametrize(
    ("match", "system", "method", "path", "meets"),
    [
        ("POST /a", "jira", "POST", "/a", True),
        ("post /a", "jira", "POST", "/a", True),
        ("POST /a", "jira", "POST", "/a/b", False),
        ("POST /a*", "jira", "POST", "/a/b", True),
        ("POST /a", "jira", "PUT", "/a", False),
        ("POST /a", "webcrm", "POST", "/a", False),
        ("POST /a", None, "POST", "/a", False),
    ],
)  # fmt: skip
def test_which_calls_a_fault_is_for(match: str, system: str | None, method: str, path: str, meets: bool) -> None:
    assert fault(match=match).meets(system, method, path) is meets


def test_without_a_status_or_a_delay_a_fault_is_a_500() -> None:
    assert fault().status == 500
    assert fault(delay=1).status is None
