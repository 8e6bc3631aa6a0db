"""Usedesk's receiver in the whole process: there when it is set up, and fed by the sandbox."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from werkzeug.serving import make_server

from config import ConfigError
from config.settings import Settings
from receivers import usedesk
from receivers.signatures import NoSecretError
from sandbox.live import LiveSandbox, QuietHandler
from store.tables import deliveries
from tests.bot import free_port
from tests.databases import Sqlite
from tests.web.site import NOWHERE, opened

SET_UP = {
    "USEDESK_URL": f"{NOWHERE}/usedesk",
    "USEDESK_TOKEN": "sandbox-usedesk-token",
    "USEDESK_SECRET": "sandbox-usedesk-secret",
    "USEDESK_PATH_TOKEN": "sandbox",
    "USEDESK_AGENT_ID": "1",
}


def test_every_deed_in_usedesk_becomes_a_delivery(
    sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    with (
        LiveSandbox(bot_url=f"http://127.0.0.1:{port}", data_dir=tmp_path) as live,
        opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, **SET_UP) as site,
    ):
        server = make_server("127.0.0.1", port, site.app, threaded=True, request_handler=QuietHandler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        for form in (False, True):
            live.usedesk_settings(form=form)
            number = live.usedesk_act("client", subject="Не включается", message="Что делать?")["ticket_id"]
            live.usedesk_act("agent", ticket_id=number, message="Передаю", private=True, status=5)
            live.usedesk_act("agent", ticket_id=number, message="От бота", user_id=1)
            live.usedesk_act("client", ticket_id=number, rating=5)
            live.usedesk_act("client", ticket_id=number, text="Ау?")
            live.drain()
            with site.engine.connect() as connection:
                case = deliveries.c.case_id == f"usedesk:{number}"
                rows = connection.execute(sa.select(deliveries).where(case).order_by(deliveries.c.id)).all()
            assert [(row.source, row.type) for row in rows] == [
                ("usedesk", kind)
                for kind in ("ticket.created", "ticket.message", "ticket.status_changed", "comment", "csi", "chat")
            ]
            assert [row.reason is not None for row in rows[3:]] == [True] * 3
            assert not any("sandbox-usedesk" in row.body for row in rows)
        server.shutdown()
        server.server_close()
        thread.join()


def test_without_a_path_token_there_is_no_receiver(
    sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, **dict.fromkeys(SET_UP, "")) as site:
        assert site.client.post("/webhooks/usedesk/sandbox", json={}).status_code == 404


def test_what_is_set_up_by_half_is_told() -> None:
    def told(**env: str) -> list[str]:
        faults = Settings.read(env).missing_for_production()
        return [fault.key or "" for fault in faults if "USEDESK" in (fault.key or "")]

    assert told() == []
    assert told(USEDESK_URL="https://api.example.test") == [
        "USEDESK_TOKEN",
        "USEDESK_PATH_TOKEN",
        "USEDESK_AGENT_ID",
    ]
    assert told(**SET_UP) == ["USEDESK_SECRET", "USEDESK_TOKEN", "USEDESK_PATH_TOKEN"]  # the sandbox's
    real = {"USEDESK_TOKEN": "invented", "USEDESK_SECRET": "12", "USEDESK_PATH_TOKEN": "invented-path-token"}
    assert told(**SET_UP | real) == []
    assert told(**SET_UP | real | {"USEDESK_PATH_TOKEN": "short"}) == ["USEDESK_PATH_TOKEN"]


@pytest.mark.parametrize("wrong", ["bot", "1.5", "-1", "9" * 21])
def test_an_agent_is_a_number(wrong: str) -> None:
    with pytest.raises(ConfigError, match="USEDESK_AGENT_ID"):
        Settings.read({"USEDESK_AGENT_ID": wrong})


def test_the_sandbox_speaks_to_this_machine_only() -> None:
    with pytest.raises(ConfigError, match="USEDESK_URL"):
        Settings.read({"USEDESK_URL": "https://api.example.test", "SMEZHNIK_SANDBOX": "1"})


def test_an_entrance_takes_the_application_id_and_the_token() -> None:
    entrance = usedesk.Entrance.of(Settings.read(SET_UP))
    assert entrance.secrets == (SecretStr("sandbox-usedesk-secret"), SecretStr("sandbox-usedesk-token"))
    with pytest.raises(NoSecretError, match="USEDESK_AGENT_ID"):
        usedesk.Entrance.of(Settings.read(SET_UP | {"USEDESK_AGENT_ID": ""})).check()
