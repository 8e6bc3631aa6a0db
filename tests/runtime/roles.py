"""What the zygote's children do: work, keep time; and die where they are told to."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import runtime.clock
from config import Watch
from config.settings import Settings
from desk.journal import LedgerJournal
from runtime.clock import Clock
from runtime.process import Process
from runtime.worker import Worker
from store import deliveries
from store.database import connect


def work(env: dict[str, str]) -> None:
    """A worker, until SIGTERM."""
    process, watch = _process(env)
    Worker(process.engine, process.office, watch).run()


def keep_time(env: dict[str, str]) -> None:
    """A clock, until SIGTERM."""
    process, watch = _process(env)
    runtime.clock.run(Clock(process.engine, process.office, watch))


ROLES: dict[str, Callable[[dict[str, str]], None]] = {"worker": work, "clock": keep_time}


def _process(env: dict[str, str]) -> tuple[Process, Watch]:
    settings = Settings.read(env)
    process = Process(settings)
    process.__dict__["engine"] = connect(settings.database_url)  # migrated already
    return process, Watch(settings.config_dir, env)


def die_at(moment: str, verb: str | None) -> None:
    """Kill this process, as `kill -9` does, when it comes to the boundary."""
    if verb is None:
        _die_around_the_delivery(moment)
    else:
        _die_around_the_verb(moment, verb)


def _die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_around_the_delivery(moment: str) -> None:
    if moment == "accepted":
        deliveries.take = _die
    elif moment == "unfinished":
        deliveries.let_go = _die
    else:
        let_follow = deliveries.let_follow

        def follow(*given: Any) -> None:
            connection = given[0]
            let_follow(*given)
            connection.commit()
            _die()

        deliveries.let_follow = follow


def _die_around_the_verb(moment: str, verb: str) -> None:
    do, act = LedgerJournal.do, LedgerJournal._act

    def dying_do(journal: LedgerJournal, what: Any, *given: Any) -> Any:
        if what.name == verb and moment == "before":
            _die()
        result = do(journal, what, *given)
        if what.name == verb and moment == "done":
            _die()
        return result

    def dying_act(journal: LedgerJournal, entry: int, mode: Any, what: Any, *given: Any) -> Any:
        if what.name == verb and moment == "begun":
            _die()
        done = act(journal, entry, mode, what, *given)
        if what.name == verb and moment == "answered":
            _die()
        return done

    LedgerJournal.do = dying_do  # type: ignore[method-assign]
    LedgerJournal._act = dying_act  # type: ignore[method-assign]
