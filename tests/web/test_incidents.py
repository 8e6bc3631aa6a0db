"""The page of mass failures: opened, prolonged and ended by a lead, with a row of the audit each (R-24)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from store import incidents
from store.incidents import Joined
from store.tables import deliveries, timers
from tests.web.site import NOW, Site

GIVEN = {
    "name": "Кабинет не открывается",
    "issue_key": "ads-17",
    "keywords": "кабинет … не открыва*\nбелый экран\n",
    "topics": "",
    "until": "2099-01-01T10:00",
}


def begin(site: Site, **given: str) -> int:
    """Open one by the form; its number."""
    answer = site.post("/incidents/new", "lead", **(GIVEN | given))
    assert answer.status_code == 303, answer.text
    with site.engine.connect() as connection:
        return incidents.newest(connection)[0].id


@pytest.mark.rule("R-24")
def test_a_lead_opens_prolongs_and_ends_one(any_site: Site) -> None:
    site = any_site
    assert "Сейчас открытых сбоев нет" in site.get("/incidents", "lead").text
    number = begin(site)
    page = site.get("/incidents", "lead").text
    assert "Кабинет не открывается" in page
    assert "ADS-17" in page
    assert site.process.effective_config.current().incidents[0].keywords == ("кабинет … не открыва*", "белый экран")
    joined = Joined(number, "webcrm", "700", "webcrm/x", NOW, "a17", "not_solved")
    with site.engine.begin() as connection:
        assert incidents.join(connection, joined)
    page = site.get(f"/incidents/{number}", "lead").text
    assert "/tickets/webcrm/700" in page
    assert "Не решена" in page
    site.post(f"/incidents/{number}/until", "lead", until="2099-02-01T10:00")
    with site.engine.connect() as connection:
        row = incidents.get(connection, number)
        states = {key: state for key, state in connection.execute(sa.select(timers.c.key, timers.c.state))}
    assert row is not None
    assert row.until == datetime(2099, 2, 1, 7, tzinfo=UTC)
    assert states == {f"incident:{number}:1": "cancelled", f"incident:{number}:2": "pending"}
    for _ in range(2):
        site.post(f"/incidents/{number}/end", "lead")
    with site.engine.connect() as connection:
        filed = connection.execute(sa.select(deliveries.c.delivery_id).where(deliveries.c.source == "bot")).scalars()
        assert list(filed) == [f"incident:{number}"]
    assert site.process.effective_config.current().incidents == ()
    assert "закончился" in site.get(f"/incidents/{number}", "lead").text
    kinds = ("incident_opened", "incident_prolonged", "incident_ended")
    assert [len(site.changes(kind)) for kind in kinds] == [1, 1, 1]
    assert site.changes("incident_opened")[0].who == "lead@example.test"


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"name": " "}, "Напишите название"),
        ({"keywords": "", "topics": " \n"}, "хотя бы одну фразу"),
        ({"keywords": "а?б)"}, "Фраза – это слова"),
        ({"issue_key": "НЕТ-1"}, "выглядит как ADS-17"),
        ({"issue_key": "NOPE-1"}, "выглядит как ADS-17"),
        ({"until": "2001-01-01T10:00"}, "ещё не прошло"),
        ({"until": "завтра"}, "ещё не прошло"),
    ],
)
def test_a_form_with_a_fault_says_so_and_keeps_what_was_typed(site: Site, given: dict[str, str], fault: str) -> None:
    answer = site.post("/incidents/new", "lead", **(GIVEN | {"topics": "Доставка"} | given))
    assert answer.status_code == 200
    assert fault in answer.text
    assert "Доставка" in answer.text or "topics" in given
    with site.engine.connect() as connection:
        assert incidents.newest(connection) == []


def test_an_agent_may_not_and_a_text_stays_a_text(site: Site) -> None:
    assert site.get("/incidents", "agent").status_code == 403
    assert site.post("/incidents/new", "agent", **GIVEN).status_code == 403
    number = begin(site, name="<script>alert(1)</script>")
    assert "<script>alert" not in site.get("/incidents", "lead").text
    assert site.get("/incidents/999", "lead").status_code == 404
    assert site.post("/incidents/999/end", "lead").status_code == 303
    told = site.post(f"/incidents/{number}/until", "lead", until="2001-01-01T10:00").headers["Location"]
    assert told.endswith("told=incident_no_until")
