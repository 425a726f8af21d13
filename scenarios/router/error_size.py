"""How much of the packet a PTB quotes: as much as fits into the way back, and never more than a host must be able to take.

    client ──1500── r1 ──n── server
    client ──1500── r2 ──m── r1

What is larger than n dies at r1, which sends its errors by way of r2, over a link of m. An ICMPv4 error is a datagram of 576
octets at most (RFC 1812 §4.3.2.3), and of m where that is less, so that it needs no fragments itself (__icmp_send()): 576 is 20
of IP, 8 of ICMP and 548 of the packet. A smaller packet is quoted whole. An ICMPv6 error has 1280 octets at most (RFC 4443 §2.4):
1232 of the packet, with 40 of IP and 8 of ICMP. The quote always holds the IP header and the ports, and so the client learns in
every case.
"""

from dataclasses import replace

from lab.judge.expect import Dropped, ErrorQueued, Expectation, IfTrait, NoFragments, PathMtu, PtbQuotes, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Send
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology

NODES = (Host("client"), Router("r1"), Router("r2"), Host("server"))


BACK_BY_R2 = (
    Configure("r1", "ip route replace $client via $r2.r1"),
    Configure("r2", "ip route replace $client via $client.r2"),
)


def learned(mtu: int) -> Expectation:
    known = PathMtu(max(mtu, 552), at="client", to="server")
    if mtu >= 552:
        return known
    return IfTrait("below-min-pmtu-locks", then=replace(known, locked=True), otherwise=known)


def case(packet: int, back: int, octets: int, quoted: int, family: Family = IPV4) -> Scenario:
    """The packet has so many octets; the PTB about it has `octets`, of which `quoted` are the packet's."""
    headers = 28 if family == IPV4 else 48
    narrow = 1300 if family == IPV6 else packet - 100
    flow = Udp("client", "server", discover=DO, family=family)
    links = (Link("client", "r1", 1500), Link("r1", "server", narrow), Link("client", "r2", 1500), Link("r2", "r1", back))
    return Scenario(
        name=f"error-size-{packet}-over-{back}" + ("-v6" if family == IPV6 else ""),
        title=f"The PTB about a packet of {packet} octets, over a link of {back}" + (", IPv6" if family == IPV6 else ""),
        topology=Topology(NODES, links, (family,)),
        acts=(
            Act(
                "a datagram that is too large",
                story=(*BACK_BY_R2, Send(flow, packet - headers)),
                expect=(
                    Dropped(packet, at="r1"),
                    TooBig(by="r1", to="client", mtu=narrow, times=1, source="10.0.3.2" if family == IPV4 else "fd00::2"),
                    PtbQuotes(by="r1", octets=octets, quoted=quoted),
                    NoFragments(by="r2"),
                    ErrorQueued(send=1, info=narrow, offender="r1"),
                    learned(narrow),
                ),
            ),
        ),
    )


scenarios = (
    case(1500, 1500, 576, 548),
    case(1500, 577, 576, 548),
    case(1500, 576, 576, 548),
    case(1500, 575, 575, 547),
    case(1500, 300, 300, 272),
    case(1500, 68, 68, 40),
    case(549, 1500, 576, 548),  # the last octet is left out
    case(548, 1500, 576, 548),
    case(500, 1500, 528, 500),
    case(500, 300, 300, 272),
    case(1500, 1500, 1280, 1232, family=IPV6),
    case(1500, 1280, 1280, 1232, family=IPV6),
)
