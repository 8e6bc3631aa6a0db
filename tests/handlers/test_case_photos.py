"""The client's photos get into the issue of the case, once, and one that does not costs the case nothing (J-06)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from desk.clock import machine_now
from desk.jira import photos
from events import Attachment
from sandbox.webcrm import PICTURE
from tests.bot import Bot
from tests.handlers import case_life as life
from tests.handlers.case_life import SKUS, WRONG, after, say, start, the_case
from tests.handlers.test_request_crashes import Reaper, survive

CASE = WRONG | SKUS | {"city": "Алматы", "platform": "Каспи", "picker": "Сборщик 7"}
STEP = "attach"


def photo(bot: Bot, name: str, host: str = "") -> dict[str, str]:
    """A file as WebCRM's event names it."""
    return {"name": name, "url": f"{host or bot.sandbox.url}/webcrm/files/{name}"}


def send(bot: Bot, of: dict[str, Any], *files: Any, role: str = "client") -> None:
    """Somebody writes in the ticket, with files."""
    said = {"author": {"role": role, "id": "c1"}, "visibility": "public", "text": "Вот фото", "attachments": files}
    life.write(bot, of, said)


def attached(bot: Bot) -> dict[str, str]:
    """The names of the issue's attachments without their numbers, and their media types."""
    found = life.issue(bot)["fields"]["attachment"]
    return {one["filename"].partition("-")[2]: one["mimeType"] for one in found}


def left(bot: Bot, of: dict[str, Any]) -> list[str]:
    """What the agent was told of photos that are left to do."""
    return [text for text in life.notes(bot, of) if "не удалось приложить" in text]


@pytest.mark.rule("J-06")
def test_photos_are_attached_to_the_issue_once(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, CASE)
    send(bot, of, photo(bot, "бирка.jpg"), photo(bot, "чек.pdf"), {"name": "без адреса.jpg"}, "not an object")
    assert attached(bot) == {"бирка.jpg": "image/jpeg", "чек.pdf": "application/pdf"}
    with bot.sandbox.state.lock:
        (found,) = [one for one in bot.sandbox.state.jira.issues.values() if one.attachments]
    assert found.attachments[0].content == PICTURE
    send(bot, of, photo(bot, "бирка.jpg"), photo(bot, "этикетка.png"))  # the first is the same file
    send(bot, of, photo(bot, "наше.png"), role="agent")
    assert len(life.issue(bot)["fields"]["attachment"]) == 3
    assert set(attached(bot)) == {"бирка.jpg", "чек.pdf", "этикетка.png"}
    assert (left(bot, of), life.dead(bot), STEP in life.pending(bot)) == ([], [], False)


@pytest.mark.rule("J-06")
def test_photos_that_came_before_the_case_was_known_are_attached_too(bot: Bot) -> None:
    life.prepare(bot)
    of = life.ticket()
    of["messages"][0]["attachments"] = [photo(bot, "бирка.jpg")]
    life.tell(bot, of, type="ticket.created")
    say(bot, of, "Случай: Не тот размер")
    assert set(attached(bot)) == {"бирка.jpg"}


@pytest.mark.rule("J-06")
@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("бирка.jpg", "http://127.0.0.2:9"),
        ("страница.html", ""),
        ("рисунок.svg", ""),
        ("нет такого", ""),
    ],
)
def test_what_may_not_be_fetched_becomes_a_step_for_a_person(bot: Bot, name: str, host: str) -> None:
    life.prepare(bot)
    of = start(bot, CASE)
    send(bot, of, photo(bot, name, host), photo(bot, "бирка.png"))
    assert set(attached(bot)) == {"бирка.png"}
    assert [f"«{name}»" in text for text in left(bot, of)] == [True]
    assert STEP in life.pending(bot)
    after(bot, "5h")
    assert any("Приложить фото клиента к задаче" in text for text in life.notes(bot, of))
    say(bot, of, "Фото приложено")
    assert (STEP in life.pending(bot), STEP in the_case(bot).steps, life.dead(bot)) == (False, True, [])
    send(bot, of, photo(bot, f"ещё {name}", host))
    assert (len(left(bot, of)), STEP in life.pending(bot)) == (2, True)


