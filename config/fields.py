"""Types of values in the tables: texts, durations, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = r"^(\d+(?:\.\d+)?)(ms|s|m|h|d)$"


class Strict(BaseModel):
    """A table of the configuration: it is immutable, and an unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def matching(pattern: str, code: str) -> Callable[[str], str]:
    """Make a validator that refuses a text not matching `pattern` with the fault `code`."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise PydanticCustomError(code, "wrong form")
        return text

    return check


def _not_empty(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("empty", "empty text")
    return text.strip()


def _duration(value: object) -> object:
    """Read «5s», «1.5m», «2h» …; accept a timedelta as it is."""
    if isinstance(value, timedelta):
        return value
    found = re.match(_DURATION, value.strip()) if isinstance(value, str) else None
    if not found:
        raise PydanticCustomError("duration", "not a duration")
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def _duration_text(value: timedelta) -> str:
    return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"


def _longer_than_nothing(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise PydanticCustomError("duration_zero", "must be longer than 0")
    return value


def is_loopback(url: str) -> bool:
    """Return True when the host of an address is this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def in_sandbox(env: Mapping[str, str]) -> bool:
    """Return True when this process may talk only to this machine (`SMEZHNIK_SANDBOX`)."""
    return env.get("SMEZHNIK_SANDBOX", "").strip().lower() in ("1", "true", "t", "yes", "y", "on")


def http_address(text: str) -> str:
    """Check that this is an http(s) address with a host and without credentials or query; drop a final slash."""
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise PydanticCustomError("url", "not an address") from None
    if parts.username or parts.password:
        raise PydanticCustomError("url_credentials", "credentials in an address")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise PydanticCustomError("url", "not an address")
    return text.strip().rstrip("/")


def _safe(url: str) -> str:
    """Refuse plain http to another machine, where the token would travel in clear text."""
    if url.startswith("http://") and not is_loopback(url):
        raise PydanticCustomError("url_plain", "not https")
    return url


Text = Annotated[str, AfterValidator(_not_empty), WithJsonSchema({"type": "string", "minLength": 1})]
Lag = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(_duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _DURATION}),
]
Duration = Annotated[Lag, AfterValidator(_longer_than_nothing)]
InnerUrl = Annotated[str, AfterValidator(http_address)]  # plain http is acceptable inside the company
Url = Annotated[
    str,
    AfterValidator(http_address),
    AfterValidator(_safe),
    WithJsonSchema({"type": "string", "pattern": "^https?://"}),
]
