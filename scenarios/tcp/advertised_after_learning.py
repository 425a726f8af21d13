"""What a SYN announces to a host towards which a path MTU has been learned.

    client ──1500── r1 ──1300── r2 ──1500── server

The path MTU bounds what the client sends, at once, in every new connection. The MSS option is about the other direction, of which
it says nothing (RFC 9293 §3.7.1). Kernels nevertheless announced 1260 after learning 1300, until that was found to be wrong; the
server then sends smaller segments than it could. The same in a SYN-ACK, when the server connects to the client.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    IfTrait,
    Leaves,
    Mss,
    NothingLearned,
    NoTooBig,
    PathMtu,
    PeerMss,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

TRAIT = "syn-mss-follows-path-mtu"


def advertised_after_learning(family: Family) -> Scenario:
    headers = 40 if family == IPV4 else 60
    learned, configured = 1300 - headers, 1500 - headers
    there, back = Tcp("client", "server", family=family), Tcp("server", "client", family=family)
    return Scenario(
        name="advertised-after-learning" + ("-v6" if family == IPV6 else ""),
        title="The MSS that is announced after a path MTU was learned" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1300, 1500), families=(family,)),
        covers=(f"selftests-packetdrill/tcp_advmss_pmtu_ipv{family.value}", "bugs/27"),
        acts=(
            Act(
                "a datagram teaches the path MTU",
                story=(Send(Udp("client", "server", discover=DO, family=family), 1500 - headers + 12),),
                expect=(TooBig(by="r1", to="client", mtu=1300), PathMtu(1300, at="client", to="server")),
            ),
            Act(
                "the client connects",
                story=(Send(there, 16 * KIB),),
                expect=(
                    IfTrait(TRAIT, AdvertisedMss(learned, by="client"), AdvertisedMss(configured, by="client")),
                    IfTrait(TRAIT, PeerMss(learned - 12, at="server"), PeerMss(configured - 12, at="server")),
                    TcpPathMtu(1300, at="client"),
                    Mss(learned - 12, at="client"),
                    Leaves(1300, by="client", df=True if family == IPV4 else None),
                    NoTooBig(to="client", octets=1300),
                    PathMtu(1300, at="client", to="server"),
                    Delivered(16 * KIB, to="server"),
                ),
            ),
            Act(
                "the server connects, and the client's SYN-ACK announces",
                story=(Send(back, 500),),
                expect=(
                    IfTrait(TRAIT, AdvertisedMss(learned, by="client"), AdvertisedMss(configured, by="client")),
                    IfTrait(TRAIT, Mss(learned - 12, at="server"), Mss(configured - 12, at="server")),
                    NoTooBig(to="server", octets=500 + headers + 12),
                    NothingLearned(at="server", to="client"),
                    Delivered(500, to="client"),
                ),
            ),
        ),
    )


scenarios = (advertised_after_learning(IPV4), advertised_after_learning(IPV6))
