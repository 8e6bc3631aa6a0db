"""`import`: a file of closings goes through the inbox, each line once, however often it breaks off."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask.cli import cli as flask_command

from config.settings import Settings
from runtime.inbox import Arrival, StoreInbox
from store.database import connect
from store.tables import deliveries
from tests.bot import Bot, environment
from tests.tickets import FBO, closing, ticket
from tests.web.site import NOWHERE, own_logs

ROOT = Path(__file__).resolve().parents[1]
HEADER = ("id", "occurred_at", "ticket.id", "ticket.type", "closing.resolution", "ticket.tags")
KILLED_AT_THE_THIRD = """
import os, signal, sys
from runtime.inbox import StoreInbox
add, calls = StoreInbox.add, []
def dying(inbox, connection, arrivals):
    calls.append(add(inbox, connection, arrivals))
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return calls[-1]
StoreInbox.add = dying
from flask.cli import main
sys.argv = ["flask", "--app", "app", "import", sys.argv[1]]
main()
"""


@pytest.fixture
def env(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    """The environment of a bot whose Jira and CRM do not answer."""
    found = environment(NOWHERE, database_url, tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    with own_logs():
        yield found


def run(*args: object) -> Result:
    """`flask --app app import …`."""
    return CliRunner().invoke(flask_command, ["--app", "app", "import", *map(str, args)])


def row(number: int, **changes: str) -> dict[str, str]:
    return {
        "id": f"evt-{number}",
        "occurred_at": "2026-11-20T16:04:11+03:00",
        "ticket.id": str(number),
        "ticket.type": FBO,
        "closing.resolution": "Не решена",
        "ticket.tags": "",
    } | changes


def table(path: Path, rows: Sequence[Mapping[str, str]], header: Sequence[str] = HEADER, delimiter: str = ",") -> Path:
    """A file as a spreadsheet saves it."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    return path


def kept(env: Mapping[str, str]) -> list[Any]:
    """What the inbox has, in its order."""
    engine = connect(env["DATABASE_URL"])
    with engine.connect() as connection:
        found = list(connection.execute(sa.select(deliveries).order_by(deliveries.c.id)))
    engine.dispose()
    return found


def test_each_row_is_a_closing_that_waits_for_a_worker(env: Mapping[str, str], tmp_path: Path) -> None:
    path = table(tmp_path / "closings.csv", [row(1), row(2, **{"ticket.tags": "брак; срочно"})], delimiter=";")
    result = run(path)
    assert result.exit_code == 0, result.output
    assert "closings.csv: принято новых событий: 2, уже известных: 0, пропущено строк с ошибками: 0." in result.output
    rows = kept(env)
    assert [(one.source, one.delivery_id, one.case_id, one.type, one.state) for one in rows] == [
        ("webcrm", f"evt-{number}", f"webcrm:{number}", "ticket.closing", "waiting") for number in (1, 2)
    ]
    event = json.loads(rows[1].event)
    assert event["occurred_at"] == "2026-11-20T13:04:11Z"
    assert (event["ticket"]["type"], event["ticket"]["tags"]) == (FBO, ["брак", "срочно"])
    assert event["closing"]["resolution"] == "Не решена"


def test_the_same_rows_again_do_nothing_and_are_known(env: Mapping[str, str], tmp_path: Path) -> None:
    header = HEADER[1:]  # no ids: they follow from ticket and moment
    path = table(tmp_path / "closings.csv", [row(1), row(2), row(1)], header)
    assert "новых событий: 2, уже известных: 1," in run(path).output
    table(path, [row(2), row(1), row(3)], header)
    before = kept(env)
    assert "новых событий: 1, уже известных: 2," in run(path).output
    assert kept(env)[:2] == before


