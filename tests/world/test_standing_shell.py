"""`pmtulab shell`, and `exec` at a terminal: as if the program ran in this window."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import site
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.world.census import adopting_orphans, descendants
from tests.world.command import PMTULAB, pmtulab, surroundings, until
from tests.world.standing import sleepers, state
from tests.world.typist import Terminal, at_a_terminal


class Session:
    """A standing lab, and a user at a terminal beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".bashrc").write_text("PS1='mine> '\n")
        self.environment = {"XDG_RUNTIME_DIR": str(folder), "SHELL": "/bin/bash", "TERM": "dumb"}
        # A new home for bash, but none for Python, which may have packages there.
        self.environment |= {"HOME": str(folder), "PYTHONUSERBASE": site.getuserbase()}
        up = pmtulab("up", "576-router", "--as", "here", cwd=folder, **self.environment)
        assert up.returncode == 0, up.stderr

    def at(self, *arguments: str, **environment: str) -> AbstractContextManager[Terminal]:
        return at_a_terminal([*PMTULAB, *arguments], self.folder, surroundings(**self.environment | environment))

    def at_bash(self) -> AbstractContextManager[Terminal]:
        return at_a_terminal(["/bin/bash", "--norc", "-i"], self.folder, surroundings(**self.environment))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One lab for all tests here: each leaves it as it was."""
    with adopting_orphans():
        yield Session(tmp_path_factory.mktemp("user"))


def test_bash_reads_the_users_rc_and_names_the_node(session: Session) -> None:
    with session.at("shell", "r1") as terminal:
        terminal.expect("[r1@here] mine> ")
        terminal.type("echo $PMTULAB_NODE in $PMTULAB_LAB, $PWD\n")
        terminal.expect(f"r1 in here, {session.folder}")
        terminal.type("exit 3\n")
        assert terminal.end() == 3


def test_sh_has_the_node_in_its_prompt(session: Session) -> None:
    with session.at("shell", "client", "--in", "here", SHELL="/bin/sh") as terminal:
        terminal.expect("[client@here] # ")
        terminal.type("exit\n")
        assert terminal.end() == 0


def test_a_prompt_that_is_made_anew_each_time_keeps_the_node(session: Session, tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("PROMPT_COMMAND='PS1=\"new$((++n))> \";'\n")
    with session.at("shell", "r1", HOME=str(tmp_path)) as terminal:
        terminal.expect("[r1@here] new1> ")
        terminal.type("true\n")
        terminal.expect("[r1@here] new2> ")


def test_job_control(session: Session) -> None:
    """Ctrl-Z stops the program and not the shell, fg lets it go on, Ctrl-C ends it and not the shell."""
    with session.at("shell", "client") as terminal:
        terminal.expect("mine> ")
        terminal.type("sleep 4711\n")
        until(lambda: sleepers("4711"))
        terminal.type("\x1a")
        terminal.expect("Stopped")
        terminal.expect("mine> ")
        terminal.type("jobs\n")
        terminal.expect("Stopped")
        terminal.expect("mine> ")
        terminal.type("fg\n")
        terminal.expect("sleep 4711")
        (sleeper,) = sleepers("4711")
        until(lambda: state(sleeper) == "S")
        terminal.type("\x03")
        terminal.expect("mine> ")
        until(lambda: not sleepers("4711"))
        terminal.type("echo $?\n")
        terminal.expect("130")
        terminal.type("\x04")
        terminal.end()


def test_the_size_of_the_window_arrives(session: Session) -> None:
    with session.at("shell", "client") as terminal:
        terminal.expect("mine> ")
        terminal.type("stty size\n")
        terminal.expect("24 80")
        terminal.type("trap 'stty size' WINCH; echo ready\n")
        terminal.expect("\r\nready")
        terminal.expect("mine> ")
        terminal.resize(50, 132)
        terminal.expect("50 132")


def test_the_terminal_is_as_before_in_the_end(session: Session) -> None:
    with session.at("shell", "client") as terminal:
        before = terminal.modes()
        terminal.expect("mine> ")
        assert terminal.modes() != before
        terminal.type("stty -echo; exit\n")
        terminal.expect("exit")
        until(lambda: terminal.modes() == before, within=10)
        assert terminal.end() == 0


def test_exec_at_a_terminal_gives_the_program_one(session: Session) -> None:
    """Its controlling one, and its process group is in the foreground there: field 8 of /proc/PID/stat is field 5."""
    script = "tty; set -- $(cat /proc/$$/stat); [ $8 = $5 ] && echo in front; exit 5"
    with session.at("exec", "client", "--", "sh", "-c", script) as terminal:
        terminal.expect("/dev/pts/")
        terminal.expect("in front")
        assert terminal.end() == 5


def test_all_that_a_program_writes_before_it_ends_is_shown(session: Session) -> None:
    with session.at("exec", "client", "--", "seq", "20000") as terminal:
        terminal.expect("\r\n20000\r\n")
        assert terminal.end() == 0


def test_ctrl_c_reaches_the_program(session: Session) -> None:
    with session.at("exec", "client", "sleep", "4712") as terminal:
        until(lambda: sleepers("4712"), within=20)
        terminal.type("\x03")
        assert terminal.end() == 128 + signal.SIGINT
        assert not sleepers("4712")


def test_ctrl_c_reaches_a_program_that_writes_more_than_is_read(session: Session) -> None:
    """What comes after it is what was on its way: buffers of some 4 KiB each."""
    with session.at("exec", "client", "yes") as terminal:
        terminal.expect("y\r\n" * 1000)
        terminal.type("\x03")
        came = 0
        with contextlib.suppress(OSError):  # EIO: the end
            while came < 1 << 20:
                time.sleep(0.005)  # a slow window, so that there is always more to show
                came += len(os.read(terminal.fd, 1 << 12))
        assert came < 1 << 20
        assert terminal.end() == 128 + signal.SIGINT


def test_in_the_background_a_program_runs_and_leaves_what_is_typed_to_the_shell(session: Session) -> None:
    """As `iperf3 -s &` would; fg brings it to the front, for Ctrl-C to end."""
    with session.at_bash() as terminal:
        terminal.type(f"{shlex.join(PMTULAB)} exec client -- sh -c 'cat; exec sleep 4717' &\n")
        until(lambda: sleepers("4717"), within=20)
        terminal.type("fg\n")
        until(lambda: os.tcgetpgrp(terminal.fd) != terminal.pid)
        terminal.type("\x03")
        assert until(lambda: not sleepers("4717"))


def test_a_shell_in_the_background_waits_until_it_is_brought_to_the_front(session: Session) -> None:
    with session.at_bash() as terminal:
        terminal.type(f"{shlex.join(PMTULAB)} shell r1 &\n")
        until(lambda: any(state(child.pid) == "T" for child in descendants(terminal.pid)), within=20)
        terminal.type("fg\n")
        terminal.expect("[r1@here] mine> ")
        terminal.type("exit 6\n")
        until(lambda: os.tcgetpgrp(terminal.fd) == terminal.pid)
        terminal.type("echo it was $?\n")
        terminal.expect("\nit was 6")


@pytest.mark.parametrize("how", ["closed", "killed", "terminated"])
def test_nothing_stays_of_a_shell_that_is_cut_off(session: Session, how: str) -> None:
    """Nor of what ignores the hang-up; a daemon that has left the session stays."""
    with session.at("shell", "client") as terminal:
        terminal.expect("mine> ")
        terminal.type(
            "sleep 4713 & nohup sleep 4714 >/dev/null 2>&1 & setsid -f sleep 4715 >/dev/null 2>&1; (trap '' HUP; sleep 4716)\n"
        )
        until(lambda: all(map(sleepers, ("4713", "4714", "4715", "4716"))))
        if how == "closed":
            terminal.close()
        else:
            os.kill(terminal.pid, signal.SIGKILL if how == "killed" else signal.SIGTERM)
        until(lambda: not any(map(sleepers, ("4713", "4714", "4716"))), within=10)
        (daemon,) = sleepers("4715")
        os.kill(daemon, signal.SIGKILL)
