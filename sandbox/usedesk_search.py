"""The filters of Usedesk's `/tickets`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sandbox.usedesk_state import SandboxTicket

PAGE = 100
LISTS = {"fstatus": "status", "fpriority": "priority", "ftype": "type", "fgroup": "group_id", "client_id": "client_id"}
MOMENTS = ("created_after", "created_before", "updated_after", "updated_before")
SORTS = {"id": "id", "status_id": "status", "client_id": "client_id", "last_updated_at": "updated_at",
         "published_at": "published_at"}  # fmt: skip


def found(tickets: Iterable[SandboxTicket], asked: dict[str, Any], zone: timedelta) -> list[SandboxTicket]:
    """The page of at most 100 from `offset`; raise ValueError for a filter that cannot be read.

    The filters work in UTC, whatever the `zone` of the tickets' dates.
    """
    sort, offset = str(asked.get("sort", "id")), str(asked.get("offset", 0))
    if sort not in SORTS or not offset.isdecimal():
        raise ValueError("sort, offset: wrong value")
    passing = sorted(
        (one for one in tickets if _passes(one, asked, zone)), key=lambda one: (getattr(one, SORTS[sort]), one.id)
    )
    if asked.get("order") == "desc":
        passing.reverse()
    return passing[int(offset) : int(offset) + PAGE]


def _passes(ticket: SandboxTicket, asked: dict[str, Any], zone: timedelta) -> bool:
    for name, attribute in LISTS.items():
        if name in asked and str(getattr(ticket, attribute) or 0) not in str(asked[name]).replace(" ", "").split(","):
            return False
    if "fassigned" in asked and str(ticket.assignee_id) not in _assigned(asked["fassigned"]):
        return False
    if "tag" in asked and asked["tag"] not in ticket.tags:
        return False
    if "query" in asked and str(asked["query"]).lower() not in f"{ticket.id} {ticket.subject}".lower():
        return False
    return all(
        _in_time(ticket, name, datetime.fromisoformat(str(asked[name])) + zone) for name in MOMENTS if name in asked
    )


def _assigned(wanted: Any) -> list[str]:
    """Objects with `assignee_id`; «unassigned» asks for what nobody has."""
    if wanted == "unassigned":
        return ["None"]
    return [str(one.get("assignee_id")) for one in wanted if isinstance(one, dict)] if isinstance(wanted, list) else []


def _in_time(ticket: SandboxTicket, name: str, bound: datetime) -> bool:
    of, _, side = name.partition("_")
    stamp = datetime.fromisoformat(ticket.published_at if of == "created" else ticket.updated_at)
    return stamp >= bound if side == "after" else stamp <= bound
