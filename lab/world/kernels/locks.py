"""One process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from lab.world.kernels.tools import Say


@contextlib.contextmanager
def alone(path: Path, say: Say, waiting: str) -> Iterator[int]:
    """Nobody else is in here with the same `path`. Gives the lock's descriptor. The file stays: a removed one locks nobody out."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)
