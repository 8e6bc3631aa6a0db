"""How other systems are reached from this machine: through which proxy, and whose certificates are trusted.

Only our settings apply: requests itself would also read the environment and `.netrc`, and send the credentials there in
place of the bot's own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from pydantic import SecretStr

from config.fields import is_loopback
from config.settings import Settings

_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Network:
    """Proxies by URL scheme, hosts reached without one, and a file or folder of certificates.

    `direct` accepts host names (which include their subdomains), addresses, networks (`10.0.0.0/8`) and `*`.
    """

    proxies: Mapping[str, SecretStr] = field(default_factory=dict)
    direct: tuple[str, ...] = ()
    certificates: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Network:
        """Read the network from the settings."""
        by_scheme = {"https": settings.https_proxy, "http": settings.http_proxy}
        trusted = settings.requests_ca_bundle or settings.ssl_cert_file
        return cls(
            {scheme: proxy for scheme, proxy in by_scheme.items() if proxy},
            settings.no_proxy,
            str(trusted) if trusted else None,
        )

    def proxies_for(self, url: str) -> dict[str, str]:
        """Return the proxy for an address in the form that requests expects; none for this machine itself."""
        parts = urlsplit(url)
        proxy = self.proxies.get(parts.scheme)
        if proxy is None or is_loopback(url) or self._is_direct(parts.hostname or "", parts.port):
            return {}
        return {parts.scheme: proxy.get_secret_value()}

    def _is_direct(self, host: str, port: int | None) -> bool:
        return any(_covers(name.lower().lstrip("."), host, port) for name in self.direct)


def _covers(name: str, host: str, port: int | None) -> bool:
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:
        return name in ("*", host, f"{host}:{port}") or host.endswith(f".{name}")


def prepare_environment() -> None:
    """Prepare the environment for libraries that open sessions of their own and read it.

    No `.netrc`, no proxy between two programs on this machine, and the certificates that the bot trusts.
    """
    os.environ["NETRC"] = os.devnull
    direct = [name for name in (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(",") if name]
    os.environ["no_proxy"] = ",".join([*direct, *(name for name in _HERE if name not in direct)])
    if trusted := os.environ.get("SSL_CERT_FILE"):
        os.environ.setdefault("REQUESTS_CA_BUNDLE", trusted)
