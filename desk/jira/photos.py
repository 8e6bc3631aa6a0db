"""Photos that clients send, attached to the issues of their cases (J-06)."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from desk.actions import Action, Result
from desk.circuit_breaker import Refused
from desk.clock import machine_now
from desk.context import DeskContext
from desk.faults import Later
from desk.issues import Issue
from events import Attachment, CaseEvent

PATIENCE = timedelta(hours=1)  # how long a file that cannot be fetched is tried again
LONGEST = 100  # characters of a name
_ODD = re.compile(r"[\x00-\x1f\x7f/\\\\\"]+")


class JiraPhotos:
    """Attaches photos, each once; one that cannot be passed on is left to a person."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def attach(self, issue: Issue, event: CaseEvent, file: Attachment, *, why: str) -> None:
        """Fetch the file of a case.photo event from the CRM and attach it to the issue."""
        site, name = self._context.site(issue.site), name_of(file, event.key)

        def act() -> Result:
            try:
                photo = self._context.crm().file(file.url or "")
            except Refused as refused:
                return self._left(event, refused.reason)
            except Later as later:
                if machine_now() - event.occurred_at < PATIENCE:
                    raise
                return self._left(event, later.reason)
            try:
                site.attach(issue.id, name, photo.content, photo.kind)
            except Refused as refused:
                return self._left(event, refused.reason)
            return Result()

        def find(_begun_at: object) -> Result | None:
            attached = site.issue(issue.id, ["attachment"]).fields.get("attachment") or []
            return Result() if any(one["filename"] == name for one in attached) else None

        self._context.actions.do(Action(why, "attach_photo", issue.key, intent=name), act, find)

    def _left(self, event: CaseEvent, reason: str) -> Result:
        """Leave a photo to a person, whom the case reminds of it."""
        word = {"type": "case.photo_left", "key": f"{event.key}:left", "occurred_at": machine_now()}
        left = event.model_copy(update=word)
        return Result(outcome="refused", reason=reason, rows=lambda rows: self._context.post(rows, left))


def name_of(file: Attachment, key: str) -> str:
    """Return the name under which a file is attached; the end of the event's key tells it from others called alike."""
    given = file.name or PurePosixPath(unquote(urlsplit(file.url or "").path)).name
    return f"{key.rpartition(':')[2]}-{_ODD.sub('_', given)[-LONGEST:]}"
