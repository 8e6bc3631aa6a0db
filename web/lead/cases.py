"""The register of problem cases: a list with filters, files, and the page of one case, which may be edited (J-38)."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping
from tempfile import TemporaryFile

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from config.cases import Cases
from desk.clock import machine_now
from events import CaseEvent
from runtime.own_events import post
from store import audit, problems
from store.audit import Change
from store.problems import FILTERS, UNCOVERED, Problem
from web.access.guard import person
from web.lead.files import XLSX as XLSX_TYPE
from web.lead.files import Cell, attachment, csv_answer, read_file, safe
from web.lead.filters import agent, people
from web.parts import Parts, sources
from web.query_parameters import NUMBER, number_of_query, storable
from web.shown import is_web, view_of
from web.words import notice, word, words

_FILTERS = (*FILTERS, "order_no", "agent")
_LONGEST = 200  # characters of what a form says of one thing


def blueprint(parts: Parts) -> Blueprint:
    """`/cases`, its files, and `/cases/<number>`."""
    routes = Blueprint("cases", __name__)

    @routes.get("/cases")
    def page() -> str:
        """The newest first, in pages."""
        cases = parts.process.effective_config.current().cases
        asked, before = _asked(cases, parts), number_of_query("before")
        with parts.process.engine.connect() as connection:
            rows = problems.page(connection, asked, before)
            counts = problems.counts(connection)
            workers = problems.workers(connection, sources(parts))
        view = view_of(parts)
        shown = [
            (row, _named(row, cases), view.due(row.opened_at), view.issue_url(row.issue_key or "")) for row in rows
        ]
        kept = {name: value for name, value in request.args.items() if value and name in _FILTERS}
        return render_template(
            "cases.html",
            rows=shown,
            kept=kept,
            kinds=[(name, kind.name) for name, kind in cases.kinds.items()],
            branches=_branches(cases),
            platforms=_values(cases, "platform"),
            people=people(workers, asked.get("agent"), parts.process.reloader.current().people.name),
            agent=asked.get("agent"),
            states=[(name, word("case_states", name)) for name in words()["case_states"]],
            uncovered=counts.get(UNCOVERED, 0),
            open=sum(counts.values()),
            more=rows[-1].id if len(rows) == problems.PAGE else None,
        )

    _files(routes, parts)
    _one(routes, parts)
    return routes


def _files(routes: Blueprint, parts: Parts) -> None:
    """What a person takes along."""

    @routes.get("/cases.csv")
    def table() -> Response:
        """All rows that the filters leave."""
        return csv_answer("cases.csv", _headings(parts), (_cells(row, parts) for row in _all(parts)))

    @routes.get("/cases.xlsx")
    def book() -> Response:
        """The same as a workbook."""
        return _workbook(_headings(parts), (_cells(row, parts) for row in _all(parts)))


def _one(routes: Blueprint, parts: Parts) -> None:
    """The page of a case."""

    @routes.get(f"/cases/{NUMBER}")
    def case(number: int) -> str:
        """What is known, the checklist, what is waited for."""
        return _page(parts, _found(parts, number), request.args.get("told", ""))

    @routes.post(f"/cases/{NUMBER}/edit")
    def edit(number: int) -> ResponseReturnValue:
        """«Сохранить»: what has changed goes to the case as an event, and into the changes."""
        row, cases = _found(parts, number), parts.process.effective_config.current().cases
        given = {name: storable(request.form.get(name, "")).strip()[:_LONGEST] for name in cases.facts}
        shown = {name: cases.facts[name].shown(row.facts.get(name, "")) for name in given}
        facts = {name: value for name, value in given.items() if name in request.form and value != shown[name]}
        plan = cases.steps(row.kind, row.branch, row.facts) if row.kind in cases.kinds else {}
        ticked = set(request.form.getlist("done")) & plan.keys() if "steps" in request.form else row.steps.keys()
        done = tuple(name for name in plan if name in ticked and name not in row.steps)
        undone = tuple(name for name in plan if name in row.steps and name not in ticked)
        unread = [name for name, value in facts.items() if value and cases.facts[name].read(value) is None]
        if unread:
            return _page(parts, row, "case_unread", facts, unread), 422
        if facts or done or undone:
            _file(parts, row, facts, done, undone)
        return redirect(url_for("cases.case", number=number, told="case_edited"), 303)


def _page(
    parts: Parts, row: Problem, told: str, typed: Mapping[str, str] | None = None, unread: Collection[str] = ()
) -> str:
    """Render the page of a case; `typed`: values that were not saved, of which `unread` could not be read."""
    cases, view = parts.process.effective_config.current().cases, view_of(parts)
    plan = cases.steps(row.kind, row.branch, row.facts) if row.kind in cases.kinds else {}
    shown = {name: fact.shown(row.facts.get(name, "")) for name, fact in cases.facts_of(row.kind).items()}
    ticked = row.steps.keys() if typed is None else request.form.getlist("done")
    return render_template(
        "case.html",
        row=row,
        named=_named(row, cases),
        opened=view.due(row.opened_at),
        issue_url=view.issue_url(row.issue_key or ""),
        url=row.url if is_web(row.url) else None,
        plan=[(name, step, name in ticked, row.waits.get(name)) for name, step in plan.items()],
        facts=[(name, cases.facts[name], value) for name, value in (shown | dict(typed or {})).items()],
        unread=unread,
        **notice(told),
    )


def _file(parts: Parts, row: Problem, facts: dict[str, str], done: tuple[str, ...], undone: tuple[str, ...]) -> None:
    event = CaseEvent(
        type="case.edited",
        occurred_at=parts.process.clock.now(),
        key=secrets.token_urlsafe(12),
        number=row.id,
        ticket_source=row.source,
        ticket_id=row.ticket_id,
        facts=facts,
        done=done,
        undone=undone,
        by=person().email,
    )
    before = {name: row.facts.get(name) for name in facts} | dict.fromkeys(undone, True)
    after: dict[str, object] = {**facts, **dict.fromkeys(done, True)}
    with parts.process.engine.begin() as connection:
        post(connection, event)
        audit.write(connection, person().actor, Change("case_edited", f"case:{row.id}", before, after), machine_now())


def _found(parts: Parts, number: int) -> Problem:
    with parts.process.engine.connect() as connection:
        row = problems.get(connection, number)
    if row is None:
        abort(404)
    return row


def _asked(cases: Cases, parts: Parts) -> dict[str, str]:
    """What the list is narrowed to; a city is written as people do."""
    asked = {name: storable(request.args.get(name, "")).strip()[:64] for name in (*FILTERS, "order_no")}
    asked["agent"] = agent(parts) or ""
    if asked["city"] and "city" in cases.facts:
        asked["city"] = cases.facts["city"].read(asked["city"]) or asked["city"]
    return {name: value for name, value in asked.items() if value}


def _all(parts: Parts) -> Iterator[Problem]:
    asked, before, left = _asked(parts.process.effective_config.current().cases, parts), None, problems.MOST
    while left > 0:
        with parts.process.engine.connect() as connection:
            rows = problems.page(connection, asked, before, min(left, 500))
        yield from rows
        if not rows:
            return
        left, before = left - len(rows), rows[-1].id


def _branches(cases: Cases) -> list[tuple[str, str]]:
    named = {name: row.name for kind in cases.kinds.values() for name, row in kind.branches.items()}
    return [*named.items(), (UNCOVERED, word("case_branches", UNCOVERED))]


def _values(cases: Cases, fact: str) -> list[tuple[str, str]]:
    known = cases.facts.get(fact)
    return [(value, known.shown(value)) for value in known.values] if known else []


def _named(row: Problem, cases: Cases) -> Mapping[str, str]:
    """The words of a row."""
    kind = cases.kinds.get(row.kind)
    branch = kind.branches.get(row.branch) if kind else None
    shown = {name: fact.shown(row.facts.get(name, "")) for name, fact in cases.facts.items()}
    named = {"kind": kind.name if kind else row.kind, "state": word("case_states", row.state)}
    return {**shown, **named, "branch": branch.name if branch else word("case_branches", row.branch)}


def _headings(parts: Parts) -> list[str]:
    own = [word("case_columns", name) for name in words()["case_columns"]]
    return [*own, *(fact.name for fact in parts.process.effective_config.current().cases.facts.values())]


def _cells(row: Problem, parts: Parts) -> list[Cell]:
    cases = parts.process.effective_config.current().cases
    named, view = _named(row, cases), view_of(parts)
    own: list[Cell] = [row.id, view.due(row.opened_at).exact, row.issue_key, named["kind"], named["branch"]]
    own += [row.reason, named["state"], row.status, row.owner_id, row.assignee, f"{row.source}:{row.ticket_id}"]
    return [*own, *(named[name] for name in cases.facts)]


def _workbook(headings: list[str], rows: Iterator[list[Cell]]) -> Response:
    """Every text is a text, never a formula."""
    from xlsxwriter import Workbook  # noqa: PLC0415 # 2 MB, for a file now and then

    file = TemporaryFile()  # noqa: SIM115 # closed when it is sent
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = Workbook(file, plain)
    sheet = book.add_worksheet(word("menu", "cases.page"))
    sheet.freeze_panes(1, 1)
    sheet.write_row(0, 0, headings, book.add_format({"bold": True}))
    for line, cells in enumerate(rows, start=1):
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                sheet.write_string(line, column, safe(cell))
            elif cell is not None:
                sheet.write_number(line, column, cell)
    book.close()
    file.seek(0)
    return Response(read_file(file), content_type=XLSX_TYPE, headers=attachment("cases.xlsx"))
