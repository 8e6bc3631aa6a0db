"""What becomes of a case's issue, and what is remembered for it: stages, reminders, «Готово» (J-07…J-11, J-47)."""

from __future__ import annotations

from datetime import datetime

from desk.cases import DONE, OPEN
from desk.issues import IssueView
from desk.jira.names import is_named
from events import CommentEvent, IssueEvent, TimerEvent
from handlers.cases.work import Work

NEW, STALE = "_new", "_stale"


def see_issue(work: Work, event: IssueEvent | CommentEvent) -> None:
    """How the issue stands now: its status, its assignee; who begins to work on it takes it in work (J-08, J-10)."""
    seen = work.desk.jira.reading.read(event.issue)
    if seen is None:  # whoever deleted it wanted no case
        work.tell_agent("case_issue_deleted", why="J-01", key=event.issue.key or "")
        work.close()
        return
    work.status, work.assignee = seen.status[:64] or None, seen.assignee
    finished = work.desk.jira.reading.is_finished(seen)
    if finished and work.state == OPEN:
        _finish(work)
    elif not finished and work.state == DONE:
        work.state, work.closed_at = OPEN, None
        work.tell_agent("case_reopened", why="J-10", key=seen.issue.key)
    if not finished:
        _begin(work, seen, event)


def see_subtask(work: Work, event: IssueEvent) -> None:
    """The courier's sub-task: its step is done when it is finished (J-25)."""
    seen = work.desk.jira.reading.read(event.issue)
    if seen is not None and work.desk.jira.reading.is_finished(seen):
        for name, step in work.plan.items():
            if step.do == "subtask":
                work.tick(name)


def _begin(work: Work, seen: IssueView, event: IssueEvent | CommentEvent) -> None:
    """«К выполнению» → «В работе» when somebody has begun: a comment, an assignee (J-08); the stage is said (J-07)."""
    begun = isinstance(event, CommentEvent) or (event.changed("assignee") and seen.assignee is not None)
    statuses, now = work.desk.jira.moves.statuses(seen.issue), {"id": seen.status_id, "name": seen.status}
    was_new = work.case.status is None or is_named({"name": work.case.status}, statuses.queue)
    # moved already: perhaps by a try of this delivery that broke off
    if not begun or not (is_named(now, statuses.queue) or (was_new and is_named(now, statuses.in_work))):
        return
    work.desk.jira.moves.take_in_work(seen.issue, why="J-08")
    if work.desk.mode("J-08") == "act":
        work.status = statuses.in_work[:64]
        work.say(work.desk.note("case_in_work"), "in_work", why="J-07")


def _finish(work: Work) -> None:
    """«Готово»: what is left is said, all reminders end, and the ticket's owner is told (J-10, C-14)."""
    left = work.open_steps()
    if left:
        key = work.issue.key if work.issue else ""
        work.tell_agent("case_done_early", why="J-10", key=key, left=left)
        if work.crm is not None:
            work.say(work.desk.note("case_done_early", key=key, left=left), "done_early", why="J-10")
    elif work.crm is not None:
        work.tell_agent("case_done", why="J-10", key=work.issue.key if work.issue else "")
    work.close()


def set_watches(work: Work, *, touched: bool) -> None:
    """An issue that nobody begins, or that nobody touches, is spoken of after some working hours (J-08, J-09)."""
    if work.issue is None or not work.issue.real or work.state == DONE:
        return
    queue = work.desk.jira.moves.statuses(work.issue).queue
    is_new = work.status is None or is_named({"name": work.status}, queue)
    name, other = (NEW, STALE) if is_new else (STALE, NEW)
    work.waits.pop(other, None)
    if name not in work.waits or (touched and name == STALE):
        span = work.cases.stale.new if is_new else work.cases.stale.in_work
        work.wait(name, work.desk.cases.working(work.desk.now, span))


def fire(work: Work, event: TimerEvent) -> None:
    """A timer of the case: a person is reminded of the step that it belongs to, and will be again."""
    _, _, name, no = event.key.split(":")
    wait = work.waits.get(name)
    if wait is None or str(wait["no"]) != no or wait["due"] is None:
        return
    since, n = datetime.fromisoformat(wait["since"]), wait["n"] + 1
    if name in (NEW, STALE):
        rule = "J-08" if name == NEW else "J-09"
        values = {"key": work.issue.key if work.issue else "", "status": work.status or ""}
        work.remind_agent("case_stale", why=rule, since=since, assigned=bool(work.assignee), **values)
        work.wait(name, work.desk.cases.working(work.desk.now, work.cases.stale.in_work), n)
    elif name in work.plan:
        step = work.plan[name]
        missing = work.missing(step.facts)
        photos = "photos" in step.facts and "photos" not in work.facts
        why = "J-06" if photos else step.rule
        quote = work.desk.config.rules.rules[why].said
        known = {"step": step.name, "rule": why, "quote": quote}
        work.remind_agent("case_reminder", why=why, since=since, missing=missing, **known)
        work.wait(name, work.due_of(step, n, since), n)
    else:
        work.waits.pop(name)
