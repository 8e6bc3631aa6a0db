"""`.env`: adds the variables that a process's environment lacks; `.env.example` shows them all."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from config.faults import ConfigError, Fault, message

FILE = Path(".env")  # in the folder in which the process was started
_DISABLED = "PYTHON_DOTENV_DISABLED"  # the library's own switch, which keeps `.env` out of the tests


def complete() -> None:
    """Set the variables of `.env` that the environment lacks; raise ConfigError, setting none, if it is malformed."""
    if not os.environ.get(_DISABLED) and FILE.exists():
        add(FILE)


def add(file: Path) -> None:
    """Do the same with any file; an empty variable counts as not set, and `${NAME}` is replaced."""
    text = _text(file)
    lines = parse_stream(io.StringIO(text))
    wrong = [line.original.line for line in lines if line.error or (line.key and line.value is None)]
    if wrong:
        raise ConfigError([Fault(file.name, line, "", message("env_line")) for line in wrong])
    for name, value in dotenv_values(stream=io.StringIO(text)).items():
        if value and not os.environ.get(name):
            os.environ[name] = value


def keep(variables: Mapping[str, str]) -> None:
    """Write variables into `.env`, in place of those that stand there; for its owner's eyes alone."""
    lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    kept = [line for line in lines if line.partition("=")[0].strip() not in variables]
    text = "\n".join([*kept, *(f"{name}={value}" for name, value in variables.items())]) + "\n"
    with open(os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
    FILE.chmod(0o600)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError([Fault(file.name, None, "", message("file_encoding"))]) from None
    except OSError as error:
        raise ConfigError([Fault(file.name, None, "", message("file_unreadable", {"said": error.strerror}))]) from None
