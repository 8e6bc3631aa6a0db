"""What rules found that only warn or record: how often, in which tickets, and which of it was a false alarm."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from desk.clock import machine_now
from store import audit, found
from store.audit import Change
from web.access.guard import own_path, person
from web.asked import NUMBER, asked_after, storable
from web.parts import Parts
from web.shown import view_of
from web.words import word, words

_DAYS = (1, 7, 28)
_REASON = 500  # characters


def blueprint(parts: Parts) -> Blueprint:
    """`/findings`, and the marks."""
    routes = Blueprint("findings", __name__)

    @routes.get("/findings")
    def page() -> str:
        """By rule, and by agent where `reports.yml` says so; below, one by one."""
        config, view = parts.process.switchboard.current(), view_of(parts)
        days = request.args.get("days", 7, type=int)
        days = days if days in _DAYS else 7
        end = machine_now()
        start = end - timedelta(days=days)
        rule = request.args.get("rule", "") if request.args.get("rule", "") in config.rules.rules else None
        agents = config.reports.findings.agents
        with parts.process.engine.connect() as connection:
            table = found.table(connection, start, end, agents=agents)
            rows = found.steps(connection, (start, end), rule, asked_after())
        page_rows = rows[: found.PAGE]
        shown = [(row.id, row.case_id, view.step(row, row.case_id), row.marked_by, row.mark) for row in page_rows]
        last = rows[found.PAGE - 1] if len(rows) > found.PAGE else None
        told = request.args.get("told", "")
        return render_template(
            "findings.html",
            table=[(one, config.rules.rules.get(one), *rest) for one, *rest in table],
            agents=agents,
            rows=shown,
            rule=rule,
            days=days,
            spans=_DAYS,
            full=sum(row[2] for row in table) >= found.MOST,
            more=f"{last.begun_at.isoformat()}~{last.id}" if last else None,
            told=word("told", told) if told in words()["told"] else None,
        )

    @routes.post(f"/findings/{NUMBER}/wrong")
    def wrong(number: int) -> ResponseReturnValue:
        """«Это неверно»."""
        reason = storable(request.form.get("reason", "")).strip()[:_REASON] or None
        with parts.process.engine.begin() as connection:
            if found.mark(connection, number, person().email, reason, machine_now()):
                change = Change("marked_wrong", f"ledger:{number}", reason=reason)
                audit.write(connection, person().actor, change, machine_now())
        return _back("marked")

    @routes.post(f"/findings/{NUMBER}/right")
    def right(number: int) -> ResponseReturnValue:
        """«Снять отметку»."""
        with parts.process.engine.begin() as connection:
            if found.unmark(connection, number):
                audit.write(connection, person().actor, Change("marked_right", f"ledger:{number}"), machine_now())
        return _back("unmarked")

    return routes


def _back(told: str) -> ResponseReturnValue:
    path = own_path(request.form.get("back", "")) or url_for("findings.page")
    base, _, query = path.partition("?")
    kept: list[Any] = [part for part in query.split("&") if part and not part.startswith(("told=", "undo="))]
    return redirect(f"{base}?{'&'.join([*kept, f'told={told}'])}", 303)
