"""The logs of every process: one line per event on stderr, as text on a terminal, else as JSON.

Exceptions are plain tracebacks without the values of local variables, which may hold tokens and bodies.
"""

from __future__ import annotations

import base64
import json
import logging
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO
from urllib.parse import quote, urlsplit

import structlog
from pydantic import SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

from config.settings import Settings

HIDDEN = "[скрыто]"
_SHORTEST = 8  # characters; a shorter secret would blot out ordinary words
QUIET_SECONDS = 10  # within which a repeated library message is written once
_SAME = 100  # characters by which two messages are the same
_KEPT = 3600  # seconds that a message is remembered


def set_up(env: Mapping[str, str], settings: Settings | None = None) -> None:
    """Send our events and the libraries' warnings to stderr; call it again once the settings are known.

    `LOG_FORMAT` is `json` or `text`; by default it is text on a terminal and JSON elsewhere.
    """
    as_json = env.get("LOG_FORMAT", "") == "json" or (env.get("LOG_FORMAT") != "text" and not sys.stderr.isatty())
    finish: list[Processor] = [_renderer(as_json=as_json), _Hide(secrets_of(settings) if settings else ())]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # on a terminal the traceback follows its line, in JSON it is a field
        *([structlog.processors.format_exc_info] if as_json else []),
    ]
    structlog.configure(
        processors=[_add_name, *shared, *finish],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_Logger,
        cache_logger_on_first_use=False,
    )
    _route_libraries(shared, finish)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Return every spelling of every secret, the longest first; none in the sandbox, whose secrets are public."""
    if settings.smezhnik_sandbox:
        return ()
    plain = {secret for value in settings.__dict__.values() for secret in _revealed(value)}
    plain.add(urlsplit(settings.database_url).password or "")
    if settings.jira_token:
        pair = f"{settings.jira_user}:{settings.jira_token.get_secret_value()}"
        plain.add(base64.b64encode(pair.encode()).decode())
    spelt = {form for secret in plain for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])}
    return tuple(sorted((form for form in spelt if len(form) >= _SHORTEST), key=len, reverse=True))


def _revealed(value: object) -> Iterable[str]:
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, SecretStr):
            yield item.get_secret_value()


class _Logger(structlog.WriteLogger):
    """Writes whole lines to what `sys.stderr` is when it is made, and knows its own name."""

    def __init__(self, name: str = "smezhnik", *_: object) -> None:
        super().__init__(sys.stderr)
        self.name = name


class _Handler(logging.StreamHandler[TextIO]):
    """Our handler; it looks up `sys.stderr` for each record, so that it may be replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self.stream = sys.stderr
        super().emit(record)


class _Sparing(logging.Filter):
    """Lets a repeated message from one place through at most once in `QUIET_SECONDS`, with the number left out.

    A library that is called many times a second may complain as often.
    """

    def __init__(self) -> None:
        super().__init__()
        self._heard: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether this record is written."""
        words = record.getMessage()
        place = (record.name, record.lineno, words[:_SAME])
        at, left_out = self._heard.get(place, (-math.inf, 0))
        if record.created - at < QUIET_SECONDS:
            self._heard[place] = (at, left_out + 1)
            return False
        self._heard = {one: said for one, said in self._heard.items() if record.created - said[0] < _KEPT}
        self._heard[place] = (record.created, 0)
        if left_out:
            record.msg, record.args = f"{words} (and {left_out} times since it was last said here)", ()
        return True


class _Hide:
    """Replaces the secrets in a finished line."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets

    def __call__(self, _logger: WrappedLogger, _method: str, line: Any) -> Any:
        for secret in self._secrets:
            line = line.replace(secret, HIDDEN)
        return line


def _add_name(logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["logger"] = getattr(logger, "name", "")
    return event


def _renderer(*, as_json: bool) -> Processor:
    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )


def _route_libraries(shared: Sequence[Processor], finish: Sequence[Processor]) -> None:
    """Write the warnings of APScheduler, gunicorn and other libraries in the same format."""
    handler = _Handler()
    handler.addFilter(_Sparing())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish],
        )
    )
    root = logging.getLogger()
    for earlier in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    # it warns each time a duty skips a turn because its last one is still running
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
