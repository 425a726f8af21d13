"""What a SYN announces to a host towards which a path MTU has been learned.

    client ──1500── r1 ──1200── r2 ──1500── server

and under IPv6, which stops at 1280:

    client ──1520── r1 ──1280── r2 ──1520── server

The path MTU bounds what the client sends, at once, in every new connection. The MSS option is about the other direction, of which
it says nothing (RFC 9293 §3.7.1). Kernels nevertheless announced 1160 after learning 1200, until that was found to be wrong; the
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
    link, mtu = (1500, 1200) if family == IPV4 else (1520, 1280)
    learned, configured = mtu - headers, link - headers
    there, back = (Tcp(*ends, timestamps=False, family=family) for ends in (("client", "server"), ("server", "client")))
    return Scenario(
        name="advertised-after-learning" + ("-v6" if family == IPV6 else ""),
        title="The MSS that is announced after a path MTU was learned" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(link, mtu, link), families=(family,)),
        covers=(f"selftests-packetdrill/tcp_advmss_pmtu_ipv{family.value}", "bugs/27"),
        acts=(
            Act(
                "a datagram teaches the path MTU",
                story=(Send(Udp("client", "server", discover=DO, family=family), link - headers + 12),),
                expect=(TooBig(by="r1", to="client", mtu=mtu), PathMtu(mtu, at="client", to="server")),
            ),
            Act(
                "the client connects",
                story=(Send(there, 16 * KIB),),
                expect=(
                    IfTrait(TRAIT, AdvertisedMss(learned, by="client"), AdvertisedMss(configured, by="client")),
                    IfTrait(TRAIT, PeerMss(learned, at="server"), PeerMss(configured, at="server")),
                    TcpPathMtu(mtu, at="client"),
                    Mss(learned, at="client"),
                    Leaves(mtu, by="client", df=True if family == IPV4 else None),
                    NoTooBig(to="client", octets=mtu),
                    PathMtu(mtu, at="client", to="server"),
                    Delivered(16 * KIB, to="server"),
                ),
            ),
            Act(
                "the server connects, and the client's SYN-ACK announces",
                story=(Send(back, 500),),
                expect=(
                    IfTrait(TRAIT, AdvertisedMss(learned, by="client"), AdvertisedMss(configured, by="client")),
                    IfTrait(TRAIT, Mss(learned, at="server"), Mss(configured, at="server")),
                    NoTooBig(to="server", octets=500 + headers),
                    NothingLearned(at="server", to="client"),
                    Delivered(500, to="client"),
                ),
            ),
        ),
    )


scenarios = (advertised_after_learning(IPV4), advertised_after_learning(IPV6))
