"""Fragments that overlap in part: the datagram is given up, with every piece that is there.

    client ──1500── r1 ──1500── server

Which of two pieces is true nobody can know, and who writes one over the other may smuggle something past a firewall. So all of it
is dropped as soon as one octet comes twice in pieces of different ends (RFC 8200 §4.5; Linux does the same to IPv4). The next
datagram is none the worse. A piece that lies wholly within what has come is no overlap to Linux, but a duplicate, and only that
is dropped.
"""

from lab.judge.expect import Counts, Delivered, NotReassembled
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Udp
from lab.model.story import SendPieces
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

OCTETS = 1392  # 8 of UDP before them make 1400
WHOLE = ((0, 800), (800, 600))

OVERLAPS: dict[str, tuple[tuple[int, int], ...]] = {
    "tail": ((0, 800), (600, 800)),
    "head": ((800, 600), (0, 1000)),
    "around-what-is-there": ((200, 400), (0, 800), (800, 600)),
    "across-a-gap": ((0, 400), (800, 600), (200, 800)),
    "by-eight-octets": ((0, 808), (800, 600)),
}
"""Offset and length of each piece, in the order in which they are sent. Each set has every octet of the datagram."""


def case(overlap: str, family: Family) -> Scenario:
    flow, pieces = Udp("client", "server", family=family), OVERLAPS[overlap]
    mib = "Ip" if family == IPV4 else "Ip6"
    return Scenario(
        name=f"overlap-{overlap}" + ("-v6" if family == IPV6 else ""),
        title=f"Fragments that overlap: {overlap.replace('-', ' ')}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "pieces that overlap, between others that do not",
                story=(
                    SendPieces(flow, OCTETS, WHOLE),
                    SendPieces(flow, OCTETS, pieces, within=0.05),
                    SendPieces(flow, OCTETS, WHOLE),
                ),
                expect=(
                    Delivered(OCTETS, to="server"),
                    NotReassembled(send=2),
                    Counts(at="server", counters=((f"{mib}.ReasmFails", 1), (f"{mib}.ReasmOKs", 2))),
                    Delivered(OCTETS, to="server", send=3),
                ),
            ),
        ),
        covers=(f"ip_defrag.sh/ipv{int(family)}_overlap",),
    )


scenarios = tuple(case(overlap, family) for family in (IPV4, IPV6) for overlap in OVERLAPS)
