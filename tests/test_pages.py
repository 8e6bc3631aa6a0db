"""The pages: their links lead somewhere, and each is whole in one language."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.browser import looks

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"«[^»]*»|\([^)]*\)")
MARK = re.compile(r"^\*(Для .+, по-русски|For .+, in English)\.\*$")
DECISION = re.compile(r"^Date: \d{4}-\d\d-\d\d\. Status: (accepted|replaced by \[\d+\]\(.+\))(, replaces .+)?\.$")
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|yml|md|toml))`")
FOR_BOTH = ("docs/README.md", "README.md")  # leads everybody to his own pages
HEADINGS = {
    "Try it": "Попробовать",
    "What it does": "Что он делает",
    "Status": "Состояние",
    "How it is built": "Как он устроен",
    "Connect a real Jira": "Подключить настоящую Jira",
    "Configuration": "Настройки",
    "Commands": "Команды",
    "Development": "Разработка",
    "Licence": "Лицензия",
}
DOCS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))
DECISIONS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/adr").glob("*.md"))
PAGES = [*sorted(path.name for path in ROOT.glob("*.md")), *DOCS, *DECISIONS]


@cache
def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: str) -> str:
    """A page without its code."""
    return CODE.sub("``", FENCE.sub("", text(page)))


def headings(page: str) -> list[str]:
    return re.findall(r"^#{1,6} (.+?)\s*$", FENCE.sub("", text(page)), re.MULTILINE)


@cache
def anchors(page: str) -> set[str]:
    """The headings as GitHub makes anchors of them."""
    shown = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "") for heading in headings(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in shown}


def links(page: str) -> list[str]:
    return [target for target in LINK.findall(prose(page)) if not target.startswith(("http://", "https://"))]


def target_of(page: str, link: str) -> tuple[Path, str]:
    path, _, anchor = link.partition("#")
    return ((ROOT / page).parent / path).resolve() if path else ROOT / page, anchor


def language(page: str) -> str:
    """The language that a page says it is in; decisions and what stands beside the README are English."""
    if page not in DOCS:
        return "en"
    mark = MARK.match((text(page).splitlines() + [""] * 3)[2])
    assert mark, f"{page}: the third line has to say for whom the page is and in which language"
    return "ru" if "по-русски" in mark[1] else "en"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(page: str) -> None:
    broken = []
    for link in links(page):
        path, anchor = target_of(page, link)
        if not path.exists() or (anchor and anchor not in anchors(path.relative_to(ROOT).as_posix())):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md"])
def test_every_path_that_a_page_names_is_there(page: str) -> None:
    named = NAMED.findall(FENCE.sub("", text(page)))
    assert named
    assert [path for path in named if not (ROOT / path).exists() and not any(ROOT.glob(f"*/{path}"))] == []


def test_the_map_of_folders_has_every_folder() -> None:
    table = text("docs/architecture.md").partition("## The folders")[2].partition("## ")[0]
    firsts = " ".join(re.findall(r"^\| (.+?) \|", table, re.MULTILINE))
    named = set(re.findall(r"`(\w+)/`", firsts))
    made = {line.rstrip("/") for line in text(".gitignore").splitlines()}
    there = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")} - made
    assert named == there


@pytest.mark.parametrize("page", [page for page in DOCS if page not in FOR_BOTH])
def test_a_page_is_whole_in_the_language_that_it_names(page: str) -> None:
    said = QUOTED.sub("", LINK.sub("", prose(page)))
    russian, latin = len(re.findall("[а-яё]", said, re.I)), len(re.findall("[a-z]", said, re.I))
    share = russian / (russian + latin)
    assert share > 0.7 if language(page) == "ru" else share < 0.1, f"{share:.0%} of the letters are Russian"


@pytest.mark.parametrize("page", [page for page in DOCS if page not in FOR_BOTH])
def test_no_page_sends_its_reader_into_the_other_language(page: str) -> None:
    assert sent_away(page, language(page)) == []


@pytest.mark.parametrize("page", DECISIONS)
def test_no_decision_sends_its_reader_into_the_other_language(page: str) -> None:
    assert sent_away(page, "en") == []


def sent_away(page: str, own: str) -> list[str]:
    away = []
    for link in links(page):
        path = target_of(page, link)[0].relative_to(ROOT).as_posix()
        if path.endswith(".md") and path not in FOR_BOTH and language(path) != own:
            away.append(link)
    return away


def test_the_index_has_every_page() -> None:
    named = {target_of("docs/README.md", link)[0].relative_to(ROOT).as_posix() for link in links("docs/README.md")}
    assert {*DOCS, *DECISIONS} - named == {"docs/README.md"}


@pytest.mark.parametrize("page", DECISIONS)
def test_a_decision_has_date_status_and_options(page: str) -> None:
    assert DECISION.match(text(page).splitlines()[2])
    assert re.search(r"^\*\*Options", text(page), re.MULTILINE)
    assert re.search(r"\*\*[Dd]ecision", text(page))


def test_what_the_bot_needs_is_what_was_measured() -> None:
    measured = set(re.findall(r"\d+(?:\.\d+)?", text("docs/benchmarks.md")))
    cells = [
        cell for row in re.findall(r"^\|.+?\|(.+)\|$", text("docs/sizing.md"), re.MULTILINE) for cell in row.split("|")
    ]
    told = {number.replace(",", ".") for cell in cells for number in re.findall(r"\d+(?:,\d+)?", cell)}
    assert len(told) > 20
    assert told - measured == set()


def test_both_front_pages_have_the_same_headings() -> None:
    assert headings("README.md") == ["Smezhnik", *HEADINGS]
    assert headings("README.ru.md") == ["Смежник", *HEADINGS.values()]


def test_both_front_pages_name_the_same_commands_and_pictures() -> None:
    assert commands("README.md") == commands("README.ru.md") != []
    pictures = [[link for link in links(page) if link.endswith(".png")] for page in ("README.md", "README.ru.md")]
    assert pictures[0] == pictures[1] != []


def commands(page: str) -> list[str]:
    lines = "".join(re.findall(r"^```\n(.+?)^```", text(page), re.DOTALL | re.MULTILINE)).splitlines()
    return [re.split(r"\s+#", line)[0] for line in lines if line.startswith(("make ", ".venv/", "set "))]


def test_the_front_page_is_short() -> None:
    assert len(text("README.md").splitlines()) < 120


def test_every_picture_is_shown_and_made_by_make_images() -> None:
    shown = {target_of(page, link)[0].stem for page in PAGES for link in links(page) if link.endswith(".png")}
    assert shown == {path.stem for path in (ROOT / "docs/images").glob("*.png")}
    assert shown == {name.removesuffix("-light") for name in looks.SHOWN}
