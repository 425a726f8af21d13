"""Programs that the holder has started in nodes: their end told, and those hung up whose client is gone.

The holder imports this: nothing but the standard library may be imported here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence

GRACE = 1.0  # seconds between SIGHUP and SIGKILL
ROUNDS = 10  # who forks while a session is killed is killed in the next round

# Python ignores the first two, nohup and a shell's & others, and a program would inherit that.
DEFAULTS = (
    *(signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM),
    *(signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU),
)


class Children:
    """Each program leads a session. `running` holds by pid a pipe that tells its end, `sessions` the connection that it is for.

    Who asked for a program says when it knows of the end; then the program may leave in its session what it likes, as under ssh.
    Where the connection goes before that, all of the session get SIGHUP, and who is left GRACE later, SIGKILL. A daemon that has
    left the session stays.
    """

    def __init__(self) -> None:
        self.running: dict[int, int] = {}
        self.sessions: dict[int, int] = {}
        self._doomed: dict[int, float] = {}  # when, by session

    def spawn(self, argv: list[str], env: dict[str, str], cwd: str, fds: Sequence[int], terminal: bool, by: int) -> tuple[int, int]:
        """Runs a program with `fds` as its 0, 1, 2 and so on. Returns its pid, and a pipe that gives its exit code as text.

        `terminal`: the first three are one terminal, which it gets as its controlling one.
        """
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(fds)
        ]
        if terminal:
            # A session leader without one gets the terminal that it opens (tty_open_proc_set_tty()); the path is the same
            # wherever devpts is mounted. libc closes what it opens onto, hence by way of another number.
            actions += [(os.POSIX_SPAWN_OPEN, 0, "/proc/self/fd/1", os.O_RDWR, 0), (os.POSIX_SPAWN_DUP2, 0, 1)]
            actions += [(os.POSIX_SPAWN_DUP2, 0, 2)]
        os.environ["PATH"] = env.get("PATH", os.defpath)  # where posix_spawnp() looks, whatever the program's own is
        told, tell = os.pipe2(os.O_CLOEXEC)  # before there is a program, as then nobody would know of it without
        try:
            os.chdir(cwd)
            pid = os.posix_spawnp(argv[0], argv, env, file_actions=actions, setsid=True, setsigdef=DEFAULTS, setsigmask=())
        except BaseException:
            os.close(told)
            os.close(tell)
            raise
        finally:
            os.chdir("/")  # the holder itself keeps no directory in use
        self.running[pid], self.sessions[pid] = tell, by
        return pid, told

    def reap(self) -> None:
        """Collects every child that ended, and tells those who wait for it by its pipe. Orphans of the lab come here too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            pipe = self.running.pop(pid, None)
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # nobody waits any more
                    os.write(pipe, b"%d" % os.waitstatus_to_exitcode(status))
                os.close(pipe)

    def hang_up(self, connection: int) -> None:
        """The connection is gone: so are, soon, the programs that it asked for."""
        for session in [session for session, by in self.sessions.items() if by == connection]:
            del self.sessions[session]
            self._doomed[session] = time.monotonic() + GRACE
            for member in members(session):
                kill(member, signal.SIGHUP)
                kill(member, signal.SIGCONT)

    def patience(self) -> int | None:
        """Milliseconds until kill_overdue() has something to do; None where nobody is hung up."""
        if not self._doomed:
            return None
        return max(0, int((min(self._doomed.values()) - time.monotonic()) * 1000) + 1)

    def kill_overdue(self) -> None:
        for session in [session for session, when in self._doomed.items() if when <= time.monotonic()]:
            del self._doomed[session]
            killed: set[int] = set()
            for _ in range(ROUNDS):
                left = set(members(session)) - killed
                if not left:
                    break
                for member in left:
                    kill(member, signal.SIGKILL)
                killed |= left


def members(session: int) -> Iterator[int]:
    """Who is in a session. Where /proc is not the lab's own, its numbers are others: there it is the leader's process group."""
    if os.readlink("/proc/self") != str(os.getpid()):
        yield -session  # as kill(2) takes a group
        return
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(int(name)) == session:
                yield int(name)


def kill(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
