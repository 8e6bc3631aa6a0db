"""People are called by their names wherever `people.yml` knows them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk import digest
from tests.databases import Sqlite
from tests.web.site import NOW, Site, opened
from tests.web.test_lead import ask, count, filed, hold, know
from tests.web.test_many_actions import press, undo

PEOPLE = 'people: {a17: {name: Вера Примерова, jira: "712020:a17"}, "usedesk:17": {name: Олег Образцов}}'


@pytest.fixture
def named(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that knows what two agents are called."""
    folder = tmp_path / "config"
    shutil.copytree("config", folder)
    (folder / "people.yml").write_text(PEOPLE)
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, CONFIG_DIR=str(folder)) as site:
        yield site


def test_the_board_its_file_and_the_digest(named: Site) -> None:
    ask(named, "701")
    hold(named, "801")
    lost = {"source": "webcrm", "ticket_id": "900", "agent_id": "a17", "since": NOW}
    named.insert("lost_tickets", **lost, delivery=named.add(case_id="webcrm:900"))
    page = named.get("/board", "lead").text
    assert page.count(">Вера Примерова<") == 2  # her hold and her lost ticket
    assert ">Вера Примерова (WebCRM)<" in page  # in the filter
    assert '<option value="Вера Примерова"></option>' in page
    assert ">a17<" not in page
    assert ">17<" not in page
    file = named.get("/board.csv", "lead").data.decode("utf-8-sig")
    assert "Олег Образцов" in file
    config = named.process.effective_config.current()
    with named.engine.connect() as connection:
        made = digest.make(connection, config, NOW, ["worst"])
    assert "сотрудник Вера Примерова" in made.text


def test_the_sandbox_names_its_agents(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, PEOPLE_FILE="sandbox/people.yml") as site:
        for number in range(17, 21):
            hold(site, f"8{number}", owner_id=f"a{number}")
        board, mine = site.get("/board", "lead").text, site.get("/mine", "agent").text
    for number, name in enumerate(("Вера Примерова", "Олег Образцов", "Дина Тестова", "Марк Условный"), 17):
        assert f">{name}<" in board
        assert f">a{number}<" not in board
    assert mine.count(">Вера Примерова<") == 2  # as whom she works in each CRM
    assert ">a17<" not in mine


def test_the_report_and_what_lies_behind_it(named: Site) -> None:
    ask(named, "701", hours=30)
    count(named)
    assert "Олег Образцов (Usedesk)" in named.get("/report", "lead").text
    behind = "/report/list?kind=asked"
    assert ">Олег Образцов<" in named.get(behind, "lead").text


@pytest.mark.parametrize("typed", ["вера примерова", "a17"])
def test_work_is_handed_over_by_name(named: Site, typed: str) -> None:
    one, other = hold(named, "801", owner_id="a18"), hold(named, "802", owner_id="a18")
    know(named, "a17")
    named.post(f"/said/hold/{one}/reassign", "lead", owner=typed)
    page = press(named, "reassign", [f"hold:{other}"], owner=typed)
    assert [event.owner for event in filed(named)] == ["a17", "a17"]
    undo(named, page)
    assert [event.owner for event in filed(named)] == ["a17", "a17", "a18"]


def test_the_journal_and_the_hold_form(named: Site) -> None:
    number = named.add(case_id="webcrm:801")
    named.step(number, verb="reassign_hold", rule="own", target="801", before="a18", after="a17")
    page = named.text(f"/deliveries/{number}")
    assert "сотрудник: Вера Примерова" in page
    assert '<span class="before">a18</span>' in page
    answer = named.post(
        "/tickets/webcrm/801/hold", "agent", kind="ozon", reason="mention", colleague="Вера Примерова", text="Спросили"
    )
    assert "Такого сотрудника бот не знает" not in answer.text
