"""Why a webhook call is not taken: raised anywhere in a receiver, answered in one place (`intake.py`)."""

from __future__ import annotations

from receivers.counters import Outcome


class Refusal(Exception):
    """A call that is answered with 4xx; `path` is a JSON path, `fix` says what to send instead."""

    def __init__(self, problem: str, fix: str, *, path: str | None = None, count: int = 1) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix
        self.path = path
        self.count = count

    status = 400
    outcome: Outcome = "malformed"


class BadSignature(Refusal):
    """The sender could not be verified. The answer says nothing about the signature expected."""

    status = 401
    outcome: Outcome = "bad_signature"


class TooLarge(Refusal):
    """The body is over the limit."""

    status = 413
    outcome: Outcome = "too_large"


class NotNow(Refusal):
    """What is needed to judge the call cannot be had at the moment: the sender repeats it."""

    status = 503
    outcome: Outcome = "unavailable"
