"""Usedesk's client: what it sends, how it takes a refusal inside a 200 body, and the limit that all share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from pydantic import SecretStr

from config import Config, load
from desk.circuit_breaker import Call, CircuitBreaker, Refused
from desk.clock import machine_now
from desk.faults import Later
from desk.http import session_for
from desk.network import Network
from desk.usedesk.client import Usedesk, UsedeskAccount, _content
from desk.usedesk.limit import RATE, Limit
from desk.usedesk.words import to_html, to_text
from sandbox.live import LiveSandbox
from store import systems
from tests.bot import environment

ROOT = Path(__file__).resolve().parent.parent.parent
TICKET = "900"


@pytest.fixture(scope="module")
def shipped() -> Config:
    """The shipped configuration."""
    return load(ROOT / "config", environment("http://127.0.0.1:9", "sqlite://", Path("var")))


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveSandbox]:
    """A sandbox with a ticket in its Usedesk."""
    with LiveSandbox(data_dir=tmp_path) as running:
        running.put_usedesk(int(TICKET), subject="Тема", comments=[{"message": "Вопрос"}])
        yield running


class Caller:
    """Makes clients as different processes have them; between calls the limit can be forgotten."""

    def __init__(self, engine: sa.Engine, config: Config, url: str) -> None:
        self.engine, self._config, self._url = engine, config, url
        self.alerts: list[str] = []
        self.usedesk = self.another()

    def another(self, *, token: str | None = None, url: str | None = None) -> Usedesk:
        """A client of another process."""
        breaker = CircuitBreaker(self.engine, self._config.runtime, lambda _, name, __: self.alerts.append(name))
        account = UsedeskAccount(url or f"{self._url}/usedesk", SecretStr(token or "sandbox-usedesk-token"), "1")
        return Usedesk(account, session_for(self._config.runtime.http, Network()), breaker, Limit(self.engine))

    def rested(self) -> Usedesk:
        """The client after a pause long enough for the whole burst."""
        with self.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM rate_limits"))
        return self.usedesk


@pytest.fixture
def caller(engine: sa.Engine, shipped: Config, live: LiveSandbox) -> Caller:
    """Clients on the sandbox."""
    return Caller(engine, shipped, live.url)


def sent(live: LiveSandbox) -> list[tuple[str, dict[str, Any]]]:
    """The calls made: method and parameters, without the token that each must carry."""
    calls = [(call["path"].removeprefix("/usedesk/"), dict(call["body"])) for call in live.calls("usedesk")]
    assert all(body.pop("api_token") == "sandbox-usedesk-token" for _, body in calls)
    return calls


def test_a_comment_is_private_and_always_the_bots(caller: Caller, live: LiveSandbox) -> None:
    private = caller.usedesk.comment(TICKET, "Итог: <b>5 & 6</b>\nвторая строка")
    public = caller.usedesk.comment(TICKET, "Ответ", public=True)
    comments = live.usedesk_ticket(TICKET)["comments"][1:]
    assert [(one["id"], one["type"], one["user_id"], one["from"]) for one in comments] == [
        (private, "private", "1", "user"),
        (public, "public", "1", "user"),
    ]
    assert comments[0]["message"] == "Итог: &lt;b&gt;5 &amp; 6&lt;/b&gt;<br>вторая строка"
    assert all(body["user_id"] == "1" for _, body in sent(live))


def test_a_ticket_is_made_and_read(caller: Caller, live: LiveSandbox) -> None:
    given = {"client_id": "5", "additional_id": "900:service:1", "status": "new", "tag": "request"}
    number = caller.usedesk.create_ticket("Вопрос отделу", "Где мастер?", given)
    shown = caller.usedesk.ticket(number)
    assert (shown["ticket"]["additional_id"], shown["ticket"]["status_id"]) == ("900:service:1", "8")
    assert [tag["name"] for tag in shown["tags"]] == ["request"]
    assert shown["comments"][0]["user_id"] == "1"


def test_tickets_are_asked_for_page_by_page(caller: Caller, live: LiveSandbox) -> None:
    live.clock(set="2026-01-12T09:00:00+00:00")
    live.put_usedesk(901, status=5, client_id=6)
    live.put_usedesk(902, status=6)
    after = datetime.fromisoformat("2026-01-12T11:50:00+03:00")
    rows = caller.usedesk.tickets(updated_after=after, statuses=("on_hold", "waiting_client"))
    assert [row["id"] for row in rows] == ["901", "902"]
    assert sent(live)[-1][1] == {
        "offset": 0, "sort": "id", "order": "asc", "updated_after": "2026-01-12 08:50", "fstatus": "5,6"}  # fmt: skip
    assert [row["id"] for row in caller.usedesk.tickets(client="6")] == ["901"]
    assert caller.usedesk.tickets(client="6", offset=1) == []


def test_a_ticket_is_never_solved(caller: Caller, live: LiveSandbox) -> None:
    with pytest.raises(ValueError, match="U-10"):
        caller.usedesk.create_ticket("x", "x", {"status": "done"})
    for number in (2, "2"):
        with pytest.raises(KeyError):
            caller.usedesk.create_ticket("x", "x", {"status": number})
    assert sent(live) == []


@pytest.mark.parametrize("bad", ["", "../users", "1 2", "9" * 65])
def test_what_is_no_id_goes_nowhere(caller: Caller, live: LiveSandbox, bad: str) -> None:
    for call in (caller.usedesk.ticket, lambda id_: caller.usedesk.tickets(client=id_)):
        with pytest.raises(ValueError, match="not an id"):
            call(bad)
    assert sent(live) == []


def test_a_page_with_holes_is_a_page(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    page = {"tickets": {"2": {"id": "902"}, "0": {"id": "900"}}}
    for answer in (page, page["tickets"]):
        monkeypatch.setattr(caller.usedesk, "_send", lambda *_, answer=answer: answer)
        assert [row["id"] for row in caller.usedesk.tickets()] == ["900", "902"]


def test_a_refusal_inside_a_200_body_is_a_dead_letter(caller: Caller) -> None:
    with pytest.raises(Refused, match="Ticket not found") as missing:
        caller.usedesk.ticket("1")
    with pytest.raises(Refused, match="assignee_id") as wrong:
        caller.usedesk.create_ticket("x", "x", {"assignee_id": "x"})
    assert (missing.value.trouble.status, wrong.value.trouble.status) == (404, 400)
    assert missing.value.no_effect
    assert caller.alerts == []


def test_a_refused_token_trips_the_breaker_for_all(caller: Caller) -> None:
    with pytest.raises(Later) as raised:
        caller.another(token="wrong").ticket(TICKET)
    assert (raised.value.system, raised.value.no_effect) == ("usedesk", True)
    assert len(caller.alerts) == 1
    with pytest.raises(Later, match="is down"):
        caller.usedesk.ticket(TICKET)
    caller.usedesk.alive()  # the probe passes


def test_usedesks_own_limit_is_waited_for(caller: Caller, live: LiveSandbox) -> None:
    with live.state.lock:
        for _ in range(25):
            live.state.usedesk.busy("127.0.0.1")
    with pytest.raises(Later) as raised:
        caller.usedesk.ticket(TICKET)
    assert raised.value.at is not None
    assert (raised.value.spends, raised.value.no_effect) == (False, True)


def test_the_limit_is_shared_and_nobody_sleeps(caller: Caller, live: LiveSandbox) -> None:
    clients = [caller.usedesk, caller.another()]
    for turn in range(RATE.burst):
        clients[turn % 2].ticket(TICKET)
    with caller.engine.begin() as connection:  # as if no time had passed
        connection.execute(sa.text("UPDATE rate_limits SET tokens = 0, at = at + 60"))
    started = machine_now()
    for client in clients:
        with pytest.raises(Later) as raised:
            client.comment(TICKET, "x")
        assert raised.value.at is not None
        assert raised.value.at > started
        assert (raised.value.system, raised.value.spends, raised.value.no_effect) == (None, False, True)
    assert len(sent(live)) == RATE.burst
    with caller.engine.connect() as connection:
        assert systems.breakers(connection) == []


def test_an_effect_that_is_not_known_is_said_so(caller: Caller, live: LiveSandbox) -> None:
    live.fault(system="usedesk", match="POST /usedesk/create/comment", status=0, after_effect=True)
    with pytest.raises(Later) as raised:
        caller.usedesk.comment(TICKET, "Напоминаю")
    assert not raised.value.no_effect
    assert len(live.usedesk_ticket(TICKET)["comments"]) == len(("Вопрос", "Напоминаю"))


def test_usedesk_being_away_trips_the_breaker(caller: Caller, engine: sa.Engine) -> None:
    with pytest.raises(Later) as raised:
        caller.another(url="http://127.0.0.1:9").ticket(TICKET)
    assert raised.value.system == "usedesk"
    with engine.connect() as connection:
        assert systems.is_tripped(connection, "usedesk")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"error": "Превышен лимит запросов", "code": 1}, 429),
        ({"error": "x", "code": 429}, 429),
        ({"error": "Неверный токен", "code": 1}, 401),
        ({"error": ["Unauthorized"]}, 401),
        ({"error": "Запрос не найден"}, 404),
        ({"error": {"ticket_id": "required"}, "code": "7"}, 400),
        ({"error": "x", "code": 503}, 500),
        ({"error": "The subject is over its limit of 255 characters"}, 400),
        ({"error": "Превышен лимит символов"}, 400),
        ({"status": "error", "message": "nonsense"}, 400),
        ("text", 500),
        (None, 500),
    ],
)
def test_the_words_of_a_refusal_say_what_it_is(said: Any, status: int) -> None:
    answer = requests.Response()
    answer.status_code = 200
    answer._content = json.dumps(said).encode()
    with pytest.raises(requests.HTTPError) as raised:
        _content(answer)
    assert raised.value.response.status_code == status


@pytest.mark.parametrize(
    "text", ["a < b & c > d", "строка\nещё", "«кавычки» \"и\" 'ещё'", "<script>x</script>", "&amp;"]
)
def test_a_text_is_literal(text: str) -> None:
    assert to_text(to_html(text)) == text


def test_calls_are_of_one_system(caller: Caller, engine: sa.Engine) -> None:
    until = machine_now() + timedelta(minutes=1)
    with engine.begin() as connection:
        systems.set_rate_limit(connection, "usedesk POST /ticket", until, None)
    assert Call("usedesk", "POST /ticket").scopes() == ["usedesk", "usedesk POST /ticket"]
    with pytest.raises(Later) as raised:
        caller.usedesk.ticket(TICKET)
    assert raised.value.at == until
    assert caller.usedesk.tickets() != []
