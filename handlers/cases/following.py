"""A case goes on as far as it can, whatever happened to it (J-01)."""

from __future__ import annotations

from dataclasses import replace

from desk.cases import DONE, Problem
from desk.desk import Desk
from events import CaseEvent, CommentEvent, IssueEvent, TicketEvent, TimerEvent
from handlers.cases import photos, reading
from handlers.cases.branching import choose_branch, say_branch, say_delay, work_out_delay
from handlers.cases.checks import check
from handlers.cases.deeds import go
from handlers.cases.reading import Told
from handlers.cases.watching import fire, see_issue, see_subtask, set_watches
from handlers.cases.work import Work


def hear(event: CaseEvent, desk: Desk) -> None:
    """What happened to a case's ticket or issue, or what a person wrote into the register (J-01, J-38)."""
    case = desk.cases.get(event.number)
    if case is None:
        return
    heard = event.event
    work = Work(case, desk, heard if isinstance(heard, TicketEvent) else None)
    if isinstance(heard, TicketEvent):
        _change_owner(work, heard)
        work.learn(reading.of_ticket(heard, work.cases))
    elif isinstance(heard, CommentEvent):
        _hear_comment(work, heard)
    elif isinstance(heard, IssueEvent) and work.issue is not None and not work.is_of(heard.issue):
        see_subtask(work, heard)
    elif isinstance(heard, IssueEvent):
        see_issue(work, heard)
    elif event.type == "case.photo_left":
        photos.leave(work, event.file)
    else:
        _edit(work, event)
    follow(work, touched=True)


def hear_timer(event: TimerEvent, desk: Desk) -> None:
    """A timer of a case has fired (J-06, J-08, J-09, J-32, J-47)."""
    case = desk.cases.get(event.number) if event.of == "case" else None
    if case is None or case.state == DONE:
        return
    work = Work(case, desk)
    fire(work, event)
    follow(work, touched=False)


def follow(work: Work, *, touched: bool) -> None:
    """What is known leads to a branch; its steps are done as their turn comes, and what is waited for has a timer."""
    if work.state != DONE:
        work_out_delay(work)
        choose_branch(work)
        before = None
        while before != (before := (dict(work.steps), dict(work.facts))):  # a step may be what the next one needs
            for name, step in work.plan.items():
                go(name, step, work)
        say_delay(work)
        say_branch(work)
        check(work)
        photos.pass_on(work)
        for name in [one for one in work.waits if not one.startswith("_") and one not in work.plan]:
            work.waits.pop(name)
        set_watches(work, touched=touched)
    work.desk.cases.keep(work.case, work.result(), why="J-01")


def on_paper(case: Problem, event: TicketEvent, desk: Desk) -> None:
    """What would be done, where a mode keeps the case from being opened."""
    work = Work(case, desk, event)
    work.learn(reading.of_ticket(event, work.cases))
    follow(work, touched=True)


def _change_owner(work: Work, event: TicketEvent) -> None:
    owner = event.ticket.assignee_id or event.agent.id
    if owner:
        work.owner = owner[:64]
        work.gender = event.agent.gender if owner == event.agent.id else None


def _hear_comment(work: Work, event: CommentEvent) -> None:
    """A colleague's word in the issue or its sub-task; in a claim it is the answer (J-46)."""
    if work.is_of(event.issue):
        work.learn(reading.of_comment(event, work.cases))
        see_issue(work, event)
    elif event.issue.project == work.cases.project:
        work.learn(reading.of_comment(event, work.cases))
    elif event.text.strip():
        work.learn(Told(facts={"answer": event.text.strip()}))


def _edit(work: Work, event: CaseEvent) -> None:
    """What a person wrote on the page; an empty text takes a fact back."""
    given = work.cases.given({name: value for name, value in event.facts.items() if value})
    for name, value in event.facts.items():
        if not value:
            work.facts.pop(name, None)
    work.learn(replace(Told(facts=given), done=event.done, undone=event.undone))
