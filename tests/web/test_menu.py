"""The menu on every page: groups, what waits for a person, and errors that keep it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

import pytest
import sqlalchemy as sa

from store import attention
from store.tables import deliveries
from tests.web.site import NOW, Site

HOLD = {"source": "webcrm", "kind": "ozon", "stage": "waiting", "since": NOW - timedelta(days=3)}


def held(site: Site, ticket: str, due_at: object) -> None:
    site.insert("holds", **HOLD, ticket_id=ticket, due_at=due_at)


def badges(site: Site, role: str) -> dict[str, str]:
    """Each page of the main menu with its badge."""
    page = site.get("/me", role).text
    menu = page.partition('<nav class="menu"')[2].partition("</nav>")[0]
    links = re.findall(r"<a href=[^>]*>(.*?)</a>", menu, re.DOTALL)
    found = [re.split(r"<", link, maxsplit=1) for link in links if "badge-count" in link]
    return {name.strip(): " ".join(re.sub(r"<[^>]+>", " ", f"<{count}").split()) for name, count in found}


def test_pages_stand_in_two_groups_and_the_pages_own_is_unfolded(site: Site) -> None:
    menu = site.text("/deliveries").partition('<nav class="menu"')[2].partition("</nav>")[0]
    folded = menu.partition("<details")[2].partition("</details>")[0]
    assert "Работа" in folded
    assert 'href="/board"' in folded
    assert 'href="/dead"' not in folded
    assert '<a href="/deliveries" aria-current="page">' in menu


def test_a_badge_says_what_waits_for_a_person(any_site: Site) -> None:
    site = any_site
    assert badges(site, "admin") == {}
    site.add(state="dead", finished_at=NOW)
    held(site, "1", NOW - timedelta(hours=1))
    held(site, "2", NOW - timedelta(hours=1))
    held(site, "3", NOW + timedelta(days=1))
    assert badges(site, "admin") == {"Доска": "2 просрочено", "Требуют внимания": "1 событий"}
    assert badges(site, "lead") == {"Доска": "2 просрочено"}
    assert badges(site, "agent") == {}


def test_a_count_ends_at_a_hundred(any_site: Site) -> None:
    rows = [one_dead(number) for number in range(attention.MOST + 20)]
    with any_site.engine.begin() as connection:
        connection.execute(sa.insert(deliveries), rows)
    assert badges(any_site, "admin") == {"Требуют внимания": "99+ событий"}


def one_dead(number: int) -> dict[str, object]:
    own = {"delivery_id": f"s-{number}", "case_id": f"webcrm:s{number}", "type": "ticket.closing", "state": "dead"}
    return {"source": "webcrm", "body": "{}", "received_at": NOW, "finished_at": NOW, **own}


@pytest.mark.parametrize("path", ["/nothing", "/tickets/webcrm/a%20b", "/rules/X-99"])
def test_an_unknown_page_keeps_the_menu(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 404
    assert 'href="/board"' in answer.text
    assert 'action="/sign-out"' in answer.text


def test_other_refusals_keep_it_too(site: Site) -> None:
    browser = site.browser("lead")
    for answer in (browser.get("/state"), browser.post("/board"), browser.post("/me/others", data={"csrf_token": "x"})):
        assert answer.status_code in (400, 403, 405)
        assert 'href="/board"' in answer.text


def test_nobody_sees_a_menu_who_is_not_signed_in(site: Site) -> None:
    page = site.get("/nothing", "")
    assert page.status_code == 404
    assert 'class="menu"' not in page.text
    assert "data-palette" not in page.text


def test_programs_get_no_page(site: Site) -> None:
    answer = site.browser("lead").get("/api/nothing")
    body: Mapping[str, object] | None = answer.json
    assert (answer.status_code, body is not None and "error" in body) == (404, True)