def test_a_line_of_json_is_the_event_that_a_webhook_brings(any_bot: Bot, tmp_path: Path) -> None:
    told, of_file = (closing(any_bot.sandbox.put_ticket(ticket(id=number))) for number in ("7", "8"))
    assert any_bot.crm(told) == 202
    path = tmp_path / "closings.jsonl"
    path.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in (told, of_file)) + "\n\n")
    with pytest.MonkeyPatch.context() as patch, own_logs():
        for name, value in any_bot.env.items():
            patch.setenv(name, value)
        assert "новых событий: 1, уже известных: 1," in run(path).output
    by_webhook, by_file = (any_bot.delivery(one["id"]) for one in (told, of_file))
    assert json.loads(by_file.body) == of_file
    assert json.loads(by_file.event).keys() == json.loads(by_webhook.event).keys()
    any_bot.work()
    assert [one.state for one in (any_bot.delivery(told["id"]), any_bot.delivery(of_file["id"]))] == ["done", "done"]
    steps = [[step[:2] for step in any_bot.steps(one["id"])] for one in (told, of_file)]
    assert steps[0] == steps[1] != []


BAD = [
    row(1),
    row(2, **{"ticket.id": "номер 2"}),
    row(3, occurred_at="20.11.2026 16:04"),
    row(4, id="evt 4"),
    row(1, **{"closing.resolution": "Решено"}),
    row(6, **{"ticket.tags": "[нет"}),
    row(7),
]
SAID = (
    "строка 3: $.ticket.id: string should match pattern",
    "строка 4: $.occurred_at: input should be",
    "строка 5: id is not an id; send 1 to 100 of the characters",
    "строка 6: the same event as line 2, told otherwise; give each line an id of its own",
    "строка 7: $.ticket.tags: not a JSON list; separate entries by ;, or write JSON",
)


def test_nothing_of_a_file_with_bad_lines_is_taken_unless_they_are_skipped(
    env: Mapping[str, str], tmp_path: Path
) -> None:
    path = table(tmp_path / "closings.csv", BAD)
    refused = run(path)
    assert refused.exit_code == 1
    for said in SAID:
        assert said in refused.output
    assert "closings.csv: строк с ошибками: 5, хороших: 2. Ничего не принято." in refused.output
    assert kept(env) == []
    taken = run(path, "--skip-bad")
    assert taken.exit_code == 0
    assert "принято новых событий: 2, уже известных: 0, пропущено строк с ошибками: 5." in taken.output
    assert [one.delivery_id for one in kept(env)] == ["evt-1", "evt-7"]


