"""Keeps the configuration up to date without a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from config.config import Config
from config.faults import ConfigError
from config.loader import TABLES, TEMPLATES, load, path_of

EVERY = 1.0  # seconds between two looks at the files
_log = structlog.get_logger("config")
Look = tuple[tuple[int, int, int] | None, ...]


class ConfigReloader:
    """Loads the configuration of a folder and loads it again when a file changes; safe to share between threads."""

    def __init__(
        self,
        folder: Path,
        env: Mapping[str, str],
        templates: Path = TEMPLATES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load the folder; raises ConfigError when it is faulty. `clock` returns seconds."""
        self._folder, self._env, self._templates, self._clock = folder, env, templates, clock
        self._lock = threading.Lock()
        self._seen = self._look()
        self._config = load(folder, env, templates)
        self._next = clock() + EVERY

    def current(self) -> Config:
        """Return the configuration, reloaded if a file changed; a faulty change is logged and the old one kept."""
        if self._clock() >= self._next and self._lock.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._lock.release()
        return self._config

    def _refresh(self) -> None:
        self._next = self._clock() + EVERY
        seen = self._look()
        if seen == self._seen:
            return
        self._seen = seen  # before loading: a file that changes meanwhile is read again
        try:
            self._config = load(self._folder, self._env, self._templates)
        except ConfigError as error:
            for fault in error.faults:
                _log.error("config.fault", fault=str(fault), kept=self._config.version)
        else:
            _log.info("config.loaded", version=self._config.version)

    def _look(self) -> Look:
        return tuple(_stamp(path_of(self._folder, name, self._env)) for name in TABLES)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
