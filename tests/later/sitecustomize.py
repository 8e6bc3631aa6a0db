"""Imported by every Python that `make test-later` starts: its clock goes 400 days ahead, and goes on.

What Python asks for the time is moved (`time`, `datetime`), in children and forks too; the monotonic clock, files and
databases are not. A library that is preloaded into the process (libfaketime) moves those that are written in C as
well, but passes every wait for Python's lock through one lock of its own: a worker with 32 threads stood still.
"""

import time

import time_machine

time_machine.travel(time.time() + 400 * 24 * 3600, tick=True).start()
