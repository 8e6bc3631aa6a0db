"""Rules: what the bot may do by each, switched by hand above the files; what observed rules would have done."""

from __future__ import annotations

from typing import get_args

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config import Mode
from store import audit, browse
from store.audit import AuditFilter
from web.access.guard import own_path, person
from web.admin.history import DeliveryHistory
from web.admin.rule_rows import LOOKED_BACK, MOST, groups, rows_of
from web.admin.switching import FILE, Switched, switch_all, take_back
from web.parts import Parts
from web.query_parameters import storable
from web.rule_titles import rule_titles, title_of
from web.shown import view_of
from web.words import word

MODES: tuple[Mode, ...] = get_args(Mode)
_NEWEST = 20
_HISTORY = 10
_LONGEST = 100  # characters that are looked for


def blueprint(parts: Parts) -> Blueprint:
    """`/rules`, `/rules/<rule>` and the switch of each."""
    routes = Blueprint("switches", __name__)

    @routes.get("/rules")
    def page() -> str:
        """All rules that are built, by the steps of the guide."""
        rows = rows_of(parts)
        mode, wanted = request.args.get("mode", ""), request.args.get("q", "").strip()[:_LONGEST]
        mode = mode if mode in MODES else ""
        return render_template(
            "rules.html",
            groups=groups(rows, mode, wanted),
            counts={one: sum(row.mode == one for row in rows if row.built) for one in MODES},
            mode=mode,
            wanted=wanted,
            by_hand=[row for row in rows if row.by_hand and not mode and row.says(wanted)],
            unbuilt=sum(not row.built and not row.by_hand for row in rows),
            **_common(),
        )

    _of_one(routes, parts)
    _switching(routes, parts)
    return routes


def _of_one(routes: Blueprint, parts: Parts) -> None:
    """One rule, with its history."""

    @routes.get("/rules/<rule>")
    def rule(rule: str) -> str:
        """One rule: the manual's words, its switch, its history, what it would have done."""
        row = next((one for one in rows_of(parts, only=rule)), None)
        if row is None:
            abort(404)
        view = view_of(parts)
        with parts.process.engine.connect() as connection:
            found = browse.observed(connection, rule, _NEWEST)
            changes = audit.page(connection, AuditFilter(what="mode_set", target=rule), None, _HISTORY)
        steps = [(view.step(step, step.case_id), step.delivery, step.case_id) for step in found]
        history = DeliveryHistory(parts, view).rows(changes)
        return render_template("rule.html", row=row, steps=steps, changes=history, **_common())


def _switching(routes: Blueprint, parts: Parts) -> None:
    """The switches, and the undo."""

    @routes.post("/rules/<rule>/mode")
    def set_mode(rule: str) -> ResponseReturnValue:
        """Switch a rule, or (`file`) give the word back to the files."""
        known = parts.process.reloader.current().rules.rules.get(rule)
        if known is None or not known.built:
            abort(400)
        return _switched(parts, rule, [rule])

    @routes.post("/rule-groups/<group>/mode")
    def set_group(group: str) -> ResponseReturnValue:
        """Switch all rules of a part of the page, but for those that the bot cannot do."""
        found, files = rule_titles().group(group), parts.process.reloader.current().rules
        if found is None:
            abort(404)
        built = [name for name in found.rules if files.rules[name].built]
        return _switched(parts, group, built)

    @routes.post("/rule-groups/undo")
    def take_back_one() -> ResponseReturnValue:
        """«Отменить» beside what was switched."""
        done = Switched.of_token(request.form.get("done", ""))
        if done is None:
            return redirect(url_for("switches.page", told="undo_expired"), 303)
        mode = "undone" if take_back(parts, done, person().actor) else "not_undone"
        return _back(Switched(done.of, mode, {}))


def _switched(parts: Parts, of: str, rules: list[str]) -> ResponseReturnValue:
    asked = request.form.get("mode", "")
    if asked not in (*MODES, FILE):
        abort(400)
    return _back(Switched(of, asked, switch_all(parts, rules, asked, person().actor)))


def _back(done: Switched) -> ResponseReturnValue:
    """To the page that the button stood on, at the same place, with the message."""
    page = own_path(storable(request.form.get("back", ""))) or url_for("switches.page")
    return redirect(f"{page}{'&' if '?' in page else '?'}done={done.token()}#at-{done.of}", 303)


def _common() -> dict[str, object]:
    """What both pages need: the words of modes, and what was switched just now."""
    done = Switched.of_token(request.args.get("done", ""))
    group = rule_titles().group(done.of) if done else None
    return {
        "modes": {mode: word("modes", mode) for mode in (*MODES, FILE)},
        "days": LOOKED_BACK.days,
        "most": MOST,
        "done": done,
        "done_title": group.name.said if group else f"{done.of} {title_of(done.of)}" if done else "",
        "told": word("told", "undo_expired") if request.args.get("told") == "undo_expired" else None,
        "token": request.args.get("done", ""),
    }