@pytest.mark.rule("J-06")
def test_a_crm_that_does_not_give_its_files_holds_up_no_case(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    life.prepare(bot)
    of = start(bot, {**CASE, "picker": ""})
    bot.sandbox.fault(system="webcrm", match="GET /webcrm/files/*", status=503, times=1)
    send(bot, of, photo(bot, "бирка.jpg"))
    assert set(attached(bot)) == {"бирка.jpg"}  # by the second try
    bot.sandbox.fault(system="webcrm", match="GET /webcrm/files/*", status=503, times=50)
    send(bot, of, photo(bot, "этикетка.jpg"))
    with monkeypatch.context() as patched:
        patched.setattr(life, "finish", Bot.work)  # the photo waits for its next try
        say(bot, of, "Сборщик: Сборщик 9")
    assert the_case(bot).facts["picker"] == "Сборщик 9"
    assert left(bot, of) == []
    monkeypatch.setattr(photos, "machine_now", lambda: machine_now() + 2 * photos.PATIENCE)
    life.finish(bot)
    assert (len(left(bot, of)), life.dead(bot)) == (1, [])
    assert set(attached(bot)) == {"бирка.jpg"}


@pytest.mark.rule("J-06")
def test_a_jira_that_takes_no_files_holds_up_no_case(bot: Bot) -> None:
    life.prepare(bot)
    of = start(bot, CASE)
    bot.sandbox.permissions(CREATE_ATTACHMENTS=False)
    send(bot, of, photo(bot, "бирка.jpg"))
    assert (attached(bot), len(left(bot, of)), life.dead(bot)) == ({}, 1, [])


@pytest.mark.rule("J-06")
def test_a_rule_that_only_records_attaches_nothing(bot: Bot) -> None:
    life.prepare(bot)
    bot.set_mode("J-06", "observe")
    of = start(bot, CASE)
    send(bot, of, photo(bot, "бирка.jpg"))
    assert attached(bot) == {}
    rules = Path(bot.env["CONFIG_DIR"]) / "rules.yml"
    rules.write_text(rules.read_text().replace("mode: observe", "mode: act"))
    bot.set_config()
    send(bot, of, photo(bot, "этикетка.jpg"))
    assert set(attached(bot)) == {"бирка.jpg", "этикетка.jpg"}


@pytest.mark.rule("J-06")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_leaves_each_photo_once(any_bot: Bot, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    life.prepare(any_bot)
    reaper = Reaper(moment)
    reaper.wrap(monkeypatch)
    monkeypatch.setattr(life, "finish", survive)
    of = start(any_bot, CASE)
    send(any_bot, of, photo(any_bot, "бирка.jpg"), photo(any_bot, "страница.html"))
    assert [one["filename"].partition("-")[2] for one in life.issue(any_bot)["fields"]["attachment"]] == ["бирка.jpg"]
    assert (len(left(any_bot, of)), life.dead(any_bot)) == (1, [])
    assert {name for _, name in reaper.seen} >= {"pass_on_photo", "attach_photo", "note_case_photo_left"}


@pytest.mark.parametrize(
    ("name", "attached_as"),
    [
        ("бирка.jpg", "abcd-бирка.jpg"),
        ('a"b\r\nX-Header: 1.jpg', "abcd-a_b_X-Header: 1.jpg"),
        ("..\\../x.png", "abcd-.._.._x.png"),
        ("x" * 200 + ".jpg", "abcd-" + "x" * 96 + ".jpg"),
        (None, "abcd-ярлык.jpg"),
    ],
)
def test_a_name_cannot_break_out_of_the_form(name: str | None, attached_as: str) -> None:
    file = Attachment(name=name, url="https://crm.example/a%20b/%D1%8F%D1%80%D0%BB%D1%8B%D0%BA.jpg?size=full")
    assert photos.name_of(file, "photo:1:abcd") == attached_as
