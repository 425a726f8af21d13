"""Faults: one fact broken in the world, and the scenarios that rest on it fail, in the right words; the others still pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from lab.find import find
from lab.judge.convergence import told
from lab.judge.observation import Frame, Observation
from lab.judge.result import Result
from lab.judge.verdict import Verdict
from lab.run import run
from tests.world.command import pmtulab

NO_PTB = (
    ("r1 tells client that the next-hop MTU is 553", "no PTB leaves r1 for client"),
    ("client holds a path MTU of 553 towards server", "no exception for server at client"),
    ("the socket reads a path MTU of 553 after send 2", "1500"),
)
PINGED = "send {} queues EMSGSIZE, MTU 576, told {}"

FAILS = (
    ("skip-icmp", "around-min-pmtu-553", NO_PTB),
    (
        "wrong-mtu",
        "576-router-ping",
        (
            ("r1 tells client that the next-hop MTU is 576", "it says 1000"),
            (PINGED.format(1, "by r1"), "EMSGSIZE, ICMP type 3 code 4, info 1000, offender 10.0.0.2"),
            ("client holds a path MTU of 576 towards server", "mtu 1000, expires in N s"),
            (PINGED.format(2, "locally"), "EMSGSIZE, LOCAL type 0 code 0, info 1000, offender None"),
        ),
    ),
    (
        "df-cleared",
        "around-min-pmtu-553",
        (
            ("client sends 1500 octets with DF", "1 packet without DF"),
            ("r1 drops packets of 1500 octets", "r1 passes 1 of 1 on"),
            *NO_PTB,
            ("client sends 553 octets with DF", "1 packet without DF"),
        ),
    ),
    (
        "smaller-fragments",
        "fragmented-1500-over-576",
        (("r1 makes fragments of 572, 572, 396 octets at 0, 552, 1104", "564, 564, 412 at 0, 544, 1088"),),
    ),
    ("late-expiry", "around-min-pmtu-553", (("client holds a path MTU of 553 towards server", "mtu 553, expires in 6000 s"),)),
)
PASSES = (
    *(("skip-icmp", name) for name in ("fragmented-1500-over-576", "black-hole")),
    *(("wrong-mtu", name) for name in ("fragmented-1500-over-576", "black-hole")),
    *(("df-cleared", name) for name in ("fragmented-1500-over-576", "modes-do-v6")),
    *(("smaller-fragments", name) for name in ("modes-do-v6", "mss-1500-v6")),
    *(("late-expiry", name) for name in ("fragmented-1500-over-576", "black-hole", "mss-1500")),
)
pytestmark = pytest.mark.tools("nft")


@cache
def result(name: str, *faults: str) -> Result:
    (scenario,) = find(name)
    return run(scenario, faults=faults).result


def frames(observation: Observation, end: str) -> list[Frame]:
    """What left by this link end with an IP packet in it."""
    return [f for f in observation.frames if f.end == end and f.sent and f.packet]


def observed(fault: str, name: str) -> Observation:
    return result(name, fault).acts[0].observation


@pytest.mark.parametrize(("fault", "name", "failing"), FAILS, ids=[f"{fault}-{name}" for fault, name, _ in FAILS])
def test_what_rests_on_it_fails_and_nothing_else(fault: str, name: str, failing: tuple[tuple[str, str], ...]) -> None:
    broken = result(name, fault)
    assert (broken.verdict, broken.reason, broken.faults) == (Verdict.FAIL, "", (fault,))
    against = [f for f in broken.findings if f.verdict is Verdict.FAIL]
    failed = [(f.claim, re.sub(r"expires in \d{3} s", "expires in N s", f.seen)) for f in against]
    assert tuple(failed) == failing


@pytest.mark.parametrize(("fault", "name"), PASSES)
def test_what_does_not_rest_on_it_passes(fault: str, name: str) -> None:
    assert result(name, fault).verdict is Verdict.PASS


@pytest.mark.parametrize("name", sorted({name for _, name, _ in FAILS} | {name for _, name in PASSES}))
def test_without_a_fault_all_of_them_pass(name: str) -> None:
    assert result(name).verdict is Verdict.PASS


def no_ptb_on_the_wire(seen: Observation) -> bool:
    return seen.counters["r1"]["Ip.FragFails"] == 1 and not any(told(f) for f in seen.frames)


def wrong_mtu_on_the_wire(seen: Observation) -> bool:
    # And the client believes it: the checksum is right.
    return {told(f) for f in frames(seen, "r1:client")} - {None} == {1000} and {e.mtu for e in seen.exceptions} == {1000}


def df_nowhere(seen: Observation) -> bool:
    return {f.packet.octets for f in frames(seen, "client:r1") if f.packet} >= {1500, 553} and not any(
        f.packet.df for f in frames(seen, "client:r1") if f.packet
    )


def cut_eight_sooner(seen: Observation) -> bool:
    return [f.packet.octets for f in frames(seen, "r1:r2") if f.packet and f.packet.is_fragment] == [564, 564, 412]


def expires_late(seen: Observation) -> bool:
    return [5990 < e.expires <= 6000 for e in seen.exceptions] == [True]


@pytest.mark.parametrize(
    ("fault", "name", "in_place"),
    [
        ("skip-icmp", "around-min-pmtu-553", no_ptb_on_the_wire),
        ("wrong-mtu", "576-router-ping", wrong_mtu_on_the_wire),
        ("df-cleared", "around-min-pmtu-553", df_nowhere),
        ("smaller-fragments", "fragmented-1500-over-576", cut_eight_sooner),
        ("late-expiry", "around-min-pmtu-553", expires_late),
    ],
)
def test_the_fault_itself_is_seen(fault: str, name: str, in_place: Callable[[Observation], bool]) -> None:
    assert in_place(observed(fault, name))
    assert not in_place(result(name).acts[0].observation)


def test_an_expiry_that_the_story_sets_is_late_too() -> None:
    seen = {f.claim: f.seen for f in result("expiry", "late-expiry").findings if f.verdict is Verdict.FAIL}
    assert seen["client learns no path MTU towards server"] == "exceptions: mtu 1400"


def test_icmpv6_is_broken_alike() -> None:
    says = "r1 tells client that the next-hop MTU is 1400"
    for fault, words in (("skip-icmp", "no PTB leaves r1 for client"), ("wrong-mtu", "it says 1300")):
        assert (says, words) in {(f.claim, f.seen) for f in result("modes-do-v6", fault).findings}


def test_the_command_says_loudly_that_a_fault_is_injected(tmp_path: Path) -> None:
    broken = pmtulab("run", "fragmented-1500-over-576", "--fault", "smaller-fragments", "--fault", "late-expiry", cwd=tmp_path)
    assert broken.returncode == 1, broken.stderr
    lines = broken.stdout.splitlines()
    assert lines[1].startswith("FAULT INJECTED: routers send IPv4 as if")
    assert lines[2].startswith("FAULT INJECTED: hosts keep route exceptions")
    assert lines[-1].startswith("FAIL fragmented-1500-over-576: with faults smaller-fragments, late-expiry: 1 of ")
    assert "FAULT INJECTED" not in pmtulab("run", "fragmented-1500-over-576", cwd=tmp_path).stdout


def test_workers_have_the_fault_too(tmp_path: Path) -> None:
    names = ("fragmented-1500-over-576", "fragmented-577-over-576")
    run = pmtulab("run", *names, "-j", "2", "--fault", "smaller-fragments", "--format", "ktap", cwd=tmp_path)
    assert (run.returncode, run.stdout.count("# FAULT INJECTED: "), run.stdout.count("\nnot ok ")) == (1, 2, 2)


def test_an_unknown_fault_is_wrong_usage(tmp_path: Path) -> None:
    run = pmtulab("run", "black-hole", "--fault", "skip-imcp", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert "skip-icmp" in run.stderr
