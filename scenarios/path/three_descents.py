"""Three links, each smaller than the last: the path MTU is found one descent at a time.

    client ──1500── r1 ──1400── r2 ──1300── r3 ──576── r4 ──1500── server

and under IPv6, which stops at 1280:

    client ──1500── r1 ──1400── r2 ──1300── r3 ──1280── r4 ──1500── server

A router knows only its own next link, so a PTB is news of one descent, and the packet shrunk to it meets the next (RFC 1191 §3).
"""

from lab.judge.expect import Delivered, Mss, NothingLarger, PathMtu, PtbOrder, RefusedHere, TcpPathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, FlushRouteCache, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def three_descents(name: str, family: Family, mtus: tuple[int, int, int]) -> Scenario:
    """`mtus` are those of the three links, in descending order."""
    headers = 28 if family == IPV4 else 48  # IP and UDP
    order = tuple(zip(("r1", "r2", "r3"), mtus, strict=True))
    datagrams = Udp("client", "server", discover=DO, family=family)
    stream = Tcp("client", "server", family=family)
    least = mtus[-1]
    return Scenario(
        name=name,
        title="Three links, each smaller than the last" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "r3", "r4", "server", mtus=(1500, *mtus, 1500), families=(family,)),
        acts=(
            Act(
                "datagrams, each as large as the last PTB allows",
                story=tuple(Send(datagrams, size - headers) for size in (1500, *mtus, 1500)),
                expect=(
                    PtbOrder(to="client", order=order),
                    PathMtu(least, at="client", to="server"),
                    Delivered(least - headers, to="server", send=4),
                    RefusedHere(send=5),
                ),
            ),
            Act(
                "a TCP transfer",
                story=(FlushRouteCache(), Send(stream, 64 * KIB)),
                expect=(
                    PtbOrder(to="client", order=order),
                    PathMtu(least, at="client", to="server"),
                    TcpPathMtu(least, at="client"),
                    Mss(least - headers - 24, at="client"),  # TCP's header is 12 longer than UDP's, and has 12 of timestamps
                    NothingLarger(least, between=("r3", "r4")),
                    Delivered(64 * KIB, to="server"),
                ),
            ),
        ),
        covers=("RHEL/multi_pmtu",),
    )


scenarios = (
    three_descents("three-descents", IPV4, (1400, 1300, 576)),
    three_descents("three-descents-v6", IPV6, (1400, 1300, 1280)),
)
