"""Events to try: invented bodies from `trial_bodies/<sender>/*.json`, made to fit this bot; `words.yml` names them."""

from __future__ import annotations

from pathlib import Path

from desk.clock import machine_now
from store import holds
from web.parts import Parts, crms
from web.words import words

JIRA = "jira"
_FOLDER = Path(__file__).parent / "trial_bodies"


def names(parts: Parts) -> list[str]:
    """Those that fit: of the senders that are connected; a comment in Jira needs an issue where somebody is awaited."""
    fit = {path.stem for sender in crms(parts) for path in (_FOLDER / sender).glob("*.json")}
    fit |= {path.stem for path in (_FOLDER / JIRA).glob("*.json")} if _awaited(parts) else set()
    return [name for name in words()["trial_examples"] if name in fit]


def body(parts: Parts, name: str) -> str:
    """The body of an example, of this very moment; empty: there is no such example here."""
    if name not in names(parts):
        return ""
    path = next(_FOLDER.glob(f"*/{name}.json"))
    text = path.read_text(encoding="utf-8")
    values = {"now": machine_now().isoformat(timespec="seconds"), **_awaited(parts)}
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def _awaited(parts: Parts) -> dict[str, str]:
    """The issue in which a seller is awaited now, as far as there is one."""
    with parts.process.engine.connect() as connection:
        hold = holds.newest_in_jira(connection)
    if hold is None:
        return {}
    site = parts.process.effective_config.current().jira.sites.get(hold.site or "")
    return {"issue_id": str(hold.issue_id), "site_url": site.url.rstrip("/")} if site else {}
