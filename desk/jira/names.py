"""Names of what Jira knows by ids: a site may say them in several languages, and people write them in several ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.names import match_key

DONE = "done"  # the category of statuses whose issues are finished, in every language


def keys_of(row: Mapping[str, Any]) -> set[str]:
    """What a status, an issue type … is found by: its names, folded."""
    names = (str(row.get(name) or "") for name in ("name", "untranslatedName"))
    return {match_key(name) for name in names} - {""}


def is_named(row: Mapping[str, Any], name: str | None) -> bool:
    """Whether a row of Jira's is the one that config names: by its id, or by its name however it is written."""
    return bool(name) and (str(row.get("id")) == name or match_key(name or "") in keys_of(row))


def is_done(status: Mapping[str, Any]) -> bool:
    """Whether a status is of the category «done»."""
    return (status.get("statusCategory") or {}).get("key") == DONE
