"""The fields of a frame, as a report shows them: where they are, and that they say what the judge's own reading says.

tests/world/test_fields_tshark.py holds them against tshark.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.judge.observation import Observation
from lab.model.packet import Icmp, Packet, TcpHeader, UdpHeader
from lab.model.topology import IPV4
from lab.model.wire import decode
from lab.report.html.dissect import Field, dissect
from tests.scenes import CUT6, REFUSED, SCENES

PTB = next(frame.octets for frame in REFUSED.frames if frame.packet and frame.packet.protocol == 1)


def fields(octets: bytes, quoted: bool = False) -> dict[str, Field]:
    """By Wireshark's name: those of the frame's own headers, or of the packet that it quotes."""
    return {f.key: f for layer in dissect(octets) if layer.title.startswith("quoted ") == quoted for f in layer.fields}


def said(packet: Packet) -> dict[str, int | str]:
    """What decode() reads of a packet, by Wireshark's names."""
    told: dict[str, int | str] = {"ip.src" if packet.family is IPV4 else "ipv6.src": packet.source}
    if packet.family is IPV4:
        told |= {"ip.len": packet.octets, "ip.flags.df": int(packet.df), "ip.ttl": packet.hop_limit}
        told |= {"ip.flags.mf": int(packet.more_fragments), "ip.frag_offset": packet.fragment_offset}
    else:
        told |= {"ipv6.plen": packet.octets - 40, "ipv6.dst": packet.destination}
        told |= {"ipv6.fraghdr.offset": packet.fragment_offset} if packet.identification is not None else {}
    match packet.payload:
        case UdpHeader(source, to, octets):
            told |= {"udp.srcport": source, "udp.dstport": to, "udp.length": octets + 8}
        case TcpHeader() as tcp:
            told |= {"tcp.seq_raw": tcp.sequence, "tcp.ack_raw": tcp.acknowledgment, "tcp.window_size_value": tcp.window}
            told |= {"tcp.options.mss_val": tcp.mss} if tcp.mss is not None else {}
        case Icmp(mtu=int(mtu)):
            told["icmp.mtu" if packet.family is IPV4 else "icmpv6.mtu"] = mtu
    return told


@pytest.mark.parametrize("scene", SCENES, ids=range(len(SCENES)))
def test_fields_say_what_decode_reads(scene: Observation) -> None:
    compared = 0
    for frame in scene.frames:
        assert frame.packet
        quoted = frame.packet.payload.quoted if isinstance(frame.packet.payload, Icmp) else None
        for packet, found in ((frame.packet, fields(frame.octets)), (quoted, fields(frame.octets, quoted=True))):
            for key, value in said(packet).items() if packet else ():
                assert found[key].value.split()[0] == str(value), f"frame {frame.number}: {key}"
                compared += 1
    assert compared > 3 * len(scene.frames) > 0


def test_a_field_is_where_its_octets_are() -> None:
    mtu = fields(PTB)["icmp.mtu"]
    assert (PTB[mtu.start : mtu.stop], mtu.value) == ((576).to_bytes(2, "big"), "576")
    quoted = fields(PTB, quoted=True)
    assert (quoted["ip.len"].value, quoted["ip.len"].start) == ("1500", 14 + 20 + 8 + 2)
    assert quoted["udp.length"].value == "1480"


def test_the_layers_of_an_ipv6_fragment() -> None:
    first, later = (next(dissect(f.octets) for f in CUT6.frames if f.packet and f.packet.fragment_offset == at) for at in (0, 1232))
    assert [layer.title for layer in first] == ["Ethernet", "IPv6", "IPv6 fragment", "UDP", "payload"]
    assert [layer.title for layer in later] == ["Ethernet", "IPv6", "IPv6 fragment", "payload"]


@given(st.sampled_from([frame.octets for scene in SCENES for frame in scene.frames]), st.data())
def test_layers_follow_one_another_and_hold_their_fields_however_a_frame_is_spoilt(octets: bytes, data: st.DataObject) -> None:
    spoilt = bytearray(octets[: data.draw(st.integers(0, len(octets)))])
    for at in data.draw(st.lists(st.integers(0, max(0, len(spoilt) - 1)), max_size=4)) if spoilt else ():
        spoilt[at] = data.draw(st.integers(0, 255))
    layers = dissect(bytes(spoilt))
    assert layers[0].start == 0
    assert all(before.stop == after.start for before, after in pairwise(layers))
    assert layers[-1].stop <= len(spoilt)
    assert all(layer.start <= f.start < f.stop <= layer.stop for layer in layers for f in layer.fields)


def test_tunnels_in_tunnels_end() -> None:
    ipip = dissect(bytes(12) + b"\x08\x00" + (b"\x45\0\xff\xff" + bytes(5) + b"\x04" + bytes(10)) * 3000)
    assert [layer.title for layer in ipip] == ["Ethernet", "IPv4", "inner IPv4", "payload"]


@given(st.binary(max_size=200), st.sampled_from([b"\x08\x00", b"\x86\xdd", b"\x08\x06", b"\x65\x58", b"\x81\x00"]))
def test_any_octets_at_all_can_be_dissected(octets: bytes, kind: bytes) -> None:
    frame = bytes(12) + kind + octets
    layers = dissect(frame)
    assert all(before.stop == after.start for before, after in pairwise(layers))
    if (packet := decode(frame)) is not None:
        assert fields(frame)["ip.src" if packet.family is IPV4 else "ipv6.src"].value == packet.source
