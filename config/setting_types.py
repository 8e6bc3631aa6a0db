"""Types of single environment variables: lists, addresses, secrets, numbers."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainValidator, SecretStr
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode

from config.alerts import split_urls
from config.fields import Url

_POSTGRES = ("postgres", "postgresql", "postgresql+psycopg")
_WHSEC = "whsec_"
_PORTS = range(1, 65536)
_APP = "ari:cloud:ecosystem::app/"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def split(value: object) -> object:
    """Read «a, b» as a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _webhook_secrets(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for number, secret in enumerate(secrets, start=1):
        if not whsec_bytes(secret.get_secret_value()):
            raise PydanticCustomError("whsec", "malformed", {"number": number})
    return secrets


def whsec_bytes(secret: str) -> bytes:
    """Return the bytes of a Standard Webhooks secret; empty when it is malformed."""
    try:
        return base64.b64decode(secret.removeprefix(_WHSEC), validate=True) if secret.startswith(_WHSEC) else b""
    except ValueError:
        return b""


def _database_url(text: str) -> str:
    """Accept `postgres://…`, as hosting services spell it; refuse anything but PostgreSQL and SQLite."""
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


def _port(value: object) -> int:
    text = str(value).strip()
    if text.isdecimal() and int(text) in _PORTS:
        return int(text)
    raise PydanticCustomError("port", "not a port")


def _workers(value: object) -> int:
    text = str(value).strip()
    if text.isdecimal() and int(text) in range(1, 100):
        return int(text)
    raise PydanticCustomError("workers", "not a number of workers")


def _without_path(url: str) -> str:
    """Refuse an address with a path, as the pages' own addresses begin at the root."""
    if urlsplit(url).path:
        raise PydanticCustomError("url_path", "a path in an address")
    return url


def _agent_id(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,20}", text.strip()):
        raise PydanticCustomError("usedesk_agent", "not a number")
    return text.strip()


def _forge_app(text: str) -> str:
    """Return the app's id as in its manifest; its UUID alone is enough."""
    number = text.strip().lower().removeprefix(_APP)
    if not _UUID.fullmatch(number):
        raise PydanticCustomError("forge_app", "not an app's id")
    return _APP + number


def _cloud_ids(value: object) -> dict[str, str]:
    """Read `site=cloud id` pairs into a mapping of cloud id → site."""
    if isinstance(value, dict):
        return value  # the default
    pairs = [pair.strip().partition("=") for pair in str(value).split(",") if pair.strip()]
    found = {cloud.strip().lower(): site.strip() for site, _, cloud in pairs}
    if not all(site and _UUID.fullmatch(cloud) for cloud, site in found.items()) or len(found) < len(pairs):
        raise PydanticCustomError("forge_cloud_ids", "not pairs")
    return found


def _proxy(text: str) -> SecretStr:
    """Read the address of an http(s) proxy, which may have a name and a password; `host:port` alone means http."""
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


def _people(path: Path) -> Path:
    if not path.is_file():
        raise PydanticCustomError("no_people_file", "missing", {"path": str(path)})
    return path


Proxy = Annotated[SecretStr, PlainValidator(_proxy)]
Certificates = Annotated[Path, AfterValidator(_certificates)]  # a file, or a folder in OpenSSL's form
PeopleFile = Annotated[Path, AfterValidator(_people)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(split)]
WebhookSecrets = Annotated[Secrets, AfterValidator(_webhook_secrets)]
AlertUrls = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(split_urls)]
AgentId = Annotated[str, AfterValidator(_agent_id)]
Port = Annotated[int, BeforeValidator(_port)]
Workers = Annotated[int, BeforeValidator(_workers)]
PublicUrl = Annotated[Url, AfterValidator(_without_path)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
ForgeApp = Annotated[str, AfterValidator(_forge_app)]
CloudIds = Annotated[dict[str, str], NoDecode, PlainValidator(_cloud_ids)]
