"""«Настройки»: files edited on a page, with their checks, a look before, a history and an undo."""

from __future__ import annotations

import html
import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from desk.templates import Templates
from tests.databases import Sqlite
from tests.web.site import Site, opened
from web.admin import config_files
from web.admin.config_files import ChangedError, ConfigFile

ROOT = Path(__file__).parents[2]
CALENDAR, NOTES = "config/calendar.yml", "crm_templates/notes.yml"


class Desk:
    """A site whose files may be spoilt, and a browser at one of them."""

    def __init__(self, site: Site, root: Path) -> None:
        self.site, self.root = site, root

    def path(self, name: str) -> Path:
        return self.root / name

    def text(self, name: str) -> str:
        return self.path(name).read_text(encoding="utf-8")

    def open(self, name: str) -> dict[str, str]:
        """The form of a file as a browser has it."""
        page = self.site.text(f"/files/{name}")
        return form_of(page)

    def send(self, name: str, button: str, form: dict[str, str]) -> TestResponse:
        """Press a button below a form; browsers send `\\r\\n`."""
        data = form | {"text": form["text"].replace("\n", "\r\n"), "csrf_token": self.site.token()}
        return self.site.browser("admin").post(f"/files/{name}/{button}", data=data, follow_redirects=True)

    def review(self, name: str, old: str, new: str) -> TestResponse:
        """Change something, and look at it."""
        form = self.open(name)
        assert old in form["text"]
        return self.send(name, "review", form | {"text": form["text"].replace(old, new, 1)})

    def save(self, name: str, old: str, new: str) -> TestResponse:
        """Change something, look at it and save it."""
        return self.send(name, "save", form_of(self.review(name, old, new).text))

    def undo(self, number: int) -> str:
        data = {"csrf_token": self.site.token()}
        answer = self.site.browser("admin").post(f"/file-changes/{number}/undo", data=data, follow_redirects=True)
        return told(answer)


