"""Keeps the processes' memory small: few malloc arenas, and imported modules shared by forked processes."""

from __future__ import annotations

import contextlib
import ctypes
import gc

_M_ARENA_MAX = -8  # glibc's malloc.h
_ARENAS = 2


def use_few_arenas() -> None:
    """Let all threads of this process, and of those it forks, allocate from two arenas.

    By default glibc makes one for each thread: some 30 MB per process that are never given back.
    """
    with contextlib.suppress(OSError, AttributeError):  # other C libraries have no `mallopt`
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def before_forks() -> None:
    """Hide the objects that exist so far from the garbage collector, so that their pages stay shared after a fork.

    The collector writes to each object it visits, and a page that is written to is no longer shared.
    """
    gc.collect()
    gc.freeze()
