"""What a machine sets: addresses and secrets, from the environment alone."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from config import environment
from config.alerts import split_urls
from config.faults import ConfigError, Fault, message, shown
from config.fields import Duration, InnerUrl, Url, is_loopback

_POSTGRES = ("postgres", "postgresql", "postgresql+psycopg")
_WHSEC = "whsec_"
_PORTS = range(1, 65536)
# What a server open to the world needs: (name, whether it must be there, least length of what we make up ourselves)
_NEEDED = (
    ("jira_url", True, 0),
    ("jira_user", True, 0),
    ("jira_token", True, 0),
    ("jira_webhook_secrets", True, 16),
    ("api_tokens", False, 16),  # without them /api is closed
    ("secret_key", True, 16),
    ("metrics_tokens", False, 16),  # without them /metrics and /openapi.json are open
    ("usedesk_block_secret", False, 16),  # without it there is no dynamic block
    ("usedesk_secret", False, 0),  # without it Usedesk's bodies carry the token
)
# What a CRM needs, as soon as anything of it is set (name, least length); one of which nothing is set is absent.
_CRMS = {
    "webcrm": (("webcrm_url", 0), ("webcrm_token", 0), ("webcrm_webhook_secrets", 24)),
    "usedesk": (("usedesk_url", 0), ("usedesk_token", 0), ("usedesk_path_token", 16), ("usedesk_agent_id", 0)),
}
_MORE = {"usedesk": ("usedesk_secret", "usedesk_block_secret")}  # what it may have besides
_OIDC = (("oidc_issuer", 0), ("oidc_client_id", 0), ("oidc_client_secret", 0))


def _split(value: Any) -> Any:
    """Read «a, b» as a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _webhook_secrets(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for number, secret in enumerate(secrets, start=1):
        if not _whsec_bytes(secret.get_secret_value()):
            raise PydanticCustomError("whsec", "malformed", {"number": number})
    return secrets


def _whsec_bytes(secret: str) -> bytes:
    """Give the bytes of a Standard Webhooks secret; none when it is malformed."""
    try:
        return base64.b64decode(secret.removeprefix(_WHSEC), validate=True) if secret.startswith(_WHSEC) else b""
    except ValueError:
        return b""


def _database_url(text: str) -> str:
    """Understand `postgres://…` as hosting services spell it; refuse what is neither PostgreSQL nor SQLite."""
    try:
        parts = urlsplit(text.strip())
        complete = parts.path.strip("/") and (parts.scheme == "sqlite" or parts.hostname or "host=" in parts.query)
        _ = parts.port
    except ValueError:
        complete = ""
    if not complete or (parts.scheme == "sqlite" and parts.netloc):
        raise PydanticCustomError("database_url", "incomplete")
    if parts.scheme in _POSTGRES:
        return "postgresql+psycopg" + text.strip()[len(parts.scheme) :]
    if parts.scheme != "sqlite":
        raise PydanticCustomError("database_url", "unknown scheme")
    return text.strip()


def _port(value: Any) -> int:
    if str(value).strip().isdecimal() and int(value) in _PORTS:
        return int(value)
    raise PydanticCustomError("port", "not a port")


def _without_path(url: str) -> str:
    """Refuse a path: the pages' own addresses begin at the root."""
    if urlsplit(url).path:
        raise PydanticCustomError("url_path", "a path in an address")
    return url


def _agent_id(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,20}", text.strip()):
        raise PydanticCustomError("usedesk_agent", "not a number")
    return text.strip()


def _proxy(text: str) -> SecretStr:
    """An http(s) proxy, perhaps with a name and a password; `host:port` alone means http, as everywhere."""
    url = text.strip() if "://" in text else f"http://{text.strip()}"
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/") and not parts.query
        _ = parts.port
    except ValueError:
        right = False
    if not right:
        raise PydanticCustomError("proxy", "not a proxy")
    return SecretStr(url.rstrip("/"))


def _certificates(path: Path) -> Path:
    if not path.exists():
        raise PydanticCustomError("no_such_file", "missing", {"path": str(path)})
    return path


def _default_database(data: dict[str, Any]) -> str:
    return f"sqlite:///{data['data_dir'].as_posix()}/smezhnik.sqlite"


Proxy = Annotated[SecretStr, PlainValidator(_proxy)]
Certificates = Annotated[Path, AfterValidator(_certificates)]  # a file of them, or a folder as OpenSSL wants it
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
WebhookSecrets = Annotated[Secrets, AfterValidator(_webhook_secrets)]
AlertUrls = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(split_urls)]
AgentId = Annotated[str, AfterValidator(_agent_id)]
Port = Annotated[int, BeforeValidator(_port)]
PublicUrl = Annotated[Url, AfterValidator(_without_path)]


