"""Memory of the processes: few arenas, and what was imported shared by all that are forked."""

from __future__ import annotations

import contextlib
import ctypes
import gc

_M_ARENA_MAX = -8  # glibc's malloc.h
_ARENAS = 2


def use_few_arenas() -> None:
    """Let all threads of this process, and of those it forks, allocate from two arenas.

    glibc's default is one for each thread: some 30 MB a process that are never given back.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such door
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def before_forks() -> None:
    """Take what there is by now out of the garbage collector's sight: it writes to each object that it looks at, and a
    page that is written to is shared no longer."""
    gc.collect()
    gc.freeze()
