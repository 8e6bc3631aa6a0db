"""Problem cases (manual J): opened from a ticket or an issue, led by the branches of T-8, kept in a register.

`opening` runs where the event came in and does little; `following` runs in the case's own lane, one delivery after the
other, so that two things which happen at once never do a step twice.
"""

from __future__ import annotations

from handlers.cases.following import hear, hear_timer
from handlers.cases.opening import hear_comment, hear_issue, hear_ticket
from handlers.cases.photos import attach as attach_photo

__all__ = ["attach_photo", "hear", "hear_comment", "hear_issue", "hear_ticket", "hear_timer"]
