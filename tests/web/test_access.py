"""Who may see what."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.databases import Sqlite
from tests.web.site import Site, basic, opened

OPEN = ["/health/live", "/health/ready", "/metrics", "/openapi.json", "/static/style.css"]


@pytest.mark.parametrize("path", ["/", "/deliveries/1"])
def test_pages_want_the_password(site: Site, path: str) -> None:
    site.add()
    refused = site.client.get(path)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic")
    assert "CONSOLE_PASSWORD" in refused.text
    for wrong in ("", "sandbo", "sandboxx", "пароль"):
        assert site.get(path, wrong).status_code == 401
    assert site.client.get(path, headers={"Authorization": "Bearer sandbox"}).status_code == 401
    assert site.get(path).status_code == 200


def test_any_user_name_will_do(site: Site) -> None:
    assert site.client.get("/", headers=basic("sandbox", "кто угодно")).status_code == 200
    assert site.client.get("/", headers=basic("sandbox", "")).status_code == 200


def test_a_password_may_be_in_russian(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, CONSOLE_PASSWORD="пароль и знаки: №") as site:
        assert site.get("/", "пароль и знаки: №").status_code == 200
        assert site.get("/", "пароль").status_code == 401


def test_without_a_password_there_are_no_pages(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, CONSOLE_PASSWORD="") as site:
        for path in ("/", "/deliveries/1"):
            closed = site.get(path, "")
            assert closed.status_code == 404
            assert "Чтобы включить, задайте переменную CONSOLE_PASSWORD" in closed.text
        assert site.post("/deliveries/1/replay").status_code == 404
        assert site.client.get("/health/ready").status_code == 200


def test_without_tokens_the_api_is_closed(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, API_TOKENS="") as site:
        closed = site.api("/deliveries", token="")
        assert closed.status_code == 403
        assert "API_TOKENS" in closed.json["error"]["fix"]


def test_the_api_wants_one_of_the_tokens(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, API_TOKENS="first-token,second-token") as site:
        assert site.client.get("/api/deliveries").status_code == 401
        assert site.client.get("/api/deliveries", headers=basic("first-token")).status_code == 401
        assert site.api("/deliveries", "first-token,second-token").status_code == 401
        assert site.api("/deliveries", "first-token").status_code == 200
        assert site.api("/deliveries", "second-token").status_code == 200
        assert site.api("/deliveries/jira/x/replay", "third", "POST").status_code == 401


@pytest.mark.parametrize("path", OPEN)
def test_open_doors_say_nothing_secret(site: Site, path: str) -> None:
    with site.client.get(path) as response:
        text = response.text
    assert response.status_code == 200
    for name, value in site.env.items():
        if any(word in name for word in ("SECRET", "TOKEN", "PASSWORD")) and len(value) > len("sandbox"):
            assert value not in text, name


@pytest.mark.parametrize("path", ["/", "/deliveries/1", "/no-such-page", "/api/deliveries", "/health/ready"])
def test_browsers_are_kept_careful(site: Site, path: str) -> None:
    site.add()
    headers = site.get(path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/deliveries/1"])
def test_pages_load_nothing_from_elsewhere_and_nothing_inline(site: Site, path: str) -> None:
    site.step(site.add(state="dead", reason="503"))
    page = site.text(path)
    assert "<script" not in page
    assert "<style" not in page
    assert " style=" not in page
    assert " on" not in "".join(part.split(">")[0] for part in page.split("<") if "=" in part).replace(" open", "")
    assert 'src="http' not in page


class TestButtons:
    """A button counts only when it was pressed on our own page."""

    @staticmethod
    def token(site: Site, number: int) -> str:
        page = site.text(f"/deliveries/{number}")
        return page.split('name="token" value="')[1].split('"')[0]

    def test_without_its_token_a_form_is_refused(self, site: Site) -> None:
        number, other = site.add(state="dead"), site.add(state="dead")
        token = self.token(site, other)
        for form in ({}, {"token": ""}, {"token": "1.2.3"}, {"token": token}, {"token": token[:-1]}):
            for action in ("replay", "drop"):
                refused = site.post(f"/deliveries/{number}/{action}", **form)
                assert refused.status_code == 400
                assert "обновите" in refused.text
        assert site.state(number) == "dead"

    def test_without_the_password_a_form_is_refused(self, site: Site) -> None:
        number = site.add(state="dead")
        token = self.token(site, number)
        assert site.client.post(f"/deliveries/{number}/replay", data={"token": token}).status_code == 401
        assert site.state(number) == "dead"

    def test_an_old_form_is_refused(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        number = site.add(state="dead")
        token = self.token(site, number)
        monkeypatch.setattr("web.access._FORM_LIVES", -1)
        assert site.post(f"/deliveries/{number}/replay", token=token).status_code == 400

    def test_replay(self, site: Site) -> None:
        number = site.add(state="dead", reason="503", attempts=6)
        answer = site.post(f"/deliveries/{number}/replay", token=self.token(site, number))
        assert answer.status_code == 303
        assert "Запущено ещё раз" in site.text(answer.location)
        assert site.state(number) == "waiting"

    def test_drop(self, site: Site) -> None:
        number = site.add(state="dead", case_id="webcrm:7", reason="503")
        held = site.add(state="waiting", case_id="webcrm:7")
        answer = site.post(f"/deliveries/{number}/drop", token=self.token(site, number))
        assert "Отброшено" in site.text(answer.location)
        assert site.state(number) == "ignored"
        row = site.api("/deliveries?case=webcrm:7&state=waiting").json["deliveries"][0]
        assert (row["id"], row["due_at"] is not None) == (held, True)

    def test_what_is_running_or_was_not_understood_cannot_be_replayed(self, site: Site) -> None:
        for given in ({"state": "running"}, {"state": "ignored", "event": None}):
            number = site.add(**given)
            page = site.text(f"/deliveries/{number}")
            assert "Повторить" not in page
            assert "Отбросить" not in page
        other = site.add(state="dead")
        token = self.token(site, other)
        site.post(f"/deliveries/{other}/replay", token=token)
        answer = site.post(f"/deliveries/{other}/drop", token=token)
        assert "Сейчас этого сделать нельзя" in site.text(answer.location)
        assert site.state(other) == "waiting"
