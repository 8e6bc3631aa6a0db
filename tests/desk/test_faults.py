"""The one classifier: what a failed call means."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest
import requests
import responses

from desk.faults import Dead, Kind, Later, classify

URL = "http://jira.example/rest/api/3/issue"


def failure(status: int, *, headers: dict[str, str] | None = None, **body: object) -> requests.RequestException:
    """What requests raises for an answer."""
    with responses.RequestsMock() as answers:
        answers.add(responses.POST, URL, status=status, headers=headers, **body)  # type: ignore[arg-type]
        with pytest.raises(requests.RequestException) as raised:
            requests.post(URL, timeout=5).raise_for_status()
    return raised.value


@pytest.mark.parametrize(
    ("status", "kind", "no_effect"),
    [
        (400, Kind.REFUSED, True),
        (401, Kind.DOWN, True),
        (403, Kind.REFUSED, True),
        (404, Kind.REFUSED, True),
        (408, Kind.FAILING, False),
        (409, Kind.CONFLICT, True),
        (413, Kind.REFUSED, True),
        (429, Kind.BUSY, True),
        (500, Kind.FAILING, False),
        (502, Kind.FAILING, False),
        (503, Kind.FAILING, False),
        (504, Kind.FAILING, False),
    ],
)
def test_an_answer_is_sorted_by_its_status(status: int, kind: Kind, no_effect: bool) -> None:
    trouble = classify(failure(status))
    assert (trouble.kind, trouble.status, trouble.no_effect) == (kind, status, no_effect)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        (" 7 ", 7),
        ("0.25", 0.25),
        ("1.5", 1.5),
        ("Fri, 20 Nov 2026 13:00:30 GMT", 30),
        ("Friday, 20-Nov-26 13:00:30 GMT", 30),
        ("Fri Nov 20 13:00:30 2026", 30),
        ("Fri, 20 Nov 2026 12:00:00 GMT", 0),  # it is over
        ("Fri, 20 Nov 2099 12:00:00 GMT", 86_400),
        ("Fri, 20 Nov 99999 12:00:00 GMT", None),
        (None, None),
        ("", None),
        ("soon", None),
        ("²", None),
        ("-1", None),
        ("nan", None),
        ("1e9", None),
        ("9" * 30, 86_400),
        ("9" * 500, 86_400),
    ],
)
def test_the_advice_how_long_to_wait(header: str | None, seconds: float | None) -> None:
    headers = {"RateLimit-Reason": "jira-burst-based", "Date": "Fri, 20 Nov 2026 13:00:00 GMT"}
    headers |= {"Retry-After": header} if header is not None else {}
    response = requests.Response()
    response.status_code = 429
    response.headers.update(headers)
    trouble = classify(requests.HTTPError(response=response))
    assert trouble.retry_after == (None if seconds is None else timedelta(seconds=seconds))
    assert trouble.limit == "jira-burst-based"


def test_a_date_is_reckoned_from_the_senders_own_or_from_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.faults.machine_now", lambda: datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
    response = requests.Response()
    response.status_code = 429
    response.headers["Retry-After"] = "Fri, 20 Nov 2026 12:05:00 GMT"
    assert classify(requests.HTTPError(response=response)).retry_after == timedelta(minutes=5)
    response.headers["Date"] = "Fri, 20 Nov 2026 12:04:50 GMT"  # its clock is ahead
    assert classify(requests.HTTPError(response=response)).retry_after == timedelta(seconds=10)
    response.headers["Date"] = "today"
    assert classify(requests.HTTPError(response=response)).retry_after == timedelta(minutes=5)


def test_the_other_system_is_quoted() -> None:
    jira = {"errorMessages": ["Issue is locked."], "errors": {"summary": "is too long", "priority": "is unknown"}}
    assert classify(failure(400, json=jira)).reason == (
        "400: Issue is locked.; summary: is too long; priority: is unknown"
    )
    assert classify(failure(403, json={"code": "forbidden", "message": "No."})).reason == "403: No."
    assert classify(failure(502, body="<html>")).reason == "502: Bad Gateway"
    assert classify(failure(500, json=["?"])).reason == "500: Internal Server Error"
    assert len(classify(failure(400, json={"message": "x" * 10_000})).reason) < 600


def refused() -> requests.RequestException:
    """Nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(requests.ConnectionError) as raised:
        requests.get(f"http://127.0.0.1:{port}/", timeout=5)
    return raised.value


def test_without_an_answer_it_counts_whether_anything_was_sent() -> None:
    trouble = classify(refused())
    assert (trouble.kind, trouble.no_effect, trouble.status) == (Kind.DOWN, True, 0)
    unknown = requests.ConnectionError("Max retries exceeded (Caused by NameResolutionError(…))")
    assert classify(unknown).kind is Kind.DOWN
    for error, no_effect in (
        (requests.ConnectTimeout(), True),
        (requests.ReadTimeout(), False),
        (requests.ConnectionError("Remote end closed connection without response"), False),
        (requests.exceptions.ChunkedEncodingError(), False),
        (requests.exceptions.JSONDecodeError("no JSON", "<html>", 0), False),
    ):
        trouble = classify(error)
        assert (trouble.kind, trouble.no_effect) == (Kind.FAILING, no_effect)


def test_only_what_may_be_the_deliverys_own_fault_spends_an_attempt() -> None:
    assert Later("500").spends
    assert not Later("down", system="jira:main").spends
    assert Dead("403").reason == "403"
