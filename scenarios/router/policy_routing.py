"""Traffic that is routed by a rule, and the PTBs about it: which route do they land at?

    client ──1500── r1 ──1400── server
    client ──1500── r2 ──1500── server

A rule sends some packets by r1, from a table of its own; all else goes by r2. What a PTB quotes has to lead to the same route
once more. The kernel asks by what it reads in the quoted IP header: the addresses, and under IPv4 the protocol, but not the ports
(ip_rt_update_pmtu(), ip6_update_pmtu()). So where a rule goes by ports, or under IPv6 by the protocol, the exception lands at the
route by r2. The flow by r1 goes on losing every large datagram and is told so each time, and whatever goes by r2 is held to 1400
for nothing.
"""

from lab.judge.expect import Delivered, Dropped, ErrorQueued, Expectation, Prints, RefusedHere, SocketMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Echo, Udp
from lab.model.story import Configure, Run, Send
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology

NODES = (Host("client"), Router("r1"), Router("r2"), Host("server"))
LINKS = (Link("client", "r1", 1500), Link("r1", "server", 1400), Link("client", "r2", 1500), Link("r2", "server", 1500))
SHARED = {IPV4: "192.0.2.9", IPV6: "2001:db8::9"}
PORTS = "7000-7999"  # where the lab's flows go to


def setup(family: Family, rule: str) -> tuple[Configure, ...]:
    address, ip = SHARED[family], f"ip -{family.value}"
    return (
        Configure("server", f"ip address add {address}/{32 if family == IPV4 else 128} dev lo"),
        *(Configure(way, f"ip route add {address} via $server.{way}") for way in ("r1", "r2")),
        Configure("r2", "ip route add $client via $client.r2"),
        Configure(
            "client",
            f"""
            {ip} route add {address} via $r2.client src $client
            {ip} route add {address} via $r1.client src $client table 100
            {ip} rule add {rule} table 100
            """,
        ),
    )


def case(name: str, title: str, rule: str, found: bool, family: Family = IPV4) -> Scenario:
    """Three datagrams by the rule, the lookup of the route by r2, and an echo request, which no rule is about."""
    address, headers = SHARED[family], 28 if family == IPV4 else 48
    full = 1500 - headers
    flow = Udp("client", "server", discover=DO, family=family, address=address)
    echo = Echo("client", "server", discover=DO, family=family, address=address)
    then: tuple[Expectation, ...] = (
        TooBig(by="r1", to="client", mtu=1400, times=1),
        *(RefusedHere(send=send) for send in (2, 3)),
        SocketMtu(1400, send=3),
    )
    if not found:
        then = (
            TooBig(by="r1", to="client", mtu=1400, times=3),
            *(ErrorQueued(send=send, info=1400, offender="r1") for send in (2, 3)),
            SocketMtu(1500, send=3),
            Prints("dev r2", "ip-route(8)"),
            Prints("mtu 1400", "ip-route(8)"),
            ErrorQueued(send=5, info=1400, offender=None),
        )
    else:
        then = (*then, Delivered(full, to="server", send=5))
    return Scenario(
        name=f"policy-routing-{name}" + ("-v6" if family == IPV6 else ""),
        title=title + (", IPv6" if family == IPV6 else ""),
        topology=Topology(NODES, LINKS, (family,)),
        acts=(
            Act(
                "datagrams by the rule, and an echo request without",
                story=(
                    *setup(family, rule),
                    *(Send(flow, octets) for octets in (full, full, full, 1400 - headers)),
                    Run("client", f"ip -{family.value} route get {address}"),
                    Send(echo, full),
                ),
                expect=(
                    Dropped(1500, at="r1"),
                    ErrorQueued(send=1, info=1400, offender="r1"),
                    *then,
                    Delivered(1400 - headers, to="server", send=4),
                ),
            ),
        ),
    )


scenarios = (
    case("protocol", "A rule by protocol: the PTB finds its route", "ipproto udp", found=True),
    case("port", "A rule by port: the PTB misses its route", f"ipproto udp dport {PORTS}", found=False),
    case("protocol", "A rule by protocol: the PTB misses its route", "ipproto udp", found=False, family=IPV6),
    case("port", "A rule by port: the PTB misses its route", f"ipproto udp dport {PORTS}", found=False, family=IPV6),
)
