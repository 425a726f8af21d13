"""Programs in nodes: their streams, exit codes and signals, as subprocess has them."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import lab
from lab.world.net import Net, Node
from lab.world.process import DEVNULL, PIPE, STDOUT
from tests.world.command import until
from topologies import chain

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    with lab.open(chain("client", "r1", "server", mtus=(1500, 1400)), taps=False) as net:
        yield net


@pytest.fixture
def client(net: Net) -> Node:
    return net["client"]


def test_run_gives_output_and_code(client: Node) -> None:
    done = client.run(["sh", "-c", "echo out; echo err >&2; exit 3"], check=False)
    assert (done.args[0], done.returncode, done.stdout, done.stderr) == ("sh", 3, "out\n", "err\n")


def test_run_raises_where_a_program_fails(client: Node) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        client.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (failed.value.returncode, failed.value.stdout, failed.value.stderr) == (3, "out\n", "err\n")


@pytest.mark.parametrize("program", ["no-such-program", "/no/such/program", "/etc/passwd"])
def test_a_program_that_cannot_be_run(client: Node, program: str) -> None:
    """The same exception as from subprocess: with a folder in PATH that may not be read, a missing program is a PermissionError."""
    with pytest.raises((FileNotFoundError, PermissionError)) as usual:
        subprocess.run([program], check=False)
    with pytest.raises(usual.type) as raised:
        client.run([program])
    assert (raised.value.filename, raised.value.errno) == (program, usual.value.errno)
    assert client.run(["true"]).returncode == 0


def test_a_program_is_looked_for_in_the_path_that_it_gets(client: Node, tmp_path: Path) -> None:
    program = tmp_path / "only-here"
    program.write_text("#!/bin/sh\necho found\n")
    program.chmod(0o755)
    assert client.run(["only-here"], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}).stdout == "found\n"
    with pytest.raises((FileNotFoundError, PermissionError)):
        client.run(["only-here"])


def test_after_timeout_the_program_is_killed(net: Net) -> None:
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        net["client"].run(["sh", "-c", "echo $$; exec sleep 4711"], timeout=0.2)
    assert time.monotonic() - began < 5
    # /proc shows the processes of the lab from inside it, and in a container perhaps all there are.
    assert "sleep\x004711" not in net["client"].run(["sh", "-c", "cat /proc/[0-9]*/cmdline"], check=False).stdout


@pytest.mark.parametrize("octets", [0, 1, 65536, 65537, MEGABYTE])
def test_stdin_reaches_the_program_whole(client: Node, octets: int) -> None:
    assert client.run(["wc", "-c"], input="x" * octets, timeout=10).stdout.strip() == str(octets)


def test_a_megabyte_of_output_on_both_streams(client: Node) -> None:
    script = f"head -c {MEGABYTE} /dev/zero | tr '\\0' o & head -c {MEGABYTE} /dev/zero | tr '\\0' e >&2; wait"
    done = client.run(["sh", "-c", script], timeout=10)
    assert (done.stdout == "o" * MEGABYTE, done.stderr == "e" * MEGABYTE) == (True, True)


def test_a_megabyte_in_and_out_at_once(client: Node) -> None:
    """A program that answers while it still reads: neither side may wait for the other."""
    text = "0123456789abcde\n" * (MEGABYTE // 16)
    with client.popen(["cat"], stdin=PIPE, stdout=PIPE) as process, contextlib.ExitStack() as rescue:
        # Where communicate() hangs, the end of the program frees it.
        alarm = client.popen(["sh", "-c", "sleep 10; kill -9 $0", str(pid_of(client, "cat"))])
        rescue.callback(alarm.kill)
        out, _ = process.communicate(text, timeout=5)
    assert out == text


def pid_of(node: Node, name: str) -> int:
    """The pid, in the lab, of the only program of that name."""
    return int(until(lambda: node.run(["pidof", name], check=False).stdout))


def test_a_program_that_does_not_read_its_input(client: Node) -> None:
    assert client.run(["true"], input="x" * 1000).returncode == 0
    assert client.run(["true"], input="x" * MEGABYTE).returncode == 0


def test_popen_streams_are_files(client: Node) -> None:
    with client.popen(["cat"], stdin=PIPE, stdout=PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("one\n")
        process.stdin.flush()
        assert process.stdout.readline() == "one\n"
        assert process.poll() is None
        process.stdin.close()
        assert process.stdout.read() == ""
        assert process.wait(5) == 0
        assert process.poll() == process.returncode == 0


def test_stderr_into_stdout_keeps_the_order(client: Node) -> None:
    with client.popen(["sh", "-c", "echo 1; echo 2 >&2; echo 3"], stdout=PIPE, stderr=STDOUT) as process:
        assert process.communicate(timeout=5) == ("1\n2\n3\n", None)


def test_a_program_has_three_descriptors_and_no_more(client: Node) -> None:
    """Else a daemon holds its caller's pipes, whatever it did with its own three. The fourth is ls's, of what it lists."""
    assert client.run(["ls", "/proc/self/fd"]).stdout.split() == ["0", "1", "2", "3"]


def test_run_does_not_wait_for_a_daemon_that_let_go_of_its_streams(client: Node) -> None:
    done = client.run(["sh", "-c", "sleep 60 </dev/null >/dev/null 2>&1 & echo started"], timeout=5)
    assert done.stdout == "started\n"


def test_output_to_a_file_and_to_nowhere(client: Node, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        assert client.popen(["sh", "-c", "echo kept; echo lost >&2"], stdout=out, stderr=DEVNULL).wait(5) == 0
    assert (tmp_path / "out").read_text() == "kept\n"


def test_without_redirection_the_output_is_the_callers(client: Node, capfd: pytest.CaptureFixture[str]) -> None:
    assert client.popen(["sh", "-c", "echo out; echo err >&2"]).wait(5) == 0
    assert capfd.readouterr() == ("out\n", "err\n")


def test_environment_and_folder(client: Node, tmp_path: Path) -> None:
    done = client.run(["sh", "-c", "echo $GREETING"], env={**os.environ, "GREETING": "hello"})
    assert done.stdout == "hello\n"
    with client.popen(["pwd"], stdout=PIPE, cwd=str(tmp_path)) as process:
        assert process.communicate(timeout=5)[0] == f"{tmp_path}\n"
    assert client.run(["pwd"]).stdout == f"{Path.cwd()}\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_is_a_negative_code(client: Node, number: int) -> None:
    with client.popen(["sleep", "60"]) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.send_signal(number)
        assert process.wait(5) == -number
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -number


def test_a_program_can_catch_the_signal(client: Node) -> None:
    with client.popen(
        ["sh", "-c", "trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.01; done"], stdout=PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(5) == 7
        assert process.stdout.read() == "caught\n"


def test_signals_that_python_ignores_are_not_ignored_in_there(client: Node) -> None:
    """A program that inherits Python's SIG_IGN of SIGPIPE never ends in `yes | head`; subprocess restores these too."""
    status = client.run(["grep", "^SigIgn", "/proc/self/status"]).stdout
    ignored = int(status.split()[1], 16)
    assert [n for n in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGCHLD) if ignored >> n - 1 & 1] == []


