"""`alerts.yml`: the addresses that alerts for the admins are sent to."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, SecretStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from config.fields import Strict

SECRETS = (("urls",), ("urls", "*"))
_NEXT = re.compile(r"[,\s]+(?=[A-Za-z0-9]+://)")  # a comma inside an address is part of it


def split_urls(value: object) -> object:
    """Split «a://x, b://y» into addresses; flatten a list of such texts; turn None into an empty list."""
    if value is None:
        return []
    if isinstance(value, str):
        return _parted(value)
    if isinstance(value, list | tuple):
        return [url for item in value for url in (_parted(item) if isinstance(item, str) else [item])]
    return value


def _parted(text: str) -> list[str]:
    return [url for url in _NEXT.split(text.strip().strip(",")) if url]


def _addresses(urls: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for number, url in enumerate(urls, start=1):
        if not re.match(r"^[A-Za-z0-9]+://\S+$", url.get_secret_value()):
            raise PydanticCustomError("alert_url", "not an Apprise address", {"number": number})
    return urls


class AlertsConfig(Strict):
    """All of `alerts.yml`: Apprise addresses, each a secret."""

    urls: Annotated[
        tuple[SecretStr, ...],
        BeforeValidator(split_urls),
        AfterValidator(_addresses),
        WithJsonSchema({"type": ["string", "array", "null"], "items": {"type": "string"}}),
    ] = ()
