"""The register of problem cases: what is listed, what a person edits, and the files (J-38)."""

from __future__ import annotations

import csv
import html
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from events import CaseEvent, load_event
from store import problems
from store.tables import deliveries
from store.tables.access import audit
from tests.web.site import NOW, Site, opened

FACTS = {"order_no": "1234567", "city": "almaty", "platform": "kaspi", "fault": "ours", "picker": "=1+1"}
PEOPLE = 'people: {a17: {name: Оператор Пример}, "usedesk:a17": {name: Другой Пример, jira: "712020:a1"}}'


def add(site: Site, number: int, **given: Any) -> None:
    """A case in the register."""
    row: dict[str, Any] = {"source": "webcrm", "ticket_id": str(number), "kind": "wrong_item", "branch": "almaty"}
    row |= {"state": "open", "facts": FACTS, "steps": {}, "waits": {}, "opened_by": "t", "owner_id": "a17"}
    row |= {"issue_key": f"CASES-{number}", "site": "main", "issue_id": str(number), **given}
    with site.engine.begin() as connection:
        problems.add(connection, {**row, **problems.copies(row["facts"]), "opened_at": NOW, "changed_at": NOW})


def edits(site: Site) -> list[CaseEvent]:
    """What the pages filed."""
    with site.engine.connect() as connection:
        found = connection.execute(sa.select(deliveries.c.event).where(deliveries.c.type == "case.edited"))
        events = [load_event(str(one.event)) for one in found]
    return [one for one in events if isinstance(one, CaseEvent)]


@pytest.mark.rule("J-38", "J-03")
def test_the_register_and_its_filters(site: Site) -> None:
    add(site, 1)
    add(site, 2, branch="uncovered", reason="Город: Астана", facts=FACTS | {"city": "Астана"})
    add(site, 3, kind="courier_delay", branch="site_almaty", state="done")
    page = site.text("/cases")
    assert [f"№ {number}" in page for number in (1, 2, 3)] == [True, True, True]
    assert "инструкция не описывает: 1" in page
    assert "№ 2<" not in site.text("/cases?city=Алматы")
    assert "№ 2<" in site.text("/cases?branch=uncovered&order_no=1234567")
    assert "Таких случаев нет" in site.text("/cases?kind=courier_delay&state=open")
    assert "инструкция не описывает: 1" in site.text("/board").replace("Случаев, которых ", "")
    assert site.get("/cases", "agent").status_code == 200
    assert site.get("/cases", "").status_code in (302, 303, 401)


@pytest.fixture
def named(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that knows what two people are called."""
    folder = tmp_path / "config"
    shutil.copytree("config", folder)
    (folder / "people.yml").write_text(PEOPLE)
    with opened(database_url, tmp_path, monkeypatch, CONFIG_DIR=str(folder)) as site:
        yield site


@pytest.mark.rule("J-38", "J-11")
def test_the_register_and_its_files_are_narrowed_to_whoever_works_on_a_case(named: Site) -> None:
    site = named
    add(site, 1, assignee="712020:a1")
    add(site, 2, source="usedesk")
    add(site, 3, owner_id="a18")
    add(site, 4, source="main", owner_id=None, assignee="712020:b2")

    def shown(agent: str) -> list[int]:
        page, rows = site.text(f"/cases?agent={agent}"), site.get(f"/cases.csv?agent={agent}").data.decode("utf-8-sig")
        sheet = openpyxl.load_workbook(io.BytesIO(site.get(f"/cases.xlsx?agent={agent}").data)).active
        assert sheet is not None
        numbers = [int(row["№"]) for row in csv.DictReader(io.StringIO(rows), delimiter=";")]
        assert [number for number in (4, 3, 2, 1) if f"№ {number}<" in page] == numbers
        assert [line[0].value for line in sheet.iter_rows(min_row=2)] == numbers
        return numbers

    assert shown("webcrm:a17") == [1]
    assert shown("usedesk:a17") == [2]
    assert shown("webcrm:a18") == [3]
    assert shown("jira:712020:a1") == [1]
    assert shown("jira:712020:b2") == [4]
    assert shown("webcrm:nobody") == []
    page = site.text("/cases?agent=webcrm:a17&state=open")
    offered = re.findall(r'<option value="(\w+:[^"]+)"( selected)?>([^<]+)<', page)
    assert offered == [
        ("jira:712020:b2", "", "712020:b2 (Jira)"),
        ("webcrm:a18", "", "a18 (WebCRM)"),
        ("jira:712020:a1", "", "Другой Пример (Jira)"),
        ("usedesk:a17", "", "Другой Пример (Usedesk)"),
        ("webcrm:a17", " selected", "Оператор Пример (WebCRM)"),
    ]
    (link,) = re.findall(r'href="/cases.csv\?([^"]+)"', page)
    assert set(html.unescape(link).split("&")) == {"agent=webcrm:a17", "state=open"}


@pytest.mark.rule("J-38")
def test_what_a_person_edits_is_an_event_and_a_change(site: Site) -> None:
    add(site, 1, steps={"data": NOW.isoformat()})
    page = site.text("/cases/1")
    assert 'value="Алматы"' in page
    assert "Извиниться и попросить подождать" in page
    form = {"steps": "1", "done": ["sorry"], "picker": "Сборщик 7", "city": "Алматы", "fault": ""}
    assert site.post("/cases/1/edit", "agent", **form).status_code == 303
    (event,) = edits(site)
    assert (event.number, event.facts) == (1, {"picker": "Сборщик 7", "fault": ""})
    assert (event.done, event.undone, event.by) == (("sorry",), ("data",), "agent@example.test")
    with site.engine.connect() as connection:
        (change,) = connection.execute(sa.select(audit).where(audit.c.what == "case_edited")).all()
    assert (change.target, change.before["picker"], change.after["picker"]) == ("case:1", "=1+1", "Сборщик 7")
    site.post("/cases/1/edit", "agent", city="Алматы")
    site.post("/cases/1/edit", "agent", visit_on="когда-нибудь")
    assert len(edits(site)) == 1
    assert site.get("/cases/9").status_code == 404


@pytest.mark.rule("J-38")
def test_a_case_asks_for_what_its_kind_needs_and_writes_days_as_people_do(site: Site) -> None:
    add(site, 1)
    add(site, 2, kind="courier_delay", facts={"handed_over": "2026-11-16"})
    wrong, late = site.text("/cases/1"), site.text("/cases/2")
    assert ("Сборщик" in wrong, "Курьерская служба" in wrong) == (True, False)
    assert ("Сборщик" in late, "Курьерская служба" in late) == (False, True)
    assert 'value="16.11.2026"' in late


@pytest.mark.rule("J-38")
def test_the_files(site: Site) -> None:
    add(site, 1)
    add(site, 2, state="done")
    text = site.get("/cases.csv?state=open").data.decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(text), delimiter=";")
    told = dict(zip(head, row, strict=True))
    assert (told["№"], told["Задача"], told["Город"], told["Сборщик"]) == ("1", "CASES-1", "Алматы", "'=1+1")
    sheet = openpyxl.load_workbook(io.BytesIO(site.get("/cases.xlsx").data)).active
    assert sheet is not None
    values = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert [line[0] for line in values] == ["№", 2, 1]
    assert "'=1+1" in values[1]
