"""`flask doctor` asks the public address, and believes only what this very bot can answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from app import create_app
from runtime import ping
from sandbox.live import LiveSandbox
from tests.databases import Sqlite
from tests.doctor.asked import doctor, found
from tests.web.site import NOWHERE
from tests.wire import Wire, answer

KEY = SecretStr("sandbox-secret-key")
NONCE = b"0123456789abcdef" * 2
QUESTION = ping.signature(NONCE, KEY)


@pytest.fixture
def database_url(sqlite: Sqlite, tmp_path: Path) -> Iterator[str]:
    """One database is enough: nothing here depends on which."""
    url = sqlite.fresh(tmp_path)
    yield url
    sqlite.drop(url)


@pytest.fixture
def client(env: object) -> Iterator[FlaskClient]:
    """A client of the bot."""
    app = create_app()
    yield app.test_client()
    app.extensions["process"].engine.dispose()


def test_only_this_bot_can_answer(client: FlaskClient) -> None:
    answered = client.post(ping.PATH, data=NONCE, headers={ping.HEADER: QUESTION})
    assert (answered.status_code, answered.text) == (200, ping.expected(NONCE, KEY))
    assert answered.text not in (QUESTION, ping.expected(NONCE, SecretStr("another-secret-key")))


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (NONCE, ""),
        (NONCE, "é"),
        (NONCE, ping.signature(NONCE, SecretStr("another-secret-key"))),
        (NONCE, ping.expected(NONCE, KEY)),  # an answer is no question
        (NONCE[::-1], QUESTION),
        (b"", ping.signature(b"", KEY)),
        (NONCE * 2, ping.signature(NONCE * 2, KEY)),
        (NONCE * 1_000_000, QUESTION),
    ],
)
def test_what_this_bot_has_not_asked_is_refused(client: FlaskClient, body: bytes, given: str) -> None:
    refused = client.post(ping.PATH, data=body, headers={ping.HEADER: given.encode().decode("latin-1")})
    assert refused.status_code == 401
    assert "doctor" in refused.json["error"]["fix"] if refused.json else False


def test_the_bot_is_reached(public: str) -> None:
    assert found("good")["outside_reached"][0]["said"] == f"{public}: снаружи отвечает этот самый бот"


MOVED = ("Location: https://sso.example.test/?token=a-secret",)
OTHERS = {
    "a page": (answer(b"<html>welcome"), "outside_other", "код 200"),
    "nothing": (answer(b"", status="404 Not Found"), "outside_other", "код 404"),
    "a proxy": (answer(b"", status="502 Bad Gateway"), "outside_other", "код 502"),
    "another bot": (answer(b"{}", status="401 Unauthorized"), "outside_another_bot", "с другим SECRET_KEY"),
    "a sign-in": (answer(b"", *MOVED, status="302 Found"), "outside_redirects", "перенаправление на sso.example.test"),
}


@pytest.mark.usefixtures("env")
@pytest.mark.parametrize("who", OTHERS)
def test_who_answers_in_its_place_is_told_apart(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    answered, code, said = OTHERS[who]
    with Wire(lambda _: [answered]) as other:
        monkeypatch.setenv("PUBLIC_URL", other.url)
        (told,) = found("fault")[code]
    assert said in told["said"]
    assert told["mend"]
    assert "a-secret" not in str(told)
    assert "sandbox-secret-key" not in str(other.heard)


@pytest.mark.usefixtures("env")
def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", NOWHERE)
    assert "connection refused" in found("fault")["outside_silent"][0]["said"]


@pytest.mark.usefixtures("env")
def test_chats_are_told_when_somebody_asks_for_it(sandbox: LiveSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = f"json://{sandbox.url.removeprefix('http://')}/chat/lead"
    monkeypatch.setenv("CHAT_LEAD", lead)
    doctor()
    assert sandbox.call("GET", "/chat/lead") == []
    told = found("good", "--tell")["told"]
    assert [row["said"].split(": пробное")[0] for row in told] == ["ALERT_URLS", "departments.yml: lead"]
    (message,) = sandbox.call("GET", "/chat/lead")
    assert "Проверка связи" in message["message"]
    sandbox.fault(system="chat", match="POST /chat/lead", status=500)
    (failed,) = found("fault", "--tell")["not_told"]
    assert failed["said"] == "departments.yml: lead: пробное сообщение не принято"
    assert sandbox.url not in str(failed)  # an address holds a token
