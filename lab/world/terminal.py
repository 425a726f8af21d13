"""A program of a node as if it had been started here: at this terminal, or with our own streams; signals and exit code pass."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import shutil
import signal
import termios
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence

from lab.world.process import DEVNULL, Process, ready
from lab.world.sandbox import Sandbox

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit codes for a program that cannot be run (POSIX, Shell Command Language, 2.8.2)."""

ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
ROOM = 1 << 16


class CannotRun(Exception):
    """A program cannot be run. `code` is what a shell would exit with."""

    def __init__(self, program: str, path: str, error: OSError) -> None:
        # A directory in PATH that we may not enter gives EACCES, also where no directory has the program.
        nowhere = "/" not in program and not shutil.which(program, os.F_OK, path)
        lost = error.filename == program and (error.errno == errno.ENOENT or nowhere)
        super().__init__(f"{error.filename or program}: {os.strerror(errno.ENOENT) if lost else error.strerror}")
        self.code = NOT_FOUND if lost else NOT_EXECUTABLE


@contextlib.contextmanager
def starting(program: str, env: Mapping[str, str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotRun(program, env.get("PATH", os.defpath), error) from error


def run_beside(sandbox: Sandbox, node: str, argv: Sequence[str], env: Mapping[str, str], cwd: str) -> int:
    """Runs a program with our own 0, 1 and 2, and hands on the signals that we get. Gives its exit code, negative for a signal.

    SIGTSTP stops both, as the terminal would. Raises CannotRun.
    """
    # The program is of another session, so no terminal would stop it as it takes what is typed for the shell.
    stdin = DEVNULL if in_background() else None
    with heard(*ENDING, signal.SIGTSTP) as signals:
        with starting(argv[0], env):
            process = Process(sandbox, node, argv, stdin=stdin, env=dict(env), cwd=cwd)
        while process.poll() is None:
            now = ready({process.told: select.POLLIN, signals: select.POLLIN}, None)
            for number in os.read(signals, ROOM) if signals in now else b"":
                if number == signal.SIGTSTP:
                    process.signal_group(signal.SIGSTOP)
                    os.kill(os.getpid(), signal.SIGSTOP)
                    number = signal.SIGCONT
                process.signal_group(number)
        return process.wait()


def run_at_terminal(
    sandbox: Sandbox, node: str, argv: Sequence[str], env: Mapping[str, str], cwd: str, more: Sequence[int] = ()
) -> int:
    """Runs a program at a terminal of its own, with ours, which is 0 and 1, passing every octet. Gives what run_beside() does.

    Our terminal is as before in the end, however it comes. Where it is closed, or a signal ends us, the program is hung up: that
    signal is then what we give. Raises CannotRun.
    """
    before = termios.tcgetattr(0)
    ours, theirs = os.openpty()
    with open(ours, "r+b", buffering=0), contextlib.ExitStack() as undo:
        signals = undo.enter_context(heard(*ENDING, signal.SIGWINCH, signal.SIGCONT))
        with open(theirs, "r+b", buffering=0), starting(argv[0], env):
            termios.tcsetattr(theirs, termios.TCSANOW, before)
            copy_size(theirs)
            streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
            process = Process(sandbox, node, argv, **streams, env=dict(env), cwd=cwd, terminal=True, more=more)
        os.set_blocking(ours, False)
        undo.callback(restore, before)
        uninterrupted(make_raw)
        return Relay(process, ours, signals).run()


class Relay:
    """Octets from our terminal to the program's and back, until the program ends."""

    def __init__(self, process: Process, terminal: int, signals: int) -> None:
        self._process = process
        self._terminal = terminal
        self._signals = signals
        self._typed = b""  # and not yet taken

    def run(self) -> int:
        ends = {self._process.told: select.POLLIN, self._signals: select.POLLIN, self._terminal: select.POLLIN, 0: select.POLLIN}
        while True:
            # What is typed while the program reads nothing waits in our terminal, which says so when that is full.
            waiting = {0: 0, self._terminal: select.POLLIN | select.POLLOUT} if self._typed else {}
            now = ready({fd: waiting.get(fd, event) for fd, event in ends.items()}, None)
            ended = self._process.poll() if self._process.told in now else None
            try:
                # All that the program wrote before its end can be read now (n_tty_read() flushes the work first).
                over = ended is not None
                if self._terminal in ends and (self._terminal in now or over) and not self._show(everything=over):
                    del ends[self._terminal]  # the program, and all that it has started, have closed it
                if ended is not None:
                    return ended
                if 0 in now and not self._typed:
                    self._typed = os.read(0, ROOM)
                    if not self._typed:
                        return -signal.SIGHUP
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                return -signal.SIGHUP  # our terminal is closed
            self._hand_on()
            for number in os.read(self._signals, ROOM) if self._signals in now else b"":
                if number in ENDING:
                    return -number
                with contextlib.suppress(termios.error, OSError):  # it is closed, and we are told so
                    if number == signal.SIGCONT:
                        uninterrupted(make_raw)  # the shell that we were stopped from has set it as it wants it
                    copy_size(self._terminal)

    def _show(self, *, everything: bool) -> bool:
        """Of what the program has written so far one read, so that what is typed has its turn however much it writes; or all.

        False where nobody has its terminal open any more.
        """
        while True:
            try:
                octets = os.read(self._terminal, ROOM)
            except BlockingIOError:
                return True
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                return False
            while octets:
                octets = octets[os.write(1, octets) :]
            if not everything:
                return True

    def _hand_on(self) -> None:
        try:
            while self._typed:
                self._typed = self._typed[os.write(self._terminal, self._typed) :]
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            self._typed = b""  # nobody is there to read it


@contextlib.contextmanager
def heard(*numbers: signal.Signals) -> Iterator[int]:
    """A descriptor that gives the number of each of these signals as an octet; not of those that we were started to ignore."""
    told, tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    wanted = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, lambda *_: None) for number in wanted}
    earlier = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    try:
        yield told
    finally:
        signal.set_wakeup_fd(earlier)
        for number, what in before.items():
            signal.signal(number, what)
        os.close(told)
        os.close(tell)


def copy_size(terminal: int) -> None:
    """Gives a terminal the size of ours."""
    size = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)


def make_raw() -> None:
    """What has been typed already stays, where TCSAFLUSH would drop it."""
    tty.setraw(0, termios.TCSADRAIN)


def restore(before: list[object]) -> None:
    with contextlib.suppress(termios.error):  # it is closed
        uninterrupted(lambda: termios.tcsetattr(0, termios.TCSADRAIN, before))  # type: ignore[arg-type]  # as tcgetattr() gave it


def uninterrupted(set_modes: Callable[[], None]) -> None:
    """In the background SIGTTOU stops us in tcsetattr(3), which fails as SIGCONT comes; Python does not try it again."""
    while True:
        try:
            return set_modes()
        except termios.error as error:
            if error.args[0] != errno.EINTR:
                raise


def in_background() -> bool:
    """Whether stdin is our controlling terminal, and others have it now: the shell that started us with `&`."""
    try:
        return os.tcgetpgrp(0) != os.getpgrp()
    except OSError:
        return False
