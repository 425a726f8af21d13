"""Programs that run in a node. They are the holder's children, so their end is told by a pipe and their signals go by pidfd."""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import IO

from lab.world.errors import Broken
from lab.world.sandbox import Sandbox

PIPE, DEVNULL, STDOUT = subprocess.PIPE, subprocess.DEVNULL, subprocess.STDOUT

Stream = int | IO[str] | IO[bytes] | None


class Process:
    """Like subprocess.Popen in text mode, as far as tests need it: streams, wait, poll, communicate, send_signal, kill.

    `stdout` and `stderr` may be PIPE, DEVNULL, a file, or None for the caller's own; `stderr` also STDOUT. Raises FileNotFoundError
    or PermissionError where the program cannot be run, as Popen does. `terminal` says that the three are one terminal, which
    becomes the program's controlling one; `more` are descriptors that it gets as 3, 4 and so on.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        node: str,
        argv: Sequence[str],
        *,
        stdin: Stream = None,
        stdout: Stream = None,
        stderr: Stream = None,
        env: dict[str, str] | None = None,
        cwd: str | None = None,
        terminal: bool = False,
        more: Sequence[int] = (),
    ) -> None:
        self._sandbox = sandbox
        self.args = list(argv)
        self.returncode: int | None = None
        with contextlib.ExitStack() as theirs:
            child_in, mine_in = _ends(theirs, stdin, 0)
            child_out, mine_out = _ends(theirs, stdout, 1)
            child_err, mine_err = (child_out, None) if stderr == STDOUT else _ends(theirs, stderr, 2)
            ours = [fd for fd in (mine_in, mine_out, mine_err) if fd is not None]
            try:
                fds = (child_in, child_out, child_err, *more)
                env, cwd = env or dict(os.environ), cwd or os.getcwd()
                self._number, self._pidfd, self._told = sandbox.spawn(node, self.args, env, cwd, fds, terminal=terminal)
            except OSError as error:
                for fd in ours:
                    os.close(fd)
                raise type(error)(error.errno, error.strerror, error.filename or self.args[0]) from None
        # Files of ours until the process ends: no `with` could hold them.
        self.stdin = None if mine_in is None else open(mine_in, "w")  # noqa: SIM115 - see above
        self.stdout = None if mine_out is None else open(mine_out)  # noqa: SIM115 - see above
        self.stderr = None if mine_err is None else open(mine_err)  # noqa: SIM115 - see above

    def poll(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end; raises subprocess.TimeoutExpired after `timeout` seconds."""
        code = self._wait(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _wait(self, timeout: float | None) -> int | None:
        if self.returncode is None and ready({self._told: select.POLLIN}, timeout):
            self.returncode = int(os.read(self._told, 16) or -signal.SIGKILL)  # the holder gone: so is everything in it
            with contextlib.suppress(Broken, OSError):  # or our connection to it
                self._sandbox.known(self._number)
            os.close(self._told)
            os.close(self._pidfd)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Does nothing after the end, as Popen does."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def signal_group(self, number: int) -> None:
        """As a terminal does it: to the whole process group that the program leads. Does nothing after its end."""
        if self.poll() is None:
            self._sandbox.signal(self._number, number)

    @property
    def told(self) -> int:
        """A descriptor that becomes readable when the program ends; closed once its end is known."""
        return self._told

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str | None, str | None]:
        """Feeds stdin, reads stdout and stderr to their ends, and waits. Raises TimeoutExpired after `timeout` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        said: dict[int, bytearray] = {stream.fileno(): bytearray() for stream in (self.stdout, self.stderr) if stream}
        open_ends = dict.fromkeys(said, select.POLLIN)
        unwritten = memoryview((input or "").encode())
        if self.stdin:
            os.set_blocking(self.stdin.fileno(), False)
            open_ends[self.stdin.fileno()] = select.POLLOUT
        while open_ends:
            now = ready(open_ends, left(until))
            if not now:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            for fd in now:
                if fd in said:
                    octets = os.read(fd, 1 << 16)
                    said[fd] += octets
                    over = not octets
                else:
                    unwritten = unwritten[written(fd, unwritten) :]
                    over = not unwritten
                if over:
                    del open_ends[fd]
            if self.stdin and not unwritten:
                self.stdin.close()
        self.wait(left(until))
        out, err = (
            bytes(said[stream.fileno()]).decode(errors="replace") if stream else None for stream in (self.stdout, self.stderr)
        )
        self.close()
        return out, err

    def close(self) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream:
                stream.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self.kill()
        self.wait()


def ready(ends: Mapping[int, int], timeout: float | None) -> list[int]:
    """Which of the descriptors can be read or written, or have ended, within `timeout` seconds."""
    # Not select(): it knows no descriptor above 1023, and a network of a few hundred nodes has those.
    poll = select.poll()
    for fd, event in ends.items():
        poll.register(fd, event)
    return [fd for fd, _ in poll.poll(None if timeout is None else math.ceil(timeout * 1000))]


def written(fd: int, octets: memoryview) -> int:
    """How much of it the pipe took; all of it where nobody reads any more."""
    try:
        return os.write(fd, octets)
    except BrokenPipeError:
        return len(octets)


def left(until: float | None) -> float | None:
    """Seconds until that moment; None for no limit."""
    return None if until is None else max(0.0, until - time.monotonic())


def _ends(theirs: contextlib.ExitStack, stream: Stream, standard: int) -> tuple[int, int | None]:
    """The child's descriptor and, for PIPE, ours. What we open for the child is closed when `theirs` is."""
    if stream is None:
        return standard, None
    if stream == PIPE:
        read, write = os.pipe2(os.O_CLOEXEC)
        child, mine = (read, write) if standard == 0 else (write, read)
        theirs.callback(os.close, child)
        return child, mine
    if stream == DEVNULL:
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        theirs.callback(os.close, null)
        return null, None
    return (stream if isinstance(stream, int) else stream.fileno()), None
