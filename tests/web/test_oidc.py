"""Sign-in by the company's provider, end to end with one in this process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from flask import Flask
from werkzeug.test import TestResponse

from config.settings import Settings
from tests.certificates import Authority
from tests.databases import Sqlite
from tests.web.provider import CLIENT, SECRET, FakeProvider
from tests.web.site import Site, opened
from tests.wire import Wire, answer
from web.access.oidc import Provider

TABLE = """
emails: {"Anna@Example.test": admin}
claim: groups
values: {support: agent, support-leads: lead}
"""
ANNA = {"email": "anna@example.test", "email_verified": True}


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    """One for all tests of this file."""
    with FakeProvider() as made:
        yield made


@pytest.fixture
def company(provider: FakeProvider, sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site whose people come from the provider."""
    provider.claims, provider.spoil, provider.userinfo = dict(ANNA), {}, None
    provider.moved, provider.pages = {}, {}
    monkeypatch.setattr("config.reloader.EVERY", 0.0)  # a changed file is used at once
    folder = tmp_path / "config"
    folder.mkdir()
    for file in (Path(__file__).parents[2] / "config").glob("*.yml"):
        shutil.copy(file, folder)
    (folder / "access.yml").write_text(TABLE, encoding="utf-8")
    env = {"OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET}
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, CONFIG_DIR=str(folder), **env) as site:
        yield site


def come_in(site: Site, provider: FakeProvider, start: str = "/sign-in/company") -> tuple[Any, TestResponse]:
    """All the way: to the provider, and back."""
    browser = site.app.test_client()
    sent = browser.get(start)
    assert sent.status_code == 302
    return browser, browser.get(provider.authorise(sent.location))


def set_access(site: Site, table: str) -> None:
    """Write `access.yml`."""
    (site.process.settings.config_dir / "access.yml").write_text(table, encoding="utf-8")


def test_the_page_offers_it(company: Site) -> None:
    assert "Войти через компанию" in company.app.test_client().get("/sign-in?next=/rules").text
    assert 'href="/sign-in/company?next=/rules"' in company.app.test_client().get("/sign-in?next=/rules").text


def test_by_e_mail(company: Site, provider: FakeProvider) -> None:
    browser, answer = come_in(company, provider, "/sign-in/company?next=/rules")
    assert (answer.status_code, answer.location) == (303, "/rules")
    assert "anna@example.test" in browser.get("/me").text
    assert "Сменить пароль" not in browser.get("/me").text
    (row,) = company.changes("signed_in")
    assert (row.who, row.door, row.target) == ("anna@example.test", "oidc", "admin")


@pytest.mark.parametrize(
    ("groups", "home"),
    [("support", "/mine"), (["other", "support", "support-leads"], "/board"), (["other"], None), (None, None)],
)
def test_by_claim(company: Site, provider: FakeProvider, groups: Any, home: str | None) -> None:
    provider.claims = {"email": "Boris@example.test", "email_verified": True, "groups": groups}
    browser, answer = come_in(company, provider)
    assert answer.location == home if home else answer.status_code == 403
    if home:
        assert company.changes("signed_in")[0].target == ("lead" if isinstance(groups, list) else "agent")
    else:
        assert "access.yml" in answer.text
        assert [row.who for row in company.changes("sign_in_refused")] == ["boris@example.test"]
        assert browser.get("/me").status_code == 303


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ({"nonce": "another"}, "Начните вход заново"),
        ({"iss": "https://evil.example"}, "Начните вход заново"),
        ({"aud": "another"}, "Начните вход заново"),
        ({"exp": 1}, "Начните вход заново"),
        ({"email_verified": False}, "не подтверждает ваш адрес"),
        ({"email_verified": "false"}, "не подтверждает ваш адрес"),
        ({"email_verified": 1.5}, "не подтверждает ваш адрес"),
        ({"email": None}, "не подтверждает ваш адрес"),
    ],
)
def test_what_is_wrong_opens_nothing(company: Site, provider: FakeProvider, spoil: dict[str, Any], words: str) -> None:
    provider.spoil = spoil
    browser, answer = come_in(company, provider)
    assert answer.status_code == 403
    assert words in answer.text
    assert browser.get("/state").status_code == 303
    assert company.changes("signed_in") == []


