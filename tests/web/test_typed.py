"""What was typed into a form that was not taken stands in it again, once."""

from __future__ import annotations

import re

from tests.web.site import Site
from tests.web.test_cases import add, edits
from tests.web.test_incidents import begin
from tests.web.test_lead import ask, hold, know

LONG = "Ждём подтверждения склада. " * 18  # a reason may have 500 characters


def actions(page: str, what: str, number: int) -> str:
    """The menu of a row."""
    before, _, after = page.partition(f'action="/said/{what}/{number}/answered"')
    return before.rpartition("<details")[2] + after.partition("</details>")[0]


def test_the_form_of_a_row_keeps_it_and_no_other(site: Site) -> None:
    one, other = ask(site, "701"), hold(site, "801")
    form = {"hours": "48", "reason": LONG, "back": "/board?order=oldest"}
    bad = site.post(f"/said/request/{one}/snooze", "lead", **(form | {"hours": "5"}))
    page = site.get(bad.location, "lead").text
    mine = actions(page, "request", one)
    assert 'class="actions" open' in mine
    assert f'value="{LONG.strip()}' in mine
    assert 'class="actions" open' not in actions(page, "hold", other)
    assert "Ждём подтверждения" not in site.get(bad.location, "lead").text
    wrong = site.post(f"/said/hold/{other}/reassign", "lead", owner="a99", back="/board")
    page = site.get(wrong.location, "lead").text
    assert 'value="a99"' in actions(page, "hold", other)
    assert '<p class="told bad-news" role="status">' in page


def test_the_card_keeps_it_too(site: Site) -> None:
    number = ask(site, "701", source="webcrm")
    card = "/tickets/webcrm/701"
    answer = site.post(f"/said/request/{number}/snooze", "agent", hours="168", reason=" ", back=card)
    mine = actions(site.get(answer.location, "agent").text, "request", number)
    assert '<option value="168" selected>' in mine


def test_the_form_of_several_rows_keeps_words_and_marks(site: Site) -> None:
    rows = [f"request:{ask(site, f'70{number}')}" for number in range(3)]

    def marked(location: str) -> list[str]:
        page = site.get(location, "lead").text
        assert f'name="reason" value="{LONG.strip()}' in page
        assert 'name="owner" value="a99"' in page
        return re.findall(r'name="chosen" value="([^"]+)" checked', page)

    form = {"reason": LONG, "owner": "a99", "back": "/board"}
    assert marked(site.post("/said/many/snooze", "lead", hours="4", **form).location) == []
    chosen = form | {"chosen": rows[:2]}
    assert sorted(marked(site.post("/said/many/snooze", "lead", hours="5", **chosen).location)) == rows[:2]
    assert sorted(marked(site.post("/said/many/reassign", "lead", **chosen).location)) == rows[:2]
    know(site, "a99")
    done = site.post("/said/many/reassign", "lead", once="2", **chosen).location
    assert 'name="owner" value=""' in site.get(done, "lead").text


def test_a_moment_that_is_over_is_kept(site: Site) -> None:
    number = begin(site)
    answer = site.post(f"/incidents/{number}/until", "lead", until="2001-01-01T10:00")
    assert 'name="until" value="2001-01-01T10:00"' in site.get(answer.location, "lead").text
    assert 'name="until" value="2099-01-01T10:00"' in site.get(answer.location, "lead").text


def test_a_case_keeps_all_its_fields(site: Site) -> None:
    add(site, 1)
    typed = {"steps": "1", "done": ["sorry"], "visit_on": "на днях", "picker": "Сборщик 7", "fault": "ничья"}
    answer = site.post("/cases/1/edit", "agent", **typed)
    assert answer.status_code == 422
    for name in ("visit_on", "picker", "fault"):
        assert re.search(rf'name="{name}" value="{typed[name]}"', answer.text), name
    assert re.search(r'value="sorry" checked', answer.text)
    assert re.findall(r'aria-describedby="unread-(\w+)"', answer.text) == ["fault", "visit_on"]
    assert "bad-news" in answer.text
    assert edits(site) == []
