"""What the world outside sees: addresses in links, numbers behind a token, https."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config import ConfigError
from config.settings import Settings
from tests.databases import Sqlite
from tests.web.site import TOKEN, Site, opened

SPOOFED = {"Host": "evil.example"}


@pytest.fixture
def addressed(sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that knows its address from outside, and whose numbers have a token."""
    known = {"PUBLIC_URL": "https://bot.example/", "METRICS_TOKENS": "one-token-for-numbers, another-token-for-numbers"}
    with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, **known) as made:
        yield made


class TestTheAddressFromOutside:
    def test_links_are_built_from_it_and_not_from_the_host_of_the_request(self, addressed: Site) -> None:
        headers = SPOOFED | {"Authorization": f"Bearer {TOKEN}"}
        linked = addressed.client.get("/api/card-links/webcrm/700", headers=headers).json
        assert linked["url"].startswith("https://bot.example/frame/")
        described = addressed.client.get("/openapi.json", headers=SPOOFED | bearer("one-token-for-numbers"))
        assert described.json["servers"] == [{"url": "https://bot.example"}]

    def test_without_it_the_host_of_the_request_is_all_there_is(self, site: Site) -> None:
        assert site.client.get("/openapi.json", headers=SPOOFED).json["servers"] == [{"url": "http://evil.example"}]

    def test_redirects_stay_where_they_are(self, addressed: Site) -> None:
        for path in ("/", "/report"):
            location = addressed.client.get(path, headers=SPOOFED).location
            assert location.startswith("/sign-in")

    @pytest.mark.parametrize("url", ["http://bot.example", "https://bot.example/smezhnik", "bot.example"])
    def test_what_is_no_address_is_refused(self, url: str) -> None:
        with pytest.raises(ConfigError, match="PUBLIC_URL"):
            Settings.read({"PUBLIC_URL": url})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class TestNumbersBehindAToken:
    @pytest.mark.parametrize("path", ["/metrics", "/openapi.json"])
    def test_only_a_right_token_opens_them(self, addressed: Site, path: str) -> None:
        for headers in (
            {},
            bearer("one-token"),
            bearer(TOKEN),
            {"Authorization": "Basic b25lOnR3bw=="},
            bearer("\u00e9"),
        ):
            refused = addressed.client.get(path, headers=headers)
            assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert b"smezhnik_" not in refused.data
        for token in ("one-token-for-numbers", "another-token-for-numbers"):
            assert addressed.client.get(path, headers=bearer(token)).status_code == 200

    @pytest.mark.parametrize("path", ["/metrics", "/openapi.json"])
    def test_without_one_set_they_are_open(self, site: Site, path: str) -> None:
        assert site.client.get(path).status_code == 200

    def test_health_tells_the_rest_of_the_world_only_whether_it_is_ready(self, addressed: Site) -> None:
        assert addressed.client.get("/health/live").json == {"status": "live"}
        assert addressed.client.get("/health/ready").json == {"status": "ready"}
        told = addressed.client.get("/health/ready", headers=bearer("one-token-for-numbers")).json
        assert {"systems", "clock", "workers"} <= set(told)

    def test_a_short_one_is_refused_on_a_server(self) -> None:
        given = Settings.read({"METRICS_TOKENS": "short"})
        assert any("METRICS_TOKENS" in str(fault) for fault in given.missing_for_production())


class TestHttps:
    @pytest.mark.parametrize(
        "path", ["/sign-in", "/static/theme.js", "/health/live", "/no-such-page", "/webhooks/jira"]
    )
    def test_over_https_browsers_are_told_to_keep_to_it(self, site: Site, path: str) -> None:
        with site.client.get(path, base_url="https://bot.example") as answer:
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        with site.client.get(path, base_url="http://bot.example") as answer:
            assert "Strict-Transport-Security" not in answer.headers

    @pytest.mark.parametrize(("proxies", "told"), [("0", False), ("1", True)])
    def test_only_a_trusted_proxy_says_that_it_was_https(
        self, sqlite: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxies: str, told: bool
    ) -> None:
        with opened(sqlite.fresh(tmp_path), tmp_path, monkeypatch, TRUSTED_PROXIES=proxies) as site:
            answer = site.client.get("/sign-in", headers={"X-Forwarded-Proto": "https"})
        assert ("Strict-Transport-Security" in answer.headers) is told
