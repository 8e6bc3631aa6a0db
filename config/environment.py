"""`.env`: what the environment of a process does not say, as `.env.example` shows it."""

from __future__ import annotations

import io
import os
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from config.faults import ConfigError, Fault, message

FILE = Path(".env")  # of the folder in which the process was started
_DISABLED = "PYTHON_DOTENV_DISABLED"  # the library's own switch: the tests and `.env` are none of each other's business


def complete() -> None:
    """Set what `.env` names and the environment lacks; raise ConfigError, and set nothing, when it cannot be read."""
    if not os.environ.get(_DISABLED) and FILE.exists():
        add(FILE)


def add(file: Path) -> None:
    """The same with another file; an empty variable counts as one that is not set. `${NAME}` is replaced."""
    text = _text(file)
    lines = parse_stream(io.StringIO(text))
    wrong = [line.original.line for line in lines if line.error or (line.key and line.value is None)]
    if wrong:
        raise ConfigError([Fault(file.name, line, "", message("env_line")) for line in wrong])
    for name, value in dotenv_values(stream=io.StringIO(text)).items():
        if value and not os.environ.get(name):
            os.environ[name] = value


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError([Fault(file.name, None, "", message("file_encoding"))]) from None
    except OSError as error:
        raise ConfigError([Fault(file.name, None, "", message("file_unreadable", {"said": error.strerror}))]) from None
