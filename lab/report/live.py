"""Frames as they are captured: in a line each for people, or as pcapng for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol as Form

from lab.judge.passage import ETHERNET_HEADER
from lab.model import pcapng
from lab.model.packet import Icmp, Packet, Protocol
from lab.model.pcapng import CapturedFrame, Interface, Statistics
from lab.model.topology import IPV4
from lab.model.wire import decode
from lab.report.wording import count, packet_words

_ETHER_TYPES = {0x0806: "ARP", 0x8100: "VLAN", 0x88CC: "LLDP"}


class Live(Form):
    """A form that a capture has while it grows: something before the frames, something for each, something behind the last."""

    def opening(self) -> bytes: ...

    def frame(self, frame: CapturedFrame) -> bytes: ...

    def closing(self, statistics: Sequence[Statistics], time_ns: int) -> bytes: ...


class Pcapng:
    """For Wireshark and tshark: an interface for each link end. `mtus` has the MTU of each, `client:r1` and so on, in order."""

    def __init__(self, mtus: Mapping[str, int]) -> None:
        self._interfaces = tuple(Interface(end, f"MTU {mtu}") for end, mtu in mtus.items())

    def opening(self) -> bytes:
        return pcapng.opening(pcapng.Capture(self._interfaces, (), application="pmtulab"))

    def frame(self, frame: CapturedFrame) -> bytes:
        return pcapng.frame_block(frame)

    def closing(self, statistics: Sequence[Statistics], time_ns: int) -> bytes:
        return pcapng.closing(statistics, time_ns)


class Lines:
    """For people: when, where, from whom to whom, how large, with DF or without, and what.

        0.00  client:r1  out  client → server   1500  DF  UDP, 1472 octets of payload
        0.01  r1:client  in   client → server   1500  DF  UDP, 1472 octets of payload
        0.02  r1:client  out  r1 → client        576      ICMP frag-needed, next-hop MTU 576, about client → server

    Times are ms since the first frame; sizes are octets of the whole IP packet. `names` is the node of each address.
    """

    def __init__(self, ends: Sequence[str], names: Mapping[str, str]) -> None:
        self._ends = ends
        self._names = names
        self._first = 0
        self._end = max(map(len, ends), default=0)
        longest = max(map(len, names.values()), default=0)
        self._who = 2 * longest + 3

    def opening(self) -> bytes:
        return b""

    def frame(self, frame: CapturedFrame) -> bytes:
        self._first = self._first or frame.time_ns
        packet = decode(frame.octets)
        if packet is None:
            kind = int.from_bytes(frame.octets[12:14], "big")
            who, what, octets = "", _ETHER_TYPES.get(kind, f"EtherType 0x{kind:04x}"), frame.length - ETHERNET_HEADER
        else:
            who = f"{self._named(packet.source)} → {self._named(packet.destination)}"
            what, octets = self._words(packet, frame.octets[ETHERNET_HEADER] & 15), packet.octets
        where = f"{self._ends[frame.interface]:{self._end}}  {'out' if frame.outbound else 'in':3}"
        df = "DF" if packet and packet.df else ""
        milliseconds = (frame.time_ns - self._first) / 1_000_000
        return f"{milliseconds:10.2f}  {where}  {who:{self._who}}  {octets:5}  {df:2}  {what}\n".encode()

    def closing(self, statistics: Sequence[Statistics], time_ns: int) -> bytes:
        return b""

    def _named(self, address: str) -> str:
        return self._names.get(address, address)

    def _words(self, packet: Packet, header_words: int) -> str:
        header = 4 * header_words if packet.family is IPV4 else 40 if packet.identification is None else 48
        what = packet_words(packet, packet.octets - header)
        if isinstance(packet.payload, Icmp) and packet.payload.quoted:
            quoted = packet.payload.quoted
            what += f", about {self._named(quoted.source)} → {self._named(quoted.destination)}"
        if packet.is_fragment:
            if packet.payload is None and packet.protocol in set(Protocol):
                what = f"{Protocol(packet.protocol).name}, {packet.octets - header} octets"
            what += f", fragment at {packet.fragment_offset}{', more follow' if packet.more_fragments else ', the last'}"
        return f"{what}, in it {self._words(packet.inner, 5)}" if packet.inner else what


def captured_words(frames: int, seconds: float, taps: Mapping[str, Statistics]) -> str:
    """What came of a capture: how many frames, and how many each tap dropped, of those that it saw."""
    dropped = [f"{end} dropped {counted.dropped} of {counted.received}" for end, counted in taps.items() if counted.dropped]
    words = f"{count(frames, 'frame')} at {count(len(taps), 'link end')} in {seconds:.2f} s"
    return f"{words}; {', '.join(dropped)}" if dropped else f"{words}, none dropped"