def form_of(page: str) -> dict[str, str]:
    """The fields of the editor."""
    hidden = dict(re.findall(r'<input type="hidden" name="(seen|reviewed)" value="([^"]*)">', page))
    written = re.search(r'<textarea[^>]*name="text"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert written
    return hidden | {"text": html.unescape(written[1])}


def told(answer: TestResponse) -> str:
    """What the page says first."""
    found = re.search(r'<p class="told[^"]*" role="status">(.+?)</p>', answer.text)
    return found[1] if found else ""


def problems(answer: TestResponse) -> list[str]:
    """What is wrong, as the page lists it."""
    part = answer.text.partition("Так сохранить нельзя")[2].partition("</section>")[0]
    return [html.unescape(one) for one in re.findall(r'<p class="quote" lang="ru">(.*?)</p>', part, re.DOTALL)]


def copied(root: Path) -> Path:
    """The shipped files, to be spoilt."""
    for name in ("config", "crm_templates", "jira_templates"):
        (root / name).mkdir(parents=True)
        for file in (ROOT / name).glob("*.yml"):
            shutil.copy(file, root / name)
    return root


@pytest.fixture
def desk(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """On SQLite."""
    yield from _desk(sqlite.fresh(tmp_path), tmp_path, monkeypatch)


@pytest.fixture
def any_desk(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """On both databases."""
    yield from _desk(database_url, tmp_path, monkeypatch)


def _desk(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: str) -> Iterator[Desk]:
    root = copied(folder / "own")
    with opened(url, folder, monkeypatch, CONFIG_DIR=str(root / "config"), **changes) as site:
        site.process.factory.templates = Templates(root)
        yield Desk(site, root)


def test_every_file_is_listed_with_its_own_words_and_opens_as_it_is(desk: Desk) -> None:
    page = desk.site.text("/files")
    names = [file.relative_to(desk.root).as_posix() for file in sorted(desk.root.glob("*/*.yml"))]
    assert len(names) > 30
    for name in names:
        assert f'href="/files/{name}"' in page
    assert '<p class="quote" lang="ru">Кто когда работает.</p>' in page
    assert '<p class="quote" lang="ru">Какие слова – не ответ.</p>' in page
    assert "yaml-language-server" not in page
    assert "PEOPLE_FILE" not in page
    for name in (CALENDAR, NOTES, "jira_templates/fbo.yml"):
        assert desk.open(name)["text"] == desk.text(name)


@pytest.mark.parametrize(
    "name", ["config/..%2f..%2fetc/passwd", "config/settings.py", "etc/passwd", "..%2fconfig/calendar.yml", "config/x"]
)
def test_no_other_path_is_reached(desk: Desk, name: str) -> None:
    form = {"text": "a: b\n", "seen": "", "csrf_token": desk.site.token()}
    assert desk.site.get(f"/files/{name}").status_code == 404
    for button in ("review", "save", "download"):
        assert desk.site.browser("admin").post(f"/files/{name}/{button}", data=form).status_code == 404


def test_a_change_is_looked_at_saved_and_taken_back(any_desk: Desk) -> None:
    desk, before = any_desk, any_desk.text(CALENDAR)
    line = "    weekend: [sat, sun]"
    changed = f"{line}  # как решили в ноябре"
    looked = desk.review(CALENDAR, line, changed)
    assert "Что изменится" in looked.text
    assert "# как решили в ноябре" in html.unescape(looked.text.partition("Содержание файла")[0])
    assert desk.text(CALENDAR) == before
    assert desk.site.changes("file_changed") == []

    assert told(desk.save(CALENDAR, line, changed)).startswith("Сохранено.")
    assert desk.text(CALENDAR) == before.replace(line, changed, 1)  # and nothing else, comments least of all
    (row,) = desk.site.changes("file_changed")
    assert (row.who, row.target, row.after["count"]) == ("admin@example.test", CALENDAR, 1)
    assert "# как решили в ноябре" in desk.site.text(f"/file-changes/{row.id}")
    assert "убрано строк: 1, добавлено: 1" in desk.site.text("/changes?what=file_changed")

    assert desk.undo(row.id).startswith("Отменено")
    assert desk.text(CALENDAR) == before
    assert desk.undo(row.id).startswith("Отменить уже нельзя")
    back = desk.site.changes("file_changed")[-1]
    assert back.reason == "undo"
    assert desk.undo(back.id).startswith("Отменено")
    assert desk.text(CALENDAR) == before.replace(line, changed, 1)


def test_what_is_saved_is_what_every_process_reads(desk: Desk) -> None:
    assert desk.site.process.reloader.current().people.name("a17") == "a17"
    desk.save("config/people.yml", "people: {}", "people:\n  a17: {name: Анна Петрова}")
    other = type(desk.site.process)(desk.site.process.settings)
    assert other.reloader.current().people.name("a17") == "Анна Петрова"
    reloader = desk.site.process.reloader
    reloader._next = 0.0  # its second is over
    assert reloader.current().people.name("a17") == "Анна Петрова"


def test_names_of_people_do_not_get_into_the_history(desk: Desk) -> None:
    desk.save("config/people.yml", "people: {}", "people:\n  a17: {name: Анна Петрова}")
    (row,) = desk.site.changes("file_changed")
    assert "Анна" not in f"{row.before}{row.after}"
    assert desk.undo(row.id).startswith("Отменить уже нельзя")
    assert "Анна Петрова" in desk.text("config/people.yml")
    assert "Строки этого файла не хранятся." in desk.site.text(f"/file-changes/{row.id}")


def test_names_kept_elsewhere_are_edited_there(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = tmp_path / "names-of-agents.yml"
    outside.write_text("people: {a17: {name: Вера Примерова}}\n", encoding="utf-8")
    for desk in _desk(sqlite.fresh(tmp_path), tmp_path, monkeypatch, PEOPLE_FILE=str(outside)):
        page = desk.site.text("/files")
        assert f"Имена сотрудников бот берёт из другого файла: {outside} (PEOPLE_FILE)." in page
        assert "config/people.yml" not in page
        assert desk.site.get("/files/config/people.yml").status_code == 404
        assert told(desk.save(CALENDAR, "\n", "\n# заметка\n")).startswith("Сохранено.")


def test_what_check_config_refuses_is_not_saved(desk: Desk) -> None:
    before = desk.text(CALENDAR)
    zone = re.search(r"zone: (\S+)", before)
    assert zone
    answer = desk.save(CALENDAR, zone[0], "zone: Europe/Moskva")
    (problem,) = problems(answer)
    assert problem.startswith("config/calendar.yml:")
    assert "Europe/Moskva" in problem
    assert "Сохранить</button>" not in answer.text
    assert form_of(answer.text)["text"] == before.replace(zone[0], "zone: Europe/Moskva", 1)  # nothing typed is lost
    assert desk.text(CALENDAR) == before
    assert desk.site.changes("file_changed") == []


def test_a_fault_that_another_file_gets_is_told(desk: Desk) -> None:
    before = desk.text("config/rules.yml")
    answer = desk.review("config/jira.yml", "\n  ADS:", "\n  ADZ:")
    assert any(not problem.startswith("config/jira.yml") for problem in problems(answer))
    assert desk.text("config/rules.yml") == before


def test_a_fault_that_is_there_already_holds_nobody_up(desk: Desk) -> None:
    path = desk.path("config/people.yml")
    path.write_text("people: {a17: {nome: Анна}}\n", encoding="utf-8")
    assert told(desk.save(CALENDAR, "\n", "\n# заметка\n")).startswith("Сохранено.")
    answer = desk.review("config/people.yml", "nome: Анна", "nome: Анна Петрова")
    assert problems(answer)[0].startswith("config/people.yml:1: people.a17")


def test_texts_are_shown_as_they_will_read(desk: Desk) -> None:
    answer = desk.review(NOTES, "Бот создал задачу {{ key }}", "Заведена задача {{ key }}")
    shown = html.unescape(answer.text.partition("Как это читается: created_instead")[2].partition("</pre>")[0])
    assert "Заведена задача FBO-7, хотя галочки" in shown
    assert answer.text.partition("Содержание файла")[0].count("Как это читается") == 1  # the others stay as they were
    form = form_of(answer.text)
    assert told(desk.send(NOTES, "save", form)).startswith("Сохранено.")
    note = desk.site.process.factory.templates.note("created_instead", key="A-1", type="т", subtype="п")
    assert note.startswith("Заведена задача A-1")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (NOTES, "{{ key }}", "{{ kay }}", "unknown kay"),
        (NOTES, "created_instead:", "created_otherwise:", "created_instead: этот текст бот пишет по имени"),
        (NOTES, "{key: FBO-7, type", "{key: FBO-7, more: x, type", "created_instead: значения (values)"),
        ("crm_templates/interim.yml", "\nM-4:", "\nM-9:", "M-4: этот текст бот пишет по имени"),
        ("jira_templates/comments.yml", "{{ question }}", "{{ quest }}", "unknown quest"),
        ("jira_templates/fbo.yml", "summary:", "summery:", "summary"),
        ("jira_templates/fbo.yml", "summary:", "summary: [", "not YAML"),
    ],
)
def test_a_text_that_would_fail_is_not_saved(desk: Desk, name: str, old: str, new: str, said: str) -> None:
    before = desk.text(name)
    answer = desk.save(name, old, new)
    assert any(said in problem for problem in problems(answer)), problems(answer)
    assert desk.text(name) == before


def test_an_issue_is_shown_with_much_and_with_little(desk: Desk) -> None:
    summary = re.search(r"^summary: (.+)$", desk.text("jira_templates/ads.yml"), re.MULTILINE)
    assert summary
    answer = desk.review("jira_templates/ads.yml", summary[0], 'summary: "Реклама, тикет {{ ticket.id }}"')
    assert answer.text.count("Реклама, тикет 1") >= 2


@pytest.mark.parametrize(
    ("name", "old", "new", "place"),
    [
        (CALENDAR, "zone: ", "zone: ${SECRET_KEY} #", "zone"),
        ("config/people.yml", "people: {}", 'people: {a1: {name: "${SECRET_KEY}"}}', "people.a1.name"),
        ("config/jira.yml", "url: ${JIRA_URL}", "url: https://evil.example.test", "sites.main.url"),
        ("config/jira.yml", "user: ${JIRA_USER}", "user: ${JIRA_TOKEN}", "sites.main.user"),
    ],
)
def test_a_page_gives_no_variable_away(desk: Desk, name: str, old: str, new: str, place: str) -> None:
    before = desk.text(name)
    answer = desk.save(name, old, new)
    assert [one.partition(": ссылки на переменные")[0].rpartition(".")[2] for one in problems(answer)] == [
        place.rpartition(".")[2]
    ]
    assert "sandbox-secret-key" not in answer.text
    assert desk.text(name) == before


def test_a_faulty_variable_is_named_and_not_repeated(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCH_SETTLE", "something-that-is-secret" * 9)
    answer = desk.review("config/runtime.yml", "\n", "\n# заметка\n")
    assert any("«${SEARCH_SETTLE}»" in problem for problem in problems(answer))
    assert "something-that" not in answer.text


def test_who_saves_second_is_refused_and_keeps_the_text(desk: Desk) -> None:
    mine = form_of(desk.review(CALENDAR, "\n", "\n# моё\n").text)
    desk.save(CALENDAR, "\n", "\n# чужое\n")
    answer = desk.send(CALENDAR, "save", mine)
    assert told(answer).startswith("Пока вы правили, файл изменился")
    assert "# чужое" in desk.text(CALENDAR)
    assert "# моё" not in desk.text(CALENDAR)
    again = form_of(answer.text)
    assert "# моё" in again["text"]
    assert "reviewed" not in again  # the difference has to be looked at first
    assert "# чужое" in html.unescape(answer.text.partition("Содержание файла")[0])
    looked = form_of(desk.send(CALENDAR, "review", again).text)
    assert told(desk.send(CALENDAR, "save", looked)).startswith("Сохранено.")
    assert "# моё" in desk.text(CALENDAR)


def test_a_change_between_the_look_and_the_writing_is_seen(desk: Desk) -> None:
    file = ConfigFile(CALENDAR, desk.path(CALENDAR))
    seen = config_files.read(file).digest
    desk.path(CALENDAR).write_text(desk.text(CALENDAR) + "# другой\n", encoding="utf-8")
    with pytest.raises(ChangedError), config_files.alone(file, seen):
        pass


def test_only_what_was_looked_at_is_saved(desk: Desk) -> None:
    form, before = desk.open(CALENDAR), desk.text(CALENDAR)
    for sent in (form, form_of(desk.review(CALENDAR, "\n", "\n# раз\n").text)):
        answer = desk.send(CALENDAR, "save", sent | {"text": sent["text"] + "# два\n"})
        assert "Что изменится" in answer.text
        assert desk.text(CALENDAR) == before


def test_nothing_changed(desk: Desk) -> None:
    answer = desk.send(CALENDAR, "review", desk.open(CALENDAR))
    assert "Ничего не изменилось" in answer.text
    assert "Сохранить</button>" not in answer.text


def test_a_folder_that_is_read_only(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = form_of(desk.review(CALENDAR, "\n", "\n# заметка\n").text)
    before = desk.text(CALENDAR)

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", refuse)
    answer = desk.send(CALENDAR, "save", looked)
    assert told(answer).startswith("Файл не записать")
    assert (desk.text(CALENDAR), desk.site.changes("file_changed")) == (before, [])
    assert [path.name for path in desk.path(CALENDAR).parent.iterdir() if path.name.startswith(".")] == []
    monkeypatch.setattr(config_files, "is_writable", lambda _: False)
    page = desk.review(CALENDAR, "\n", "\n# заметка\n")
    assert "Здесь этот файл только читается." in page.text
    assert "Сохранить</button>" not in page.text
    given = desk.send(CALENDAR, "download", form_of(page.text))
    assert given.headers["Content-Disposition"] == "attachment; filename=calendar.yml"
    assert given.get_data(as_text=True) == before.replace("\n", "\n# заметка\n", 1)


def test_the_ends_of_lines_and_the_mode_of_the_file_stay(desk: Desk) -> None:
    path = desk.path(CALENDAR)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    path.chmod(0o640)
    before = path.read_bytes()
    desk.save(CALENDAR, "\n", "\n# заметка\n")
    assert path.read_bytes() == before.replace(b"\r\n", "\r\n# заметка\r\n".encode(), 1)
    assert path.stat().st_mode & 0o777 == 0o640
    (row,) = desk.site.changes("file_changed")
    assert desk.undo(row.id).startswith("Отменено")
    assert path.read_bytes() == before


def test_an_undo_that_fits_no_more_changes_nothing(desk: Desk) -> None:
    desk.save("config/people.yml", "people: {}", "people: {}\n# заметка")
    desk.save(CALENDAR, "\n", "\n# раз\n")
    desk.path(CALENDAR).write_text(desk.text(CALENDAR) + "# руками\n", encoding="utf-8")
    row = desk.site.changes("file_changed")[-1]
    assert desk.undo(row.id).startswith("Отменить уже нельзя")
    assert desk.text(CALENDAR).endswith("# руками\n")
    assert f"/file-changes/{row.id}/undo" not in desk.site.text(f"/files/{CALENDAR}")
    assert desk.site.get("/file-changes/999").status_code == 404


def test_the_days_that_become_other_ones_are_told(desk: Desk) -> None:
    day = datetime.now(UTC).date() + timedelta(days=7)
    calendar = desk.site.process.reloader.current().calendar.named()
    while not calendar.is_working_day(day) or day in calendar.moved:
        day += timedelta(days=1)
    answer = desk.review(CALENDAR, "    moved:\n", f'    moved:\n      "{day}": "off"\n')
    shown = html.unescape(answer.text.partition("Какие дни станут другими: company")[2].partition("</pre>")[0])
    (line,) = [one for one in shown.split(">")[-1].split("\n") if one]
    assert line.startswith(f"{day:%d.%m.%Y}, ")
    assert ": 09:00–" in line
    assert line.endswith(" → выходной")
    assert "kazakhstan" not in answer.text.partition("Содержание файла")[0]
    many = desk.review(CALENDAR, "weekend: [sat, sun]", "weekend: [sun]")
    assert "и ещё дней: " in many.text
    assert "Какие дни" not in desk.review(CALENDAR, "\n", "\n# заметка\n").text


def test_nobody_takes_his_own_rights_by_a_table(desk: Desk) -> None:
    mine = {"claim: null": "claim: groups", "values: {}": "values: {chiefs: admin}"}
    for old, new in mine.items():
        assert told(desk.save("config/access.yml", old, new)).startswith("Сохранено.")
    desk.site.process.reloader._next = 0.0
    desk.site.signed_in(desk.site.browser("admin"), "chief@example.com", "admin", how="oidc", claimed=["chiefs"])
    before = desk.text("config/access.yml")
    answer = desk.save("config/access.yml", "chiefs: admin", "chiefs: lead")
    assert problems(answer) == [
        "С такой таблицей вы сами перестали бы быть администратором. Свои права меняет другой администратор."
    ]
    assert desk.undo(desk.site.changes("file_changed")[-1].id).startswith("Отменить уже нельзя")
    assert desk.text("config/access.yml") == before
    assert told(desk.save("config/access.yml", "{chiefs: admin}", "{chiefs: admin, leads: lead}")).startswith(
        "Сохранено."
    )
