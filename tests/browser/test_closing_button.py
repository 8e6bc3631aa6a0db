"""The button of `examples/closing_button.js`, on the page of a CRM that knows nothing of the bot."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House
from tests.browser.looks import looked_at, sign_in
from tests.handlers.request_life import finish
from tests.tickets import FBO, ticket

BUTTON = (Path(__file__).resolve().parents[2] / "examples" / "closing_button.js").read_text(encoding="utf-8")
NUMBER = "23814377"
CRM = "http://crm.example.test/close"
FORM = f"""<!doctype html><html lang="ru"><title>CRM</title><link rel="icon" href="data:,">
<h1 id="ticket-number">{NUMBER}</h1>
<select id="type"><option>Реклама<option selected>{FBO}</select>
<select id="subtype"><option>Прибытие водителя на склад</select>
<input id="warehouse" value="Хоругвино"><input id="supply" value=" 2000012345 "><input id="seller" value="184467">
<select id="resolution"><option value="7">Не решена</select><input type="checkbox" id="create-jira" checked>
<textarea id="description">Водитель «у ворот» & ждёт #1 &lt;b&gt; 100%</textarea></html>"""


@pytest.fixture(scope="module")
def worked(house: House) -> House:
    """A ticket of which the bot has heard nothing."""
    house.bot.sandbox.put_ticket(ticket(id=NUMBER))
    return house


def pressed(page: Page, house: House) -> Page:
    """The window that the button opens, as a bookmark on the CRM's page."""
    page.route(f"{CRM}*", lambda route: route.fulfill(body=FORM, content_type="text/html; charset=utf-8"))
    page.goto(CRM)
    code = BUTTON.replace("https://bot.example.com", house.url)
    with page.context.expect_page() as opened:
        page.evaluate("code => { location.href = code; }", f"javascript:{quote(code)}")
    return opened.value


def test_a_closing_goes_from_the_crm_s_form_to_jira_by_two_presses(page: Page, worked: House) -> None:
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    sign_in(page, "agent@example.test")
    window = pressed(page, worked)
    expect(window.get_by_role("heading", name=f"Тикет {NUMBER}")).to_be_visible()
    for words in (FBO, "Прибытие водителя на склад", "Не решена", "Водитель «у ворот» & ждёт #1 <b> 100%"):
        expect(window.locator("dl")).to_contain_text(words)
    assert worked.bot.sandbox.issues() == []
    assert any(url.endswith("/closing/check") for url in asked)
    assert not any(NUMBER in url for url in asked)  # what was taken is in nobody's log
    looked_at(window, "closing-light")
    window.get_by_role("button", name="Передать боту").click()
    expect(window.get_by_role("status").get_by_text("Передано.")).to_be_visible()
    finish(worked.bot, times=1)
    (issue,) = worked.bot.sandbox.issues()
    assert f"webcrm-{NUMBER}" in issue["fields"]["labels"]
    assert issue["fields"]["project"]["key"] == "FBO"


def test_whoever_is_not_signed_in_is_asked_to_and_sends_nothing(page: Page, worked: House) -> None:
    before = len(worked.bot.sandbox.issues())
    window = pressed(page, worked)
    expect(window.get_by_role("button", name="Войти", exact=True)).to_be_visible()
    assert len(worked.bot.sandbox.issues()) == before
