"""Standing labs from up to down: whose they are, what is left of a killed one, and that nobody in one harms another."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.standing import NoLab, attached, labs
from lab.world import sandbox
from lab.world.errors import NoAnswer
from lab.world.process import DEVNULL
from lab.world.rendezvous import Rendezvous, place
from lab.world.sandbox import Sandbox
from tests.world.census import census, descendants, processes
from tests.world.command import until
from tests.world.standing import User, a_user, sleepers


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with a_user(tmp_path) as user:
        yield user


def test_from_up_to_down(user: User) -> None:
    """What made the lab has ended, and the lab stands; with `down` nothing is left, and no daemon either."""
    before = census(user.folder)
    said = user.said("up", "576-router")
    assert said == "client ──1500── r1 ──576── r2 ──1500── server\nlab 576-router is up: 4 nodes, 3 links\n"
    assert user.said("ls").split()[:3] == ["576-router", "4", "nodes"]
    assert user.said("ls", "--names") == "576-router\n"
    assert user.said("exec", "client", "cat", "/etc/hosts").splitlines()[-1] == "10.0.2.2 server"
    user.said("exec", "server", "sh", "-c", "setsid -f sleep 4722 >/dev/null 2>&1")
    until(lambda: sleepers("4722"))
    assert user.said("down") == "lab 576-router is down\n"
    assert not sleepers("4722")
    assert user.said("ls") == ""
    left = census(user.folder).besides(before)
    assert left == {"temporary": [str(user.folder / "pmtulab")]}


def test_a_topology_of_ones_own(user: User) -> None:
    (user.folder / "my.yaml").write_text("nodes: {a: host, b: host}\nlinks: [{a: a, b: b, mtu: 1400}]\n")
    assert user.said("up", "my.yaml").endswith("lab my is up: 2 nodes, 1 link\n")
    assert "a ──1400── b" in user.said("inspect")


def test_a_topology_that_is_wrong_makes_no_lab(user: User) -> None:
    (user.folder / "my.yaml").write_text("nodes: {a: host, b: host}\nlinks: [{a: a, b: c, mtu: 14}]\n")
    said = user.refused(2, "up", "my.yaml")
    assert "'c'" in said
    assert "14" in said
    assert "no name for a lab" in user.refused(2, "up", "576-router", "--as", "a/b")
    assert user.said("ls") == ""


@pytest.mark.parametrize("killed", [False, True])
def test_of_several_that_ask_for_one_name_one_gets_it(user: User, killed: bool) -> None:
    """Also where a killed lab has left its socket, which each of them would sweep away."""
    if killed:
        user.up()
        os.kill(user.pid, signal.SIGKILL)
        until(lambda: not any(process.is_holder for process in descendants(os.getpid())))
    with contextlib.ExitStack() as stack:
        ups = [stack.enter_context(user.starts("up", "576-router", "--as", "here")) for _ in range(4)]
        said = [up.communicate(timeout=60)[1] for up in ups]
    assert sorted(up.returncode for up in ups) == [0, 2, 2, 2], said
    assert sum("a lab here stands already, since 2" in one for one in said) == 3
    assert user.said("ls", "--names") == "here\n"
    assert user.said("exec", "client", "echo", "alive") == "alive\n"


def test_the_lab_may_be_left_out_where_there_is_only_one(user: User) -> None:
    assert "no lab stands" in user.refused(2, "inspect")
    user.up(name="one")
    user.up(name="two")
    assert "one, two" in user.refused(2, "exec", "client", "true")
    assert user.said("exec", "--in", "two", "client", "--", "echo", "there") == "there\n"
    assert "near it: one" in user.refused(2, "exec", "--in", "onne", "client", "true")
    assert user.said("down", "--all") == "lab one is down\nlab two is down\n"


def test_one_that_is_not_there_keeps_no_other_from_being_taken_down(user: User) -> None:
    user.up(name="one")
    user.up(name="two")
    done = user.types("down", "one", "nosuch", "two", "neither")
    assert (done.returncode, done.stdout) == (2, "lab one is down\nlab two is down\n")
    assert [line.partition(";")[0] for line in done.stderr.splitlines()] == [
        "Error: no lab 'nosuch' stands",
        "no lab 'neither' stands",
    ]


@pytest.mark.parametrize("outer", [True, False])
def test_of_a_killed_lab_nothing_is_left(user: User, outer: bool) -> None:
    before = census(user.folder)
    user.up()
    holder = user.pid
    with user.starts("exec", "client", "sleep", "4720"):
        until(lambda: sleepers("4720"), within=20)
        victim = holder if outer else next(p.pid for p in processes() if p.parent == holder)
        os.kill(victim, signal.SIGKILL)
        until(lambda: not sleepers("4720"))
    ls = user.types("ls")
    assert (ls.returncode, ls.stdout, ls.stderr) == (0, "", "the lab here was killed: nothing of it is left\n")
    assert user.types("ls").stderr == ""
    until(lambda: not set(census(user.folder).besides(before)) - {"temporary"})
    assert os.listdir(user.folder / "pmtulab") == []


def test_all_labs_are_taken_down_and_of_a_killed_one_it_is_said(user: User) -> None:
    user.up(name="one")
    os.kill(user.pid, signal.SIGKILL)
    until(lambda: not any(process.is_holder for process in descendants(os.getpid())))
    user.up(name="two")
    done = user.types("down", "--all")
    assert (done.returncode, done.stdout) == (0, "lab two is down\n")
    assert done.stderr == "the lab one was killed: nothing of it is left\n"


def test_what_is_asked_of_a_killed_lab_is_told_that_it_was(user: User) -> None:
    user.up()
    os.kill(user.pid, signal.SIGKILL)
    until(lambda: not any(process.is_holder for process in descendants(os.getpid())))
    assert user.refused(2, "inspect", "--in", "here") == "Error: the lab here was killed: nothing of it is left\n"
    user.up()


def test_a_lab_that_nobody_can_reach_any_more_ends(user: User) -> None:
    """As where a runtime directory is removed with its user's last session."""
    user.up()
    holders = [process.pid for process in descendants(os.getpid()) if process.is_holder]
    assert len(holders) == 2
    (user.folder / "pmtulab/here.lab").unlink()
    until(lambda: not any(process.is_holder for process in descendants(os.getpid())))


