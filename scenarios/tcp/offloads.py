"""With segmentation offload, a router judges super-packets, and answers each with one PTB.

    client ──1500── r1 ──1400── r2 ──1500── server

The client hands its interface buffers of several segments, to be cut up later, and r1 gets them whole, as no wire is in between.
What counts at r1 is the size that the segments would have (skb_gso_validate_network_len()): 1500 is too big for 1400. So the ten
segments of the first flight cost two PTBs and not ten, and each quotes a header that says 7292 octets: 5 * 1448 + 52 (IPv6: 72).
That no buffer has less is told the client (tcp_min_tso_segs), as by itself it takes smaller ones where the round trip is long
(tcp_tso_autosize()). What comes of it is the same as without.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Counts,
    Delivered,
    Mss,
    NoTimeout,
    PathMtu,
    PtbAbout,
    Retransmissions,
    SsthreshUncut,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Send, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def offloads(family: Family, mss: int, told_about: int, dropped: str) -> Scenario:
    return Scenario(
        name="offloads" + ("-v6" if family == IPV6 else ""),
        title="With offloads on, one PTB a super-packet" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,), offloads=True),
        covers=("bugs/31",) if family == IPV4 else (),
        acts=(
            Act(
                "a TCP transfer",
                story=(Sysctl("client", "net.ipv4.tcp_min_tso_segs", "5"), Send(Tcp("client", "server", family=family), 64 * KIB)),
                expect=(
                    AdvertisedMss(1460 if family == IPV4 else 1440, by="client"),
                    TooBig(by="r1", to="client", mtu=1400, times=2),
                    PtbAbout(by="r1", octets=told_about),
                    Counts(at="r1", counters=((dropped, 2),)),
                    PathMtu(1400, at="client", to="server"),
                    Mss(mss, at="client"),
                    Retransmissions(12, at="client"),
                    SsthreshUncut(at="client"),
                    NoTimeout(at="client"),
                    Delivered(64 * KIB, to="server"),
                ),
            ),
        ),
    )


scenarios = (offloads(IPV4, 1348, 7292, "Ip.FragFails"), offloads(IPV6, 1328, 7212, "Ip6.FragFails"))
