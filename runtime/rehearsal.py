"""What the bot would do about an event, without doing it: its procedures at a desk that only looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import structlog

from config import Config
from desk.faults import Fault
from desk.office import Office
from events import Event
from handlers import PROCEDURES
from store.ledger import Recorded

_log = structlog.get_logger("rehearsal")


@dataclass(frozen=True)
class Understood:
    """An event as its receiver reads it; None: `ignored` says why."""

    type: str
    case: str
    event: Event | None
    ignored: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass
class Rehearsal:
    """The lines of the dry run's journal; `stopped`: why it could not go on."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    stopped: str | None = None


def rehearse(office: Office, config: Config, understood: Understood, done: Recorded | None = None) -> Rehearsal:
    """Run the procedures as far as they would write; look-ups are real. `done`: what the ledger has as done."""
    found = Rehearsal()
    if understood.event is None:
        return found
    desk, journal = office.dry(config, f"simulate/{understood.case}", done)
    found.steps = journal.lines
    try:
        for procedure in PROCEDURES.get(understood.type, ()):
            procedure(understood.event, desk)
    except Fault as fault:
        found.stopped = fault.reason
    except Exception as error:
        _log.exception("rehearsal failed", case=understood.case)
        found.stopped = f"{type(error).__name__} in our own code; see the log"
    return found
