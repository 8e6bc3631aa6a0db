"""The form that puts a ticket on hold: whom it waits for, checked before anything begins (W-53, W-55, W-56, W-73)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from flask import request

from events import ISSUE_KEY, Closing, HoldDetail, TicketEvent
from events.values import ACCOUNT_ID, as_key

REASONS = ("external_jira", "slack", "outlook", "mention")
_LONGEST = 5000  # characters of what was done, or of a question
_SHORT = 500  # characters of a key, a colleague or an address
_LOOKS_LIKE_AN_ACCOUNT = 20  # characters, or with a colon: the number of an agent in the CRM is neither


@dataclass(frozen=True)
class HoldForm:
    """What was filled in; `fault` names in `hold_faults` what is wrong with it."""

    kind: str = ""
    reason: str = ""
    key: str = ""
    colleague: str = ""
    link: str = ""
    text: str = ""
    fault: str | None = None

    @classmethod
    def of_request(cls) -> HoldForm:
        """As it was sent."""
        names = {"kind": 20, "reason": 20, "key": _SHORT, "colleague": _SHORT, "link": _SHORT, "text": _LONGEST}
        return cls(
            **{name: request.form.get(name, "").replace("\x00", "").strip()[:most] for name, most in names.items()}
        )

    def fault_of(self, agents: Mapping[str, str], own_keys: Collection[str]) -> str | None:
        """What is wrong, if anything. `agents`: Jira's accounts by agent; `own_keys`: the ticket's issues."""
        if self.kind == "seller":
            return None if self.text else "no_question"
        if self.kind != "ozon" or self.reason not in REASONS:
            return "no_reason"
        if found := self._fault_of_awaited(agents, own_keys):
            return found
        return None if self.text else "no_text"

    def _fault_of_awaited(self, agents: Mapping[str, str], own_keys: Collection[str]) -> str | None:
        if self.reason == "external_jira":
            if not re.fullmatch(ISSUE_KEY, self._key()):
                return "wrong_key" if self.key else "no_key"
            return "own_key" if self._key() in own_keys else None
        if self.reason == "mention":
            return None if self._account(agents) else "wrong_colleague" if self.colleague else "no_colleague"
        return "wrong_link" if self.link and not _is_address(self.link) else None

    def event(
        self, known: Sequence[TicketEvent], resolution: str, agents: Mapping[str, str], now: datetime
    ) -> TicketEvent:
        """The closing that the CRM would have sent; `known`: what it told of the ticket, the newest first."""
        # an event of little may follow one that told all; the holds need the topic and the seller
        event = next((one for one in known if one.ticket.type), known[0])
        values: dict[str, object] = {"resolution": resolution, "hold": self.kind}
        if self.kind == "ozon":
            values |= {"actions_done": self.text, "hold_detail": self._detail(agents)}
        else:
            values["question"] = self.text
        changed = {"id": secrets.token_urlsafe(12), "type": "ticket.closing", "occurred_at": now}
        nothing = {"request": None, "message_id": None, "draft_of": None, "change": None, "changes": ()}
        return event.model_copy(update={**changed, **nothing, "closing": Closing.model_validate(values)})

    def _detail(self, agents: Mapping[str, str]) -> HoldDetail:
        """Only what belongs to the reason: a field of another one may have been filled in before."""
        awaited: dict[str, str | None] = {"link": self.link or None}
        if self.reason == "external_jira":
            awaited = {"jira_key": self._key()}
        elif self.reason == "mention":
            awaited = {"account_id": self._account(agents)}
        return HoldDetail.model_validate({"reason": self.reason, **awaited})

    def _key(self) -> str:
        return str(as_key(self.key))

    def _account(self, agents: Mapping[str, str]) -> str | None:
        """By the agent's number in the CRM, by Jira's account, or by the address of the profile."""
        name = self.colleague.rstrip("/").rpartition("/people/")[2]
        like_one = re.fullmatch(ACCOUNT_ID, name) and (":" in name or len(name) >= _LOOKS_LIKE_AN_ACCOUNT)
        return agents.get(name) or (name if like_one else None)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
