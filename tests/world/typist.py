"""A terminal, and somebody who types at it: a program that is started there, as in a window of its own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

WITHIN = 20.0  # seconds: a busy machine may take that long to start Python


class Terminal:
    """What appears on it is read up to what is waited for; what was there before that is passed over."""

    def __init__(self, fd: int, pid: int) -> None:
        self.fd = fd
        self.pid = pid
        self.unread = ""
        self.closed = False

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def expect(self, text: str) -> str:
        """Waits for `text`, and gives what came before it. Fails where it does not come."""
        until = time.monotonic() + WITHIN
        while text not in self.unread:
            assert select.select([self.fd], [], [], max(0, until - time.monotonic()))[0], f"no {text!r} in {self.unread!r}"
            assert self._read(), f"the end, and no {text!r} in {self.unread!r}"
        before, _, self.unread = self.unread.partition(text)
        return before

    def _read(self) -> bool:
        try:
            octets = os.read(self.fd, 1 << 16)
        except OSError:  # EIO: nobody has the other end open any more
            return False
        self.unread += octets.decode()
        return True

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def modes(self) -> list[object]:
        return list(termios.tcgetattr(self.fd))

    def close(self) -> None:
        """As the window is closed: the kernel hangs up who is there."""
        if not self.closed:
            os.close(self.fd)
            self.closed = True

    def end(self) -> int:
        """Waits for the program to end. Its exit code, negative for a signal."""
        while self._read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextlib.contextmanager
def at_a_terminal(argv: Sequence[str], cwd: Path, env: dict[str, str]) -> Iterator[Terminal]:
    """Starts a program that leads a session at a new terminal of 24 rows and 80 columns. At the end it is killed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    there = [(os.POSIX_SPAWN_OPEN, 0, os.ttyname(theirs), os.O_RDWR, 0), (os.POSIX_SPAWN_DUP2, 0, 1), (os.POSIX_SPAWN_DUP2, 0, 2)]
    before = os.getcwd()
    os.chdir(cwd)
    try:
        pid = os.posix_spawn(argv[0], [*argv], env, file_actions=there, setsid=True)
    finally:
        os.chdir(before)
        os.close(theirs)
    terminal = Terminal(ours, pid)
    try:
        yield terminal
    finally:
        terminal.close()
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
