"""Russian first, and English: every text of the pages has its English."""

from __future__ import annotations

import gettext
import io
import re

import pytest
from babel.messages.mofile import write_mo

from tests.web.site import NOW, Site
from web.catalogue import CATALOGUE, english, texts

PAGES = (
    "/state",
    "/deliveries",
    "/deliveries/1",
    "/dead",
    "/rules",
    "/rules/W-57",
    "/try",
    "/files",
    "/setup",
    "/people",
    "/changes",
    "/me",
)
LEADS = ("/findings", "/tickets")
_SLOT = re.compile(r"%\(\w+\)s|\{\w+\}")


def test_the_catalogue_has_every_text_and_no_other() -> None:
    said = {str(message.id) for message in texts() if message.id}
    written = {str(message.id): str(message.string) for message in english() if message.id}
    assert said == set(written), "run python -m web.catalogue"
    assert [text for text, meaning in written.items() if not meaning] == []
    for text, meaning in written.items():
        assert sorted(_SLOT.findall(text)) == sorted(_SLOT.findall(meaning)), text
        assert not re.search("[а-яё]", meaning.lower()), text


def test_what_runs_is_what_is_written() -> None:
    made = io.BytesIO()
    write_mo(made, english())
    made.seek(0)
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        kept = gettext.GNUTranslations(file)
    fresh = gettext.GNUTranslations(made)
    for message in english():
        if message.id:
            assert kept.gettext(str(message.id)) == fresh.gettext(str(message.id)), "run python -m web.catalogue"


@pytest.mark.parametrize("path", (*PAGES, *LEADS))
def test_no_russian_is_left_on_an_english_page(site: Site, path: str) -> None:
    site.add(state="dead", reason="503", received_at=NOW)
    answer = site.browser("admin").post(
        "/language", data={"csrf_token": site.token(), "language": "en", "back": path}, follow_redirects=True
    )
    page = answer.text
    assert answer.request.path == path
    assert '<html lang="en"' in page
    own = re.sub(
        r"«[^»]*»|<p class=\"quote\" lang=\"ru\">[^<]*|<blockquote[^>]*>[^<]*|title=\"[^\"]*\"|Русский", "", page
    )
    assert re.findall("[а-яё]+", own.lower()) == []


def test_the_browsers_own_language_counts_until_one_is_chosen(site: Site) -> None:
    for asked, lang in (("en-GB,en;q=0.9", "en"), ("de", "ru"), ("ru,en;q=0.5", "ru"), ("", "ru")):
        page = site.app.test_client().get("/sign-in", headers={"Accept-Language": asked}).text
        assert f'<html lang="{lang}"' in page


def test_a_language_that_is_not_there_changes_nothing(site: Site) -> None:
    answer = site.post("/language", language="de", back="https://evil.example/")
    assert (answer.status_code, answer.location) == (303, "/")
    assert "language=" not in answer.headers.get("Set-Cookie", "")
