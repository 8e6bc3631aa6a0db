"""Several rows of the board at once: the events of their own buttons, each once, taken back together."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from events import PersonActionEvent, RequestEvent
from store import board, holds, requests
from store.requests import ANSWERED, Ending
from store.tables import metadata
from tests.web.site import NOW, Site
from tests.web.test_lead import ask, filed, hold, know

HOUR = timedelta(hours=1)
SNOOZE = {"hours": "24", "reason": "Обещали завтра"}


def press(site: Site, action: str, rows: list[str], role: str = "lead", **form: Any) -> str:
    """Press a button for these rows; the page that says what became of it."""
    answer = site.post(f"/said/many/{action}", role, chosen=rows, back="/board?order=oldest", **form)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def undo(site: Site, location: str) -> str:
    """Press «Отменить» on the page; where it leads to."""
    found = re.search(r"/said/many/(\d+)/undo", site.get(location, "lead").text)
    assert found, location
    return str(site.post(f"/said/many/{found[1]}/undo", "lead", back="/board").location)


def kinds(site: Site) -> list[str]:
    """The events that were filed."""
    return [event.type for event in filed(site)]


def test_each_row_gets_the_event_of_its_own_button(any_site: Site) -> None:
    site = any_site
    one, two = ask(site, "701"), hold(site, "801")
    know(site, "99")
    rows = [f"request:{one}", f"hold:{two}", f"request:{one}", "request:x", "nothing:1"]
    shown = press(site, "snooze", rows, **SNOOZE)
    page = site.get(shown, "lead").text
    assert "Отложено тикетов: 2." in page
    assert not set(re.findall(r"/tickets/\w+/(\d+)", page))
    assert kinds(site) == ["request.snoozed", "hold.snoozed"]
    event = filed(site)[0]
    assert isinstance(event, RequestEvent)
    assert (event.reason, event.by) == ("Обещали завтра", "lead@example.test")
    press(site, "reassign", rows, owner="99")
    press(site, "answered", rows)
    assert kinds(site)[2:] == ["request.reassigned", "hold.reassigned", "request.answered", "hold.answered"]
    for what, count in (("said_snooze", 2), ("said_reassign", 2), ("said_answered", 2), ("said_many_snooze", 1)):
        assert len(site.changes(what)) == count, what
    assert "отложено сразу несколько" in site.get("/changes", "admin").text


def test_the_same_form_twice_is_once(any_site: Site) -> None:
    site = any_site
    rows = [f"request:{ask(site, '701')}", f"hold:{hold(site, '801')}"]
    first = press(site, "snooze", rows, once="k", **SNOOZE)
    assert press(site, "snooze", rows, once="k", **SNOOZE) == first
    assert len(kinds(site)) == 2
    undone = undo(site, first)
    number = re.search(r"many=(\d+)", first)
    assert number
    assert site.post(f"/said/many/{number[1]}/undo", "lead", back="/board").location == undone
    assert kinds(site) == ["request.snoozed", "hold.snoozed", "request.woken", "hold.snoozed"]
    assert "/undo" not in site.get(first, "lead").text


def test_one_undo_puts_all_of_them_back(any_site: Site) -> None:
    site = any_site
    snoozed = NOW + 5 * HOUR
    one, two = ask(site, "701", snoozed_until=snoozed, snooze_reason="Отпуск"), hold(site, "801")
    know(site, "99")
    rows = [f"request:{one}", f"hold:{two}"]
    with site.engine.connect() as connection:
        held = holds.get(connection, two)
    assert held is not None
    for action, form in (("snooze", SNOOZE), ("reassign", {"owner": "99"}), ("answered", {})):
        back = undo(site, press(site, action, rows, **form))
        assert "Отменено, тикетов: 2." in site.get(back, "lead").text
    events = filed(site)
    woken, later = events[2], events[3]
    assert isinstance(woken, RequestEvent)
    assert (woken.type, woken.until, woken.reason) == ("request.snoozed", snoozed, "Отпуск")
    assert isinstance(later, PersonActionEvent)
    assert (later.type, later.until) == ("hold.snoozed", held.due_at)
    owners = [event.owner for event in events if isinstance(event, PersonActionEvent) and "reassigned" in event.type]
    assert owners == ["99", "99", "17", "a17"]
    assert kinds(site)[-2:] == ["request.reopened", "hold.reopened"]


def test_what_cannot_be_done_or_undone_is_named(any_site: Site) -> None:
    site = any_site
    numbers = [ask(site, f"70{n}") for n in range(3)]
    know(site, "99")

    def close(number: int, how: str) -> None:
        with site.engine.begin() as connection:
            requests.close(connection, number, Ending(ANSWERED, how, NOW), "x", NOW)

    close(numbers[0], "comment")
    rows = [f"request:{number}" for number in (*numbers, 10**6)]
    shown = press(site, "reassign", rows, owner="99")
    page = site.get(shown, "lead").text
    assert "Передано тикетов: 2." in page
    assert "ничего не сделано: 700, 1000000." in page
    close(numbers[1], "comment")
    table = metadata.tables["requests"]
    with site.engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.id == numbers[2]).values(owner_id="55"))
    told = site.get(undo(site, shown), "lead").text
    assert "закончилось не здесь или тикет ждёт другого: 701." in told
    assert "изменил кто-то ещё: 702." in told
    assert kinds(site) == ["request.reassigned"] * 2  # nothing was filed to take them back


def test_a_form_that_says_nothing_files_nothing(site: Site) -> None:
    number = ask(site)
    row = f"request:{number}"
    for action, rows, form, told in (
        ("snooze", [row], {"hours": "5", "reason": "x"}, "said_no_reason"),
        ("snooze", [row], {"hours": "4", "reason": " "}, "said_no_reason"),
        ("reassign", [row], {"owner": ""}, "said_no_owner"),
        ("answered", [], {}, "said_none_chosen"),
        ("answered", [f"request:{n}" for n in range(1, board.PAGE + 2)], {}, "said_too_many"),
    ):
        assert press(site, action, rows, **form).endswith(f"told={told}")
    unknown = press(site, "reassign", [row], owner="nobody")
    assert "не передано: 700." in site.get(unknown, "lead").text
    assert site.post("/said/many/burn", "lead", chosen=[row]).status_code == 404
    assert filed(site) == []


@pytest.mark.parametrize("action", ["snooze", "answered", "reassign"])
def test_only_a_lead_with_a_form_of_ours(site: Site, action: str) -> None:
    row = f"request:{ask(site)}"
    assert site.post(f"/said/many/{action}", "agent", chosen=[row]).status_code == 403
    assert site.browser("lead").post(f"/said/many/{action}", data={"chosen": row}).status_code == 400
    assert filed(site) == []


def test_nobody_takes_back_what_another_did_or_what_is_long_ago(site: Site) -> None:
    shown = press(site, "answered", [f"request:{ask(site)}"])
    number = shown.partition("many=")[2]
    assert "/undo" not in site.get(shown, "admin").text
    assert site.post(f"/said/many/{number}/undo", "admin").location.endswith("told=said_too_late")
    audit = metadata.tables["audit"]
    with site.engine.begin() as connection:
        connection.execute(sa.update(audit).values(at=NOW - HOUR))
    assert site.post(f"/said/many/{number}/undo", "lead").location.endswith("told=said_too_late")
    assert kinds(site) == ["request.answered"]
