"""`pmtulab trace` on the kernel that runs: by whatever means it allows, or one message why not."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lab.world.tracing.tracefs as own
from lab.find import find
from lab.judge.verdict import Verdict
from lab.model.packet import Icmp
from lab.trace import Forbidden, trace
from lab.world.tracing.tracefs import Instance, remove_leftovers, tracefs
from tests.traces import shape
from tests.world.command import pmtulab, started, surroundings

ERRORS = ("__icmp_send", "icmp_send")
(ROUTER,) = find("576-router")

OTHER = """
from lab.judge.expect import TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import FlushRouteCache, Send
from lab.model.topology import IPV6
from topologies import chain

network = chain("client", "r1", "r2", "server", mtus=(1500, 1280, 1500), families=(IPV6,))
story = (Send(Udp("client", "server", discover=DO, family=IPV6), 1400), FlushRouteCache()) * 50
act = Act("too big, again and again", story, (TooBig(by="r1", to="client", mtu=1280),))
scenarios = tuple(Scenario(f"another-{n}", "Drops at a node called r1", network, (act,)) for n in range(1000))
"""
"""Scenarios that go on for longer than any trace: at nodes of the same names, and with frames of other lengths."""

FALSE = """
act = Act("too big", story[:1], (TooBig(by="r1", to="client", mtu=1281),))
scenario = Scenario("false", "Claims what is not so", network, (act,))
"""


@pytest.fixture
def root() -> Iterator[Path]:
    """tracefs. Where this user may not have it, the test is of that: what is said, and how the command ends."""
    try:
        with tracefs() as mounted:
            yield mounted
    except Forbidden as refused:
        pytest.skip(f"not as this user: {refused}")  # and test_who_may_not_trace_is_told_so_in_one_message says how that ends


@pytest.mark.tools("unshare")
def test_who_may_not_trace_is_told_so_in_one_message(tmp_path: Path) -> None:
    """Root of a user namespace alone: it may make networks, and not look into the kernel. Nor can it start a guest."""
    without_guests = "import sys; sys.modules['virtme'] = None; from lab.cli import main; main()"
    argv = ["unshare", "-Ur", sys.executable, "-c", without_guests, "trace", "576-router"]
    run = subprocess.run(argv, cwd=tmp_path, env=surroundings(), capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (125, "")
    refused, *guests = run.stderr.splitlines()
    assert refused.startswith("this machine does not let pmtulab trace its kernel: ")
    assert "needs root" in refused
    assert guests[0] == "other kernels cannot be booted here:"
    assert guests[-1].startswith("virtme-ng is not installed (")


def test_a_router_drops_what_it_has_spoken_about_and_nothing_else(root: Path, tmp_path: Path) -> None:
    """Also while another lab with nodes of the same names drops: each PTB in our capture has its chain, and there is no other."""
    (tmp_path / "other.py").write_text(OTHER)
    with started("run", "other.py", cwd=tmp_path) as other:
        assert other.stdout is not None
        assert "another-0" in other.stdout.readline()  # the first is done, and the next ones run
        traced = trace(ROUTER)
        assert other.poll() is None
    assert traced.result.verdict is Verdict.PASS, traced.told.reason
    assert traced.aligned.unplaced == ()
    frames = [frame for act in traced.result.acts for frame in act.observation.frames]
    ptbs = [f for f in frames if f.node == "r1" and f.sent and f.packet and isinstance(f.packet.payload, Icmp)]
    spoken = [chain for chain in traced.aligned.chains if set(shape(chain)) & set(ERRORS)]
    assert [chain.frames[-1] for chain in spoken] == ptbs
    for chain in spoken:
        assert chain.node == "r1"
        short = shape(chain)
        assert short[0] == "<"
        assert short[-2:] == [">", "kfree_skb"]
        assert dict(chain.calls[-1].values)["location"] == "ip_forward"
        assert short.index(next(iter(set(short) & set(ERRORS)))) < short.index(">")


def test_what_the_buffer_has_no_room_for_makes_it_broken(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "ROOM", (4, 4))
    told = trace(ROUTER).told
    assert told.verdict is Verdict.BROKEN
    assert "the kernel's trace has lost events" in told.reason


def test_nothing_is_left(root: Path) -> None:
    with tracefs() as mounted:
        instance = Instance(mounted)
        assert instance.path.is_dir()
        remove_leftovers(root)
        assert instance.path.is_dir()  # somebody holds it
        instance.close()
        assert not instance.path.exists()
    assert "tracefs" not in Path("/proc/self/mounts").read_text() or os.path.ismount("/sys/kernel/tracing")


def test_what_a_killed_process_leaves_is_removed_by_the_next(root: Path) -> None:
    program = (
        "import os, sys, time; from lab.world.tracing.tracefs import *\n"
        "with tracefs() as root:\n    print(Instance(root).name, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        left = root / "instances" / child.stdout.readline().strip()
        assert left.is_dir()
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert left.is_dir()
        remove_leftovers(root)
        assert not left.exists()


def test_the_command_keeps_the_run_and_the_trace(root: Path, tmp_path: Path) -> None:
    run = pmtulab("trace", "576-router", "--format", "json", "--out", "kept", "--html", "page.html", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    assert document["verdict"] == "pass"
    folder = tmp_path / "kept/576-router"
    assert {path.name for path in folder.iterdir()} == {"capture.pcapng", "result.json", "junit.xml", "trace.json", "trace.html"}
    assert json.loads((folder / "trace.json").read_text()) == document
    assert (tmp_path / "page.html").read_bytes() == (folder / "trace.html").read_bytes()


def test_what_is_written_wrong_is_told_what_is_near(tmp_path: Path) -> None:
    run = pmtulab("trace", "576-router", "--function", "ip_forwad", cwd=tmp_path)
    assert run.returncode == 2
    assert "did you mean ip_forward" in run.stderr
    several = pmtulab("trace", "clamp", cwd=tmp_path)
    assert several.returncode == 2
    assert "name one: " in several.stderr


def test_a_kernel_that_has_no_room_for_a_trace_says_so_and_keeps_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Instance) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(Instance, "_prepare", refuse)
    with pytest.raises(Forbidden, match="gives an instance of its tracing no buffer: Cannot allocate memory"):
        Instance(root)
    assert not [*(root / "instances").glob(f"pmtulab_{os.getpid()}_*")]


def test_where_a_page_cannot_be_written_is_told_before_anything_is_traced(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = pmtulab("trace", "576-router", "--html", "file/page.html", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert "cannot write to file: File exists; --out and --html name another place" in run.stderr


def test_a_claim_that_failed_is_told_with_what_was_seen(root: Path, tmp_path: Path) -> None:
    (tmp_path / "false.py").write_text(OTHER.partition("act =")[0] + FALSE)
    run = pmtulab("trace", "false.py", "--html", "page.html", cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    said = run.stdout.splitlines()[-1]
    assert said == "FAIL false: r1 tells client that the next-hop MTU is 1281: it says 1280"
    assert "the next-hop MTU is 1281: it says 1280" in (tmp_path / "page.html").read_text()
