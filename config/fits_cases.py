"""Checks that the table of problem cases fits together, and with Jira's."""

from __future__ import annotations

from collections.abc import Iterator

from config.cases import Cases, CaseStep
from config.doubles import spellings_of, twice, unknown
from config.faults import Fault, Steps
from config.jira import JiraConfig, Purpose
from config.yaml_file import Document

DERIVED = ("delayed", "photos_left")  # facts that the bot works out (J-43, J-06)


def check_cases(document: Document, cases: Cases, jira: JiraConfig | None) -> Iterator[Fault]:
    """Yield faults for names with two meanings, and for conditions and steps that name unknown things."""
    yield from twice(document, spellings_of(("facts",), cases.facts))
    yield from twice(document, spellings_of(("kinds",), cases.kinds))
    for name, fact in cases.facts.items():
        yield from _known(document, ("facts", name, "kind"), (fact.kind,) if fact.kind else (), list(cases.kinds))
    for name, kind in cases.kinds.items():
        facts = [*cases.facts_of(name), *DERIVED]
        for branch, row in kind.branches.items():
            yield from _known(document, ("kinds", name, "branches", branch, "when"), tuple(row.when), facts)
            every = [*kind.steps, *row.steps, *facts]
            for step_id, step in row.steps.items():
                yield from _step(
                    document, ("kinds", name, "branches", branch, "steps", step_id), step, cases, (facts, every)
                )
        for step_id, step in kind.steps.items():
            yield from _step(document, ("kinds", name, "steps", step_id), step, cases, (facts, [*kind.steps, *facts]))
    if jira:
        yield from _project(document, "project", "case", cases.project, jira)
        if any(step.do == "subtask" for step in _steps(cases)):
            yield from _project(document, "project", "courier", cases.project, jira)
        yield from _project(document, "claims", "claim", cases.claims, jira)


def _steps(cases: Cases) -> Iterator[CaseStep]:
    for kind in cases.kinds.values():
        yield from kind.steps.values()
        for branch in kind.branches.values():
            yield from branch.steps.values()


def _step(
    document: Document, place: Steps, step: CaseStep, cases: Cases, known: tuple[list[str], list[str]]
) -> Iterator[Fault]:
    """Check one step; `known` are its kind's facts, and the same with the steps that it may wait for."""
    facts, every = known
    yield from _known(document, (*place, "facts"), step.facts, facts)
    yield from _known(document, (*place, "when"), tuple(step.when), facts)
    yield from _known(document, (*place, "needs"), step.needs, every)
    yield from _known(document, (*place, "hopes"), step.hopes, every)
    if step.do == "chat" and step.chat not in cases.chats:
        yield unknown(document, (*place, "chat"), "case_name_unknown", step.chat or "", list(cases.chats))


def _known(document: Document, place: Steps, names: tuple[str, ...], known: list[str]) -> Iterator[Fault]:
    for name in names:
        if name not in known:
            yield unknown(document, place, "case_name_unknown", name, known)


def _project(document: Document, place: str, purpose: Purpose, key: str | None, jira: JiraConfig) -> Iterator[Fault]:
    if key is None:
        return
    if key not in jira.projects:
        yield unknown(document, (place,), "project_unknown", key, list(jira.projects))
    elif purpose not in jira.projects[key].issue_type:
        yield document.fault((place,), "purpose_missing", purpose=purpose)
