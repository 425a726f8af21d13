"""What the lab sees and reports, held against tools of others: tcpdump, tshark, ping, tracepath, ip, nft."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import lab
from lab.judge.result import Result
from lab.model.flow import Udp
from lab.model.story import Send
from lab.model.topology import IPV4, IPV6, Family
from lab.model.wire import Icmp
from lab.report.evidence import capture
from lab.run import Run, run
from lab.world.drive import Driver
from lab.world.net import Net
from lab.world.process import PIPE
from tests.world.command import pmtulab, until
from topologies import chain

FAMILIES = pytest.mark.parametrize("family", [IPV4, IPV6], ids=str)


@pytest.fixture
def net() -> Iterator[Net]:
    """Three descents under both families; r3's link is the narrowest."""
    names = ("client", "r1", "r2", "r3", "server")
    with lab.open(chain(*names, mtus=(1500, 1450, 1400, 1300), families=(IPV4, IPV6))) as net:
        yield net


@cache
def router_576() -> Run:
    """One run of 576-router for all that read its capture."""
    from lab.find import find

    (scenario,) = find("576-router")
    done = run(scenario)
    assert isinstance(done.result, Result)
    return done


def pcap(octets: bytes) -> tuple[int, list[tuple[int, bytes]]]:
    """The resolution of a pcap file, in ns, and time in ns and octets of each packet in it."""
    resolution = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}[struct.unpack_from("=I", octets)[0]]
    packets = []
    offset = 24
    while offset < len(octets):
        seconds, fraction, caught, length = struct.unpack_from("=4I", octets, offset)
        assert caught == length
        packets.append((seconds * 10**9 + fraction * resolution, octets[offset + 16 : offset + 16 + caught]))
        offset += 16 + caught
    return resolution, packets


SNIFFERS = {
    # -Z root: as its caller, and not as the user "tcpdump", who may not write to our folder. -U: nothing waits in a buffer.
    "tcpdump": ("-U", "-Z", "root", "--time-stamp-precision=nano"),
    "dumpcap": ("-P",),
}
LINK_ENDS = [("client", "r1"), ("r1", "client"), ("r1", "server"), ("server", "r1")]


@pytest.mark.parametrize(
    ("sniffer", "node", "interface"),
    [
        pytest.param(name, *end, marks=pytest.mark.tools(name), id=f"{name}-{end[0]}:{end[1]}")
        for name in SNIFFERS
        for end in LINK_ENDS
    ],
)
def test_a_sniffer_sees_what_the_tap_sees(tmp_path: Path, sniffer: str, node: str, interface: str) -> None:
    """The same frames, octet by octet, in the same order and at the same times. Under IPv4, where no node speaks unasked."""
    if sniffer == "tcpdump" and os.geteuid() != 0:
        pytest.skip("tcpdump calls setgroups(), which an ordinary user's namespace forbids (user_namespaces(7)); dumpcap does not")
    file = tmp_path / "sniffed.pcap"
    command = [sniffer, "-i", interface, *SNIFFERS[sniffer], "-w", str(file)]
    with lab.open(chain("client", "r1", "server", mtus=(1500, 1400))) as net, net[node].popen(command, stderr=PIPE) as process:
        assert process.stderr
        assert any(re.match(r"tcpdump: listening on|File: ", line) for line in iter(process.stderr.readline, ""))
        flow = Udp("client", "server")
        frames = Driver(net).play([Send(flow, octets) for octets in (1472, 1, 700, 1372, 1472)]).frames
        mine = [frame for frame in frames if (frame.node, frame.interface) == (node, interface)]
        until(lambda: file.stat().st_size >= 24 + sum(16 + frame.length for frame in mine))
        process.terminate()
        assert process.wait(10) == 0
    resolution, theirs = pcap(file.read_bytes())
    assert len(mine) >= 5
    assert [octets for _, octets in theirs] == [frame.octets for frame in mine]
    # An skb has one timestamp, which is set before any packet socket gets it.
    assert [time for time, _ in theirs] == [frame.time // resolution * resolution for frame in mine]


def tshark(file: Path, *names: str) -> list[list[str]]:
    """The values of each field in each frame, as tshark reads them. It may warn that it runs as root, and say nothing else."""
    fields = [argument for name in names for argument in ("-e", name)]
    command = ["tshark", "-n", "-r", str(file), "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=\x1f", *fields]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if line and not line.startswith("Running as user")]
    assert (done.returncode, said) == (0, [])
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.tools("tshark")
def test_tshark_agrees_with_a_run_frame_by_frame(tmp_path: Path) -> None:
    done = router_576()
    frames = [frame for act in done.result.acts for frame in act.observation.frames]
    file = tmp_path / "capture.pcapng"
    file.write_bytes(capture(done.result, done.taps))
    names = ("frame.number", "frame.len", "frame.interface_name", "frame.time_epoch", "icmp.mtu", "_ws.malformed")
    rows = tshark(file, *names)
    assert len(rows) == len(frames) > 500
    for row, frame in zip(rows, frames, strict=True):
        icmp = frame.packet.payload if frame.packet and isinstance(frame.packet.payload, Icmp) else None
        mtu = str(icmp.mtu) if icmp and icmp.too_big else ""
        seconds, nanoseconds = divmod(frame.time, 10**9)
        assert row == [str(frame.number), str(frame.length), frame.end, f"{seconds}.{nanoseconds:09d}", mtu, ""]
    assert {row[4] for row in rows} == {"", "576"}


