"""What the bot does for a step of the checklist, by its `do` (J-12…J-52); each says whether the step is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from config.cases import CaseStep, Do
from desk.jira.cases import CaseReport
from desk.templates import CaseContext
from handlers.cases.work import Work

Deed = Callable[[str, CaseStep, Work], bool]


def go(name: str, step: CaseStep, work: Work) -> None:
    """Do a step whose turn has come, or wait for it."""
    if name in work.steps or not work.is_met(step.needs) or not _hoped(step, work):
        return
    if _DEEDS[step.do](name, step, work):
        work.tick(name)
    elif name not in work.waits:
        work.wait(name, work.due_of(step, 0, work.desk.now))
    elif step.on_day and work.waits[name]["n"] == 0:  # the day may have been named, or moved
        since = datetime.fromisoformat(work.waits[name]["since"])
        work.wait(name, work.due_of(step, 0, since))


def _hoped(step: CaseStep, work: Work) -> bool:
    """What is desirable is waited for until somebody was reminded of it (J-21)."""
    return all(work.is_met((one,)) or (one in work.waits and work.waits[one]["n"] > 0) for one in step.hopes)


def _issue(_name: str, step: CaseStep, work: Work) -> bool:
    """The case's issue, with its summary and its sections (J-01, J-04, J-05, J-19, J-34)."""
    if work.issue is not None and work.issue.real:
        return True
    if not work.case.real and work.desk.mode(step.rule) not in ("off", "observe"):
        return False
    labels = (work.kind.label,)
    work.issue = work.desk.jira.cases.make(CaseReport(work.event, work.context(), labels), why=step.rule)
    return work.issue is not None and work.issue.real


def _person(name: str, step: CaseStep, work: Work) -> bool:
    """Only a person can: the agent gets the text that helps with it, once (J-49)."""
    if step.text and name not in work.waits:
        work.tell_agent("case_for_you", why=step.rule, step=step.name, text=work.words(step))
    return False


def _ask(name: str, step: CaseStep, work: Work) -> bool:
    """Data that are needed: the client is asked for what he knows, by a draft; the agent sees the rest (J-16, J-43)."""
    if not work.missing(step.facts):
        return True
    if step.text and name not in work.waits:
        work.draft(step)
    return False


def _draft(_name: str, step: CaseStep, work: Work) -> bool:
    """Words to the client (J-18, J-24, J-45, J-46, J-50)."""
    return work.draft(step)


def _chat(name: str, step: CaseStep, work: Work) -> bool:
    """A message to a group (J-12, J-21, J-25, J-31, J-36, J-37, J-52); without an address the agent sends it."""
    text, chat = work.words(step), step.chat or ""
    if work.cases.chats.get(chat) is None:
        if name not in work.waits:
            work.tell_agent("case_send_yourself", why=step.rule, step=step.name, text=text)
        return False
    return work.desk.cases.tell(chat, text, why=step.rule, possible=work.case.real)


def _comment(_name: str, step: CaseStep, work: Work) -> bool:
    """A comment in the issue (J-29)."""
    return work.say(work.words(step), step.text or "", why=step.rule)


def _claim(name: str, step: CaseStep, work: Work) -> bool:
    """A claim in the carrier's own Jira (J-44); where the bot may not write there, the agent gets its text (C-17)."""
    if not work.missing(step.facts):
        return True
    if work.cases.claims is None:
        if name not in work.waits:
            work.tell_agent("case_claim_yourself", why=step.rule, text=work.words(step))
        return False
    report = CaseReport(work.event, _telling(step, work))
    claim = work.desk.jira.cases.claim(report, why=step.rule) if work.case.real else None
    if claim is None or not claim.real:
        return False
    work.facts["claim"] = claim.key
    return True


def _subtask(_name: str, step: CaseStep, work: Work) -> bool:
    """A sub-task of the case's issue for the team of `label` (J-25); the step is done when that is finished."""
    if work.issue is not None and work.case.real and not work.has_come_up("subtask"):
        labels = (step.label,) if step.label else ()
        report = CaseReport(work.event, _telling(step, work), labels)
        if work.desk.jira.cases.subtask(report, work.issue, why=step.rule).real:
            work.once("subtask")
    return False


def _telling(step: CaseStep, work: Work) -> CaseContext:
    """Return what an issue is made of that tells only the step's own text."""
    context = work.context()
    return replace(context, case=replace(context.case, story=work.words(step)))


_DEEDS: Mapping[Do, Deed] = {
    "issue": _issue,
    "person": _person,
    "ask": _ask,
    "draft": _draft,
    "chat": _chat,
    "comment": _comment,
    "claim": _claim,
    "subtask": _subtask,
}
