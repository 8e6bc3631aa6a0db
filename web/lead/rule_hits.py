"""Rule hits: what rules that only warn or record have found, how often, in which tickets, and the false alarms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config import Config
from config.resolutions import CHECKED
from desk.clock import machine_now
from store import audit, rule_hits, ticket_titles
from store.audit import Change
from web.access.guard import own_path, person
from web.parts import Parts
from web.query_parameters import NUMBER, position_of_query, storable
from web.shown import view_of
from web.words import notice, word

_DAYS = (1, 7, 28)
CLOSING = "closing"
PARTS = (CLOSING, "W", "R", "J", "U", "E")  # the checks of a closing, and the manuals
_REASON = 500  # characters


@dataclass(frozen=True)
class RuleHitsWanted:
    """The page's filter: a rule, or a part of the rules; `rules` is None without a filter."""

    rule: str | None
    part: str | None
    rules: frozenset[str] | None

    @classmethod
    def of_query(cls, config: Config) -> RuleHitsWanted:
        """Read the query; unknown values are ignored."""
        rule, part = request.args.get("rule", ""), request.args.get("part", "")
        if rule in config.rules.rules:
            return cls(rule, None, frozenset({rule}))
        if part == CLOSING:
            return cls(None, part, CHECKED)
        if part in PARTS:
            return cls(None, part, frozenset(name for name in config.rules.rules if name.startswith(f"{part}-")))
        return cls(None, None, None)

    def has(self, rule: str) -> bool:
        """Return whether the table shows this rule's row: a filter by one rule only affects the list below it."""
        return self.rules is None or self.rule is not None or rule in self.rules


def blueprint(parts: Parts) -> Blueprint:
    """Make `/findings`, and the marks."""
    routes = Blueprint("rule_hits", __name__)

    @routes.get("/findings")
    def page() -> str:
        """Show the hits by rule, and by agent if `reports.yml` says so; below, one by one."""
        config, view = parts.process.effective_config.current(), view_of(parts)
        days = request.args.get("days", 7, type=int)
        days = days if days in _DAYS else 7
        end = machine_now()
        start = end - timedelta(days=days)
        wanted = RuleHitsWanted.of_query(config)
        agents = config.reports.findings.agents
        with parts.process.engine.connect() as connection:
            table = rule_hits.table(connection, start, end, agents=agents)
            rows = rule_hits.steps(connection, (start, end), wanted.rules, position_of_query())
            titles = ticket_titles.of_cases(connection, [row.case_id for row in rows])
        page_rows = rows[: rule_hits.PAGE]
        shown = [(row.id, row.case_id, view.step(row, row.case_id), row.marked_by, row.mark) for row in page_rows]
        last = rows[rule_hits.PAGE - 1] if len(rows) > rule_hits.PAGE else None
        told = request.args.get("told", "")
        return render_template(
            "rule_hits.html",
            table=[(one, config.rules.rules.get(one), *rest) for one, *rest in table if wanted.has(one)],
            agents=agents,
            titles=view.titles(titles),
            rows=shown,
            rule=wanted.rule,
            part=wanted.part,
            parts_of_rules=[(name, word("parts_of_rules", name)) for name in PARTS],
            days=days,
            spans=_DAYS,
            full=sum(row[2] for row in table) >= rule_hits.MOST,
            more=f"{last.begun_at.isoformat()}~{last.id}" if last else None,
            **notice(told),
        )

    _marks(routes, parts)
    return routes


def _marks(routes: Blueprint, parts: Parts) -> None:
    """Add the buttons by which a lead marks a rule hit."""

    @routes.post(f"/findings/{NUMBER}/wrong")
    def wrong(number: int) -> ResponseReturnValue:
        """Handle «Это неверно»."""
        reason = storable(request.form.get("reason", "")).strip()[:_REASON] or None
        with parts.process.engine.begin() as connection:
            if rule_hits.mark(connection, number, person().email, reason, machine_now()):
                change = Change("marked_wrong", f"ledger:{number}", reason=reason)
                audit.write(connection, person().actor, change, machine_now())
        return _back("marked")

    @routes.post(f"/findings/{NUMBER}/right")
    def right(number: int) -> ResponseReturnValue:
        """Handle «Снять отметку»."""
        with parts.process.engine.begin() as connection:
            if rule_hits.unmark(connection, number):
                audit.write(connection, person().actor, Change("marked_right", f"ledger:{number}"), machine_now())
        return _back("unmarked")


def _back(told: str) -> ResponseReturnValue:
    path = own_path(request.form.get("back", "")) or url_for("rule_hits.page")
    base, _, query = path.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith(("told=", "undo="))]
    return redirect(f"{base}?{'&'.join([*kept, f'told={told}'])}", 303)
