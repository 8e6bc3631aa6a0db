"""The programs to copy from, against the real web process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from examples.webcrm_client import TRIES, NotTakenError, SmezhnikClient, main
from runtime.inbox import Arrival, StoreInbox
from sandbox.live import QuietHandler
from tests.bot import CRM_SECRET, free_port
from tests.databases import Sqlite
from tests.tickets import closing, ticket
from tests.web.site import TOKEN, Site, opened

OTHER = "whsec_" + "b3RoZXItc2VjcmV0LW9mLTI0LWJ5dGVz"


ROOT = Path(__file__).parent.parent


@pytest.fixture
def site(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The web process."""
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def url(site: Site) -> Iterator[str]:
    """Where it is served."""
    with served(site) as address:
        yield address


@contextmanager
def served(site: Site) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, site.app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    server.server_close()
    thread.join()


def unavailable(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Let the store be away for so many calls."""
    accept, left = StoreInbox.accept, iter(range(times))

    def away(inbox: StoreInbox, arrival: Arrival) -> bool:
        if next(left, None) is not None:
            raise sa.exc.OperationalError("", None, Exception("away"))
        return accept(inbox, arrival)

    monkeypatch.setattr(StoreInbox, "accept", away)


def client(url: str, secret: str = CRM_SECRET, waits: list[float] | None = None) -> SmezhnikClient:
    return SmezhnikClient(url, secret, TOKEN, (waits if waits is not None else []).append)


def test_an_event_is_taken_once(url: str, site: Site) -> None:
    event = closing(ticket(id="7"))
    assert [client(url).send(event) for _ in range(2)] == ["accepted", "duplicate"]
    assert site.api(f"/deliveries/webcrm/{event['id']}").json["type"] == "ticket.closing"


def test_what_is_wrong_is_said_at_once_with_the_fix(url: str) -> None:
    event, waits = closing(ticket(id="7")), list[float]()
    del event["ticket"]["id"]
    with pytest.raises(NotTakenError, match=r"^400: \$\.ticket\.id is missing; send the ticket's id") as refused:
        client(url, waits=waits).send(event)
    assert not refused.value.again
    with pytest.raises(NotTakenError, match="401: the signature is missing or wrong; check") as unknown:
        client(url, OTHER, waits).send(closing(ticket(id="7")))
    assert not unknown.value.again
    assert waits == [0.0, 0.0]  # no second try of either


def test_what_the_store_could_not_keep_is_sent_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = list[float]()
    unavailable(monkeypatch, 2)
    assert client(url, waits=waits).send(closing(ticket(id="7"))) == "accepted"
    assert waits == [0.0, 30.0, 30.0]


def test_whoever_is_away_for_long_is_to_be_told_later(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unavailable(monkeypatch, TRIES)
    with pytest.raises(NotTakenError, match="503: the store is not available") as away:
        client(url).send(closing(ticket(id="7")))
    assert away.value.again
    waits = list[float]()
    with pytest.raises(NotTakenError, match="ConnectionError") as nobody:
        client(f"http://127.0.0.1:{free_port()}", waits=waits).send(closing(ticket(id="7")))
    assert nobody.value.again
    assert waits == [0.0, 1.0, 2.0, 4.0, 8.0]


def test_a_closing_is_asked_about_before_the_button(url: str, site: Site) -> None:
    event = closing(ticket(id="7"), resolution="Дубликат", create_jira=False)
    found: dict[str, Any] = client(url).check_closing(event)
    assert "R-49" in [one["rule"] for one in found["violations"]]
    assert site.api("/deliveries").json["deliveries"] == []


def test_files_are_sent_from_the_command_line(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMEZHNIK_URL", url)
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(closing(ticket(id="7"))), encoding="utf-8")
    bad.write_text(json.dumps(closing(ticket(id="7")) | {"occurred_at": None}), encoding="utf-8")
    assert main([str(good), str(bad)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{good}: accepted"
    assert said[1].startswith(f"{bad}: 400: $.occurred_at is missing; send when it happened")


def test_the_page_s_command_makes_a_bookmark_of_the_button() -> None:
    page = (ROOT / "docs" / "webcrm-without-an-api.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\.venv/bin/(python -c .*closing_button\.js)$", page, re.MULTILINE)
    python = Path(sys.executable).parent
    made = subprocess.run([f"{python}/{command}"], cwd=ROOT, shell=True, capture_output=True, text=True, check=True)  # noqa: S602
    scheme, _, code = made.stdout.rstrip("\n").partition(":")
    assert (scheme, "\n" in code) == ("javascript", False)
    assert unquote(code) == (ROOT / "examples" / "closing_button.js").read_text(encoding="utf-8")