class Settings(BaseSettings):
    """The environment, checked; an empty variable counts as not set. Secrets never show in `repr` or a dump."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Path("var")
    config_dir: Path = Path(__file__).resolve().parent
    database_url: Annotated[str, AfterValidator(_database_url)] = Field(default_factory=_default_database, repr=False)
    port: Port = 8080
    sandbox_port: Port = 8090
    jira_url: Url | None = None
    jira_user: str | None = None
    jira_token: SecretStr | None = None
    jira_webhook_secrets: Secrets = ()
    webcrm_url: InnerUrl | None = None
    webcrm_token: SecretStr | None = None
    webcrm_webhook_secrets: WebhookSecrets = ()
    usedesk_url: Url | None = None
    usedesk_token: SecretStr | None = None
    usedesk_secret: SecretStr | None = None
    usedesk_path_token: SecretStr | None = None
    usedesk_block_secret: SecretStr | None = None
    usedesk_agent_id: AgentId | None = None
    api_tokens: Secrets = ()
    oidc_issuer: Url | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    public_url: PublicUrl | None = None
    metrics_tokens: Secrets = ()
    https_proxy: Proxy | None = None
    http_proxy: Proxy | None = None
    no_proxy: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = ()
    requests_ca_bundle: Certificates | None = None
    ssl_cert_file: Certificates | None = None
    trusted_proxies: Annotated[int, Field(ge=0)] = 0
    request_timeout: Duration = timedelta(seconds=10)
    secret_key: SecretStr | None = None
    alert_urls: AlertUrls = ()
    smezhnik_sandbox: bool = False
    demo_tickets: bool = True

    @model_validator(mode="after")
    def _sandbox_stays_here(self) -> Self:
        """Refuse every address but this machine's in the sandbox."""
        urls = {"JIRA_URL": [self.jira_url], "WEBCRM_URL": [self.webcrm_url], "USEDESK_URL": [self.usedesk_url]}
        urls["OIDC_ISSUER"] = [self.oidc_issuer]
        urls["ALERT_URLS"] = [url.get_secret_value() for url in self.alert_urls]
        for name, addresses in urls.items():
            if self.smezhnik_sandbox and not all(is_loopback(url) for url in addresses if url):
                raise PydanticCustomError("sandbox_address", "not loopback", {"name": name})
        return self

    @classmethod
    def read(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read `env`, else `os.environ` with what `.env` adds to it. Raises ConfigError: what to set instead."""
        if env is None:
            environment.complete()
        given = os.environ if env is None else env
        values = {name: found for name in cls.model_fields if (found := _of(given, name))}
        try:
            return _Given.model_validate(values)
        except ValidationError as error:
            raise ConfigError([_fault(details) for details in error.errors(include_url=False)]) from None

    def guesses_its_address(self, frames: Sequence[str]) -> list[str]:
        """What makes links to this bot while nobody has set its address, which is taken from `Host` then."""
        if self.public_url or self.smezhnik_sandbox:
            return []
        used = {"OIDC_ISSUER": self.oidc_issuer, "USEDESK_BLOCK_SECRET": self.usedesk_block_secret}
        return [name for name, value in (used | {"card.ancestors": frames}).items() if value]

    @property
    def crms(self) -> tuple[str, ...]:
        """The CRMs that are set up here, by the names of their systems; any other is absent."""
        return tuple(
            crm
            for crm, group in _CRMS.items()
            if any(getattr(self, name) for name in (*(name for name, _ in group), *_MORE.get(crm, ())))
        )

    def _together(self) -> Iterator[tuple[str, bool, int]]:
        """What is set whole or not at all: name, whether it must be there, least length."""
        for crm, group in _CRMS.items():
            yield from ((name, crm in self.crms, least) for name, least in group)
        provider = any(getattr(self, name) for name, _ in _OIDC)
        yield from ((name, provider, least) for name, least in _OIDC)

    def half_set(self) -> list[Fault]:
        """List what a CRM or a provider lacks of which something is set."""
        missing = [name for name, required, _ in self._together() if required and not getattr(self, name)]
        return [_lacks(name, "secret_required") for name in missing]

    def missing_for_production(self) -> list[Fault]:
        """List what a server open to the world lacks: secrets not set, the sandbox's own, or too short."""
        faults = []
        for name, required, least in (*_NEEDED, *self._together()):
            values = list(_values(getattr(self, name)))
            code = "secret_required" if required and not values else _weakness(values, least)
            if code:
                faults.append(_lacks(name, code, least))
        return faults


class _Given(Settings):
    """Settings from the values handed over, whatever the process's own environment says."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def _of(env: Mapping[str, str], name: str) -> str | None:
    """The value of a setting; proxies are known to all programs in small letters, too."""
    return (env.get(name) if name.endswith("_proxy") else None) or env.get(name.upper())


def _values(value: Any) -> Iterable[str]:
    for item in value if isinstance(value, tuple) else (value,):
        if item:
            yield item.get_secret_value() if isinstance(item, SecretStr) else item


def _lacks(name: str, code: str, least: int = 0) -> Fault:
    return Fault("env", None, name.upper(), message(code, {"least": least, "fix": message(f"fix_{name}")}))


def _weakness(values: Iterable[str], least: int) -> str:
    for value in values:
        raw = _whsec_bytes(value) or value.encode()
        if raw.startswith(b"sandbox"):
            return "secret_of_sandbox"
        if len(raw) < least:
            return "secret_short"
    return ""


def _fault(details: ErrorDetails) -> Fault:
    values = dict(details.get("ctx") or {})
    key = str(details["loc"][0] if details["loc"] else values["name"]).upper()
    values |= {"value": shown(details["input"]), "said": details["msg"]}
    return Fault("env", None, key, message(details["type"], values))
