"""Reads and bounds query parameters."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import request

from store.browse import Filter
from web.times import moment_of_query

ALL = "all"
_LONGEST = 200  # characters; ids and cases are shorter
LARGEST = 2**63 - 1  # what a BIGINT holds
NUMBER = f"<int(max={LARGEST}):number>"  # in a route


def filter_of_query() -> Filter:
    """Return the filter in the query; an empty field is no restriction."""
    return Filter(state=_text("state"), source=_text("source"), case=_text("case"), text=_text("q"))


def page_filter_of_query(zone: ZoneInfo) -> Filter:
    """Return the filter for a page, with `since` and `until` in the company's time zone.

    By default it leaves out what did not concern the bot; not with the state `all`, or any state, text or case.
    """
    since = moment_of_query(request.args.get("since", ""), zone)
    until = moment_of_query(request.args.get("until", ""), zone, end=True)
    wanted = replace(filter_of_query(), since=since, until=until)
    if wanted.state == ALL:
        return replace(wanted, state=None)
    return replace(wanted, concerned=wanted.state is None and wanted.text is None and wanted.case is None)


def number_of_query(name: str) -> int | None:
    """Return a query parameter that is a positive number of an id's size, else None."""
    number = request.args.get(name, type=int)
    return number if number is not None and 0 < number <= LARGEST else None


def storable(text: str) -> str:
    """Cut a text and remove NUL, which PostgreSQL cannot store."""
    return text.replace("\x00", "")[:_LONGEST]


def _text(name: str) -> str | None:
    return storable(request.args.get(name, "")).strip() or None


def position_of_query() -> tuple[datetime, int] | None:
    """Return where a list continues, `<moment>~<number>` in `after`; None for its beginning."""
    at, _, number = request.args.get("after", "").partition("~")
    try:
        moment = datetime.fromisoformat(at.replace(" ", "+"))
    except ValueError:
        return None
    return (moment, int(number)) if moment.tzinfo and number.isdecimal() and len(number) < 19 else None  # noqa: PLR2004