@pytest.mark.parametrize("prepared", ["symlink", "open", "file", "foreign"])
def test_a_directory_that_is_not_the_users_alone_is_refused(user: User, prepared: str) -> None:
    path = user.folder / "pmtulab"
    if prepared == "symlink":
        (user.folder / "other").mkdir(mode=0o700)
        path.symlink_to("other")
    elif prepared == "open":
        path.mkdir()
        path.chmod(0o755)  # whatever the umask is
    elif prepared == "file":
        path.write_text("")
    elif os.geteuid() == 0:
        path.mkdir(mode=0o700)
        os.chown(path, 65534, 65534)
    else:
        path.symlink_to("/root")  # no way for an ordinary user to make another's directory, but only to lead to one
    for command in (("ls",), ("up", "576-router")):
        assert f"standing labs need the directory {path}" in user.refused(125, *command)


def test_without_a_runtime_directory_it_is_one_in_tmp(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place() == user.folder / "pmtulab"
    for base in ("", "relative", "/no/such/directory", "/proc/1" if os.geteuid() else "/nowhere"):
        monkeypatch.setenv("XDG_RUNTIME_DIR", base)
        assert place() == Path(f"/tmp/pmtulab-{os.geteuid()}")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert place() == Path(f"/tmp/pmtulab-{os.geteuid()}")


def test_a_long_path_is_no_hindrance(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address of a Unix socket has room for 108 octets."""
    deep = user.folder / ("d" * 120)
    deep.mkdir()
    user.environment["XDG_RUNTIME_DIR"] = str(deep)
    user.up()
    assert user.said("down") == "lab here is down\n"


def test_two_at_once_use_one_lab_and_leave_it(user: User) -> None:
    user.up()
    with attached("here", taps=True) as one:
        with attached(None) as other:
            assert one["client"].path_mtu("server") == other["client"].path_mtu("server") == 1500
            other["client"].run(["true"])
        one["server"].run(["sh", "-c", "echo seen >/proc/self/fd/2"])
        assert not [frame for frame in one.capture.take() if frame.packet]
    assert user.said("exec", "client", "echo", "still here") == "still here\n"


def test_a_note_that_cannot_be_written_leaves_the_one_before(user: User) -> None:
    with Rendezvous() as there:
        there.note_names("here", {"inodes": {"client": 1}, "made": True})
        with pytest.raises(TypeError):
            there.note_names("here", {"inodes": {"client": 1}, "made": object()})
        assert there.names("here") == {"inodes": {"client": 1}, "made": True}
        assert there.labs() == ["here"]
        there.note_names("here", None)
        assert there.labs() == []


def connected() -> Sandbox:
    with Rendezvous() as there:
        connection = there.connect("here")
        assert connection
        return Sandbox(connection)


def test_who_comes_and_goes_leaves_nothing_in_the_holder(user: User) -> None:
    user.up()
    outer = user.pid
    (holder,) = (process.pid for process in processes() if process.parent == outer)

    def held() -> tuple[int, int]:
        return len(os.listdir(f"/proc/{holder}/fd")), len(descendants(holder))

    before = held()
    for _ in range(50):
        with attached("here") as net:
            net["client"].run(["true"])
            net["server"].popen(["sleep", "4721"], stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
            with pytest.raises(FileNotFoundError):
                net["r1"].run(["/no-such-program"])  # not looked for in PATH, where a directory may be closed to us
            with pytest.raises(FileNotFoundError):
                net.sandbox.open("r1", "/proc/net/dev", "/proc/net/no-such-file")
    until(lambda: held() == before)


def test_who_holds_a_lab_and_is_stopped_is_not_waited_for(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    user.up()
    monkeypatch.setattr(sandbox, "ANSWERS_WITHIN", 0.2)
    holders = [process.pid for process in descendants(os.getpid()) if process.is_holder]
    assert len(holders) == 2
    for pid in holders:
        os.kill(pid, signal.SIGSTOP)
    try:
        (found,) = labs()
        assert isinstance(found, NoLab)
        assert "did not answer within 0.2 s" in str(found)
        with pytest.raises(NoAnswer), attached("here"):
            pass
    finally:
        for pid in holders:
            os.kill(pid, signal.SIGCONT)
    assert user.said("down") == "lab here is down\n"


def test_what_cannot_be_understood_is_refused_and_not_the_end(user: User) -> None:
    user.up()
    with Rendezvous() as there:
        connection = there.connect("here")
        assert connection
        with connection:
            huge = b'{"do": "socket", "node": "client", "family": 99999999999999999999, "type": 1, "protocol": 0, "copies": 1}'
            wrong = (b"no JSON", b"{}", b"[]", b"[" * 100_000, b'{"do": "fly"}', b'{"do": "socket"}', huge)
            for asked in (*wrong, b'{"do": "join", "nodes": ["no"]}'):
                connection.send(asked)
                assert json.loads(connection.recv(1 << 16))["errno"] == 22
    assert user.said("ls", "--names") == "here\n"


def test_who_takes_no_replies_does_not_keep_others_waiting(user: User) -> None:
    user.up()
    question = json.dumps({"do": "sysctl", "node": "client", "path": "net/ipv4/ip_forward", "value": None}).encode()
    with Rendezvous() as there, contextlib.closing(connected()) as other:
        deaf = there.connect("here")
        assert deaf
        with deaf:
            deaf.setblocking(False)
            for _ in range(10_000):
                assert other.sysctl("r1", "net/ipv4/ip_forward") == "1"
                try:
                    deaf.send(question)
                except BlockingIOError:
                    continue
                except (BrokenPipeError, ConnectionResetError):
                    return
    raise AssertionError("it was let go on for ever")
