"""The logs of every process: one line an event on stderr, for people on a terminal, else JSON.

Exceptions are plain tracebacks: values of local variables hold tokens and bodies, so they are never written.
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
QUIET_SECONDS = 10  # in which a library says the same thing once
_SAME = 100  # characters
_KEPT = 3600  # seconds that something said is remembered


def set_up(env: Mapping[str, str], settings: Settings | None = None) -> None:
    """Send our events and the libraries' warnings to stderr; may be called again when the settings are known.

    `LOG_FORMAT` is `json` or `text`; unset: text on a terminal, JSON elsewhere.
    """
    as_json = env.get("LOG_FORMAT", "") == "json" or (env.get("LOG_FORMAT") != "text" and not sys.stderr.isatty())
    finish: list[Processor] = [_renderer(as_json=as_json), _Hide(secrets_of(settings) if settings else ())]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # on a terminal the traceback follows its line, in JSON it is a field of it
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
    """Every spelling in which a secret could appear in a log; none in the sandbox, whose secrets everybody knows."""
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
    """Writes whole lines to whatever stderr is at that moment, and knows what it was called."""

    def __init__(self, name: str = "smezhnik", *_: object) -> None:
        super().__init__(sys.stderr)
        self.name = name


class _Handler(logging.StreamHandler[TextIO]):
    """Ours; stderr is looked up when a record comes, so that it may be replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self.stream = sys.stderr
        super().emit(record)


class _Sparing(logging.Filter):
    """Lets the same words of the same place through once in a while, with how often they were said meanwhile.

    A library that is asked many times a second may complain as often.
    """

    def __init__(self) -> None:
        super().__init__()
        self._heard: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this record is written."""
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
    """Takes the secrets out of a finished line."""

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
    """Warnings of APScheduler, gunicorn and the others come out in the same shape."""
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
    # it warns of each turn that a duty skips because the one before is still under way
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
