"""How much of a packet a PTB must quote: its IP header and eight octets, no less.

    client ──1500── r1 ──1500── server

Eight octets hold both ports, and TCP's sequence number (RFC 1812 §4.3.2.3 would have routers quote more). With one octet less
nobody can be asked whether the packet is theirs, and the PTB is dropped (icmp_socket_deliver(), icmpv6_notify()).
"""

from lab.judge.expect import Counts, Delivered, Expectation, NothingLearned, PathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Flow, Tcp, Udp
from lab.model.story import ForgePtb, Quote, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def case(protocol: str, octets: int, family: Family) -> Scenario:
    flow: Flow = Udp("client", "server", family=family) if protocol == "udp" else Tcp("client", "server", family=family)
    header = 20 if family == IPV4 else 40
    quote = Quote("server", flow=flow, octets=header + octets)
    learned: Expectation = PathMtu(1300, at="client", to="server") if octets == 8 else NothingLearned(at="client", to="server")
    heard = "Icmp.InDestUnreachs" if family == IPV4 else "Icmp6.InPktTooBigs"
    return Scenario(
        name=f"short-quote-{protocol}-{octets}" + ("-v6" if family == IPV6 else ""),
        title=f"A forged PTB that quotes {octets} octets of {protocol.upper()}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "a packet that passes, and the PTB",
                story=(Send(flow, 100), ForgePtb("r1", to="client", mtu=1300, quote=quote, family=family)),
                expect=(Delivered(100, to="server"), Counts("client", ((heard, 1),)), learned),
            ),
        ),
    )


scenarios = tuple(case(protocol, octets, family) for family in (IPV4, IPV6) for protocol in ("udp", "tcp") for octets in (7, 8))
