"""The files that an admin edits on a page: the tables of `config/` and what the bot writes. No other can be reached."""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.loader import TABLES
from desk.templates.files import CASE_NOTES, INTERIM, NOTES
from web.parts import Parts

_FORGOTTEN = ("people",)  # it names people, and to erase a row there has to be enough (docs/privacy.md)
_FOR_EDITORS = "yaml-language-server"
_SENTENCE = re.compile(r"(?<=[.?!]) ")


class ChangedError(Exception):
    """Somebody else has changed the file since it was opened."""


@dataclass(frozen=True)
class ConfigFile:
    """A file by the name that pages know it by, such as `config/calendar.yml`.

    `table`: its name in `config.loader.TABLES`; `remembered`: its lines may stand in the audit.
    """

    name: str
    path: Path
    table: str | None = None
    remembered: bool = True

    @property
    def about(self) -> str:
        """What it is for: the first sentence of its own comment."""
        head = itertools.takewhile(lambda line: line.startswith("#"), read(self).text.split("\n"))
        lines = (line.strip("# ") for line in head if _FOR_EDITORS not in line)
        paragraph = itertools.takewhile(bool, itertools.dropwhile(lambda words: not words, lines))
        return _SENTENCE.split(" ".join(paragraph), maxsplit=1)[0]


@dataclass(frozen=True)
class FileText:
    """What stands in a file, with a plain end of each line; `digest` names its bytes, `windows`: it has `\\r\\n`."""

    text: str
    digest: str
    windows: bool = False

    def with_text(self, text: str) -> bytes:
        """Other text as the same file writes it."""
        return (text.replace("\n", "\r\n") if self.windows else text).encode()


def files(parts: Parts) -> list[ConfigFile]:
    """All of them, tables first; without `people.yml` where `PEOPLE_FILE` names another one, which is not shown."""
    folder, root = parts.process.settings.config_dir, parts.process.factory.templates.folder
    elsewhere = {"people"} if parts.process.settings.people_file else set()
    tables = [
        ConfigFile(f"config/{name}.yml", folder / f"{name}.yml", name, remembered=name not in _FORGOTTEN)
        for name in TABLES
        if name not in elsewhere
    ]
    issues = [f"jira_templates/{path.name}" for path in sorted((root / "jira_templates").glob("*.yml"))]
    texts = [ConfigFile(name, root / name) for name in (NOTES, INTERIM, CASE_NOTES, *issues)]
    return [file for file in (*tables, *texts) if file.path.is_file()]


def file_of(parts: Parts, name: str) -> ConfigFile | None:
    """The file of a name; None: it is none of them."""
    return next((file for file in files(parts) if file.name == name), None)


def read(file: ConfigFile) -> FileText:
    """What stands in it now."""
    body = file.path.read_bytes()
    text = body.decode("utf-8-sig", errors="replace")
    return FileText(text.replace("\r\n", "\n"), digest_of(body), windows="\r\n" in text)


def digest_of(body: bytes) -> str:
    """The name of a content."""
    return hashlib.sha256(body).hexdigest()


def as_written(text: str) -> str:
    """A text out of a form as files have it: `\\n`, and one at the end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") or not text else f"{text}\n"


def is_writable(file: ConfigFile) -> bool:
    """Whether this process may replace the file."""
    path = file.path.resolve()
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


@contextmanager
def alone(file: ConfigFile, seen: str) -> Iterator[FileText]:
    """What stands in the file, while no other process of this machine saves a file of its folder.

    Raises ChangedError unless `seen` is what stands there.
    """
    handle = os.open(file.path.resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        now = read(file)
        if now.digest != seen:
            raise ChangedError
        yield now
    finally:
        os.close(handle)


def replace(file: ConfigFile, body: bytes) -> None:
    """Put another content in the place of the old one, whole or not at all. Raises OSError."""
    path = file.path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as written:
            written.write(body)
            written.flush()
            os.fsync(written.fileno())
        shutil.copymode(path, name)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
