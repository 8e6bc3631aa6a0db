"""A form that came too late: what was typed is shown, and sent again at a press."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

import web
from tests.web.site import RAW, Site
from tests.web.test_lead import ask, filed
from web.access.unsent import SECRETS
from web.words import words

OURS = {"Sec-Fetch-Site": "same-origin"}
TYPED = {"hours": "24", "reason": 'Ждём «склад»\nи "бухгалтерию" <b>', "back": "/board"}
TEMPLATES = Path(web.__file__).parent / "templates"


def too_late(site: Site, path: str, form: dict[str, str], where: str | None = "same-origin") -> TestResponse:
    """Send a form whose token is no longer good; `where`: from which site, by the browser's word."""
    return site.browser("lead").post(
        path, data=form | {"csrf_token": "1.2.3"}, headers={"Sec-Fetch-Site": where} if where else {}
    )


def fields(page: str) -> dict[str, str]:
    """What the page would send, but for the menu's forms."""
    form = page.partition("<main")[2].partition("<form")[2].partition("</form>")[0]
    return {name: html.unescape(text) for name, text in re.findall(r'name="(\w+)" value="([^"]*)"', form)}


def test_a_page_that_stood_open_loses_nothing(site: Site) -> None:
    path = f"/said/request/{ask(site, '701')}/snooze"
    answer = too_late(site, path, TYPED)
    assert answer.status_code == 400
    assert "Причина" in answer.text
    assert "&lt;b&gt;" in answer.text
    assert f'action="{path}"' in answer.text
    again = fields(answer.text)
    assert {name: again[name] for name in TYPED} == TYPED
    assert filed(site) == []
    sent = site.browser("lead").post(path, data=again, headers=OURS)
    assert sent.location.startswith("/board?told=said_snooze")
    assert filed(site)[0].reason == TYPED["reason"]


def test_a_session_that_ended_loses_nothing(site: Site) -> None:
    path = f"/said/request/{ask(site, '701')}/snooze"
    browser = site.browser("lead")
    with browser.session_transaction() as session:
        session["key"] = "ended"
    answer = browser.post(path, data=TYPED | {"csrf_token": site.token()}, headers=OURS)
    assert answer.status_code == 401
    assert "Войдите в новой вкладке" in answer.text
    assert filed(site) == []
    site.signed_in(browser, "lead@example.test", "lead")
    with browser.session_transaction() as session:
        session["csrf_token"] = "another-than-" + RAW  # a sign-in makes a new one
    answer = browser.post(path, data=fields(answer.text), headers=OURS)
    assert answer.status_code == 400
    assert browser.post(path, data=fields(answer.text), headers=OURS).status_code == 303
    assert filed(site)[0].reason == TYPED["reason"]


def test_a_case_is_labelled_by_its_own_facts(site: Site) -> None:
    answer = too_late(site, "/cases/1/edit", {"picker": "Сборщик 7", "steps": "1"})
    assert "<dt>Сборщик</dt>" in answer.text


@pytest.mark.parametrize("where", [None, "cross-site", "same-site"])
def test_another_sites_form_is_not_offered(site: Site, where: str | None) -> None:
    answer = too_late(site, "/state/pause", {"reason": "Нажмите!"}, where)
    assert (answer.status_code, "Нажмите!" in answer.text) == (400, False)


def test_neither_secrets_nor_bare_buttons(site: Site) -> None:
    answer = too_late(site, "/me/password", {"present": "старый", "new": "новый", "reason": "так надо"})
    assert (answer.status_code, "старый" in answer.text) == (400, False)
    assert "Вернитесь назад" in too_late(site, "/said/undo", {"undo": "abc"}).text


def test_every_field_that_people_type_into_has_a_label() -> None:
    """Of forms that change something and hold no secret; `number` is an agent's own, typed at a glance."""
    found: set[str] = set()
    secret: set[str] = set()
    for path in TEMPLATES.glob("*.html"):
        for form in re.findall(r'<form[^>]*method="post".*?</form>', path.read_text(encoding="utf-8"), re.DOTALL):
            tags = re.findall(r"<(?:input|textarea)[^>]*>", form)
            names = [(re.search(r'name="(\w+)"', tag), re.search(r'type="([\w-]+)"', tag)) for tag in tags]
            of_form = [(name[1], kind[1] if kind else "text") for name, kind in names if name]
            hidden = {name for name, kind in of_form if kind == "password"}
            secret |= hidden
            found |= {name for name, kind in of_form if kind not in ("hidden", "checkbox") and not hidden}
    assert found - {"number"} == set(words()["typed_fields"])
    assert secret == SECRETS
