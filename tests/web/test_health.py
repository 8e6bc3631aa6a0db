"""What machines ask."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from desk.clock import machine_now
from store import probe
from tests.bot import sign_crm
from tests.databases import Sqlite
from tests.store.test_probe import locked
from tests.web.site import NOW, Site, opened


def metrics(site: Site) -> dict[tuple[str, ...], float]:
    """The numbers by name and the values of its labels, in the order of the labels' names."""
    response = site.client.get("/metrics")
    assert response.status_code == 200
    families = text_string_to_metric_families(response.text)
    return {
        (one.name, *(one.labels[name] for name in sorted(one.labels))): one.value
        for family in families
        for one in family.samples
    }


def test_live(site: Site) -> None:
    assert site.client.get("/health/live").json == {"status": "live"}


def test_ready_while_jira_is_down_and_says_so(site: Site) -> None:
    site.insert("systems", name="webcrm", failures=0, probes=0)
    site.insert("systems", name="jira:main", closed_at=NOW, reason="401: ask bot@example.test", failures=3, probes=1)
    answer = site.client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json["status"] == "ready"
    assert answer.json["systems"] == {
        "jira:main": f"down since {NOW.isoformat(timespec='seconds')}: 401: ask [скрыто]",
        "usedesk": "up",  # it never failed, so the store knows nothing of it
        "webcrm": "up",
    }


def test_not_ready_while_nothing_can_be_written(any_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert any_site.client.get("/health/ready").status_code == 200
    monkeypatch.setattr(probe, "LIMIT", 0.3)
    monkeypatch.setattr(probe, "BAD_FOR", 0)
    site = Site(any_site.env)  # another process, which has not written yet
    with locked(any_site.env["DATABASE_URL"]):
        answer = site.client.get("/health/ready")
        assert answer.status_code == 503
        name = "SQLITE_BUSY" if "sqlite" in any_site.env["DATABASE_URL"] else "QueryCanceled"
        assert answer.json == {"status": "not ready", "reason": f"nothing can be written: {name}"}
        assert site.client.get("/health/live").status_code == 200
    assert site.client.get("/health/ready").status_code == 200
    site.engine.dispose()


def test_the_numbers_of_the_store(any_site: Site) -> None:
    empty = metrics(any_site)
    assert empty["smezhnik_oldest_waiting_seconds",] == 0
    assert empty["smezhnik_deliveries", "dead"] == 0
    any_site.add(state="waiting", received_at=machine_now() - timedelta(hours=1))
    any_site.add(state="waiting", received_at=machine_now())
    any_site.add(state="dead")
    any_site.add(state="done")
    any_site.insert("systems", name="jira:main", closed_at=NOW, reason="401", failures=1, probes=0)
    any_site.insert("systems", name="webcrm", failures=0, probes=0)
    now = machine_now()
    any_site.insert("workers", executor_id="a", started_at=now, seen_at=now + timedelta(minutes=1))
    told = metrics(any_site)
    assert told["smezhnik_deliveries", "waiting"] == 2
    assert told["smezhnik_deliveries", "dead"] == 1
    assert 3600 <= told["smezhnik_oldest_waiting_seconds",] < 3660
    assert told["smezhnik_system_up", "jira:main"] == 0
    assert told["smezhnik_system_up", "webcrm"] == told["smezhnik_system_up", "usedesk"] == 1
    assert told["smezhnik_workers",] == 1
    assert told["smezhnik_database_up",] == 1


def test_webhook_calls_are_counted(site: Site) -> None:
    site.client.post("/webhooks/webcrm", data=b"{}", headers=sign_crm(b"{}", "evt-1"))
    site.client.post("/webhooks/webcrm", data=b"{}")
    told = metrics(site)
    assert told["smezhnik_webhooks_total", "malformed", "webcrm"] == 1
    assert told["smezhnik_webhooks_total", "bad_signature", "webcrm"] == 1


def test_several_workers_are_added_up(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = tmp_path / "counted"
    counted.mkdir()
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, PROMETHEUS_MULTIPROC_DIR=str(counted)) as site:
        assert metrics(site)["smezhnik_database_up",] == 1