@pytest.mark.tools("tshark")
def test_tshark_shows_each_finding_on_the_frames_that_it_cites(tmp_path: Path) -> None:
    done = router_576()
    file = tmp_path / "capture.pcapng"
    file.write_bytes(capture(done.result, done.taps))
    cited: dict[int, list[str]] = {}
    for finding in done.result.findings:
        for number in dict.fromkeys(finding.frames):
            cited.setdefault(number, []).append(finding.claim)
    assert cited
    for row, comment in tshark(file, "frame.number", "frame.comment"):
        comments = [text.partition(": ")[2] for text in comment.split("\x1f") if text]
        assert comments == cited.get(int(row), [])


@pytest.mark.tools("tshark")
def test_tshark_reads_the_file_that_the_command_wrote(tmp_path: Path) -> None:
    assert pmtulab("run", "below-min-pmtu", cwd=tmp_path).returncode == 0
    rows = tshark(tmp_path / "out/below-min-pmtu/capture.pcapng", "icmp.mtu", "icmp.type", "icmp.code")
    assert {tuple(row) for row in rows if row[1]} == {("400", "3", "4")}


def learn_by_ping(net: Net, family: Family, octets: int) -> str:
    """What ping says when its requests, of `octets` as IP packets, meet links that are too narrow. DF is set throughout."""
    headers = 28 if family == IPV4 else 48
    command = [
        "ping",
        f"-{family.value}",
        "-n",
        "-M",
        "do",
        "-c",
        "4",
        "-i",
        "0.01",
        "-W",
        "1",
        "-s",
        str(octets - headers),
        "server",
    ]
    done = net["client"].run(command, check=False)
    return done.stdout + done.stderr


@pytest.mark.tools("ping")
@FAMILIES
def test_ping_is_told_the_mtu_that_the_lab_reports(net: Net, family: Family) -> None:
    """Each request meets the next narrower link; the last is refused at home, with the MTU of the last PTB."""
    told = [int(mtu) for mtu in re.findall(r"(?i)mtu[ =:]+(\d+)", learn_by_ping(net, family, 1500))]
    assert told[0] == 1450
    # The same request again is too big here already: only a smaller one gets on to r2.
    assert set(told[1:]) == {1450}
    for octets, mtu in ((1450, 1400), (1400, 1300)):
        assert mtu in [int(seen) for seen in re.findall(r"(?i)mtu[ =:]+(\d+)", learn_by_ping(net, family, octets))]
        assert net["client"].path_mtu("server", family) == mtu
    assert "0% packet loss" in learn_by_ping(net, family, 1300)


@pytest.mark.tools("tracepath")
@FAMILIES
def test_tracepath_finds_the_path_mtu_and_every_step(net: Net, family: Family) -> None:
    said = net["client"].run(["tracepath", f"-{family.value}", "-n", "-m", "8", net.address("server", family)]).stdout
    steps = [int(mtu) for mtu in re.findall(r"pmtu (\d+)", said)]
    assert steps == [1500, 1450, 1400, 1300, 1300]  # where it starts, each step down, and the sum of it
    assert "reached" in said
    assert net["client"].path_mtu("server", family) == 1300
    # Hop by hop: the address of each router's interface towards us.
    hops = re.findall(r"^ *(\d+): +(\S+) +[\d.]+ms", said, re.MULTILINE)
    for number, name in ((1, "r1"), (2, "r2"), (3, "r3"), (4, "server")):
        assert (str(number), str(net.plan.nodes[name].interfaces[0].addresses[family])) in hops


def ip_route(net: Net, family: Family) -> dict[str, Any]:
    """What `ip route get` says of the way from client to server."""
    (route,) = json.loads(net["client"].run(["ip", "-j", f"-{family.value}", "route", "get", net.address("server", family)]).stdout)
    return dict(route)


@pytest.mark.tools("ip", "ping")
@FAMILIES
def test_ip_route_shows_the_same_exception(net: Net, family: Family) -> None:
    assert not ip_route(net, family).get("metrics")
    learn_by_ping(net, family, 1500)
    shown = ip_route(net, family)
    (learned,) = net["client"].exceptions()
    assert shown["metrics"] == [{"mtu": learned.mtu}] == [{"mtu": 1450}]
    assert abs(shown["expires"] - learned.expires) <= 2
    net["client"].flush_route_cache()
    assert not ip_route(net, family).get("metrics")


@pytest.mark.tools("ip", "ping")
def test_ip_route_shows_the_same_lock() -> None:
    """Of a PTB that says less than min_pmtu Linux keeps 552, locked. The text has "lock"; iproute2's JSON leaves it out."""
    with lab.open(chain("client", "r1", "r2", "server", mtus=(1500, 400, 1500)), taps=False) as net:
        learn_by_ping(net, IPV4, 1500)
        (learned,) = net["client"].exceptions()
        assert (learned.mtu, learned.locked, net["client"].path_mtu("server")) == (552, True, 552)
        said = net["client"].run(["ip", "route", "get", net.address("server")]).stdout
        assert re.search(r"\bmtu lock 552\b", said)


@pytest.mark.tools("nft")
def test_nft_shows_the_silence_of_a_router() -> None:
    shape = chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(IPV4, IPV6), silent=("r1",))
    with lab.open(shape, taps=False) as net:
        assert net["r2"].run(["nft", "list", "ruleset"]).stdout == ""
        said = net["r1"].run(["nft", "list", "ruleset"]).stdout
    assert re.search(r"table inet pmtulab \{\s+chain silence \{\s+type filter hook output priority \S+; policy accept;", said)
    rules = {line.strip() for line in said.splitlines() if line.endswith(" drop")}
    assert rules == {"icmp type destination-unreachable icmp code frag-needed drop", "icmpv6 type packet-too-big drop"}
