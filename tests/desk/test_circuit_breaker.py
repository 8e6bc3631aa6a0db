"""CircuitBreaker: what is down or asks for patience is not called, by no process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from config import Config, load
from desk.circuit_breaker import NO_ADVICE, PROBE, Call, CircuitBreaker, Refused, next_probe
from desk.clock import machine_now
from desk.faults import Later
from store import systems
from tests.bot import environment

ROOT = Path(__file__).resolve().parent.parent.parent
CREATE = Call("jira:main", "POST /issue")
SEARCH = Call("jira:main", "POST /search/jql")
EDIT = Call("jira:main", "PUT /issue", "10001")
LINK = Call("jira:main", "POST /issue/remotelink", "10001")
OTHER = Call("jira:main", "PUT /issue", "10002")
KASPI = Call("jira:kaspi", "POST /issue")


@pytest.fixture(scope="module")
def shipped() -> Config:
    """The shipped configuration."""
    return load(ROOT / "config", environment("http://127.0.0.1:9", "sqlite://", Path("var")))


@pytest.fixture
def alerts() -> list[str]:
    """What was alerted."""
    return []


@pytest.fixture
def breaker(engine: sa.Engine, shipped: Config, alerts: list[str]) -> CircuitBreaker:
    """The breaker of a worker."""
    return CircuitBreaker(engine, shipped.runtime, lambda _, name, __: alerts.append(name))


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """The clock of the breaker."""
    made = Hands()
    monkeypatch.setattr("desk.circuit_breaker.machine_now", made)
    monkeypatch.setattr("desk.faults.machine_now", made)
    return made


def answers(status: int, **headers: str) -> Callable[[], None]:
    """A call that is answered so."""

    def send() -> None:
        response = requests.Response()
        response.status_code = status
        response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        raise requests.HTTPError(response=response)

    return send


def refusal(advice: str) -> requests.Response:
    """A 429."""
    response = requests.Response()
    response.status_code = 429
    response.headers["Retry-After"] = advice
    return response


def breaks(error: requests.RequestException) -> Callable[[], None]:
    """A call that is never answered."""

    def send() -> None:
        raise error

    return send


def fails(breaker: CircuitBreaker, call: Call, send: Callable[[], None]) -> Later:
    """Send; the `Later` that comes of it."""
    with pytest.raises(Later) as raised:
        breaker.pass_through(call, send)
    return raised.value


def passes(breaker: CircuitBreaker, *calls: Call) -> list[bool]:
    """Which of the calls may be made now."""
    allowed = []
    for call in calls:
        try:
            breaker.ask(call)
        except Later:
            allowed.append(False)
        else:
            allowed.append(True)
    return allowed


@pytest.mark.parametrize(
    ("reason", "call", "open_for"),
    [
        ("jira-quota-global-based", EDIT, [False, False, False, False, False]),
        ("jira-quota-tenant-based", EDIT, [False, False, False, False, False]),
        ("jira-burst-based", EDIT, [True, True, False, True, False]),
        (None, EDIT, [True, True, False, True, False]),
        ("jira-cost-based", EDIT, [True, True, False, True, False]),
        ("jira-per-issue-on-write", EDIT, [True, True, False, False, True]),
        ("jira-per-issue-on-write", CREATE, [False, True, True, True, True]),
    ],
)
def test_a_rate_limit_holds_in_the_scope_that_its_reason_names(
    breaker: CircuitBreaker, alerts: list[str], reason: str | None, call: Call, open_for: list[bool]
) -> None:
    headers = {"Retry_After": "30"} | ({"RateLimit_Reason": reason} if reason else {})
    before = machine_now()
    later = fails(breaker, call, answers(429, **headers))
    assert later.at is not None
    assert before + timedelta(seconds=30) <= later.at <= machine_now() + timedelta(seconds=30)
    assert (later.spends, later.no_effect) == (False, True)
    assert passes(breaker, CREATE, SEARCH, EDIT, LINK, OTHER) == open_for
    assert passes(breaker, KASPI, Call("webcrm", "POST /tickets")) == [True, True]
    assert alerts == []


def test_a_rate_limit_without_advice_is_short(breaker: CircuitBreaker) -> None:
    later = fails(breaker, CREATE, answers(429))
    assert later.at is not None
    assert timedelta() < later.at - machine_now() <= NO_ADVICE


def waits(breaker: CircuitBreaker, hands: Hands, call: Call, send: Callable[[], None], count: int) -> list[float]:
    """The seconds after which a call may be made again, each time as soon as it may."""
    found = []
    for _ in range(count):
        later = fails(breaker, call, send)
        assert later.at is not None
        found.append((later.at - hands.now).total_seconds())
        hands.now = later.at
    return found


def test_a_system_that_advises_no_wait_is_not_hammered(breaker: CircuitBreaker, hands: Hands) -> None:
    assert waits(breaker, hands, CREATE, answers(429, Retry_After="0"), 12) == [
        1,
        2,
        4,
        8,
        16,
        32,
        64,
        128,
        256,
        300,
        300,
        300,
    ]
    assert waits(breaker, hands, SEARCH, answers(429), 4) == [5, 10, 20, 40]
    assert waits(breaker, hands, LINK, answers(429, Retry_After="0.2"), 2) == [1, 2]
    assert waits(breaker, hands, EDIT, answers(429, Retry_After="30"), 7) == [30, 30, 30, 30, 30, 32, 64]


def test_a_call_that_is_done_ends_the_growth_of_its_scopes_alone(breaker: CircuitBreaker, hands: Hands) -> None:
    for call in (CREATE, EDIT):
        waits(breaker, hands, call, answers(429, Retry_After="0"), 3)
    breaker.pass_through(CREATE, lambda: None)
    assert waits(breaker, hands, CREATE, answers(429, Retry_After="0"), 1) == [1]
    assert waits(breaker, hands, EDIT, answers(429, Retry_After="0"), 1) == [8]


def test_calls_that_were_under_way_together_count_once(breaker: CircuitBreaker, hands: Hands) -> None:
    def together(count: int) -> Callable[[], None]:
        def send() -> None:  # each asked the breaker before the first of them was refused
            if count:
                fails(breaker, CREATE, together(count - 1))
            raise requests.HTTPError(response=refusal("0"))

        return send

    later = fails(breaker, CREATE, together(5))
    assert later.at == hands.now + timedelta(seconds=1)
    hands.now = later.at
    assert waits(breaker, hands, CREATE, answers(429, Retry_After="0"), 1) == [2]


def test_a_rate_limit_is_not_cut_short_by_a_shorter_one(breaker: CircuitBreaker, hands: Hands) -> None:
    def longer_first() -> None:
        fails(breaker, CREATE, answers(429, Retry_After="600"))
        raise requests.HTTPError(response=refusal("1"))

    assert fails(breaker, CREATE, longer_first).at == hands.now + timedelta(seconds=600)


def test_a_very_long_rate_limit_is_alerted_once_and_can_be_lifted(
    breaker: CircuitBreaker, hands: Hands, alerts: list[str], engine: sa.Engine
) -> None:
    def twice() -> None:
        fails(breaker, CREATE, answers(429, Retry_After="86400"))
        raise requests.HTTPError(response=refusal("86400"))

    assert waits(breaker, hands, SEARCH, answers(429, Retry_After="900"), 1) == [900]
    assert alerts == []
    fails(breaker, CREATE, twice)
    assert alerts == ["alert_long_pause"]
    with engine.begin() as connection:
        until = systems.lift_rate_limit(connection, "jira:main POST /issue", hands.now)
        assert until == hands.now + timedelta(days=1)
        assert systems.lift_rate_limit(connection, "jira:main POST /issue", hands.now) is None
    assert passes(breaker, CREATE) == [True]
    fails(breaker, CREATE, answers(429, Retry_After="86400"))
    assert alerts == ["alert_long_pause"] * 2


@pytest.mark.parametrize(("advice", "followed"), [("0", False), ("2", False), ("30", True), ("3600", False)])
def test_no_advice_of_a_failing_system_uses_attempts_up_or_stops_them(
    breaker: CircuitBreaker, hands: Hands, advice: str, *, followed: bool
) -> None:
    later = fails(breaker, CREATE, answers(503, Retry_After=advice))
    assert later.spends
    assert (later.at is not None) is followed  # else by the schedule


@pytest.mark.parametrize(
    "send", [answers(401), breaks(requests.ConnectionError("NewConnectionError"))], ids=["401", "refused"]
)
def test_a_system_that_is_down_is_closed_at_once_for_all_with_one_alert(
    breaker: CircuitBreaker, alerts: list[str], engine: sa.Engine, shipped: Config, send: Callable[[], None]
) -> None:
    later = fails(breaker, CREATE, send)
    assert (later.system, later.spends, later.no_effect) == ("jira:main", False, True)
    fails(breaker, Call("jira:main", PROBE), send)
    assert len(alerts) == 1
    elsewhere = CircuitBreaker(engine, shipped.runtime, lambda *_: None)  # another worker
    assert passes(elsewhere, CREATE, SEARCH, EDIT, KASPI) == [False, False, False, True]
    waiting = fails(elsewhere, EDIT, lambda: pytest.fail("a system that is down was called"))
    assert (waiting.system, waiting.spends) == ("jira:main", False)


def test_the_probe_passes_a_breaker_that_is_tripped(breaker: CircuitBreaker) -> None:
    fails(breaker, CREATE, answers(401))
    assert breaker.pass_through(Call("jira:main", PROBE), lambda: "there") == "there"


def test_a_run_of_failures_trips_the_breaker_and_an_answer_ends_the_run(
    breaker: CircuitBreaker, alerts: list[str], engine: sa.Engine
) -> None:
    for _ in range(2):
        later = fails(breaker, CREATE, answers(500))
        assert (later.at, later.system, later.spends, later.no_effect) == (None, None, True, False)
    breaker.pass_through(SEARCH, lambda: None)
    for send in (answers(503), breaks(requests.ReadTimeout())):
        fails(breaker, CREATE, send)
    assert passes(breaker, CREATE) == [True]
    third = fails(breaker, CREATE, breaks(requests.ConnectionError("reset")))
    assert passes(breaker, CREATE) == [False]
    # by the schedule, so that a probe which answers while this call fails does not use the attempts up in a minute
    assert (third.system, third.spends) == (None, True)
    assert len(alerts) == 1


def test_advice_of_a_failing_system_is_followed_and_an_attempt_is_spent(breaker: CircuitBreaker) -> None:
    later = fails(breaker, CREATE, answers(503, Retry_After="30"))
    assert later.at is not None
    assert (later.spends, later.no_effect) == (True, False)


def test_a_refusal_is_a_dead_letter_and_no_failure_of_the_system(breaker: CircuitBreaker, engine: sa.Engine) -> None:
    for status in (400, 403, 404, 413, 422):
        with pytest.raises(Refused, match=f"jira:main PUT /issue: {status}") as raised:
            breaker.pass_through(EDIT, answers(status))
        assert raised.value.trouble.status == status
        assert raised.value.no_effect
    with engine.connect() as connection:
        assert systems.breakers(connection) == []


def test_somebody_writing_at_the_same_moment_is_tried_again(breaker: CircuitBreaker) -> None:
    later = fails(breaker, EDIT, answers(409))
    assert (later.at, later.spends, later.no_effect) == (None, True, True)
    with pytest.raises(Refused):  # WebCRM: the ticket is closed already
        breaker.pass_through(Call("webcrm", "POST /tickets/close"), answers(409))


def test_probes_come_less_and_less_often(shipped: Config) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    for probes, seconds in ((0, 5), (1, 10), (2, 20), (3, 40), (4, 60), (50, 60)):
        gap = (next_probe(probes, shipped.runtime, now) - now).total_seconds()
        assert seconds * 0.8 <= gap <= seconds * 1.2
