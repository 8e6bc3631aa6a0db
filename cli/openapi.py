"""`openapi`: what the web process serves as `/openapi.json`, for whoever writes a client before the bot runs."""

from __future__ import annotations

import json

from config.settings import Settings
from receivers.openapi import ALL_DOORS, document, doors_of


def printed(settings: Settings, *, every: bool) -> str:
    """Return it as JSON, with the doors that these settings open or with every door that there is."""
    described = document(ALL_DOORS if every else doors_of(settings))
    if settings.public_url:
        described["servers"] = [{"url": settings.public_url}]
    return json.dumps(described, ensure_ascii=False, indent=2)
