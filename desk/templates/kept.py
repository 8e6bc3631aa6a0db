"""What is made of files, and made again when they change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from desk.templates.format import TemplateError

log = structlog.get_logger("desk.templates")
_Made = TypeVar("_Made")


class Kept(Generic[_Made]):
    """Something made from files, and made again when one of them changes."""

    def __init__(self, files: Sequence[Path], make: Callable[[], _Made]) -> None:
        self._files = files
        self._make = make
        self._made: tuple[object, _Made] | None = None

    def get(self) -> _Made:
        """Return the latest version that could be made; raise `TemplateError` if none ever could."""
        stamp = [_stamp(file) for file in self._files]
        if self._made is not None and self._made[0] == stamp:
            return self._made[1]
        try:
            made = self._make()
        except TemplateError as error:
            if self._made is None:
                raise
            log.error("template_refused", problems=error.problems)
            made = self._made[1]
        self._made = (stamp, made)
        return made


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
