"""The one field for a ticket's number, an issue's key, or a page."""

from __future__ import annotations

import pytest

from tests.web.site import NOW, Site


@pytest.fixture
def known(any_site: Site) -> Site:
    """A site that knows some tickets."""
    any_site.add(case_id="webcrm:23814352")
    any_site.add(case_id="webcrm:700")
    any_site.add(case_id="usedesk:700", source="usedesk")
    link = {"source": "webcrm", "ticket_id": "23814352", "purpose": "escalation", "site": "main", "issue_id": "1"}
    any_site.insert("links", **link, issue_key="FBO-7", made_by_bot=True, created_at=NOW)
    return any_site


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("23814352", "/tickets/webcrm/23814352"),
        (" №23814352 ", "/tickets/webcrm/23814352"),
        ("webcrm:700", "/tickets/webcrm/700"),
        ("fbo-7", "/tickets/webcrm/23814352"),
        ("доска", "/board"),
        ("Отчёт", "/report"),
        ("требую", "/dead"),
    ],
)
def test_one_thing_opens(known: Site, wanted: str, leads_to: str) -> None:
    answer = known.browser("admin").get("/find", query_string={"q": wanted})
    assert (answer.status_code, answer.location) == (303, leads_to)


def test_of_several_there_is_a_list(known: Site) -> None:
    numbers = known.text("/find?q=700")
    assert 'href="/tickets/webcrm/700"' in numbers
    listed = known.text("/find?q=о").partition('<section class="panel message">')[2]
    assert 'href="/board"' in listed
    assert 'href="/report"' in listed


@pytest.mark.parametrize(
    "wanted", ["99999999", "FBO-99999", "webcrm:1", "nosuch:700", "таких слов нет", "<b>", "a:b:c"]
)
def test_the_unknown_is_called_so(known: Site, wanted: str) -> None:
    answer = known.browser("lead").get("/find", query_string={"q": wanted})
    assert answer.status_code == 200
    assert "бот не знает" in answer.text
    assert "<b>»" not in answer.text


def test_pages_of_a_higher_role_are_not_found(known: Site) -> None:
    assert "бот не знает" in known.get("/find?q=Требуют внимания", "agent").text


def test_without_words_there_is_the_field(known: Site) -> None:
    page = known.text("/find")
    assert 'name="q"' in page
    assert "бот не знает" not in page
