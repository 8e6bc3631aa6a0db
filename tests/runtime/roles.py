"""What the zygote's children do: work, keep time; and die where they are told to."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import runtime.clock
from config import ConfigReloader
from config.settings import Settings
from desk.actions import Action
from desk.run_ledger import RunLedger
from runtime.clock import Clock
from runtime.process import Process
from runtime.worker import Worker
from store import deliveries
from store.database import connect


def work(env: dict[str, str]) -> None:
    """A worker, until SIGTERM."""
    process, reloader = _process(env)
    Worker(process.engine, process.factory, reloader).run()


def keep_time(env: dict[str, str]) -> None:
    """A clock, until SIGTERM."""
    process, reloader = _process(env)
    runtime.clock.run(Clock(process.engine, process.factory, reloader))


ROLES: dict[str, Callable[[dict[str, str]], None]] = {"worker": work, "clock": keep_time}


def _process(env: dict[str, str]) -> tuple[Process, ConfigReloader]:
    settings = Settings.read(env)
    process = Process(settings)
    process.__dict__["engine"] = connect(settings.database_url)  # migrated already
    return process, ConfigReloader(settings.config_dir, env)


def die_at(moment: str, verb: str | None) -> None:
    """Kill this process, as `kill -9` does, when it comes to the boundary."""
    if verb is None:
        _die_around_the_delivery(moment)
    else:
        _die_around_the_action(moment, verb)


def _die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_around_the_delivery(moment: str) -> None:
    if moment == "accepted":
        deliveries.take = _die
    elif moment == "unfinished":
        deliveries.let_go = _die
    else:
        let_go = deliveries.let_go

        def end(connection: Any, *given: Any, **values: Any) -> bool:
            let_go(connection, *given, **values)
            connection.commit()
            return bool(_die())

        deliveries.let_go = end


def _die_around_the_action(moment: str, name: str) -> None:
    """Before it is begun, when it is begun, when the answer is there, or when it was asked for and is not ended yet."""
    done = RunLedger._done

    def dying_done(actions: RunLedger, number: int, asked: Any, *given: Any) -> Any:
        what = asked.action
        if what.name == name and moment == "begun":
            _die()
        result = done(actions, number, asked, *given)
        if what.name == name and moment == "answered":
            _die()
        return result

    RunLedger._done = dying_done  # type: ignore[assignment, method-assign]
    for way in ("do", "write"):
        _die_around(way, moment, name)


def _die_around(way: str, moment: str, name: str) -> None:
    asked = getattr(RunLedger, way)

    def dying(actions: RunLedger, what: Action, *given: Any, **more: Any) -> Any:
        if what.name == name and moment == "before":
            _die()
        value = asked(actions, what, *given, **more)
        if what.name == name:
            _die()  # also where there is no answer of another system to wait for
        return value

    setattr(RunLedger, way, dying)
