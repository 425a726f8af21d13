"""From which address a router sends its PTB.

    client ──1500── r1 ──1400── server
    client ──1500── r2 ──1500── r1

IPv4: from that of the interface by which the PTB leaves (RFC 1812 §4.3.2.4), which is not the one that the packet came in by
where r1's way back leads through r2; icmp_errors_use_inbound_ifaddr makes it that one (icmp_route_lookup(), __icmp_send()). An
interface without an address borrows another of the router's (inet_select_addr()), and a router without any has 192.0.0.8 (RFC
7600).

IPv6: always from an address of the interface that the packet came in by (icmp6_send()), unless the way back has a source of its
own.

Whatever the address: what counts is the quoted packet, and the client learns.
"""

from lab.judge.expect import Delivered, Dropped, ErrorQueued, Expectation, IfTrait, PathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Send, Step, Sysctl
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology

NODES = (Host("client"), Router("r1"), Router("r2"), Host("server"))
LINKS = (Link("client", "r1", 1500), Link("r1", "server", 1400), Link("client", "r2", 1500), Link("r2", "r1", 1500))

BACK_BY_R2 = (
    Configure("r1", "ip route replace $client via $r2.r1"),
    Configure("r2", "ip route replace $client via $client.r2"),
)
UNNUMBERED = (
    # Nobody answers ARP for r1's address any more: it is written down.
    Configure("client", "ip neighbour replace $r1.client lladdr $r1.client.mac dev r1 nud permanent"),
    Configure(
        "r1",
        """
        ip address delete $r1.client/24 dev client
        ip route add $client dev client
        """,
    ),
)
NUMBERED_ONCE = (*UNNUMBERED, Configure("r1", "ip address add 10.77.0.1/32 dev lo"))
NOWHERE_NUMBERED = (
    *UNNUMBERED,
    Configure(
        "r1",
        """
        ip address flush dev server
        ip address flush dev r2
        ip route add $server dev server
        """,
    ),
)


def case(
    name: str, title: str, source: str, offender: str, *first: Step, family: Family = IPV4, old: Expectation | None = None
) -> Scenario:
    """The PTB comes from `source`, whose owner the socket knows as `offender`. `old`: what a kernel before 192.0.0.8 does."""
    headers = 28 if family == IPV4 else 48
    flow = Udp("client", "server", discover=DO, family=family)
    told: Expectation = TooBig(by="r1", to="client", mtu=1400, times=1, source=source)
    if old is not None:
        told = IfTrait("error-from-192.0.0.8", then=told, otherwise=old)
    return Scenario(
        name=f"error-source-{name}",
        title=title,
        topology=Topology(NODES, LINKS, (family,)),
        acts=(
            Act(
                "a datagram that is too large, and one that fits",
                story=(*first, Send(flow, 1500 - headers), Send(flow, 1400 - headers)),
                expect=(
                    Dropped(1500, at="r1"),
                    told,
                    ErrorQueued(send=1, info=1400, offender=offender),
                    PathMtu(1400, at="client", to="server"),
                    Delivered(1400 - headers, to="server", send=2),
                ),
            ),
        ),
    )


INBOUND = Sysctl("r1", "net.ipv4.icmp_errors_use_inbound_ifaddr", 1)

scenarios = (
    case("default", "A PTB goes back the way the packet came", "10.0.0.2", "r1"),
    case("asymmetric", "A PTB goes back another way than the packet came", "10.0.3.2", "r1", *BACK_BY_R2),
    case("inbound", "A PTB goes back another way, and bears the address of the way in", "10.0.0.2", "r1", *BACK_BY_R2, INBOUND),
    case("unnumbered", "A PTB leaves by an interface without an address", "10.77.0.1", "r1", *NUMBERED_ONCE),
    case(
        "nameless",
        "A PTB comes from a router without any address",
        "192.0.0.8",
        "192.0.0.8",
        *NOWHERE_NUMBERED,
        old=TooBig(by="r1", to="client", mtu=1400, times=1, source="0.0.0.0"),
    ),
    case("default-v6", "A PTB goes back the way the packet came, IPv6", "fd00::2", "r1", family=IPV6),
    case("asymmetric-v6", "A PTB goes back another way than the packet came, IPv6", "fd00::2", "r1", *BACK_BY_R2, family=IPV6),
)