def test_lines_are_numbered_as_an_editor_does(env: Mapping[str, str], tmp_path: Path) -> None:
    path = tmp_path / "closings.csv"
    good = row(1) | {"ticket.tags": "две\nстроки"}
    table(path, [good, row(2, **{"ticket.id": "?"})])
    path.write_text(path.read_text(encoding="utf-8") + "3,4\r\n", encoding="utf-8")
    said = run(path).output
    assert "строка 4: $.ticket.id" in said
    assert "строка 5: 2 cells, but 6 columns; put a cell with separators in it into" in said
    lines = [closing(ticket(id="1")), closing(ticket(id="2")) | {"type": "ticket.gone"}]
    path.write_text("\n".join([json.dumps(lines[0]), "", json.dumps(lines[1]), "{"]))
    said = run(path).output
    assert "строка 3: $.type: unknown type ticket.gone; send ticket.closing, or leave it out" in said
    assert "строка 4: not JSON at line 1, column 2" in said
    assert kept(env) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ticket.id,occurred_at,closing.resoluton\n", "строка 1: no field of an event is called \"closing.resoluton\"; "
         "call it closing.resolution, or take it out"),
        ("ticket.id,occurred_at,ticket\n", 'called "ticket"'),
        ("ticket.id,ticket.id\n", "the column ticket.id is there twice; keep one of them"),
        ("ticket.id,closing.resolution\n", "the column occurred_at is missing; add it"),
        ("", "the column ticket.id is missing"),
        ('ticket.id,occurred_at\n1,2026-11-20T16:04:11Z\n2,"2026\n3,\n', "строка 3: not CSV: unexpected end of data"),
        ("ticket.id,occurred_at,ticket.subject\n1,2026-11-20T16:04:11Z,Закрыто\n".encode("cp1251"), "not UTF-8; save"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_whole(
    env: Mapping[str, str], tmp_path: Path, text: str | bytes, said: str
) -> None:
    path = tmp_path / "closings.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = run(path, "--skip-bad")
    assert result.exit_code == 1
    assert said in result.output
    assert "Ничего не принято." in result.output
    assert kept(env) == []


def test_a_dry_run_says_what_is_new_and_keeps_nothing(env: Mapping[str, str], tmp_path: Path) -> None:
    path = table(tmp_path / "closings.csv", [row(1)])
    run(path)
    table(path, [row(1), row(2), row(2), row(3, **{"ticket.id": "?"})])
    result = run(path, "--dry-run")
    assert result.exit_code == 1  # there is a bad line
    assert "новых событий: 1, уже известных: 2, строк с ошибками: 1. Ничего не принято (--dry-run)." in result.output
    assert len(kept(env)) == 1


def test_a_field_that_is_left_out_is_told(env: Mapping[str, str], tmp_path: Path) -> None:
    name = "closing.create_jira"
    path = table(tmp_path / "closings.csv", [row(1) | {name: "может быть"}], (*HEADER, name))
    result = run(path)
    assert "строка 2: замечание: $.closing.create_jira: input should be a valid boolean" in result.output
    assert len(kept(env)) == 1


def test_what_broke_off_in_the_middle_goes_on(
    env: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table(tmp_path / "closings.csv", [row(number) for number in range(1, 171)])
    add, calls = StoreInbox.add, []

    def breaking(inbox: StoreInbox, connection: sa.Connection, arrivals: Sequence[Arrival]) -> list[bool]:
        calls.append(len(arrivals))
        new = add(inbox, connection, arrivals)
        if len(calls) == 3:
            raise sa.exc.OperationalError("", None, Exception("the database is gone"))
        return new

    monkeypatch.setattr(StoreInbox, "add", breaking)
    broken = run(path)
    assert broken.exit_code == 1
    assert "Прервано (OperationalError): принято новых: 100, уже известных: 0, осталось строк: 70." in broken.output
    assert len(kept(env)) == 100
    assert "принято новых событий: 70, уже известных: 100," in run(path).output
    assert [one.delivery_id for one in kept(env)] == [f"evt-{number}" for number in range(1, 171)]


def test_what_was_killed_in_the_middle_goes_on(env: Mapping[str, str], tmp_path: Path) -> None:
    path = table(tmp_path / "closings.csv", [row(number) for number in range(1, 171)])
    killed = subprocess.run(  # noqa: S603
        [sys.executable, "-c", KILLED_AT_THE_THIRD, str(path)], capture_output=True, timeout=120, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(kept(env)) == 100  # the third piece was not committed
    assert "принято новых событий: 70, уже известных: 100," in run(path).output
    assert len(kept(env)) == 170


def test_without_a_webcrm_nobody_takes_it(
    env: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WEBCRM_URL", "WEBCRM_TOKEN", "WEBCRM_WEBHOOK_SECRETS"):
        monkeypatch.setenv(name, "")
    result = run(table(tmp_path / "closings.csv", [row(1)]))
    assert result.exit_code == 1
    assert "WebCRM не подключена" in result.output
    assert kept(env) == []


def test_who_imported_what_is_written_down(env: Mapping[str, str], tmp_path: Path) -> None:
    run(table(tmp_path / "closings.csv", [row(1), row(2)]))
    engine = connect(env["DATABASE_URL"])
    with engine.connect() as connection:
        (change,) = connection.execute(sa.text("SELECT what, target, door, after FROM audit")).all()
    engine.dispose()
    assert (change.what, change.target, change.door) == ("imported", "closings.csv", "cli")
    assert "2" in str(change.after)
