"""What a log line looks like, and what never stands in it."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from config.settings import Settings
from runtime import logs
from tests.web.site import own_logs

TOKEN = "an-invented-token-of-jira"
SETTINGS = {
    "JIRA_URL": "https://example.atlassian.net",
    "JIRA_USER": "bot@example.test",
    "JIRA_TOKEN": TOKEN,
    "API_TOKENS": 'first-api-token,second "quoted" token',
    "SECRET_KEY": "short",
    "DATABASE_URL": "postgresql://smezhnik:pass%2Fword-of-db@db.example/smezhnik",
}


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    with own_logs():
        yield


def raise_with_secret_locals() -> None:
    """A frame whose local variables hold what a traceback must not show."""
    header = "Basic " + "bG9jYWwtc2VjcmV0"
    raise ValueError(f"no answer ({len(header)})")


def log_all_ways() -> None:
    """An exception through structlog, and one through the standard library."""
    try:
        raise_with_secret_locals()
    except ValueError:
        structlog.get_logger("worker").exception("delivery failed", delivery="jira/1")
        logging.getLogger("apscheduler.scheduler").exception("job %s failed", "purge")


@pytest.mark.parametrize("shape", ["json", "text"])
def test_an_exception_never_shows_local_variables(shape: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up({"LOG_FORMAT": shape})
    log_all_ways()
    said = capsys.readouterr().err
    assert said.count("raise_with_secret_locals") >= 2
    assert said.count("ValueError: no answer") == 2
    assert "bG9jYWwtc2VjcmV0" not in said


def test_json_is_a_line_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up({})  # pytest's stderr is no terminal
    log_all_ways()
    structlog.get_logger("runner").info("delivery", delivery="jira/1", ms=12)
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [event["logger"] for event in events] == ["worker", "apscheduler.scheduler", "runner"]
    assert [event["level"] for event in events] == ["error", "error", "info"]
    assert events[1]["event"] == "job purge failed"
    assert events[2]["ms"] == 12
    assert all(event["timestamp"].endswith("Z") for event in events)


def test_text_is_key_value(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up({"LOG_FORMAT": "text"})
    structlog.get_logger("runner").info("delivery", delivery="jira/1", ms=12)
    said = capsys.readouterr().err
    assert "delivery=jira/1" in said
    assert "ms=12" in said
    assert said.count("\n") == 1


def test_libraries_speak_from_warnings_up(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):  # set up again when the settings are known: still one line an event
        logs.set_up({})
    for name in ("sqlalchemy.pool", "alembic.runtime", "urllib3.connectionpool"):
        logging.getLogger(name).info("not told")
        logging.getLogger(name).warning("told")
    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["told"] * 3


@pytest.mark.parametrize("shape", ["json", "text"])
def test_secrets_are_taken_out_of_every_line(shape: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up({"LOG_FORMAT": shape}, Settings.read(SETTINGS))
    pair = base64.b64encode(f"bot@example.test:{TOKEN}".encode()).decode()
    told = [TOKEN, pair, "first-api-token", 'second "quoted" token', "pass%2Fword-of-db"]
    for text in told:
        structlog.get_logger("x").warning("said", text=text, nested={"of": [text]})
        logging.getLogger("urllib3").warning("failed: %s", text)
    said = capsys.readouterr().err
    for text in (*told, json.dumps(told[3])[1:-1]):
        assert text not in said
    assert said.count(logs.HIDDEN) == 3 * len(told)


def test_ordinary_words_stay(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up({}, Settings.read(SETTINGS))
    structlog.get_logger("x").info("a short story")
    logs.set_up({}, Settings.read({"SMEZHNIK_SANDBOX": "1", "SECRET_KEY": "everybody-knows"}))
    structlog.get_logger("x").info("everybody-knows")
    assert logs.HIDDEN not in capsys.readouterr().err


def test_a_library_that_says_the_same_thirty_times_a_second_is_heard_once_in_a_while(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.set_up({})
    for second in range(12):
        monkeypatch.setattr("time.time", lambda now=1_000_000.0 + second: now)
        monkeypatch.setattr("time.time_ns", lambda now=(1_000_000 + second) * 10**9: now)
        for queue in ("cases", "others"):
            for _ in range(30):
                logging.getLogger("urllib3").warning("queue %s: the database does not answer", queue)
    said = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    first = [f"queue {queue}: the database does not answer" for queue in ("cases", "others")]
    assert said == [*first, *(f"{line} (and 299 times since it was last said here)" for line in first)]
