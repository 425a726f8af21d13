"""`pmtulab probe` as people and programs use it: run in a node of a lab, or here on loopback."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lab
from lab.world.net import Net
from lab.world.process import PIPE
from tests.world.command import PMTULAB, pmtulab, surroundings
from topologies import chain

FAST = ("--rate", "100", "--wait", "0.06", "--pace", "0")
WITHOUT_CAPABILITIES = """
import ctypes, struct, sys
nothing = struct.pack("IiIIIIII", 0x20080522, 0, 0, 0, 0, 0, 0, 0)  # capset(2): version 3, this thread, no capability
if ctypes.CDLL(None, use_errno=True).capset(nothing[:8], nothing[8:]) != 0:
    sys.exit("capset failed")
from lab.cli import main
main()
"""

WITHOUT_ICMP = """
import socket

class Refused(socket.socket):
    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        if proto in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
            raise PermissionError(13, "Permission denied")
        super().__init__(family, type, proto, fileno)

socket.socket = Refused
from lab.cli import main
main()
"""


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    """A descent that is told, and a black hole behind it."""
    with lab.open(chain("client", "r1", "r2", "r3", "server", mtus=(1500, 1400, 1300, 1500), silent=("r2",)), taps=False) as net:
        for node in net:
            node.sysctl("net/ipv4/icmp_ratelimit", 0)
        yield net


def probe(net: Net, *arguments: str, program: tuple[str, ...] = PMTULAB) -> subprocess.CompletedProcess[str]:
    net["client"].flush_route_cache()  # what the probe before has taught the kernel
    return net["client"].run([*program, "probe", *arguments, *FAST], check=False, env=surroundings())


def steady(text: str) -> list[str]:
    """Lines without times, and without the number of probes, which is larger where an answer comes late."""
    return [
        re.sub(r" +[\d.]+ ms", " TIME", re.sub(r"\d+ probes in [\d.]+ s", "N probes in TIME", line)) for line in text.splitlines()
    ]


def test_what_an_operator_sees(net: Net) -> None:
    seen = probe(net, "server")
    assert (seen.returncode, seen.stderr) == (1, "")
    assert steady(seen.stdout) == [
        "pmtulab probe server (10.0.3.2): UDP from 10.0.0.1, at most 100 packets a second",
        "",
        "hop  address                 RTT  octets",
        "  0  10.0.0.1                       1500  the first link",
        "  1  10.0.0.2 TIME    1500",
        "  2  10.0.1.2 TIME    1400  MTU 1400 told by hop 1",
        "  3  10.0.2.2 TIME    1300  BLACK HOLE between hop 2 and here",
        "  4  10.0.3.2 TIME    1300  the destination",
        "",
        "path MTU 1300: UDP payload 1272, TCP MSS 1260",
        "",
        "FAULT  black hole between hop 2 (10.0.1.2) and hop 3 (10.0.2.2): packets above 1300 octets vanish",
        "       1300 octets arrive; 1301 did not, in 3 tries, though a small one did after them; no PTB came",
        "       do: have hop 2 send ICMP type 3 code 4 (fragmentation needed), and let it through to here; else look",
        "       for a switch or a tunnel between the two, or for a link with two MTUs. Until then: MTU 1300 on the",
        "       route, MSS 1260 by a clamp, or net.ipv4.tcp_mtu_probing=1 for TCP",
        "",
        "1 fault found: N probes in TIME",
    ]


def test_what_a_program_reads(net: Net) -> None:
    seen = probe(net, "server", "--icmp", "-4", "--json")
    assert (seen.returncode, seen.stderr) == (1, "")
    found = json.loads(seen.stdout)
    assert {name: found[name] for name in ("schema", "target", "address", "source", "protocol", "family")} == {
        "schema": 1,
        "target": "server",
        "address": "10.0.3.2",
        "source": "10.0.0.1",
        "protocol": "icmp",
        "family": 4,
    }
    assert (found["path_mtu"], found["first_link"], found["measured_to_hop"], found["complete"]) == (1300, 1500, 4, True)
    assert [(hop["number"], hop["address"], hop["octets"]) for hop in found["hops"]] == [
        (1, "10.0.0.2", 1500),
        (2, "10.0.1.2", 1400),
        (3, "10.0.2.2", 1300),
        (4, "10.0.3.2", 1300),
    ]
    assert found["hops"][1]["told"] == [{"source": "10.0.0.2", "hop": 1, "mtu": 1400, "about": 1500}]
    (verdict,) = found["verdicts"]
    assert (verdict["kind"], verdict["fault"], verdict["after"], verdict["before"]) == ("black-hole", True, 2, 3)
    assert (verdict["passes"], verdict["lost"]) == (1300, 1301)
    assert all(verdict[name] for name in ("what", "evidence", "advice"))


def test_ctrl_c_says_what_was_found_so_far(net: Net) -> None:
    """In the midst of the search, which takes longer than the three hops before it."""
    command = [*PMTULAB, "probe", "server", "--wait", "5"]
    with net["client"].popen(command, stdout=PIPE, stderr=PIPE, env=surroundings()) as process:
        assert process.stdout
        seen = []
        for line in iter(process.stdout.readline, ""):
            seen.append(line)
            if line.startswith("  2 "):
                process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    assert "path MTU 1400 as far as hop 2 (10.0.1.2): UDP payload 1372, TCP MSS 1360\n" in seen
    assert re.fullmatch(r"interrupted: no fault so far: \d+ probes in [\d.]+ s\n", seen[-1])


@pytest.mark.tools("nft")
def test_a_filtered_port_says_what_else_to_try(net: Net) -> None:
    rules = "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c meta l4proto udp drop"
    net["server"].run(["nft", rules])
    try:
        seen = probe(net, "server", "--max-hops", "6")
    finally:
        net["server"].run(["nft", "delete", "table", "inet", "t"])
    assert seen.returncode == 1
    assert "path MTU 1300 as far as hop 3 (10.0.2.2): UDP payload 1272, TCP MSS 1260" in seen.stdout
    assert "FAULT  the destination does not answer UDP" in seen.stdout
    assert "do: try --icmp, or --tcp PORT" in seen.stdout


@pytest.mark.tools("nft")
def test_what_is_not_known_to_the_end_is_no_success(net: Net) -> None:
    """r2 answers SYNs, and no UDP; there is no fault, and yet nothing is known of its link."""
    rules = "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c meta l4proto udp drop"
    net["r2"].run(["nft", rules])
    try:
        seen = probe(net, "r2", "--tcp", "80")
    finally:
        net["r2"].run(["nft", "delete", "table", "inet", "t"])
    assert seen.returncode == 1
    assert "path MTU 1500 as far as hop 1 (10.0.0.2)" in seen.stdout
    assert "note   the destination does not answer UDP, and a SYN has no size to choose" in seen.stdout
    assert "no fault found" in seen.stdout


@pytest.mark.parametrize("arguments", [(), ("--tcp", "80"), ("--icmp",)], ids=str)
def test_an_ordinary_user_needs_nothing(net: Net, arguments: tuple[str, ...]) -> None:
    """No capability at all; ping sockets are allowed here, as they are to everybody on most distributions."""
    seen = probe(net, "r2", *arguments, program=(sys.executable, "-c", WITHOUT_CAPABILITIES))
    assert (seen.returncode, seen.stderr) == (0, "")
    assert "path MTU 1400: UDP payload 1372, TCP MSS 1360" in seen.stdout


def test_where_icmp_is_not_allowed_it_says_how_it_can_be_had(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_ICMP, "probe", "127.0.0.1", "--icmp"]
    refused = subprocess.run(command, cwd=tmp_path, env=surroundings(), capture_output=True, text=True, timeout=60)
    assert (refused.returncode, refused.stdout) == (125, "")
    assert "net.ipv4.ping_group_range" in refused.stderr
    assert "UDP needs no privilege" in refused.stderr


def test_loopback_is_whole(tmp_path: Path) -> None:
    """Of this machine, by whoever runs the tests."""
    seen = pmtulab("probe", "127.0.0.1", cwd=tmp_path)
    assert (seen.returncode, seen.stderr) == (0, "")
    assert "path MTU 65535: UDP payload 65507, TCP MSS 65495" in seen.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.invalid",), "there is no host 'nowhere.invalid'"),
        (("10.0.0.1", "-6"), "there is no host '10.0.0.1' with an IPv6 address"),
        (("127.0.0.1", "--udp", "--icmp"), "one of --udp, --icmp and --tcp at a time"),
        (("127.0.0.1", "-4", "-6"), "-4 or -6, not both"),
        (("127.0.0.1", "--rate", "1000"), "1000.0 is not in the range 1<=x<=100"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    seen = pmtulab("probe", *arguments, cwd=tmp_path)
    assert (seen.returncode, seen.stdout) == (2, "")
    assert said in seen.stderr
    assert "Traceback" not in seen.stderr


@pytest.mark.tools("ip")
def test_no_way_at_all_is_a_finding(net: Net) -> None:
    """The client has no route to it."""
    net["client"].run(["ip", "route", "add", "unreachable", "10.77.7.7"])
    seen = probe(net, "10.77.7.7")
    assert (seen.returncode, seen.stderr) == (1, "")
    assert "FAULT  the destination cannot be reached: " in seen.stdout
