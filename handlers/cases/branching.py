"""Which branch of T-8 a case goes by, whether there is a delay at all, and what no branch covers (C-16)."""

from __future__ import annotations

from datetime import timedelta

from desk.cases import UNCOVERED
from desk.departments import Line
from handlers.cases.work import Work

DELAY = "delayed"  # the fact that is worked out
DELAY_TIMER = "_delay"


def work_out_delay(work: Work) -> None:
    """Delay = today − (hand-over + promised days); looked at again on the day after the promise (J-43)."""
    if DELAY not in work.kind.when:
        return
    known = work.is_met(("handed_over",)) or work.is_met(("promised_on",))
    if not known or not work.is_met(("city", "platform")):
        return
    promised = work.promised
    if promised is None:
        if work.once("no_promise"):
            values = {"city": work.shown("city"), "platform": work.shown("platform")}
            work.tell_agent("case_no_promise", why="J-43", **values)
        return
    late = work.delay > 0
    work.facts[DELAY] = "yes" if late else "no"
    if late:
        work.waits.pop(DELAY_TIMER, None)
    else:
        work.wait(DELAY_TIMER, work.desk.cases.morning(promised + timedelta(days=1)))


def say_delay(work: Work) -> None:
    """The result goes into the issue; that there is no delay yet is told to the agent (J-43)."""
    if DELAY not in work.facts or work.promised is None:
        return
    values = {"promised": work.promised.isoformat(), "delay": work.delay}
    if work.facts[DELAY] == "yes":
        if work.issue is not None and work.once("delay"):
            work.say(work.desk.note("case_delay", **values), "delay", why="J-43")
    elif work.once("no_delay"):
        work.tell_agent("case_delay", why="J-43", **values)


def choose_branch(work: Work) -> None:
    """The row of T-8; where there is none the case goes to a person, with the reason (C-16)."""
    choice = work.cases.choose(work.case.kind, work.facts)
    if choice.branch is not None or choice.missing:
        work.branch, work.reason = choice.branch or "", None
        work.forget("uncovered")
        return
    conditions = dict.fromkeys(name for row in work.kind.branches.values() for name in row.when)
    known = [f"{work.cases.facts[name].name}: {work.shown(name)}" for name in conditions if work.shown(name)]
    work.branch, work.reason = UNCOVERED, "; ".join([work.kind.name, *known])


def say_branch(work: Work) -> None:
    """Which branch it is and its checklist go to the agent and into the issue, once for each (J-07)."""
    if work.branch == UNCOVERED:
        if work.once("uncovered"):
            _say_uncovered(work)
        return
    if not work.branch or not work.once(f"branch_{work.branch}"):
        return
    row = work.kind.branches[work.branch]
    values = {"kind": work.kind.name, "branch": row.name, "steps": [step.name for step in work.plan.values()]}
    if work.crm is not None:
        work.tell_agent("case_branch", why=row.rule, **values)
    work.say(work.desk.note("case_stage", **values), "stage", why="J-07")
    if row.label and work.issue is not None and work.case.real:
        work.desk.jira.cases.label(work.issue, row.label, why=row.rule)


def _say_uncovered(work: Work) -> None:
    values = {"reason": work.reason or "", "key": work.issue.key if work.issue else ""}
    work.remind_agent("case_uncovered", why=work.kind.rule, **values)
    if work.case.real:
        work.desk.departments.tell_lead(Line("case_uncovered_lead", values), why=work.kind.rule)
