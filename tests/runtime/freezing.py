"""A worker that freezes, as in a virtual machine that is suspended: where, and how one sees it."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from requests.adapters import HTTPAdapter

import store.database
from desk.jira.client import JiraSite
from tests.bot import Bot

SEARCHED = "searched"  # Jira was searched, the owner is not asked yet
SENDING = "sending"  # the owner was asked, and nothing of the call has gone out


def freeze_at(place: str | int) -> None:
    """Freeze this process when it is about to create an issue, or at one of the steps of a case: each statement, and
    each call, counts as two, before and after."""
    store.database.ASLEEP_SECONDS = 2
    if place == SEARCHED:
        _before(JiraSite, "create", lambda *_: True)
    elif place == SENDING:
        _before(HTTPAdapter, "send", lambda _, request: request.method == "POST" and request.url.endswith("/issue"))
    else:
        _at_step(int(place))


def is_frozen(pid: int) -> bool:
    """Whether a process stands still."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def froze(bot: Bot, pid: int) -> bool:
    """Whether a process is frozen for good; one that holds SQLite's lock, which stops everybody, is let go on a bit."""
    if not is_frozen(pid):
        return False
    url = bot.engine.url
    if url.get_backend_name() == "sqlite":
        with contextlib.closing(sqlite3.connect(str(url.database), timeout=0.1)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
                return False
    return True


def thaw(bot: Bot, pid: int) -> None:
    """Let a process go on."""
    _thawed(bot.env).touch()
    os.kill(pid, signal.SIGCONT)


def _thawed(env: Mapping[str, str]) -> Path:
    return Path(env["DATA_DIR"]) / "thawed"


def _freeze() -> None:
    while not _thawed(os.environ).exists():
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.01)


def _before(owner: type, name: str, meant: Any) -> None:
    call = getattr(owner, name)
    frozen: list[bool] = []

    def freezing(self: Any, *given: Any, **named: Any) -> Any:
        if not frozen and meant(self, *given):
            frozen.append(True)
            _freeze()
        return call(self, *given, **named)

    setattr(owner, name, freezing)


def _at_step(number: int) -> None:
    """At step `number`; on SQLite not before the transaction is over, whose lock would stop everybody."""
    steps = itertools.count()
    frozen: list[bool] = []

    def step(connection: Any = None) -> None:
        if not threading.current_thread().name.startswith("case") or frozen:
            return
        locks = connection is not None and getattr(connection.connection.dbapi_connection, "in_transaction", False)
        if next(steps) >= number and not locks:
            frozen.append(True)
            _freeze()

    sa.event.listen(sa.Engine, "before_cursor_execute", lambda connection, *_: step(connection))
    sa.event.listen(sa.Engine, "after_cursor_execute", lambda connection, *_: step(connection))
    send = HTTPAdapter.send

    def sending(self: Any, *given: Any, **named: Any) -> Any:
        step()
        answer = send(self, *given, **named)
        step()
        return answer

    HTTPAdapter.send = sending  # type: ignore[method-assign]
