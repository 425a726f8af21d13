"""The lab's own namespaces: cut off from the machine, gone with the holder, and in words where they cannot be had."""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import lab
from lab.world.errors import Broken, Forbidden
from lab.world.net import Net
from lab.world.sandbox import Sandbox, allow_descriptors, why_forbidden
from tests.world.census import descendants
from tests.world.command import until
from topologies import chain

KINDS = ("mnt", "net", "pid")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    sandbox.wait()
    yield sandbox
    sandbox.close()


@pytest.fixture
def net() -> Iterator[Net]:
    with lab.open(chain("client", "r1", "server", mtus=(1500, 1400)), taps=False) as net:
        yield net


def close(made: list[tuple[str, int, int]]) -> None:
    for _, namespace, netlink in made:
        os.close(namespace)
        os.close(netlink)


def holder_of_ours() -> int:
    """Pid 1 of the lab, by its pid out here."""
    return [process.pid for process in descendants(os.getpid()) if process.is_holder][-1]


def test_programs_are_in_namespaces_of_the_lab(net: Net) -> None:
    kinds = (*KINDS, "user")
    ours = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in kinds}
    theirs = {kind: net["client"].run(["readlink", f"/proc/self/ns/{kind}"]).stdout.strip() for kind in kinds}
    assert all(ours[kind] != theirs[kind] for kind in KINDS)
    # A user namespace only where it is needed.
    assert (ours["user"] != theirs["user"]) == (os.geteuid() != 0)
    assert net["client"].run(["id", "-u"]).stdout == "0\n"


def test_our_own_process_stays_where_it_was(net: Net) -> None:
    before = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in KINDS}
    interfaces = sorted(os.listdir("/sys/class/net"))
    net["client"].run(["true"])
    assert {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in KINDS} == before
    assert sorted(os.listdir("/sys/class/net")) == interfaces


def test_mounts_in_the_lab_stay_there(net: Net) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    # Looked at first: where this is not so, the mount would be the machine's.
    assert net["client"].run(["readlink", "/proc/self/ns/mnt"]).stdout.strip() != os.readlink("/proc/self/ns/mnt")
    net["client"].run(["mount", "-t", "tmpfs", "pmtulab-test", "/mnt"])
    assert "pmtulab-test" in net["server"].run(["cat", "/proc/self/mountinfo"]).stdout
    assert Path("/proc/self/mountinfo").read_text() == before


def test_the_tmp_of_the_lab_is_the_machines(net: Net, tmp_path: Path) -> None:
    """The tmpfs that held the lab's /etc/hosts for a moment lies over nothing any more."""
    net["client"].run(["sh", "-c", f"echo written >{tmp_path}/file"])
    assert (tmp_path / "file").read_text() == "written\n"


def test_a_new_namespace_has_a_loopback_and_nothing_else_of_ours(sandbox: Sandbox) -> None:
    close(list(sandbox.nodes({"a": {}, "b": {"net/ipv4/ip_forward": "1"}})))
    assert (sandbox.sysctl("a", "net/ipv4/ip_forward"), sandbox.sysctl("b", "net/ipv4/ip_forward")) == ("0", "1")
    assert sandbox.sysctl("a", "net/ipv4/conf/lo/forwarding") == "0"


def test_nodes_come_in_order_by_the_hundred(sandbox: Sandbox) -> None:
    """More than one message can carry: two descriptors a node, 253 a message."""
    names = [f"n{i}" for i in range(130)]
    made = list(sandbox.nodes({name: {} for name in names}))
    assert [name for name, _, _ in made] == names
    assert len({os.fstat(namespace).st_ino for _, namespace, _ in made}) == 130
    close(made)


def test_a_refused_sysctl_of_a_new_node_names_it(sandbox: Sandbox) -> None:
    with pytest.raises(OSError, match="No such file") as refused:
        list(sandbox.nodes({"a": {"net/ipv4/no_such_thing": "1"}}))
    assert "no_such_thing" in str(refused.value.filename)


def test_a_refused_request_is_not_the_end(sandbox: Sandbox) -> None:
    close(list(sandbox.nodes({"a": {}})))
    with pytest.raises(OSError, match=r".") as refused:
        sandbox.open_socket("a", socket.AF_INET, 99)
    assert refused.value.errno in (errno.EINVAL, errno.ESOCKTNOSUPPORT)
    with sandbox.open_socket("a", socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert sock.type == socket.SOCK_DGRAM


def test_descriptors_from_the_holder_are_not_inherited(sandbox: Sandbox) -> None:
    made = list(sandbox.nodes({"a": {}}))
    with sandbox.open_socket("a", socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert not any(os.get_inheritable(fd) for fd in (*made[0][1:], sock.fileno()))
    close(made)


def test_when_the_holder_dies_the_lab_is_broken_and_its_programs_are_gone(net: Net) -> None:
    program = net["client"].popen(["sleep", "60"])
    os.kill(holder_of_ours(), signal.SIGKILL)
    assert program.wait(5) == -signal.SIGKILL
    with pytest.raises(Broken, match="holder process"):
        net["client"].run(["true"])
    with pytest.raises(Broken, match="holder process"):
        net["client"].sysctl("net/ipv4/ip_forward")


def test_closing_twice_and_before_it_stands() -> None:
    sandbox = Sandbox()
    sandbox.close()
    sandbox.close()
    assert not any(process.is_holder for process in descendants(os.getpid()))


def test_closing_ends_programs_that_ignore_signals() -> None:
    net = lab.open(chain("client", "r1", "server", mtus=(1500, 1400)), taps=False)
    program = net["client"].popen(["sh", "-c", "trap '' TERM HUP INT; while :; do sleep 60; done"])
    until(lambda: len(descendants(holder_of_ours())) == 2)
    net.close()
    assert program.wait(5) == -signal.SIGKILL
    assert descendants(os.getpid()) == []


@pytest.mark.parametrize("step", ["user namespace", "namespaces"])
def test_why_forbidden_says_what_was_refused_and_what_to_do(step: str) -> None:
    said = why_forbidden(OSError(errno.EPERM, "Operation not permitted", step))
    first, second, *_ = said.splitlines()
    assert first == f"This machine does not let pmtulab make its network: {step}: Operation not permitted."
    assert second
    assert "max_user_namespaces" in why_forbidden(OSError(errno.ENOSPC, "No space left on device", step))


def test_forbidden_is_raised_and_nothing_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The holder's refusal in place of the machine's: its first message has an errno."""
    refusing = tmp_path / "holder.py"
    refusal = b'{"errno": 1, "what": "Operation not permitted", "where": "id map"}'
    refusing.write_text(f"import socket, sys\nsocket.socket(fileno=int(sys.argv[1])).send({refusal!r})\n")
    monkeypatch.setattr("lab.world.sandbox.__file__", str(tmp_path / "sandbox.py"))
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(Forbidden, match="id map: Operation not permitted"):
        lab.open(chain("client", "r1", "server", mtus=(1500, 1400)))
    assert len(os.listdir("/proc/self/fd")) == before
    assert descendants(os.getpid()) == []


def test_the_limit_on_open_files_is_raised_as_far_as_needed() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
        allow_descriptors(300)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (556, limits[1])
        allow_descriptors(10)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (556, limits[1])
        with pytest.raises(Broken, match="open files"):
            allow_descriptors(limits[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
