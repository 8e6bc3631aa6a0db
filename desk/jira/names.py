"""Names of things that Jira identifies by id: sites have them in several languages, people spell them in many ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.names import match_key

DONE = "done"  # key of the status category of finished issues, the same in every language


def keys_of(row: Mapping[str, Any]) -> set[str]:
    """Return the folded names by which a status, an issue type or the like is found."""
    names = (str(row.get(name) or "") for name in ("name", "untranslatedName"))
    return {match_key(name) for name in names} - {""}


def is_named(row: Mapping[str, Any], name: str | None) -> bool:
    """Whether a row from Jira is the one that the configuration names: by id, or by name in any spelling."""
    return bool(name) and (str(row.get("id")) == name or match_key(name or "") in keys_of(row))


def is_done(status: Mapping[str, Any]) -> bool:
    """Whether a status is in the category «done»."""
    return (status.get("statusCategory") or {}).get("key") == DONE
