"""One process at a time, or several that only read."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from lab.world.kernels.tools import Say


@contextlib.contextmanager
def alone(path: Path, say: Say, waiting: str, *, shared: bool = False) -> Iterator[int]:
    """Nobody else is in here with the same `path`; where `shared`, nobody who is not. Gives the lock's descriptor.

    The file stays: a removed one locks nobody out.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(fd, kind)
        yield fd
    finally:
        os.close(fd)