def test_leaving_the_block_kills(client: Node) -> None:
    with client.popen(["sleep", "60"], stdin=PIPE, stdout=PIPE) as process:
        assert process.poll() is None
    assert process.returncode == -signal.SIGKILL


def test_orphans_are_collected(net: Net) -> None:
    """A program's children that outlive it become the holder's, as pid 1 of the lab; no zombie is left of them."""
    net["client"].run(["sh", "-c", "for i in 1 2 3 4 5; do (true &) ; done"])
    # The state is the first word behind the name. The reader itself is one of those that run.
    script = "cat /proc/[0-9]*/stat | sed 's/.*) //' | cut -c1"
    until(lambda: "Z" not in net["client"].run(["sh", "-c", script], check=False).stdout)
    assert net["client"].run(["true"]).returncode == 0


def test_many_programs_at_once(net: Net) -> None:
    running = [net["server"].popen(["sh", "-c", f"exit {code}"]) for code in range(40)]
    assert [process.wait(10) for process in running] == list(range(40))


def test_with_more_than_1024_descriptors_open(client: Node) -> None:
    """Of a network of a few hundred nodes that is the ordinary case; select() knows none above 1023."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(2000, limits[1]), limits[1]))
        for _ in range(1100):
            stack.callback(os.close, os.dup(0))
        assert client.run(["echo", "hello"]).stdout == "hello\n"


def test_each_program_is_in_its_own_node_and_none_in_ours(net: Net) -> None:
    seen = {node.name: node.run(["readlink", "/proc/self/ns/net"]).stdout.strip() for node in net}
    assert len({*seen.values(), os.readlink("/proc/self/ns/net")}) == 4
