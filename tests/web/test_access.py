"""Who may see and do what."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config.access import ROLES
from desk.clock import machine_now
from store.tables import metadata
from tests.databases import Sqlite
from tests.web.site import RAW, Site, opened
from web.access import people, roles, sessions, tries
from web.access.people import SANDBOX_PASSWORD, SANDBOX_USERS
from web.access.roles import door
from web.access.tokens import Program

OPEN = ["/health/live", "/health/ready", "/metrics", "/openapi.json", "/static/style.css", "/sign-in"]
PAGES = [
    "/state",
    "/state/sources",
    "/deliveries",
    "/dead",
    "/rules",
    "/rules/W-57",
    "/try",
    "/files",
    "/people",
    "/changes",
    "/me",
]


def sign_in(
    site: Site, email: str = "admin@example.test", password: str = SANDBOX_PASSWORD, query: str = ""
) -> tuple[FlaskClient, TestResponse]:
    """The form of the sign-in page, sent by a browser of its own; the browser and the answer."""
    browser = site.app.test_client()
    page = browser.get("/sign-in" + query).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"csrf_token": token[1], "email": email, "password": password}
    return browser, browser.post("/sign-in" + query, data=form)


class TestTheTable:
    """Every route has a line, and every line is obeyed."""

    @staticmethod
    def routes(app: Flask) -> list[tuple[str, str, str]]:
        """Every endpoint with a method and an address that fits its rule."""
        values = {"number": 1, "source": "webcrm", "delivery_id": "d-1", "rule": "W-57", "filename": "style.css"}
        found = []
        for rule in app.url_map.iter_rules():
            with app.test_request_context():
                adapter = app.url_map.bind("localhost")
                path = adapter.build(rule.endpoint, {name: values.get(name, "x") for name in rule.arguments})
            found += [(rule.endpoint, method, path) for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}]
        return found

    def test_every_route_has_a_line_and_every_line_a_route(
        self, sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usedesk = {"USEDESK_PATH_TOKEN": "sandbox", "USEDESK_TOKEN": "t", "USEDESK_AGENT_ID": "1"}
        with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, **usedesk) as site:
            endpoints = {rule.endpoint for rule in site.app.url_map.iter_rules()}
        assert {endpoint for endpoint in endpoints if door(endpoint) is None} == set()
        table = roles._table()
        lines = {*table["open"], *table["programs"], *table["pages"]}
        assert lines - endpoints == set()
        listed = {endpoint for group in table["menu"].values() for endpoint in group}
        assert listed | set(table["home"].values()) <= set(table["pages"])
        signed = {"framed", "block", "usedesk_block", "ping"}  # signed by the bot; two are there with Usedesk's
        set_up = {"jira_automation_webhooks", "forge_webhooks"}  # there once somebody has set them up
        doors = {endpoint.split(".")[0] for endpoint in endpoints if "webhooks" in endpoint} | set_up
        assert set(table["senders"]) == doors | signed

    def test_a_route_without_a_line_opens_for_nobody(self, site: Site) -> None:
        site.app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
        for role in ("", *ROLES):
            answer = site.get("/forgotten", role)
            assert (answer.status_code, "secret" in answer.text) == (403, False)

    def test_every_route_for_every_role(self, site: Site) -> None:
        secret: dict[str, str] = {
            role: people.add_token(site.engine, f"t-{role}", role, people.operator()) for role in ROLES
        }
        for endpoint, method, path in self.routes(site.app):
            found = door(endpoint)
            assert found is not None
            kind, least = found
            for role in ("", *ROLES):
                told = f"{method} {path} as {role or 'nobody'}"
                if kind == "page":
                    data = {"csrf_token": site.token(), "mode": "warn"} if method == "POST" else None
                    self.check_page(site, (method, path, role, least), data, told)
                elif kind == "program":
                    bearer = {"Authorization": f"Bearer {secret[role] if role else ''}"}
                    status = site.client.open(path, method=method, headers=bearer).status_code
                    expected = 401 if not role else 403 if not roles.may(role, least) else None
                    assert status == expected if expected else status not in (401, 403), told
                elif kind == "open" and method == "GET" and endpoint != "entrance.from_provider":
                    with site.get(path, role) as answer:
                        assert answer.status_code in (200, 303, 404), told

    @staticmethod
    def check_page(site: Site, asked: tuple[str, str, str, str], data: dict[str, str] | None, told: str) -> None:
        """Nobody is sent to the sign-in, a lower role is refused, the others come in."""
        method, path, role, least = asked
        browser = site.app.test_client()  # signing out and the like must not spoil the next
        if role:
            site.signed_in(browser, f"{role}@example.test", role)
        else:
            with browser.session_transaction() as session:
                session["csrf_token"] = RAW
        answer = browser.open(path, method=method, data=data)
        if not role:
            assert answer.status_code == 303, told
            assert answer.location.startswith("/sign-in"), told
        elif not roles.may(role, least):
            assert answer.status_code == 403, told
            assert "Вашей роли эта страница не открыта" in answer.text
        else:
            assert answer.status_code in (200, 303, 404), told

    def test_the_menu_shows_what_is_open(self, site: Site) -> None:
        for role in ROLES:
            page = site.browser(role).get("/me").text
            for endpoint in (one for group in roles._table()["menu"].values() for one in group):
                path = next(rule.rule for rule in site.app.url_map.iter_rules() if rule.endpoint == endpoint)
                assert (f'<a href="{path}">' in page) == roles.may_enter(role, endpoint)

    @pytest.mark.parametrize(("role", "path"), [("agent", "/mine"), ("lead", "/board"), ("admin", "/state")])
    def test_the_first_page_is_the_roles_own(self, site: Site, role: str, path: str) -> None:
        assert site.get("/", role).location == path


class TestSigningIn:
    """By a password."""

    @pytest.mark.parametrize("role", ROLES)
    def test_the_sandboxs_users(self, site: Site, role: str) -> None:
        browser, answer = sign_in(site, f"{role}@example.test")
        assert (answer.status_code, answer.location) == (
            303,
            {"agent": "/mine", "lead": "/board", "admin": "/state"}[role],
        )
        assert f"{role}@example.test" in browser.get("/me").text
        (row,) = site.changes("signed_in")
        assert (row.who, row.door, row.target) == (f"{role}@example.test", "password", role)

    def test_whoever_is_signed_in_goes_on(self, site: Site) -> None:
        assert site.get("/sign-in").location == "/state"
        assert site.get("/sign-in?next=/rules", "agent").location == "/rules"
        assert site.get("/sign-in?next=//evil.example", "agent").location == "/mine"

    def test_they_open_nothing_but_a_sandbox(
        self, sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = sqlite.fresh(tmp_path)
        with opened(url, tmp_path, monkeypatch) as site:
            assert sign_in(site)[1].status_code == 303
        production = {"SMEZHNIK_SANDBOX": "", "JIRA_WEBHOOK_SECRETS": "an-invented-long-secret"}
        own: tuple[str, ...] = ("API_TOKENS", "SECRET_KEY", "JIRA_TOKEN", "WEBCRM_TOKEN")
        own += ("USEDESK_TOKEN", "USEDESK_SECRET", "USEDESK_PATH_TOKEN")
        production |= dict.fromkeys(own, "an-invented-long-secret")
        production |= {"JIRA_URL": "https://jira.example", "WEBCRM_URL": "https://crm.example"}
        production |= {"WEBCRM_WEBHOOK_SECRETS": "whsec_YW4taW52ZW50ZWQtbG9uZy1zZWNyZXQtb2YtMzItYg=="}
        with opened(url, tmp_path, monkeypatch, **production) as site:
            browser, answer = sign_in(site)
            assert answer.status_code == 401
            assert "example.test" not in browser.get("/sign-in").text
            people.add_user(site.engine, "Anna@Example.com", "lead", "pony-cactus-7-evening", people.operator())
            assert sign_in(site, " anna@example.COM ", "pony-cactus-7-evening")[1].location == "/board"

    def test_without_any_user_the_page_says_how_to_make_one(
        self, sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch) as site:
            for email in SANDBOX_USERS:
                people.remove_user(site.engine, email, people.operator())
            object.__setattr__(site.process.settings, "smezhnik_sandbox", False)
            assert "flask --app app user add" in site.app.test_client().get("/sign-in").text

    @pytest.mark.parametrize(
        ("email", "password"), [("admin@example.test", "sandbo"), ("nobody@example.test", "sandbox"), ("", "")]
    )
    def test_a_wrong_password_is_told_and_written_down(self, site: Site, email: str, password: str) -> None:
        browser, answer = sign_in(site, email, password)
        assert answer.status_code == 401
        assert "Почта или пароль не подошли" in answer.text
        assert browser.get("/me").status_code == 303
        assert [row.who for row in site.changes("sign_in_refused")] == [email or "—"]

    def test_a_password_in_the_wrong_field_is_not_written_down(self, site: Site) -> None:
        sign_in(site, "my-secret-password", "x")
        assert "my-secret" not in str(site.changes("sign_in_refused"))

    def test_the_key_is_new_after_the_sign_in(self, site: Site) -> None:
        browser, _ = sign_in(site)
        with browser.session_transaction() as session:
            first = session["key"]
        thief = site.app.test_client()
        with thief.session_transaction() as session:  # a cookie that somebody planted before the sign-in
            session["key"], session["csrf_token"] = "planted", RAW
        form = {"csrf_token": site.token(), "email": "admin@example.test", "password": "sandbox"}
        assert thief.post("/sign-in", data=form).status_code == 303
        with thief.session_transaction() as session:
            second, csrf = session["key"], session.get("csrf_token")
        assert len({first, second, "planted"}) == 3
        assert csrf != RAW
        planted = site.app.test_client()
        with planted.session_transaction() as session:
            session["key"] = "planted"
        assert planted.get("/me").status_code == 303

    def test_signing_out_ends_the_session_for_good(self, site: Site) -> None:
        browser, _ = sign_in(site)
        with browser.session_transaction() as session:
            kept = dict(session)
        token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/me").text)
        assert token
        assert browser.post("/sign-out", data={"csrf_token": token[1]}).location == "/sign-in?told=out"
        with browser.session_transaction() as session:
            session.update(kept)  # the cookie of before, as a thief may have kept it
        assert browser.get("/me").status_code == 303

    @pytest.mark.parametrize(
        "given",
        [
            {"seen_at": datetime.now(UTC) - timedelta(hours=3)},
            {"created_at": datetime.now(UTC) - timedelta(hours=13)},
        ],
        ids=["idle", "absolute"],
    )
    def test_a_session_ends(self, site: Site, given: dict[str, datetime]) -> None:
        browser = site.app.test_client()
        site.signed_in(browser, "admin@example.test", "admin", **given)
        assert browser.get("/state").location == "/sign-in?next=/state"

    def test_a_page_is_a_sign_of_life(self, site: Site) -> None:
        browser = site.app.test_client()
        before = datetime.now(UTC) - timedelta(minutes=90)
        site.signed_in(browser, "admin@example.test", "admin", seen_at=before)
        assert browser.get("/state").status_code == 200
        with site.engine.connect() as connection:
            seen = connection.execute(sa.select(metadata.tables["sessions"].c.seen_at)).scalar_one()
        assert seen > before

    def test_who_is_removed_or_gets_another_password_is_out(self, site: Site) -> None:
        for act in (
            lambda email: people.set_password(site.engine, email, "copper-nail-9-morning", people.operator()),
            lambda email: people.remove_user(site.engine, email, people.operator()),
        ):
            browser = site.app.test_client()
            site.signed_in(browser, "lead@example.test", "lead")
            assert browser.get("/me").status_code == 200
            assert act("lead@example.test")
            assert browser.get("/me").status_code == 303

    def test_a_role_that_was_taken_away_ends_the_session(self, site: Site) -> None:
        browser = site.app.test_client()
        site.signed_in(browser, "lead@example.test", "lead")
        with site.engine.begin() as connection:
            less = sa.update(metadata.tables["users"]).where(sa.column("email") == "lead@example.test")
            connection.execute(less.values(role="agent"))
        assert browser.get("/me").status_code == 303

    def test_the_form_of_another_tab_leads_on_when_somebody_is_signed_in(self, site: Site) -> None:
        browser, _ = sign_in(site)
        old = {"csrf_token": "of-before", "email": "admin@example.test", "password": SANDBOX_PASSWORD}
        answer = browser.post("/sign-in?next=/rules", data=old)
        assert (answer.status_code, answer.location) == (303, "/sign-in?next=/rules")
        assert browser.get(answer.location).location == "/rules"
        assert site.app.test_client().post("/sign-in", data=old).status_code == 400

    def test_the_cookie_is_kept_from_scripts_and_from_other_sites(self, site: Site) -> None:
        _, answer = sign_in(site)
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        secure = site.app.test_client().get("/sign-in", base_url="https://bot.example")
        assert "Secure" in secure.headers["Set-Cookie"]

    def test_odd_names_are_refused_like_others(self, any_site: Site) -> None:
        for email in ("\x00", "a\x00@example.test", "я" * 999, "' OR 1=1 --"):
            assert sign_in(any_site, email, "x\x00")[1].status_code == 401

    def test_guessing_is_slowed_down(self, site: Site) -> None:
        statuses = [sign_in(site, "lead@example.test", f"guess-{n}")[1].status_code for n in range(11)]
        assert statuses == [401] * 10 + [429]
        _, answer = sign_in(site, "lead@example.test")  # the right one now is not tried either
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert "Подождите" in answer.text
        assert sign_in(site)[1].status_code == 303  # others are not held up

    def test_one_address_may_not_try_all_accounts(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(people, "check_password_hash", lambda *_: False)  # slow by design
        moment = machine_now()
        monkeypatch.setattr(tries, "machine_now", lambda: moment)  # a try comes back every 5 s
        statuses = {sign_in(site, f"u{n}@example.test", "x")[1].status_code for n in range(31)}
        assert statuses == {401, 429}

    def test_who_guesses_from_elsewhere_does_not_lock_out_the_owner(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = ["203.0.113.1"]
        for module in (sessions, tries):
            monkeypatch.setattr(module, "address", lambda: here[0])
        assert sign_in(site, "lead@example.test")[1].status_code == 303
        for number in range(12):
            here[0] = f"198.51.100.{number}"
            last = sign_in(site, "lead@example.test", "guess")[1].status_code
        assert last == 429
        assert sign_in(site, "lead@example.test")[1].status_code == 429  # from where nobody knows the owner
        here[0] = "203.0.113.1"
        assert sign_in(site, "lead@example.test")[1].status_code == 303

    def test_right_sign_ins_are_no_tries(self, site: Site) -> None:
        assert [sign_in(site)[1].status_code for _ in range(12)] == [303] * 12
        assert [sign_in(site, password="guess")[1].status_code for _ in range(11)] == [401] * 10 + [429]

    def test_behind_a_proxy_the_address_is_the_browsers(
        self, sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, TRUSTED_PROXIES="1") as site:
            headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7", "X-Forwarded-Proto": "https"}
            answer = site.app.test_client().get("/sign-in", headers=headers)
            assert "Secure" in answer.headers["Set-Cookie"]
            form = {"csrf_token": site.token(), "email": "x@example.test", "password": "x"}
            browser = site.app.test_client()
            with browser.session_transaction() as session:
                session["csrf_token"] = RAW
            browser.post("/sign-in", data=form, headers=headers)
            assert [row.address for row in site.changes("sign_in_refused")] == ["203.0.113.7"]

    @pytest.mark.parametrize(
        "onward",
        [
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "javascript:alert(1)",
            "/%0d%0aSet-Cookie: a=b",
            "/x\r\nSet-Cookie: a=b",
            "evil.example",
            "",
        ],
    )
    def test_the_way_on_stays_here(self, site: Site, onward: str) -> None:
        _, answer = sign_in(site, query=f"?next={quote(onward)}")
        assert answer.location in ("/state", "/%0d%0aSet-Cookie:%20a=b")
        assert "evil" not in answer.location
        assert "a=b" not in answer.headers.get("Set-Cookie", "")

    def test_the_way_on_is_where_one_wanted_to_go(self, site: Site) -> None:
        asked = site.app.test_client().get("/deliveries?q=FBO-7&state=dead").location
        assert sign_in(site, query=asked.removeprefix("/sign-in"))[1].location == "/deliveries?q=FBO-7&state=dead"


class TestOwnPage:
    """What everybody may do for themselves."""

    def test_another_password(self, site: Site) -> None:
        other = site.app.test_client()
        site.signed_in(other, "agent@example.test", "agent")
        for form, told in (
            ({"present": "wrong", "new": "pony-cactus-7-evening"}, "wrong_password"),
            ({"present": "sandbox", "new": "short"}, "short_password"),
            ({"present": "sandbox", "new": "long " * 51}, "long_password"),
            ({"present": "sandbox", "new": "password123"}, "common_password"),
            ({"present": "sandbox", "new": "йцукенгшщзхъ"}, "common_password"),
            ({"present": "sandbox", "new": "agent@example.test"}, "common_password"),
            ({"present": "sandbox", "new": "pony-cactus-7-evening"}, "password_set"),
        ):
            assert site.post("/me/password", "agent", **form).location == f"/me?told={told}"
        assert site.get("/me", "agent").status_code == 200
        assert other.get("/me").status_code == 303
        assert sign_in(site, "agent@example.test", "pony-cactus-7-evening")[1].status_code == 303

    def test_the_other_sessions(self, site: Site) -> None:
        other = site.app.test_client()
        site.signed_in(other, "agent@example.test", "agent", address="203.0.113.7")
        assert "203.0.113.7" in site.get("/me", "agent").text
        site.post("/me/others", "agent")
        assert other.get("/me").status_code == 303
        assert "Других сеансов нет" in site.get("/me", "agent").text


class TestForms:
    """A button counts only when it was pressed on our own page."""

    def test_without_its_token_every_form_is_refused(self, site: Site) -> None:
        number = site.add(state="dead")
        for endpoint, method, path in TestTheTable.routes(site.app):
            found = door(endpoint)
            if method == "POST" and found is not None and found[0] in ("page", "open"):
                for form in ({}, {"csrf_token": ""}, {"csrf_token": "1.2.3"}, {"csrf_token": site.token()[:-1]}):
                    answer = site.browser("admin").post(path.replace("/1/", f"/{number}/"), data=form)
                    if path == "/sign-in":  # whoever is signed in already is led on
                        assert answer.location == "/sign-in"
                        continue
                    assert answer.status_code == 400, path
                    assert "обновите" in answer.text
        assert site.state(number) == "dead"
        assert site.get("/me").status_code == 200

    def test_an_old_form_and_another_sessions_form_are_refused(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        number = site.add(state="dead")
        with site.browser("admin").session_transaction() as session:
            session["csrf_token"] = "another"
        assert site.post(f"/deliveries/{number}/replay").status_code == 400
        with site.browser("admin").session_transaction() as session:
            session["csrf_token"] = RAW
        monkeypatch.setitem(site.app.config, "WTF_CSRF_TIME_LIMIT", -1)
        assert site.post(f"/deliveries/{number}/replay").status_code == 400
        assert site.state(number) == "dead"

    def test_senders_and_programs_need_no_form(self, site: Site) -> None:
        assert site.client.post("/webhooks/jira", data=b"{}").status_code == 401
        site.add(delivery_id="evt-1", state="dead")
        assert site.api("/deliveries/webcrm/evt-1/replay", method="POST").status_code == 202

    def test_nothing_is_changed_by_looking(self, site: Site) -> None:
        changing = {path for endpoint, method, path in TestTheTable.routes(site.app) if method == "POST"}
        for path in changing - {"/sign-in", "/try"}:
            if path.startswith("/api") or path.startswith("/webhooks"):
                continue
            assert site.get(path).status_code == 405, path


class TestTokens:
    """Programs."""

    def test_those_of_the_environment_may_do_all(
        self, sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, API_TOKENS="first-token,second-token") as site:
            assert site.client.get("/api/deliveries").status_code == 401
            assert site.api("/deliveries", "first-token,second-token").status_code == 401
            for token in ("first-token", "second-token"):
                assert site.api("/deliveries", token).status_code == 200
            assert site.api("/deliveries/jira/x/replay", "third", "POST").status_code == 401
            assert site.api("/deliveries/jira/x/replay", "first-token", "POST").status_code == 404

    def test_without_any_the_api_is_closed(
        self, sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, API_TOKENS="") as site:
            closed = site.api("/deliveries", token="")
            assert closed.status_code == 403
            assert "flask token add" in closed.json["error"]["fix"]

    def test_one_of_the_store_is_kept_as_a_hash_counts_its_use_and_is_revoked(self, site: Site) -> None:
        secret = people.add_token(site.engine, "crm", "lead", people.operator())
        assert secret is not None
        assert people.add_token(site.engine, "crm", "admin", people.operator()) is None
        assert site.api("/deliveries", secret).status_code == 200
        with site.engine.connect() as connection:
            row = connection.execute(sa.select(metadata.tables["api_tokens"])).one()
        assert row.used_at is not None
        assert secret not in str(row)
        assert people.revoke_token(site.engine, "crm", people.operator())
        assert site.api("/deliveries", secret).status_code == 401
        assert not people.revoke_token(site.engine, "crm", people.operator())

    def test_what_it_changes_is_written_down_by_its_name(self, site: Site) -> None:
        secret = people.add_token(site.engine, "crm", "admin", people.operator())
        site.add(delivery_id="evt-1", state="dead", reason="503")
        site.api("/deliveries/webcrm/evt-1/replay", str(secret), "POST")
        (row,) = site.changes("replayed")
        assert (row.who, row.door, row.target, row.before) == ("crm", "token", "webcrm/evt-1", "dead")

    @pytest.mark.parametrize(("role", "seen"), [("lead", False), ("admin", True)])
    def test_a_role_sees_no_more_of_people_than_it_needs(self, site: Site, role: str, seen: bool) -> None:
        secret = people.add_token(site.engine, "t", role, people.operator())  # type: ignore[arg-type] # parametrised
        number = site.add(delivery_id="evt-1")
        site.step(
            number, after={"seller": {"name": "ООО Ромашка", "email": "r@example.test", "id": "7"}, "key": "FBO-1"}
        )
        told = site.api("/deliveries/webcrm/evt-1", str(secret)).text
        assert ("Ромашка" in told or "\\u0420\\u043e\\u043c" in told) == seen
        assert "r@example.test" not in told
        assert "FBO-1" in told


@pytest.mark.parametrize("path", OPEN)
def test_open_doors_say_nothing_secret(site: Site, path: str) -> None:
    with site.client.get(path) as response:
        text = response.get_data(as_text=True)
    assert response.status_code == 200
    for name, value in site.env.items():
        if any(word in name for word in ("SECRET", "TOKEN", "PASSWORD")) and len(value) > len("sandbox"):
            assert value not in text, name


@pytest.mark.parametrize("path", [*PAGES, "/sign-in", "/deliveries/1", "/no-such-page", "/api/deliveries"])
def test_browsers_are_kept_careful(site: Site, path: str) -> None:
    site.step(site.add(state="dead", reason="503"))
    answer = site.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    page = answer.text
    assert re.search(r"<script(?! src=\"/(static|bootstrap)/)", page) is None
    assert "<style" not in page
    assert " style=" not in page
    assert re.search(r"<[^>]*\son\w+=", page) is None
    assert re.search(r"(src|href)=\"(https?:)?//(?!webcrm\.example|127\.0\.0\.1)", page) is None


def test_a_program_is_named_with_its_door() -> None:
    with Flask("x").test_request_context(environ_base={"REMOTE_ADDR": "203.0.113.7"}):
        assert Program("crm", "lead", "token").actor.address == "203.0.113.7"
