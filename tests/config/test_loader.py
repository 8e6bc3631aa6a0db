"""The shipped folder, and what no golden file can show."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config import ConfigError, check, load

SHIPPED = Path(__file__).resolve().parents[2] / "config"


def test_the_shipped_tables_have_no_fault(env: dict[str, str]) -> None:
    assert check(SHIPPED, env) == []


def test_a_fresh_machine_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SHIPPED.parent)
    faults = check(Path("config"), {})
    assert [fault.key for fault in faults] == ["sites.main.url", "sites.main.user", "sites.main.token"]
    assert {fault.file for fault in faults} == {"config/jira.yml"}


def test_what_the_shipped_tables_say(env: dict[str, str]) -> None:
    runtime = load(SHIPPED, env | {"WORKER_LEASE": "2s"}).runtime
    minutes = (timedelta(seconds=5), *(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360)))
    assert runtime.retry.schedule == minutes
    assert runtime.retry.jitter == 0.2
    assert (runtime.gate.failures, runtime.gate.probe_min, runtime.gate.probe_max) == (
        3,
        timedelta(seconds=5),
        timedelta(seconds=60),
    )
    assert (runtime.http.connect, runtime.http.read, runtime.http.write, runtime.http.whole) == tuple(
        timedelta(seconds=seconds) for seconds in (3, 10, 30, 35)
    )
    assert (runtime.search_settle, runtime.worker_lease) == (timedelta(seconds=45), timedelta(seconds=2))


def test_alerts_are_parted_at_addresses_not_at_commas(env: dict[str, str]) -> None:
    urls = load(SHIPPED, env | {"ALERT_URLS": "mailto://a.test?to=x@a.test,y@a.test, json://b.test"}).alerts.urls
    assert [url.get_secret_value() for url in urls] == ["mailto://a.test?to=x@a.test,y@a.test", "json://b.test"]


def test_the_sandbox_may_call_this_machine(env: dict[str, str]) -> None:
    here = {"SMEZHNIK_SANDBOX": "1", "JIRA_URL": "http://127.0.0.1:8090", "ALERT_URLS": "json://localhost:8090/chat/a"}
    assert check(SHIPPED, env | here) == []


def test_a_folder_elsewhere_is_named_in_full(folder: Path, env: dict[str, str]) -> None:
    (folder / "alerts.yml").unlink()
    assert [fault.file for fault in check(folder, env)] == [str(folder / "alerts.yml")]


def test_a_file_that_cannot_be_read(folder: Path, env: dict[str, str]) -> None:
    (folder / "alerts.yml").unlink()
    (folder / "alerts.yml").mkdir()
    with pytest.raises(ConfigError, match="файл не читается"):
        load(folder, env)
