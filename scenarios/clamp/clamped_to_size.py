"""A router that clamps the MSS to a fixed size: it lowers what is announced, and never raises it.

    client ──1500── r1 ──1400── r2 ──1500── server

A fixed size need not fit the path. 1000 does, whatever the path takes, and costs both ends a third of each packet; 1420 is lower
than what the ends announce and still too much for the 1400 behind r1, so path MTU discovery has to do the rest; 9000 is more than
anybody announced, and changes nothing (nft_exthdr_tcp_set_eval(), tcpmss_mangle_packet()).
"""

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    Expectation,
    Leaves,
    Mss,
    MssArrives,
    NothingLarger,
    NothingLearned,
    NoTooBig,
    PathMtu,
    PeerMss,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Configure, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

NFT = """
    nft add table inet clamp
    nft add chain inet clamp forward '{{ type filter hook forward priority 0; }}'
    nft add rule inet clamp forward tcp flags syn tcp option maxseg size set {size}
"""
IPTABLES = "{program} -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss {size}"


def clamped(by: str, size: int, family: Family) -> Scenario:
    headers = 40 if family == IPV4 else 60
    rules = (NFT if by == "nft" else IPTABLES).format(size=size, program="iptables" if family == IPV4 else "ip6tables")
    mss = min(size, 1500 - headers)
    large = mss + headers
    df = True if family == IPV4 else None
    fits: tuple[Expectation, ...] = (
        NothingLarger(large, between=("client", "r1")),
        NoTooBig(to="client", octets=large),
        NothingLearned(at="client", to="server"),
    )
    too_big: tuple[Expectation, ...] = (TooBig(by="r1", to="client", mtu=1400), PathMtu(1400, at="client", to="server"))
    return Scenario(
        name=f"clamped-to-size-{size}-{by}" + ("-v6" if family == IPV6 else ""),
        title=f"{by} clamps the MSS to {size}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            Act(
                "a TCP transfer",
                story=(Configure("r1", rules), Send(Tcp("client", "server", family=family), 16 * KIB)),
                expect=(
                    AdvertisedMss(1500 - headers, by="client"),
                    AdvertisedMss(1500 - headers, by="server"),
                    MssArrives(mss, at="client"),
                    MssArrives(mss, at="server"),
                    Leaves(large, by="client", df=df),
                    Mss(min(large, 1400) - headers - 12, at="client"),
                    PeerMss(mss - 12, at="server"),
                    *(fits if large <= 1400 else too_big),
                    Delivered(16 * KIB, to="server"),
                ),
            ),
        ),
    )


scenarios = tuple(clamped(by, size, family) for by in ("nft", "iptables") for size in (1000, 1420, 9000) for family in (IPV4, IPV6))
