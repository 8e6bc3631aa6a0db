"""Settings of a machine, addresses and secrets, which come only from the environment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from config import environment
from config.faults import ConfigError, Fault, message, shown
from config.fields import Duration, InnerUrl, Url, is_loopback
from config.setting_types import (
    AgentId,
    AlertUrls,
    Certificates,
    CloudIds,
    DatabaseUrl,
    ForgeApp,
    PeopleFile,
    Port,
    Proxy,
    PublicUrl,
    Secrets,
    WebhookSecrets,
    Workers,
    split,
    whsec_bytes,
)

# What a server open to the world needs: (name, whether it is required, least length of a secret that we choose)
_NEEDED = (
    ("jira_url", True, 0),
    ("jira_user", True, 0),
    ("jira_token", True, 0),
    ("jira_webhook_secrets", True, 16),
    ("jira_automation_tokens", False, 16),  # without them Automation's route does not exist
    ("api_tokens", False, 16),  # without them /api is closed
    ("secret_key", True, 16),
    ("metrics_tokens", False, 16),  # without them /metrics and /openapi.json are open
    ("usedesk_block_secret", False, 16),  # without it there is no dynamic block
    ("usedesk_secret", False, 0),  # without it Usedesk's bodies carry the token
)
# What a CRM needs as soon as any of its settings is set (name, least length); one without any setting is absent.
_CRMS = {
    "webcrm": (("webcrm_url", 0), ("webcrm_token", 0), ("webcrm_webhook_secrets", 24)),
    "usedesk": (("usedesk_url", 0), ("usedesk_token", 0), ("usedesk_path_token", 16), ("usedesk_agent_id", 0)),
}
_MORE = {"usedesk": ("usedesk_secret", "usedesk_block_secret")}  # optional settings of a CRM
FORGE_JWKS_URL = "https://forge.cdn.prod.atlassian-dev.net/.well-known/jwks.json"  # for all except isolated clouds
_FORGE = ("forge_app_id", "forge_cloud_ids")
_OIDC = (("oidc_issuer", 0), ("oidc_client_id", 0), ("oidc_client_secret", 0))


def _default_database(data: dict[str, Any]) -> str:
    return f"sqlite:///{data['data_dir'].as_posix()}/smezhnik.sqlite"


class Settings(BaseSettings):
    """The validated environment; an empty variable counts as not set. Secrets never show in `repr` or a dump."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Path("var")
    config_dir: Path = Path(__file__).resolve().parent
    database_url: DatabaseUrl = Field(default_factory=_default_database, repr=False)
    people_file: PeopleFile | None = None  # instead of the folder's people.yml
    port: Port = 8080
    sandbox_port: Port = 8090
    workers: Workers = 2
    jira_url: Url | None = None
    jira_user: str | None = None
    jira_token: SecretStr | None = None
    jira_webhook_secrets: Secrets = ()
    jira_automation_tokens: Secrets = ()
    forge_app_id: ForgeApp | None = None
    forge_cloud_ids: CloudIds = Field(default_factory=dict)
    forge_jwks_url: Url = FORGE_JWKS_URL
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
    no_proxy: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)] = ()
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
        """In the sandbox, refuse every address except this machine's."""
        urls = {"JIRA_URL": [self.jira_url], "WEBCRM_URL": [self.webcrm_url], "USEDESK_URL": [self.usedesk_url]}
        urls["OIDC_ISSUER"] = [self.oidc_issuer]
        urls["FORGE_JWKS_URL"] = [self.forge_jwks_url] if self.forge_app_id else []
        urls["ALERT_URLS"] = [url.get_secret_value() for url in self.alert_urls]
        for name, addresses in urls.items():
            if self.smezhnik_sandbox and not all(is_loopback(url) for url in addresses if url):
                raise PydanticCustomError("sandbox_address", "not loopback", {"name": name})
        return self

    @classmethod
    def read(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read `env`, by default `os.environ` with what `.env` adds. Raises ConfigError that says what to set."""
        if env is None:
            environment.complete()
        given = os.environ if env is None else env
        values = {name: found for name in cls.model_fields if (found := _of(given, name))}
        try:
            return _Given.model_validate(values)
        except ValidationError as error:
            raise ConfigError([_fault(details) for details in error.errors(include_url=False)]) from None

    def guesses_its_address(self, frames: Sequence[str]) -> list[str]:
        """Return the settings that make links to this bot while `PUBLIC_URL` is unset and `Host` is used instead."""
        if self.public_url or self.smezhnik_sandbox:
            return []
        used = {"OIDC_ISSUER": self.oidc_issuer, "USEDESK_BLOCK_SECRET": self.usedesk_block_secret}
        return [name for name, value in (used | {"card.ancestors": frames}).items() if value]

    @property
    def crms(self) -> tuple[str, ...]:
        """The names of the CRMs that are set up here; any other is absent."""
        return tuple(
            crm
            for crm, group in _CRMS.items()
            if any(getattr(self, name) for name in (*(name for name, _ in group), *_MORE.get(crm, ())))
        )

    @property
    def further_doors(self) -> tuple[str, ...]:
        """The names of the sources besides webhooks that may send Jira's events."""
        there = {"automation": self.jira_automation_tokens, "forge": self.forge_app_id}
        return tuple(name for name, value in there.items() if value)

    def _together(self) -> Iterator[tuple[str, bool, int]]:
        """Yield settings that are set all together or not at all: name, whether it is required, least length."""
        for crm, group in _CRMS.items():
            yield from ((name, crm in self.crms, least) for name, least in group)
        forge = any(getattr(self, name) for name in _FORGE)
        yield from ((name, forge, 0) for name in _FORGE)
        provider = any(getattr(self, name) for name, _ in _OIDC)
        yield from ((name, provider, least) for name, least in _OIDC)

    def half_set(self) -> list[Fault]:
        """List the settings that a partly set-up CRM, Forge app or provider lacks."""
        missing = [name for name, required, _ in self._together() if required and not getattr(self, name)]
        return [_lacks(name, "secret_required") for name in missing]

    def missing_for_production(self) -> list[Fault]:
        """List what a server open to the world lacks: secrets that are missing, too short, or the sandbox's."""
        faults = []
        for name, required, least in (*_NEEDED, *self._together()):
            values = list(_values(getattr(self, name)))
            code = "secret_required" if required and not values else _weakness(values, least)
            if code:
                faults.append(_lacks(name, code, least))
        return faults


class _Given(Settings):
    """Settings made only of the given values, whatever the process's own environment says."""

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
    """Return the value of a setting; the names of proxies may be in lower case too, as for other programs."""
    return (env.get(name) if name.endswith("_proxy") else None) or env.get(name.upper())


def _values(value: object) -> Iterable[str]:
    for item in value if isinstance(value, tuple | dict) else (value,):
        if item:
            yield item.get_secret_value() if isinstance(item, SecretStr) else item


def _lacks(name: str, code: str, least: int = 0) -> Fault:
    return Fault("env", None, name.upper(), message(code, {"least": least, "fix": message(f"fix_{name}")}))


def _weakness(values: Iterable[str], least: int) -> str:
    for value in values:
        raw = whsec_bytes(value) or value.encode()
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
