"""Names in the language of whoever calls: that of the account, as in Jira, or the one that a header insists on."""

from __future__ import annotations

from flask import g, has_request_context, request

from sandbox.world import NamedRow, Status, Transition

FORCED = "X-Force-Accept-Language"  # without it Jira takes the account's language, whatever Accept-Language says


def language() -> str:
    """The language of this call: ru or en."""
    if not has_request_context():
        return "ru"
    if request.headers.get(FORCED) == "true":
        return "en" if request.headers.get("Accept-Language", "").lower().startswith("en") else "ru"
    actor = g.get("actor")
    return actor.language if actor else "ru"


def said(row: NamedRow | Status | Transition) -> str:
    """The name of a row in the language of this call; without a translation as it stands."""
    return row.en if row.en and language() == "en" else row.name
