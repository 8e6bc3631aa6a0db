"""Proxies, certificates and `.netrc`: every client goes the way that the environment says, with its own credentials."""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config import Config, load
from config.settings import Settings
from desk.chats import ChatMessage, Chats, receivers
from desk.circuit_breaker import Down, Onlooker
from desk.crm.client import WebCrm
from desk.http import session_for
from desk.jira.client import JiraSite
from desk.network import Network
from desk.places import Places
from desk.usedesk.client import Usedesk, UsedeskAccount
from desk.usedesk.limit import Limit
from store.database import connect
from tests.bot import environment
from tests.certificates import Authority
from tests.databases import Sqlite
from tests.wire import Wire, answer

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "system.example.test"
NETRC = "default login of-somebody-else password of-somebody-else\n"
BOT = b"Basic " + b64encode(b"bot@example.test:sandbox")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who has signed the certificates of all servers here."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def shipped() -> Config:
    """The shipped configuration, whose Jira is somewhere else."""
    given = environment(f"https://{HOST}", "sqlite://", Path("var"))
    return load(ROOT / "config", {name: value for name, value in given.items() if name != "SMEZHNIK_SANDBOX"})


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home with a `.netrc` that knows a password for every host, and no environment of the machine's own."""
    (tmp_path / ".netrc").write_text(NETRC)
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    names = ("NETRC", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
    for name in (*names, *map(str.lower, names)):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def say(request: bytes) -> Iterator[bytes]:
    """What each system answers to the probe of its client."""
    for sign, body in ((b"/myself", b'{"accountId": "5b10"}'), (b"/tickets", b'{"id": "0"}'), (b"/groups", b"[]")):
        if sign in request:
            yield answer(body)
            return
    yield answer(b"{}")


Clients = dict[str, Callable[[], object]]


@pytest.fixture
def engine(sqlite: Sqlite, tmp_path: Path) -> Iterator[sa.Engine]:
    """For the limit that Usedesk's calls share."""
    made = connect(sqlite.fresh(tmp_path))
    yield made
    made.dispose()


@pytest.fixture
def clients(engine: sa.Engine, shipped: Config) -> Callable[..., Clients]:
    """One call of each client, in an environment."""

    def make(scheme: str = "https", **env: str) -> Clients:
        network = Network.of(Settings.read(env))
        running, breaker = shipped.runtime, Onlooker(engine, shipped.runtime, lambda *_: None)

        def jira() -> object:
            site = shipped.jira.sites["main"].model_copy(update={"url": f"{scheme}://{HOST}"})
            return JiraSite("main", site, session_for(running.http, network), breaker).myself()

        def webcrm() -> object:
            session = session_for(running.http, network)
            return WebCrm(f"{scheme}://{HOST}", SecretStr("an-invented-token"), session, breaker).ticket("0")

        def usedesk() -> object:
            account = UsedeskAccount(f"{scheme}://{HOST}", SecretStr("an-invented-token"), "1")
            Usedesk(account, session_for(running.http, network), breaker, Limit(engine)).alive()
            return None

        return {"jira": jira, "webcrm": webcrm, "usedesk": usedesk}

    return make


def of(request: bytes, name: bytes) -> bytes | None:
    """A header of a request."""
    lines = request.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return next((value.strip() for key, _, value in (line.partition(b":") for line in lines) if key == name), None)


CREDENTIALS = {"jira": BOT, "webcrm": b"Bearer an-invented-token", "usedesk": None}


@pytest.mark.parametrize("bundle", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
@pytest.mark.parametrize("name", CREDENTIALS)
def test_every_client_goes_through_the_proxys_tunnel(
    authority: Authority, clients: Callable[..., Clients], name: str, bundle: str
) -> None:
    with Wire(say, tunnel=authority.server(HOST)) as proxy:
        url = proxy.url.replace("//", "//proxy-user:proxy-password@")
        clients(**{"HTTPS_PROXY": url, bundle: str(authority.file)})[name]()
        opened, request = proxy.heard
    assert opened.startswith(f"CONNECT {HOST}:443 HTTP/1.".encode())
    assert of(opened, b"Proxy-Authorization") == b"Basic " + b64encode(b"proxy-user:proxy-password")
    assert of(request, b"Host") == HOST.encode()
    assert of(request, b"Authorization") == CREDENTIALS[name]
    assert of(request, b"Proxy-Authorization") is None


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy"])
@pytest.mark.parametrize("name", CREDENTIALS)
def test_plain_http_goes_through_its_own_proxy(clients: Callable[..., Clients], name: str, variable: str) -> None:
    with Wire(say) as proxy:
        clients("http", **{variable: proxy.url.removeprefix("http://")})[name]()
        (request,) = proxy.heard
    assert f" http://{HOST}/".encode() in request.split(b"\r\n")[0]
    assert of(request, b"Authorization") == CREDENTIALS[name]


def test_a_certificate_that_is_not_trusted_trips_the_breaker_and_says_so(
    authority: Authority, clients: Callable[..., Clients], shipped: Config, engine: sa.Engine
) -> None:
    with Wire(say, tls=authority.server(HOST)) as server:
        breaker = Onlooker(engine, shipped.runtime, lambda *_: None)
        for trusted, fault in ((None, "unable to get local issuer certificate"), (str(authority.file), None)):
            session = session_for(shipped.runtime.http, Network(certificates=trusted))
            crm = WebCrm(server.url, SecretStr("an-invented-token"), session, breaker)
            if fault is None:
                assert crm.ticket("0") == {"id": "0"}
                continue
            with pytest.raises(Down) as raised:
                crm.ticket("0")
            assert raised.value.reason == f"the certificate is not trusted: {fault}"
            assert raised.value.no_effect
        assert [request.split(b" ")[0] for request in server.heard] == [b"GET"]
        other = WebCrm(server.url.replace("127.0.0.1", "localhost"), SecretStr("x"), session, breaker)
        with pytest.raises(Down, match="Hostname mismatch"):
            other.ticket("0")


@pytest.mark.parametrize("name", ["jira", "webcrm"])
def test_a_proxy_that_lets_nobody_through_is_named(clients: Callable[..., Clients], name: str) -> None:
    refused = answer(b"", status="407 Proxy Authentication Required")
    with Wire(lambda _: [refused]) as proxy, pytest.raises(Down) as raised:
        clients(HTTPS_PROXY=proxy.url.replace("//", "//u:secret@"))[name]()
    assert raised.value.reason == "no way through the proxy: 407 Proxy Authentication Required"
    assert raised.value.no_effect


def test_a_proxy_that_is_not_there_is_named(clients: Callable[..., Clients]) -> None:
    with pytest.raises(Down) as raised:
        clients(HTTPS_PROXY="http://127.0.0.1:9")["jira"]()
    assert (raised.value.reason, raised.value.no_effect) == ("no connection to the proxy", True)


def test_a_tunnel_that_drips_is_given_up_in_time(authority: Authority, shipped: Config) -> None:
    def slowly() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 Connection established\r\nX-More: "
        while True:
            yield b"x"

    with Wire(say, tunnel=authority.server(HOST), gap=0.05) as proxy:
        proxy.opened = slowly()
        http = shipped.runtime.http.model_copy(update={"whole": shipped.runtime.http.connect / 4})
        begun = time.monotonic()
        with session_for(http, Network({"https": SecretStr(proxy.url)})) as session, pytest.raises(OSError) as raised:
            session.get(f"https://{HOST}/")
        assert time.monotonic() - begun < 10
    assert "Read" in type(raised.value).__name__


@pytest.mark.parametrize(
    ("direct", "url", "by_proxy"),
    [
        ("", f"https://{HOST}/a", True),
        ("", "https://127.0.0.1:8090/a", False),
        ("", "https://localhost/a", False),
        ("", "https://[::1]:8090/a", False),
        ("", f"http://{HOST}/a", False),  # the proxy is for https
        (HOST, f"https://{HOST.upper()}/a", False),
        (".example.test", f"https://{HOST}/a", False),
        ("example.test", f"https://{HOST}/a", False),
        ("ample.test", f"https://{HOST}/a", True),
        (f"{HOST}:443", f"https://{HOST}:443/a", False),
        (f"{HOST}:444", f"https://{HOST}:443/a", True),
        ("*", f"https://{HOST}/a", False),
        ("other.test, example.test", f"https://{HOST}/a", False),
        ("10.0.0.0/8", "https://10.1.2.3/a", False),
        ("10.0.0.0/8", "https://11.1.2.3/a", True),
        ("10.1.2.3", "https://10.1.2.3/a", False),
        ("10.0.0.0/8", f"https://{HOST}/a", True),
    ],
)
def test_which_addresses_need_no_proxy(direct: str, url: str, *, by_proxy: bool) -> None:
    network = Network.of(Settings.read({"HTTPS_PROXY": "http://proxy.example.test:3128", "NO_PROXY": direct}))
    assert network.proxies_for(url) == ({"https": "http://proxy.example.test:3128"} if by_proxy else {})


def test_messages_go_the_same_way_without_anybodys_password(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Wire(say, tunnel=authority.server(HOST)) as proxy, Wire(say) as here:
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        chats = Chats(Places())
        for address in (f"jsons://{HOST}/hook", here.url.replace("http", "json")):
            [one] = receivers([SecretStr(address)])
            assert chats.send(one, ChatMessage("Текст"))
        opened, request = proxy.heard
        (local,) = here.heard
    assert opened.startswith(f"CONNECT {HOST}:443".encode())
    assert (of(request, b"Authorization"), of(local, b"Authorization")) == (None, None)


def test_what_was_set_for_direct_hosts_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "internal.example.test,localhost")
    for _ in range(2):
        Chats(Places())
    assert os.environ["no_proxy"] == "internal.example.test,localhost,127.0.0.1,::1"
