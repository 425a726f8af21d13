"""tshark reads our captures without a complaint, and sees in our frames what decode sees in them."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest

from lab.model.pcapng import Capture, CapturedFrame, Interface, Statistics, dump, load
from lab.model.topology import IPV4, IPV6
from lab.model.wire import Icmp, Packet, Protocol, TcpFlag, TcpHeader, UdpHeader, decode, encode, encode_ip

pytestmark = pytest.mark.tools("tshark")

CLIENT, SERVER, CLIENT6, SERVER6 = "10.0.0.1", "10.0.1.2", "fd00::1", "fd00:0:0:1::2"
ODD = b"an odd number of octets"

UDP4 = Packet(IPV4, CLIENT, SERVER, 1500, Protocol.UDP, UdpHeader(4321, 4322, 1472), df=True, identification=7)
UDP6 = Packet(IPV6, CLIENT6, SERVER6, 1500, Protocol.UDP, UdpHeader(4321, 4322, 1452), hop_limit=3, tos=0xB8)
SYN = TcpHeader(4321, 4322, 3, 0, TcpFlag.SYN, 64240, 0, 1460, True)
SYN4 = Packet(IPV4, CLIENT, SERVER, 56, Protocol.TCP, SYN, df=True, identification=1)
SYN6 = Packet(IPV6, CLIENT6, SERVER6, 76, Protocol.TCP, dataclasses.replace(SYN, mss=1440))
DATA = TcpHeader(4321, 4322, 4, 9, TcpFlag.ACK | TcpFlag.PSH, 502, 524, None, True)
DATA4 = Packet(IPV4, CLIENT, SERVER, 576, Protocol.TCP, DATA, identification=2)
ECHO = Icmp(8, 0, None, 77, 1)
PACKETS: tuple[tuple[Packet, bytes], ...] = (
    (UDP4, ODD),
    (UDP6, ODD),
    (dataclasses.replace(UDP4, octets=28 + len(ODD), payload=UdpHeader(4321, 4322, len(ODD))), ODD),
    (SYN4, b""),
    (SYN6, b""),
    (DATA4, ODD),
    (Packet(IPV4, CLIENT, SERVER, 84, Protocol.ICMP, ECHO, identification=3), ODD),
    (Packet(IPV6, CLIENT6, SERVER6, 104, Protocol.ICMPV6, dataclasses.replace(ECHO, type=128)), ODD),
    (Packet(IPV4, "10.0.0.2", CLIENT, 576, Protocol.ICMP, Icmp(3, 4, 576, quoted=UDP4, quoted_octets=548), identification=9), b""),
    (Packet(IPV4, "10.0.0.2", CLIENT, 84, Protocol.ICMP, Icmp(3, 4, 1400, quoted=SYN4, quoted_octets=56), identification=9), b""),
    (Packet(IPV6, "fd00::2", CLIENT6, 1280, Protocol.ICMPV6, Icmp(2, 0, 1280, quoted=UDP6, quoted_octets=1232)), b""),
    (dataclasses.replace(UDP4, octets=572, df=False, more_fragments=True), ODD),
    (dataclasses.replace(UDP4, octets=572, df=False, more_fragments=True, fragment_offset=552, payload=None), ODD),
    (dataclasses.replace(UDP4, octets=396, df=False, fragment_offset=1104, payload=None), ODD),
    (dataclasses.replace(UDP6, octets=1280, more_fragments=True, identification=0x12345678), ODD),
    (dataclasses.replace(UDP6, octets=276, fragment_offset=1232, identification=0x12345678, payload=None), ODD),
)
ENDS = ("client:r1", "r1:client", "r1:server")
CAPTURE = Capture(
    tuple(Interface(end, f"at {end}") for end in ENDS),
    tuple(
        CapturedFrame(
            i % 3, 1_700_000_000_123_456_789 + i, encode(packet, body), 14 + packet.octets, i % 2 == 0, ("seen",) * (i % 3)
        )
        for i, (packet, body) in enumerate(PACKETS)
    ),
    tuple(Statistics(10 + i, i) for i in range(3)),
    "one run",
    application="pmtulab",
)

# Reassembly off: a fragment's own fields are the point. Every checksum is verified; 0 is "bad" in tshark's status fields.
OPTIONS = ["ip.defragment:FALSE", "ipv6.defragment:FALSE"]
OPTIONS += [f"{layer}.check_checksum:TRUE" for layer in ("ip", "udp", "tcp")]
CHECKSUMS = [f"{layer}.checksum.status" for layer in ("ip", "udp", "tcp", "icmp", "icmpv6")]


def tshark(*arguments: str) -> str:
    """What tshark prints. It may warn that it runs as root, and say nothing else on stderr."""
    done = subprocess.run(["tshark", "-n", *arguments], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if not line.startswith("Running as user")]
    assert (done.returncode, "\n".join(said).strip()) == (0, "")
    return done.stdout


def fields(file: Path, *names: str) -> list[list[str]]:
    """The values of each field in each frame; several values, as of an outer and a quoted header, are joined by commas."""
    arguments = ["-r", str(file), "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,"]
    for name in names:
        arguments += ["-e", name]
    for option in OPTIONS:
        arguments += ["-o", option]
    return [line.split("\t") for line in tshark(*arguments).splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "capture.pcapng"
    path.write_bytes(dump(CAPTURE))
    return path


def expected(packet: Packet) -> dict[str, list[str]]:
    """What tshark should show of a packet, going by decode: the values of the packet, then those of the packet that it quotes."""
    is_ipv4, payload = packet.family is IPV4, packet.payload
    told: dict[str, list[str]] = {
        "ip.len": [str(packet.octets)] * is_ipv4,
        "ip.flags.df": [str(int(packet.df))] * is_ipv4,
        "ip.flags.mf": [str(int(packet.more_fragments))] * is_ipv4,
        "ip.id": [f"0x{packet.identification or 0:04x}"] * is_ipv4,
        "ip.ttl": [str(packet.hop_limit)] * is_ipv4,
        "ip.src": [packet.source] * is_ipv4,
        "ipv6.dst": [packet.destination] * (not is_ipv4),
        "ipv6.plen": [str(packet.octets - 40)] * (not is_ipv4),
        "ipv6.hlim": [str(packet.hop_limit)] * (not is_ipv4),
        "ipv6.fraghdr.ident": [f"0x{packet.identification:08x}"] if packet.identification is not None and not is_ipv4 else [],
        "icmp.mtu": [],
        "icmpv6.mtu": [],
        "udp.length": [str(payload.octets + 8)] if isinstance(payload, UdpHeader) else [],
        "udp.srcport": [str(payload.source_port)] if isinstance(payload, UdpHeader) else [],
        "tcp.len": [str(payload.octets)] if isinstance(payload, TcpHeader) else [],
        "tcp.window_size_value": [str(payload.window)] if isinstance(payload, TcpHeader) else [],
        "tcp.options.mss_val": [str(payload.mss)] if isinstance(payload, TcpHeader) and payload.mss else [],
        "tcp.option_kind": [],
    }
    if isinstance(payload, TcpHeader):
        told["tcp.option_kind"] = ["2"] * (payload.mss is not None) + ["1", "1", "8"] * payload.timestamps
    if isinstance(payload, Icmp):
        told["icmp.mtu" if is_ipv4 else "icmpv6.mtu"] = [str(payload.mtu)] * payload.too_big
        if payload.quoted is not None:
            quoted = expected(payload.quoted) | {"tcp.len": []}  # tshark works that out for a segment of its own only
            told = {name: values + quoted[name] for name, values in told.items()}
    return told


@pytest.mark.parametrize("number", range(len(PACKETS)))
def test_tshark_sees_what_decode_sees(file: Path, number: int) -> None:
    packet = decode(CAPTURE.frames[number].octets)
    assert packet == PACKETS[number][0]
    told = expected(packet)
    row = fields(file, *told)[number]
    assert dict(zip(told, row, strict=True)) == {name: ",".join(values) for name, values in told.items()}


def test_tshark_sees_the_offsets_of_fragments(file: Path) -> None:
    # Some versions of tshark show them in octets, others in the header's units of 8: one or the other in every frame.
    seen = [[int(value) for value in row[0].split(",") if value] for row in fields(file, "ip.frag_offset")]
    ours = [[packet.fragment_offset] if packet.family is IPV4 else [] for packet, _ in PACKETS]
    for values, (packet, _) in zip(ours, PACKETS, strict=True):
        if isinstance(packet.payload, Icmp) and packet.payload.quoted and values:
            values.append(packet.payload.quoted.fragment_offset)
    assert seen in (ours, [[value // 8 for value in values] for values in ours])
    shown = fields(file, "ipv6.fraghdr.offset")[-1][0]
    assert int(shown) in (PACKETS[-1][0].fragment_offset, PACKETS[-1][0].fragment_offset // 8)


def test_no_checksum_is_bad_and_every_whole_one_is_good(file: Path) -> None:
    for (packet, _), row in zip(PACKETS, fields(file, *CHECKSUMS), strict=True):
        statuses = {name: value.split(",") for name, value in zip(CHECKSUMS, row, strict=True) if value}
        assert all("0" not in values for values in statuses.values()), packet
        good = {name for name, values in statuses.items() if values[0] == "1"}
        upper = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}[packet.protocol]
        if packet.family is IPV4:
            assert "ip.checksum.status" in good
        if not packet.is_fragment:
            assert f"{upper}.checksum.status" in good, packet


def test_tshark_would_say_that_a_checksum_is_bad(tmp_path: Path) -> None:
    """The instrument proved: one octet of payload changed, and the UDP checksum is bad."""
    frame = dataclasses.replace(CAPTURE.frames[0], octets=CAPTURE.frames[0].octets[:-1] + b"x")
    path = tmp_path / "bad.pcapng"
    path.write_bytes(dump(dataclasses.replace(CAPTURE, frames=(frame,))))
    assert fields(path, "udp.checksum.status") == [["0"]]


def test_fragments_of_ours_reassemble(tmp_path: Path) -> None:
    """A datagram cut in two, the first fragment with the checksum of the whole: tshark puts it together and finds it good."""
    for packet, header in ((UDP4, 20), (UDP6, 40)):
        whole = encode_ip(packet, ODD)[header:]
        extra, number = (0, 7) if packet.family is IPV4 else (8, 0x12345678)
        cut = dataclasses.replace(packet, df=False, identification=number)
        first = dataclasses.replace(cut, octets=header + extra + 552, more_fragments=True)
        last = dataclasses.replace(cut, octets=header + extra + len(whole) - 552, fragment_offset=552, payload=None)
        frames = (encode(first, ODD), encode(last, whole[552:]))
        path = tmp_path / "fragments.pcapng"
        taken = tuple(CapturedFrame(0, i, octets, len(octets), True) for i, octets in enumerate(frames))
        path.write_bytes(dump(Capture((Interface("client:r1"),), taken)))
        seen = tshark(
            "-r", str(path), "-o", "udp.check_checksum:TRUE", "-T", "fields", "-e", "udp.length", "-e", "udp.checksum.status"
        )
        assert seen.splitlines()[1] == f"{len(whole)}\t1"


def test_tshark_sees_interfaces_times_directions_and_comments(file: Path) -> None:
    seen = fields(
        file,
        "frame.interface_name",
        "frame.interface_description",
        "frame.time_epoch",
        "frame.comment",
        "frame.packet_flags_direction",
    )
    for frame, (name, description, time, comments, direction) in zip(CAPTURE.frames, seen, strict=True):
        end = ENDS[frame.interface]
        assert (name, description) == (end, f"at {end}")
        assert int(time.replace(".", "")) == frame.time_ns
        assert comments == ",".join(frame.comments)
        assert int(direction, 16) == (2 if frame.outbound else 1)


def test_tshark_writes_back_what_we_wrote(file: Path, tmp_path: Path) -> None:
    """tshark reads the whole file and writes it again: load finds the same interfaces and frames in its bytes as in ours."""
    copy = tmp_path / "copy.pcapng"
    tshark("-r", str(file), "-w", str(copy))
    seen = load(copy.read_bytes())
    assert seen.frames == CAPTURE.frames
    assert [(i.name, i.description, i.link_type) for i in seen.interfaces] == [
        (i.name, i.description, i.link_type) for i in CAPTURE.interfaces
    ]
    assert seen.comment == CAPTURE.comment