def test_an_answer_that_nobody_asked_for(company: Site, provider: FakeProvider) -> None:
    sent = company.app.test_client().get("/sign-in/company")
    back = provider.authorise(sent.location)
    for address in (back, back.replace("state=", "state=x"), back.split("?")[0], back.split("?")[0] + "?error=denied"):
        answer = company.app.test_client().get(address)  # another browser: it has no state of that kind
        assert (answer.status_code, "Начните вход заново" in answer.text) == (403, True)


def test_an_answer_counts_once(company: Site, provider: FakeProvider) -> None:
    browser = company.app.test_client()
    back = provider.authorise(browser.get("/sign-in/company").location)
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403


def test_beginning_again_and_again_does_not_fill_the_cookie(company: Site, provider: FakeProvider) -> None:
    browser = company.app.test_client()
    first = provider.authorise(browser.get("/sign-in/company").location)
    for _ in range(30):
        sent = browser.get("/sign-in/company")
    assert len(sent.headers["Set-Cookie"]) < 1500
    assert browser.get(first).status_code == 403
    assert browser.get(provider.authorise(browser.get("/sign-in/company").location)).status_code == 303


def test_two_tabs_that_begin_at_once_both_end_where_they_wanted(company: Site, provider: FakeProvider) -> None:
    browser = company.app.test_client()
    first = browser.get("/sign-in/company?next=/rules").location
    second = browser.get("/sign-in/company?next=/changes").location
    assert browser.get(provider.authorise(second)).location == "/changes"
    assert browser.get(provider.authorise(first)).location == "/rules"
    assert "anna@example.test" in browser.get("/me").text


def test_a_text_that_says_true_is_true(company: Site, provider: FakeProvider) -> None:
    provider.spoil = {"email_verified": "true"}
    assert come_in(company, provider)[1].status_code == 303


def test_what_the_id_token_lacks_is_asked_of_userinfo(company: Site, provider: FakeProvider) -> None:
    provider.claims = {}
    provider.userinfo = {"email": "boris@example.test", "email_verified": True, "groups": ["support"]}
    assert come_in(company, provider)[1].location == "/mine"
    provider.userinfo |= {"sub": "2"}  # somebody else
    assert come_in(company, provider)[1].status_code == 403


def test_userinfo_does_not_overrule_the_id_token(company: Site, provider: FakeProvider) -> None:
    provider.claims = {"email": "boris@example.test", "email_verified": True}
    provider.userinfo = {"email": "anna@example.test", "email_verified": True, "groups": ["support"]}
    come_in(company, provider)
    assert company.changes("signed_in")[0].who == "boris@example.test"


def test_a_claim_may_lie_deeper(company: Site, provider: FakeProvider) -> None:
    set_access(company, TABLE.replace("claim: groups", "claim: realm_access.roles"))
    boris = {"email": "boris@example.test", "email_verified": True}
    for claims in ({"realm_access": {"roles": ["support-leads"]}}, {"realm_access.roles": "support-leads"}):
        provider.claims = boris | claims
        assert come_in(company, provider)[1].location == "/board"
    for wrong in ({"realm_access": ["support-leads"]}, {"realm_access": {"roles": {"support-leads": 1}}}):
        provider.claims = boris | wrong
        assert come_in(company, provider)[1].status_code == 403


