"""Mass failures (R-24): a lead opens, prolongs and ends them, and sees the tickets of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import TypeAdapter, ValidationError

from config.phrases import Phrase
from desk.clock import machine_now
from events import IncidentEvent
from runtime.own_events import post
from store import audit, incidents, ticket_titles
from store.audit import Change
from store.incidents import Row
from web.access.guard import person
from web.lead.master_issue import look_up
from web.parts import Parts
from web.query_parameters import NUMBER, position_of_query, storable
from web.shown import View, view_of
from web.times import moment_of_query, zone_of
from web.typed import keep
from web.words import notice, word

_LINES, _LONGEST = 50, 200  # lines of a list, characters of one
_phrase: TypeAdapter[str] = TypeAdapter(Phrase)


@dataclass(frozen=True)
class Asked:
    """A form as it was sent; `faults` name what is wrong with it (`incident_faults` in `words.yml`)."""

    name: str = ""
    keywords: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    issue_key: str = ""
    until: datetime | None = None
    faults: tuple[str, ...] = ()
    until_text: str = ""
    issue_summary: str | None = None

    @property
    def values(self) -> dict[str, object]:
        """The columns of the failure's row."""
        lists = {"keywords": "\n".join(self.keywords), "topics": "\n".join(self.topics)}
        issue = {"issue_key": self.issue_key, "issue_summary": self.issue_summary}
        return {"name": self.name, **issue, "until": self.until, **lists}


def blueprint(parts: Parts) -> Blueprint:
    """Make `/incidents`, `/incidents/<number>`, and the buttons."""
    routes = Blueprint("incidents", __name__)

    @routes.get("/incidents")
    def page() -> str:
        """Show the open failures, a form for a new one, and the former ones."""
        return _page(parts, Asked())

    @routes.post("/incidents/new")
    def begin() -> ResponseReturnValue:
        """Handle «Открыть»."""
        asked, who = _asked(parts), person().actor
        if asked.faults:
            return _page(parts, asked)
        with parts.process.engine.begin() as connection:
            row = incidents.open_one(connection, asked.values | {"opened_by": who.who}, parts.process.clock.now())
            change = Change("incident_opened", f"incident:{row.id}", after=row.name, reason=row.issue_key)
            audit.write(connection, who, change, machine_now())
        told = "incident_opened" if asked.issue_summary is not None else "incident_opened_unseen"
        return redirect(url_for("incidents.page", told=told), 303)

    @routes.get(f"/incidents/{NUMBER}")
    def one(number: int) -> str:
        """Show a failure's tickets, the newest first."""
        return _one(parts, number)

    _buttons(routes, parts)
    return routes


def _buttons(routes: Blueprint, parts: Parts) -> None:
    """Add the buttons that change a failure's end and that end it."""

    @routes.post(f"/incidents/{NUMBER}/until")
    def prolong(number: int) -> ResponseReturnValue:
        """Handle «Изменить срок»."""
        now, until = parts.process.clock.now(), _until(parts, request.form.get("until", ""))
        if until is None or until <= now:
            keep("until")
            return redirect(url_for("incidents.one", number=number, told="incident_no_until"), 303)
        with parts.process.engine.begin() as connection:
            before = incidents.get(connection, number)
            if before is None or incidents.prolong(connection, number, until, now) is None:
                return redirect(url_for("incidents.page", told="incident_is_over"), 303)
            change = Change("incident_prolonged", f"incident:{number}", before.until.isoformat(), until.isoformat())
            audit.write(connection, person().actor, change, machine_now())
        return redirect(url_for("incidents.one", number=number, told="incident_prolonged"), 303)

    @routes.post(f"/incidents/{NUMBER}/end")
    def end(number: int) -> ResponseReturnValue:
        """Handle «Сбой закончился»: the owners of the failure's tickets will be told."""
        who, now = person().actor, parts.process.clock.now()
        with parts.process.engine.begin() as connection:
            row = incidents.end(connection, number, who.who, now)
            if row is None:
                return redirect(url_for("incidents.page", told="incident_is_over"), 303)
            post(connection, IncidentEvent(type="incident.ended", occurred_at=now, incident=number))
            change = Change("incident_ended", f"incident:{number}", before=row.name)
            audit.write(connection, who, change, machine_now())
        return redirect(url_for("incidents.one", number=number, told="incident_ended"), 303)


