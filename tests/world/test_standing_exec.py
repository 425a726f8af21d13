"""`pmtulab exec` without a terminal: streams, exit codes and signals pass as if the program had been started here."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.world.command import until
from tests.world.standing import User, a_user, sleepers, state

TRAPPING = "trap 'echo heard; exit 7' INT TERM HUP QUIT; echo ready; while :; do sleep 0.02; done"


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """One lab for all tests here: each leaves it as it was."""
    with a_user(tmp_path_factory.mktemp("user")) as user:
        user.up()
        yield user


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("sh", "-c", "exit 3"), 3),
        (("sh", "-c", "kill -9 $$"), 128 + 9),
        (("no-such-program",), 127),
        (("./no-such-program",), 127),
        (("./plain",), 126),
        (("/",), 126),
    ],
)
def test_the_exit_code_is_a_shells(user: User, command: tuple[str, ...], code: int) -> None:
    (user.folder / "plain").write_text("")
    done = user.types("exec", "client", "--", *command)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == "" or done.stderr.startswith(f"client: {command[0]}: ")
    assert bool(done.stderr) == (code in (126, 127))


def test_a_directory_of_path_that_may_not_be_entered_is_no_reason(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives EACCES, for whoever may not; root may, all the same."""
    (user.folder / "closed").mkdir(mode=0)
    monkeypatch.setenv("PATH", f"{user.folder}/closed:{os.environ['PATH']}")
    assert "no-such-program: No such file or directory" in user.refused(127, "exec", "client", "no-such-program")


def test_what_comes_after_the_node_belongs_to_the_command(user: User) -> None:
    assert user.said("exec", "client", "echo", "--in", "-h", "--", "x") == "--in -h -- x\n"
    assert user.said("exec", "--in", "here", "client", "--", "echo", "--", "--json") == "-- --json\n"


def test_a_long_command_line_passes(user: User) -> None:
    """Longer than a message to the holder could be."""
    words = [f"{number:099}" for number in range(6000)]
    assert user.said("exec", "client", "echo", *words) == f"{' '.join(words)}\n"


def test_what_is_missing_is_said(user: User) -> None:
    assert "near it: client" in user.refused(2, "exec", "cleint", "true")
    assert "Missing argument" in user.refused(2, "exec", "client")
    assert "Missing argument" in user.refused(2, "exec", "client", "--")
    assert "exec --in LAB NODE -- COMMAND" in user.refused(2, "exec", "client", "--in", "here", "true")


def test_streams_directory_and_environment_are_ours(user: User) -> None:
    user.environment["PMTULAB_TEST"] = "passed"
    done = user.feeds("typed\n", "exec", "client", "sh", "-c", "pwd; cat; echo $PMTULAB_TEST; echo aside >&2")
    assert done.stdout == f"{user.folder}\ntyped\npassed\n"
    assert done.stderr == "aside\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_is_handed_on(user: User, number: signal.Signals) -> None:
    with user.starts("exec", "client", "sh", "-c", TRAPPING) as run:
        assert run.stdout
        assert run.stdout.readline() == "ready\n"
        run.send_signal(number)
        assert run.stdout.readline() == "heard\n"
        assert run.wait(10) == 7


def test_a_stop_is_handed_on_and_taken_back(user: User) -> None:
    with user.starts("exec", "client", "sleep", "4730") as run:
        (pid,) = until(lambda: sleepers("4730"), within=20)
        run.send_signal(signal.SIGTSTP)
        until(lambda: (state(pid), state(run.pid)) == ("T", "T"))
        run.send_signal(signal.SIGCONT)
        until(lambda: state(pid) == "S")
        run.send_signal(signal.SIGTERM)
        assert run.wait(10) == 128 + signal.SIGTERM


def test_a_program_whose_client_is_killed_does_not_stay(user: User) -> None:
    ignoring = "trap '' HUP; setsid -f sleep 4732; echo ready; sleep 4731"
    with user.starts("exec", "client", "sh", "-c", ignoring) as run:
        assert run.stdout
        assert run.stdout.readline() == "ready\n"
        until(lambda: sleepers("4731"))
        run.kill()
        until(lambda: not sleepers("4731"))
    (daemon,) = until(lambda: sleepers("4732"))  # it has left the session
    os.kill(daemon, signal.SIGKILL)


def test_a_program_whose_client_is_killed_is_hung_up_first(user: User) -> None:
    with user.starts(
        "exec", "client", "sh", "-c", "trap 'echo >hung-up; exit' HUP; echo ready; while :; do sleep 0.02; done"
    ) as run:
        assert run.stdout
        assert run.stdout.readline() == "ready\n"
        run.kill()
        until((user.folder / "hung-up").exists)


def test_what_a_program_leaves_running_when_it_ends_stays(user: User) -> None:
    user.said("exec", "server", "sh", "-c", "sleep 4733 >/dev/null 2>&1 &")
    (left,) = until(lambda: sleepers("4733"))
    assert user.said("exec", "server", "true") == ""
    assert sleepers("4733") == [left]
    os.kill(left, signal.SIGKILL)


def test_a_shell_that_cannot_be_run_is_said(user: User) -> None:
    shell = user.folder / "shell"
    shell.write_text("#!/no/such/interpreter\n")
    shell.chmod(0o755)
    user.environment["SHELL"] = str(shell)
    assert user.refused(127, "shell", "client") == f"client: {shell}: No such file or directory\n"
    del user.environment["SHELL"]


def test_a_shell_without_a_terminal_reads_commands(user: User) -> None:
    user.environment["SHELL"] = "/bin/sh"
    done = user.feeds("echo $PMTULAB_NODE in $PMTULAB_LAB\nexit 4\n", "shell", "r1")
    assert (done.returncode, done.stdout, done.stderr) == (4, "r1 in here\n", "")
    assert "has no node 'r3'; near it: " in user.refused(2, "shell", "r3")
