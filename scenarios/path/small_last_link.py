"""The smallest link is the server's own: TCP knows before it sends, and UDP does not.

    client ──1500── r1 ──1400── r2 ──1000── r3 ──576── server

and under IPv6:

    client ──1500── r1 ──1400── r2 ──1340── r3 ──1280── server

A host announces in its SYN what its own link can take (RFC 9293 §3.7.1). So the client's segments fit from the first, and no router
has to say anything. Datagrams have no handshake: they meet every descent.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    Leaves,
    Mss,
    NothingLarger,
    NothingLearned,
    NoTooBig,
    PathMtu,
    PtbOrder,
    TcpPathMtu,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, FlushRouteCache, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def small_last_link(name: str, family: Family, mtus: tuple[int, int, int]) -> Scenario:
    """`mtus` are those of the last three links, in descending order."""
    headers = 40 if family == IPV4 else 60  # IP and TCP
    least = mtus[-1]
    stream = Tcp("client", "server", family=family)
    datagrams = Udp("client", "server", discover=DO, family=family)
    return Scenario(
        name=name,
        title="The smallest link is the server's own" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "r3", "server", mtus=(1500, *mtus), families=(family,)),
        acts=(
            Act(
                "a TCP transfer",
                story=(Send(stream, 64 * KIB),),
                expect=(
                    AdvertisedMss(1500 - headers, by="client"),
                    AdvertisedMss(least - headers, by="server"),
                    Mss(least - headers - 12, at="client"),
                    Leaves(least, by="client", df=True if family == IPV4 else None),
                    NothingLarger(least, between=("client", "r1")),
                    NoTooBig(to="client", octets=least),
                    NothingLearned(at="client", to="server"),
                    TcpPathMtu(1500, at="client"),
                    Delivered(64 * KIB, to="server"),
                ),
            ),
            Act(
                "datagrams, each as large as the last PTB allows",
                story=(FlushRouteCache(), *(Send(datagrams, size - headers + 12) for size in (1500, *mtus))),
                expect=(
                    PtbOrder(to="client", order=tuple(zip(("r1", "r2", "r3"), mtus, strict=True))),
                    PathMtu(least, at="client", to="server"),
                    Delivered(least - headers + 12, to="server", send=4),
                ),
            ),
        ),
    )


scenarios = (
    small_last_link("small-last-link", IPV4, (1400, 1000, 576)),
    small_last_link("small-last-link-v6", IPV6, (1400, 1340, 1280)),
)
