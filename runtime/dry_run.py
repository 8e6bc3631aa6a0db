"""What the bot would do about an event, without doing it: its procedures run with a desk that only reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import structlog

from config import Config
from desk.factory import DeskFactory
from desk.faults import ActionFault
from events import Event
from handlers import PROCEDURES
from store.ledger import Recorded

_log = structlog.get_logger("dry_run")


@dataclass(frozen=True)
class Understood:
    """An event as its receiver reads it; where `event` is None, `ignored` says why."""

    type: str
    case: str
    event: Event | None
    ignored: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass
class DryRun:
    """The lines of a dry run's actions, and in `stopped` why it could not go on."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    stopped: str | None = None


def run_dry(factory: DeskFactory, config: Config, understood: Understood, done: Recorded | None = None) -> DryRun:
    """Run the procedures of an event with real look-ups but no writes; `done` is what the ledger has recorded."""
    found = DryRun()
    if understood.event is None:
        return found
    desk, actions = factory.dry(config, f"simulate/{understood.case}", done)
    found.steps = actions.lines
    try:
        for procedure in PROCEDURES.get(understood.type, ()):
            procedure(understood.event, desk)
    except ActionFault as fault:
        found.stopped = fault.reason
    except Exception as error:
        _log.exception("dry run failed", case=understood.case)
        found.stopped = f"{type(error).__name__} in our own code; see the log"
    return found