def _page(parts: Parts, asked: Asked) -> str:
    view = view_of(parts)
    with parts.process.engine.connect() as connection:
        newest = incidents.newest(connection)
        rows = incidents.open_now(connection)
        over = [row for row in newest if row.ended_at is not None]
        counts = incidents.counts(connection, [row.id for row in (*rows, *over)])
    faults = [word("incident_faults", fault) for fault in asked.faults]
    shown = [_shown(row, view, counts.get(row.id, 0)) for row in rows]
    before = [_shown(row, view, counts.get(row.id, 0)) for row in over]
    return render_template("incidents.html", rows=shown, over=before, asked=asked, faults=faults, **_told())


def _one(parts: Parts, number: int) -> str:
    config, view = parts.process.effective_config.current(), view_of(parts)
    at = position_of_query()
    with parts.process.engine.connect() as connection:
        row = incidents.get(connection, number)
        if row is None:
            abort(404)
        found = incidents.tickets(connection, number, at[0] if at else None)
        count = incidents.counts(connection, [number]).get(number, 0)
        titles = ticket_titles.of_cases(connection, [f"{one.source}:{one.ticket_id}" for one in found])
    names = {str(name): one.name for name, one in config.categories.resolutions.items()}
    tickets = [
        (one.source, one.ticket_id, one.agent_id or "", view.due(one.at), names.get(one.resolution or "", ""))
        for one in found
    ]
    more = f"{found[-1].at.isoformat()}~0" if len(found) == incidents.PAGE else None
    until = row.until.astimezone(zone_of(config)).strftime("%Y-%m-%dT%H:%M")
    about = {"tickets": tickets, "titles": view.titles(titles)}
    return render_template("incident.html", row=_shown(row, view, count), more=more, until=until, **about, **_told())


def _shown(row: Row, view: View, count: int) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "keywords": row.keywords.splitlines(),
        "topics": row.topics.splitlines(),
        "key": row.issue_key,
        "summary": row.issue_summary,
        "url": view.issue_url(row.issue_key),
        "opened": view.due(row.opened_at),
        "by": row.opened_by,
        "until": view.due(row.until),
        "ended": view.due(row.ended_at) if row.ended_at else None,
        "ended_by": row.ended_by,
        "count": count,
    }


def _told() -> dict[str, object]:
    return notice(request.args.get("told", ""))


def _asked(parts: Parts) -> Asked:
    name = storable(request.form.get("name", "")).strip()
    issue = look_up(parts, request.form.get("issue_key", ""))
    keywords, topics = _lines("keywords"), _lines("topics")
    until = _until(parts, request.form.get("until", ""))
    wrong = {
        "name": not name,
        "nothing": not keywords and not topics,
        "keywords": not all(map(_is_phrase, keywords)),
        issue.fault or "": issue.fault is not None,
        "until": until is None or until <= parts.process.clock.now(),
    }
    faults = tuple(fault for fault, so in wrong.items() if so)
    typed = storable(request.form.get("until", ""))
    return Asked(name, keywords, topics, issue.key, until, faults, typed, issue.summary)


def _lines(field: str) -> tuple[str, ...]:
    lines: Sequence[str] = request.form.get(field, "").splitlines()[:_LINES]
    return tuple(dict.fromkeys(line for one in lines if (line := storable(one).strip()[:_LONGEST])))


def _is_phrase(text: str) -> bool:
    try:
        _phrase.validate_python(text)
    except ValidationError:
        return False
    return True


def _until(parts: Parts, text: str) -> datetime | None:
    return moment_of_query(text, zone_of(parts.process.effective_config.current()))
