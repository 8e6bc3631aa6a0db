"""Why a webhook call is refused: raised anywhere in a receiver, answered in one place (`intake.py`)."""

from __future__ import annotations

from receivers.counters import Outcome


class Refusal(Exception):
    """A call that is answered with an error status; `path` is a JSON path, `fix` says what to send instead."""

    def __init__(self, problem: str, fix: str, *, path: str | None = None, count: int = 1) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix
        self.path = path
        self.count = count

    status = 400
    outcome: Outcome = "malformed"


class BadSignature(Refusal):
    """The sender could not be verified. The answer does not reveal the expected signature."""

    status = 401
    outcome: Outcome = "bad_signature"


class TooLarge(Refusal):
    """The body is over the limit."""

    status = 413
    outcome: Outcome = "too_large"


class NotNow(Refusal):
    """The call cannot be verified at the moment; the sender is to repeat it."""

    status = 503
    outcome: Outcome = "unavailable"
