"""Rules: what the bot may do by each, switched by hand above the files; what observed rules would have done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config import Mode
from desk.clock import machine_now
from store import audit, browse, switches
from store.audit import Actor, Asked, Change
from web.access.guard import own_path, person
from web.admin.history import History
from web.parts import Parts, crms
from web.shown import view_of
from web.times import Moment
from web.words import word, words

MODES: tuple[Mode, ...] = get_args(Mode)
LOOKED_BACK = timedelta(days=30)
_MOST = 1000  # counting stops there
_NEWEST = 20
_HISTORY = 10


@dataclass(frozen=True)
class Row:
    """A rule on the page; `file_mode` is what the files say, `switched` when and by whom it was switched."""

    id: str
    chapter: str
    quote: str
    source: str
    mode: str
    file_mode: str
    switched: tuple[Moment, str] | None
    fired: int | None
    built: bool
    missing: list[str]  # the CRMs of which it needs one, where there is none


def blueprint(parts: Parts) -> Blueprint:
    """`/rules`, `/rules/<rule>` and the switch of each."""
    routes = Blueprint("switches", __name__)

    @routes.get("/rules")
    def page() -> str:
        """All rules that are built, by chapter."""
        rows = _rows(parts)
        mode = request.args.get("mode", "")
        shown = [row for row in rows if row.built and (mode not in MODES or row.mode == mode)]
        counts = {one: sum(row.mode == one for row in rows if row.built) for one in MODES}
        return render_template(
            "rules.html",
            rows=shown,
            counts=counts,
            wanted=mode if mode in MODES else "",
            unbuilt=sum(not row.built for row in rows),
            modes=_mode_words(),
            told=_told(),
            days=LOOKED_BACK.days,
            most=_MOST,
        )

    @routes.get("/rules/<rule>")
    def rule(rule: str) -> str:
        """One rule: the manual's words, its switch, its history, what it would have done."""
        row = next((one for one in _rows(parts, only=rule)), None)
        if row is None:
            abort(404)
        view = view_of(parts)
        with parts.process.engine.connect() as connection:
            found = browse.observed(connection, rule, _NEWEST)
            changes = audit.page(connection, Asked(what="mode_set", target=rule), None, _HISTORY)
        steps = [(view.step(step, step.case_id), step.delivery, step.case_id) for step in found]
        history = History(parts, view).rows(changes)
        return render_template(
            "rule.html",
            row=row,
            steps=steps,
            changes=history,
            modes=_mode_words(),
            told=_told(),
            days=LOOKED_BACK.days,
            most=_MOST,
        )

    @routes.post("/rules/<rule>/mode")
    def set_mode(rule: str) -> ResponseReturnValue:
        """Switch, or (`file`) give the word back to the files."""
        asked = request.form.get("mode", "")
        known = parts.process.watch.current().rules.rules.get(rule)
        if known is None or not known.built or asked not in (*MODES, "file"):
            abort(400)
        group = parts.process.watch.current().rules.with_others(rule)
        switch(parts, rule, None if asked == "file" else asked, person().actor)
        back = own_path(request.form.get("back", "")) or url_for("switches.rule", rule=rule)
        told = "switched" if len(group) == 1 else "switched_together"
        return redirect(f"{back}{'&' if '?' in back else '?'}told={told}", 303)

    return routes


def switch(parts: Parts, rule: str, mode: str | None, by: Actor, reason: str | None = None) -> None:
    """Set the switch of a rule and of those that go with it, and write down who did.

    The next delivery that begins obeys it.
    """
    now = machine_now()
    group = parts.process.watch.current().rules.with_others(rule)
    with parts.process.engine.begin() as connection:
        for name in group:
            before = switches.set_mode(connection, name, mode, by.who, now)
            if before != mode:
                change = Change("mode_set", name, before=before or "file", after=mode or "file", reason=reason)
                audit.write(connection, by, change, now)


def _rows(parts: Parts, only: str | None = None) -> list[Row]:
    files = parts.process.watch.current().rules
    view = view_of(parts)
    with parts.process.engine.connect() as connection:
        turned = switches.switched(connection)
        known = {name: rule for name, rule in files.rules.items() if only in (None, name)}
        modes = {name: _mode(files, name, turned.get(name)) for name in known}
        watched = [name for name, mode in modes.items() if mode == "observe" and known[name].built]
        fired = browse.observed_counts(connection, watched, machine_now() - LOOKED_BACK, _MOST)
    return [
        Row(
            id=name,
            chapter=word("chapters", name[0]),
            quote=rule.said,
            source=rule.source,
            mode=modes[name],
            file_mode=files.mode(name),
            switched=(view.moment(turned[name].set_at), turned[name].set_by) if name in turned else None,
            fired=fired.get(name),
            built=rule.built,
            missing=[] if rule.applies(crms(parts)) else [word("sources", crm) for crm in rule.needs],
        )
        for name, rule in known.items()
    ]


def _mode(files: Any, name: str, turned: Any) -> str:
    return turned.value if turned is not None and files.rules[name].built else str(files.mode(name))


def _mode_words() -> dict[str, str]:
    return {mode: word("modes", mode) for mode in MODES}


def _told() -> str | None:
    told = request.args.get("told", "")
    return word("told", told) if told in words()["told"] else None
