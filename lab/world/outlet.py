"""Where a capture goes: a file or a pipe that may fill up, that nobody may read, and whose reader may go."""

from __future__ import annotations

import contextlib
import os
import select
import stat
from collections.abc import Sequence

PIPE_BUF = 4096  # a pipe that has room at all takes so much at once (pipe_write())
PATIENCE = 1.0  # seconds that a reader has to make room, once we are to stop


class ReaderGone(Exception):
    """Nobody reads the pipe any more."""


class Outlet:
    """Writes pieces to `fd`, and waits for a reader that is slow: once there is something to read on `stop`, for PATIENCE at most.

    `pieces` and `octets` are what was written whole.
    """

    def __init__(self, fd: int, stop: int) -> None:
        self.fd = fd
        self.pieces = self.octets = 0
        self._writable, self._both = select.poll(), select.poll()
        for poll in (self._writable, self._both):
            poll.register(fd, select.POLLOUT)
        self._both.register(stop, select.POLLIN)
        mode = os.fstat(fd).st_mode
        self.is_file = stat.S_ISREG(mode)
        self._chunk = PIPE_BUF if stat.S_ISFIFO(mode) else 1 << 20

    def write(self, pieces: Sequence[bytes]) -> None:
        """Raises ReaderGone, also of one that does not read, and OSError where there is no room. No file has a part of a piece."""
        octets = memoryview(b"".join(pieces))
        done = 0
        try:
            while done < len(octets):
                self._wait()
                with contextlib.suppress(BlockingIOError):  # somebody made it so, and another writer was faster
                    done += os.write(self.fd, octets[done : done + self._chunk])
        except BrokenPipeError as error:
            raise ReaderGone from error
        finally:
            self._count(pieces, done)

    def _wait(self) -> None:
        """Until there is room."""
        if self.fd not in dict(self._both.poll()) and not self._writable.poll(PATIENCE * 1000):
            raise ReaderGone

    def _count(self, pieces: Sequence[bytes], done: int) -> None:
        whole = 0
        for piece in pieces:
            if whole + len(piece) > done:
                break
            whole += len(piece)
            self.pieces += 1
        self.octets += whole
        if whole < done and self.is_file:
            os.ftruncate(self.fd, os.lseek(self.fd, whole - done, os.SEEK_CUR))
