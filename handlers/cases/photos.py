"""The photos that a client sends get into the issue of the case (J-06)."""

from __future__ import annotations

from desk.desk import Desk
from events import Attachment, CaseEvent
from handlers.cases.work import Work, issue_of
from handlers.closings import OURS

LEFT = "photos_left"  # the fact that a person has to attach some


def attach(event: CaseEvent, desk: Desk) -> None:
    """A photo of the client's is attached to the issue of its case, once (J-06)."""
    case = desk.cases.get(event.number)
    issue = issue_of(case) if case else None
    if issue is not None and event.file is not None:
        desk.jira.photos.attach(issue, event, event.file, why="J-06")


def pass_on(work: Work) -> None:
    """Have each photo of the event attached, once for each address."""
    crm, issue = work.crm, work.issue
    known = crm is not None and crm.has_files and "photos" in work.cases.facts_of(work.case.kind)
    if not known or issue is None or not issue.real or not work.case.real:
        return
    for file in _photos(work):
        mark = f"photo_{file.fingerprint}"
        if not work.has_come_up(mark) and work.desk.cases.pass_on(work.case, file, why="J-06"):
            work.once(mark)


def _photos(work: Work) -> list[Attachment]:
    """Return the files of the client's messages whose addresses the CRM tells."""
    client = [one for one in work.event.ticket.messages if one.public and one.author.role not in OURS]
    return [file for one in client for file in one.attachments or () if file.url]


def leave(work: Work, file: Attachment | None) -> None:
    """A photo could not be attached: that becomes a step of the checklist, even if one like it was done before."""
    work.facts[LEFT] = "yes"
    for name, step in work.plan.items():
        if LEFT in step.when:
            work.steps.pop(name, None)
    key = work.issue.key if work.issue else ""
    work.remind_agent("case_photo_left", why="J-06", file=file.name if file and file.name else "", key=key)
