"""Expectations about frames: what leaves whom, what passes a link, what is lost or fragmented where."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.expect.base import Expectation, Seen, either, joined, listed, many, nothing, numbers
from lab.judge.observation import Frame, Observation
from lab.judge.passage import datagram, identity, lost_at, rewritten
from lab.model.packet import Packet, Protocol, TcpFlag, TcpHeader
from lab.model.rfc import Citation, Kernel, Rfc
from lab.model.topology import Family


@dataclass(frozen=True, slots=True)
class Leaves(Expectation):
    """`by` itself sends at least one packet of `octets` octets (IP header included), all of that size with DF as said.

    `df` None says nothing of it, for IPv6, which has no such bit.
    """

    octets: int
    by: str
    df: bool | None = True

    def claim(self) -> str:
        df = {True: " with DF", False: " without DF", None: ""}[self.df]
        return f"{self.by} sends {self.octets} octets{df}"

    def cites(self, family: Family) -> Citation:
        if self.df is False:
            return Kernel("ip_dont_fragment", "include/net/ip.h")
        return either(family, Rfc(1191, "3"), Rfc(8201, "4"))

    def see(self, observation: Observation) -> Seen:
        own = originated(observation, self.by)
        fitting = [f for f in own if f.packet and f.packet.octets == self.octets]
        if not fitting:
            return Seen(False, f"{self.by} sends {listed(f.packet.octets for f in own if f.packet)} octets")
        wrong = [f for f in fitting if f.packet and self.df not in (None, f.packet.df)]
        state = "without DF" if self.df else "with DF"
        words = f"{many(len(wrong), 'packet')} {state}" if wrong else many(len(fitting), "packet")
        return Seen(not wrong, words, numbers(wrong or fitting))


@dataclass(frozen=True, slots=True)
class Dropped(Expectation):
    """Packets of `octets` octets reach router `at`, and none of them goes any further."""

    octets: int
    at: str

    def claim(self) -> str:
        return f"{self.at} drops packets of {self.octets} octets"

    def cites(self, family: Family) -> Citation:
        return either(family, Kernel("ip_forward", "net/ipv4/ip_forward.c"), Kernel("ip6_forward", "net/ipv6/ip6_output.c"))

    def see(self, observation: Observation) -> Seen:
        came = [f for f in observation.received_by(self.at) if f.packet and f.packet.octets == self.octets]
        if not came:
            return nothing(f"packet of {self.octets} octets reaches {self.at}")
        lost = [f for f in lost_at(observation, self.at) if f.packet and f.packet.octets == self.octets]
        if len(lost) == len(came):
            return Seen(True, f"all {len(came)} dropped", numbers(lost))
        return Seen(False, f"{self.at} passes {len(came) - len(lost)} of {len(came)} on", numbers(f for f in came if f not in lost))


@dataclass(frozen=True, slots=True)
class NothingLarger(Expectation):
    """No packet larger than `than` octets crosses the link between two nodes, either way; and packets do cross it, both ways."""

    than: int
    between: tuple[str, str]

    def claim(self) -> str:
        return f"nothing larger than {self.than} octets crosses {'–'.join(self.between)}"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "2"), Rfc(8201, "3"))

    def see(self, observation: Observation) -> Seen:
        a, b = self.between
        # Neighbour discovery crosses any IPv6 link, and shows nothing.
        there, back = (
            [f for f in observation.sent_by(x, y) if f.packet and not is_discovery(f.packet)] for x, y in ((a, b), (b, a))
        )
        if not there or not back:
            quiet = f"{a} to {b}" if not there else f"{b} to {a}"
            return nothing(f"packet crosses from {quiet}, so nothing is shown")
        large = [f for f in (*there, *back) if f.packet and f.packet.octets > self.than]
        most = max(f.packet.octets for f in (*there, *back) if f.packet)
        return Seen(not large, f"{len(there)} and {len(back)} packets, the largest of {most} octets", numbers(large))


@dataclass(frozen=True, slots=True)
class Fragments(Expectation):
    """`by` sends each datagram that it fragments in exactly these pieces: length and offset in octets of each, in order, no DF.

    At least one datagram is fragmented.
    """

    by: str
    pieces: tuple[tuple[int, int], ...]

    def claim(self) -> str:
        sizes, offsets = zip(*self.pieces, strict=True)
        return f"{self.by} makes fragments of {joined(sizes)} octets at {joined(offsets)}"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(791, "3.2"), Rfc(8200, "4.5"))

    def see(self, observation: Observation) -> Seen:
        came = passed_identities(observation, self.by)
        leaving: dict[tuple[str, str, int, int | None], list[Frame]] = {}
        for frame in observation.sent_by(self.by):
            if frame.packet and frame.packet.is_fragment:
                leaving.setdefault(datagram(frame), []).append(frame)
        # Fragments that all came as they leave are passed on, and made by somebody else.
        made = [frames for frames in leaving.values() if any(identity(f) not in came for f in frames)]
        if not made:
            return nothing(f"fragment is made by {self.by}")
        for frames in made:
            packets = [f.packet for f in frames if f.packet]
            pieces = tuple((p.octets, p.fragment_offset) for p in packets)
            if pieces != self.pieces or any(p.df for p in packets):
                df = ", with DF" if any(p.df for p in packets) else ""
                return Seen(False, f"{joined(o for o, _ in pieces)} at {joined(o for _, o in pieces)}{df}", numbers(frames))
        return Seen(True, f"{many(len(made), 'datagram')} so", numbers(f for frames in made for f in frames))


@dataclass(frozen=True, slots=True)
class NoFragments(Expectation):
    """`by` passes packets on, and every fragment among them came to it as one."""

    by: str

    def claim(self) -> str:
        return f"{self.by} fragments nothing"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(791, "3.2"), Rfc(8200, "5"))

    def see(self, observation: Observation) -> Seen:
        came = passed_identities(observation, self.by)
        passed = [f for f in observation.sent_by(self.by) if identity(f) in came]
        if not passed:
            return nothing(f"packet passes through {self.by}, so nothing is shown")
        made = [f for f in observation.sent_by(self.by) if f.packet and f.packet.is_fragment and identity(f) not in came]
        return Seen(not made, f"{many(len(made), 'fragment')} made, {many(len(passed), 'packet')} passed on", numbers(made))


@dataclass(frozen=True, slots=True)
class AdvertisedMss(Expectation):
    """`by` announces this MSS in its SYN or SYN-ACK, as it leaves."""

    mss: int
    by: str

    def claim(self) -> str:
        return f"{self.by} announces an MSS of {self.mss}"

    def cites(self, family: Family) -> Citation:
        return Rfc(9293, "3.7.1")

    def see(self, observation: Observation) -> Seen:
        announcing = [
            (f, f.packet.payload.mss)
            for f in originated(observation, self.by)
            if f.packet and isinstance(f.packet.payload, TcpHeader) and TcpFlag.SYN in f.packet.payload.flags
        ]
        if not announcing:
            return nothing(f"SYN leaves {self.by}")
        wrong = [mss for _, mss in announcing if mss != self.mss]
        return Seen(not wrong, f"it announces {listed(mss for _, mss in announcing)}", numbers(f for f, _ in announcing))


def passed_identities(observation: Observation, node: str) -> set[bytes]:
    """What a packet is like that `node` only passes on: as it came, or as it left where its addresses were rewritten."""
    came = {identity(f) for f in observation.received_by(node)}
    return came | {identity(left) for _, left in rewritten(observation, node)}


def originated(observation: Observation, node: str) -> list[Frame]:
    """Frames that `node` sent on its own account, as they left it: no neighbour discovery, which carries no traffic."""
    return [
        f
        for f in observation.sent_by(node)
        if f.packet and observation.owner(f.packet.source) == node and not is_discovery(f.packet)
    ]


def is_discovery(packet: Packet) -> bool:
    """Neighbour discovery (RFC 4861) and multicast listener reports: sent to ff02::/16."""
    return packet.protocol == Protocol.ICMPV6 and (packet.destination.startswith("ff02:") or packet.hop_limit == 255)
