"""tshark finds each field of a real frame where a report shows it, and reads the same value."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest

from lab.find import find
from lab.report.evidence import capture
from lab.report.html.dissect import Field, dissect
from lab.run import run

pytestmark = pytest.mark.tools("tshark")

# tshark writes these another way: flags without their names, offsets in units of 8 octets, and a bit field in its octets' width.
WRITTEN_OTHERWISE = {"tcp.flags", "tcp.options.sack_perm", "ip.frag_offset", "ipv6.fraghdr.offset", "ipv6.tclass", "ipv6.flow"}
OPTIONS = ("ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.relative_sequence_numbers:FALSE")

Place = tuple[str, int, int]
"""A field's name, the first octet that it is in, and how many octets those are."""


def read_by_tshark(file: Path) -> list[dict[Place, str]]:
    command = ["tshark", "-n", "-r", str(file), "-T", "pdml", *(word for option in OPTIONS for word in ("-o", option))]
    packets = fromstring(subprocess.run(command, capture_output=True, check=True).stdout)
    return [dict(places(packet)) for packet in packets]


def places(packet: Element) -> list[tuple[Place, str]]:
    fields = (field for field in packet.iter("field") if field.get("pos"))
    return [((f.get("name", ""), int(f.get("pos", "")), int(f.get("size", ""))), f.get("show", "")) for f in fields]


def shown(octets: bytes) -> list[Field]:
    """What a report shows of a frame. TCP's numbers have another name in a quote, where tshark has no stream to count in."""
    layers = (layer for layer in dissect(octets) if layer.title != "quoted TCP")
    return [field for layer in layers for field in layer.fields if field.key]


KINDS = {"576-router": {"arp", "ip", "udp", "tcp", "icmp"}, "1280-router-v6": {"ipv6", "udp", "tcp", "icmpv6"}}


@pytest.mark.parametrize("name", KINDS)
def test_every_field_of_a_run(tmp_path: Path, name: str) -> None:
    done = run(find(name)[0])
    (tmp_path / "capture.pcapng").write_bytes(capture(done.result, done.taps))
    frames = [frame for act in done.result.acts for frame in act.observation.frames]
    read = read_by_tshark(tmp_path / "capture.pcapng")
    assert len(read) == len(frames) > 100
    seen = set()
    for frame, theirs in zip(frames, read, strict=True):
        for field in shown(frame.octets):
            place = field.key, field.start, field.stop - field.start
            assert place in theirs, f"frame {frame.number}: tshark has no {place}"
            seen.add(field.key)
            if field.key not in WRITTEN_OTHERWISE:
                assert field.value.split()[0] == theirs[place], f"frame {frame.number}: {place}"
    assert KINDS[name] <= {key.partition(".")[0] for key in seen}
    assert len(seen) > 30