def test_a_role_that_access_yml_takes_away_ends_the_session(company: Site, provider: FakeProvider) -> None:
    provider.claims = {"email": "boris@example.test", "email_verified": True, "groups": ["support-leads"]}
    browser, _ = come_in(company, provider)
    assert browser.get("/board").status_code == 200
    set_access(company, TABLE.replace("support-leads: lead", "support-leads: agent"))
    assert browser.get("/board").location.startswith("/sign-in")
    assert come_in(company, provider)[1].location == "/mine"


def test_the_way_on_stays_here(company: Site, provider: FakeProvider) -> None:
    _, answer = come_in(company, provider, "/sign-in/company?next=https://evil.example/")
    assert answer.location == "/state"


def test_a_provider_that_is_down_is_said(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = {"OIDC_ISSUER": "http://127.0.0.1:9", "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET}
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, **env) as site:
        answer = site.app.test_client().get("/sign-in/company")
        assert answer.status_code == 503
        assert "не отвечает" in answer.text


def test_without_a_provider_there_is_no_such_door(site: Site) -> None:
    for path in ("/sign-in/company", "/sign-in/company/back"):
        assert site.app.test_client().get(path).status_code == 404


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys"])
def test_a_provider_that_redirects_is_not_followed(company: Site, provider: FakeProvider, path: str) -> None:
    provider.moved = {path: "https://sso.example.test/login?token=a-secret"}
    browser = company.app.test_client()
    with structlog.testing.capture_logs() as logs:
        sent = browser.get("/sign-in/company")
        answer = browser.get(provider.authorise(sent.location)) if sent.status_code == 302 else sent
    assert answer.status_code in (403, 503)
    assert browser.get("/state").status_code == 303
    (line,) = [one for one in logs if one["event"] == "no sign-in by the provider"]
    assert line["detail"] == "302: redirects to sso.example.test"


@pytest.mark.parametrize("answer", ["[]", "5", "{}", "<html>log in", '{"keys": 1, "issuer": 1}'])
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys", "/userinfo"])
def test_a_page_that_is_no_providers_opens_nothing(
    company: Site, provider: FakeProvider, path: str, answer: str
) -> None:
    provider.userinfo, provider.pages = {"sub": "1"}, {path: answer}
    provider.claims = {}
    browser = company.app.test_client()
    sent = browser.get("/sign-in/company")
    shown = browser.get(provider.authorise(sent.location)) if sent.status_code == 302 else sent
    assert shown.status_code in (403, 503)
    assert browser.get("/state").status_code == 303


def test_the_way_back_leads_to_the_address_that_was_set_whatever_the_host_says(
    company: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = company.process.settings.model_copy(update={"public_url": "https://bot.example"})
    monkeypatch.setitem(company.process.__dict__, "settings", settings)
    sent = company.client.get("/sign-in/company", headers={"Host": "evil.example"})
    back = parse_qs(urlsplit(sent.location).query)["redirect_uri"]
    assert back == ["https://bot.example/sign-in/company/back"]


def test_the_provider_is_reached_by_the_proxy_without_anybodys_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, authority = "sso.example.test", Authority(tmp_path)
    (tmp_path / ".netrc").write_text("default login of-somebody-else password of-somebody-else\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    told = {"issuer": f"https://{host}", "authorization_endpoint": f"https://{host}/authorize"}
    env = {"OIDC_ISSUER": f"https://{host}", "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET}
    app = Flask("pages")
    app.secret_key = "an-invented-secret-key"
    with Wire(lambda _: [answer(json.dumps(told).encode())], tunnel=authority.server(host)) as proxy:
        env |= {"HTTPS_PROXY": proxy.url, "REQUESTS_CA_BUNDLE": str(authority.file)}
        provider = Provider.of(Settings.read(env))
        with app.test_request_context():
            sent: Any = provider.send("https://bot.example.test/back", None) if provider else None
        asked, request = proxy.heard
    assert sent.location.startswith(f"https://{host}/authorize?")
    assert asked.startswith(f"CONNECT {host}:443".encode())
    assert b"authorization" not in request.lower()
