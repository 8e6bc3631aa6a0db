"""What Forge's panel in an issue shows: how the ticket stands, and nothing of its client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import time
from typing import Any

import pytest
import sqlalchemy as sa

from receivers.forge_keys import ForgeKeys
from store.tables import deliveries, links
from tests.databases import Sqlite
from tests.receivers.forge_tokens import APP, CLOUD, Jwks, claims, token
from tests.web.site import Site, opened
from tests.web.test_block import TICKET, filled

ISSUE = "10012"


@pytest.fixture
def site(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The web process with the Forge app's variables; its keys are the test's."""
    app = {"FORGE_APP_ID": APP, "FORGE_CLOUD_IDS": f"main={CLOUD}", "FORGE_JWKS_URL": "http://127.0.0.1:9/jwks.json"}
    keys = ForgeKeys(Jwks().fetch)
    monkeypatch.setattr("receivers.forge_keys.ForgeKeys", lambda _fetch: keys)
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, **app) as made:
        yield made


def ask(site: Site, issue: str = ISSUE) -> Any:
    """What the panel of an issue is told."""
    now = int(time())
    context = {"cloudId": CLOUD, "extension": {"issue": {"id": issue}}}
    given = token(claims(iat=now, nbf=now, exp=now + 25, context=context))
    answer = site.client.get("/forge/panel", headers={"Authorization": f"Bearer {given}"})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_an_issue_without_a_ticket(site: Site) -> None:
    assert ask(site) == {"title": "У этой задачи нет тикета", "lines": [], "page": None}


def test_how_the_ticket_stands_and_nothing_of_its_client(site: Site) -> None:
    filled(site, "Иван Петров, +7 916 000-00-00")
    with site.engine.begin() as connection:
        connection.execute(sa.update(links).values(issue_id=ISSUE, site="main"))
    found = ask(site)
    assert found["title"] == f"Usedesk, тикет {TICKET}"
    assert found["page"] == f"http://localhost/tickets/usedesk/{TICKET}"
    names = [name for name, _ in found["lines"]]
    assert len(names) == 3
    assert any(name.startswith("Запрос: ") for name in names)
    assert "Иван" not in str(found)
    assert "916" not in str(found)
    with site.engine.connect() as connection:
        assert list(connection.execute(sa.select(deliveries))) == []


def test_nobody_without_a_token_and_no_door_without_the_app(site: Site) -> None:
    assert site.client.get("/forge/panel").status_code == 401
    assert site.client.post("/webhooks/forge", data=b"{}").status_code == 401
