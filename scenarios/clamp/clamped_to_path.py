"""A router lowers the MSS that hosts announce to each other, to what its own link takes: MSS clamping.

    client ──1500── r1 ──1400── r2 ──1500── server

Neither end knows of the 1400, and no PTB is needed: r1 rewrites the MSS option of each SYN and SYN-ACK that it forwards, to the
lesser of both routes' MTU less 40 octets (60 under IPv6; nft_rt_get_eval(), tcpmss_mangle_packet()). The first flight fits. Where
r1 does nothing of the kind, that flight is lost.
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
    OwnMss,
    PathMtu,
    PeerMss,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Configure, Send, Step
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

NFT = """
    nft add table inet clamp
    nft add chain inet clamp forward '{ type filter hook forward priority 0; }'
    nft add rule inet clamp forward tcp flags syn tcp option maxseg size set rt mtu
"""
IPTABLES = "iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"
RULES: dict[str, dict[Family, str | None]] = {
    "nft": {IPV4: NFT, IPV6: NFT},
    "iptables": {IPV4: IPTABLES, IPV6: IPTABLES.replace("iptables", "ip6tables")},
    "not": {IPV4: None, IPV6: None},
}


def clamped(by: str, family: Family) -> Scenario:
    rules = RULES[by][family]
    mss = 1360 if family == IPV4 else 1340
    own = mss + 100
    df = True if family == IPV4 else None
    then: tuple[Expectation, ...] = (
        MssArrives(mss, at="client"),
        MssArrives(mss, at="server"),
        PeerMss(mss - 12, at="server"),
        NothingLarger(1400, between=("client", "r1")),
        NoTooBig(to="client", octets=1400),
        NothingLearned(at="client", to="server"),
        TcpPathMtu(1500, at="client"),
    )
    without: tuple[Expectation, ...] = (
        MssArrives(own, at="client"),
        MssArrives(own, at="server"),
        PeerMss(own - 12, at="server"),
        Leaves(1500, by="client", df=df),
        TooBig(by="r1", to="client", mtu=1400),
        PathMtu(1400, at="client", to="server"),
        TcpPathMtu(1400, at="client"),
    )
    story: tuple[Step, ...] = (Send(Tcp("client", "server", family=family), 64 * KIB),)
    return Scenario(
        name=f"clamped-to-path-{by}" + ("-v6" if family == IPV6 else ""),
        title=("The MSS is not clamped" if rules is None else f"{by} clamps the MSS to the path")
        + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            Act(
                "a TCP transfer",
                story=story if rules is None else (Configure("r1", rules), *story),
                expect=(
                    AdvertisedMss(own, by="client"),
                    AdvertisedMss(own, by="server"),
                    *(without if rules is None else then),
                    OwnMss(own - 12, at="client"),  # clamping is not noticed by who announced
                    Mss(mss - 12, at="client"),
                    Leaves(1400, by="client", df=df),
                    Delivered(64 * KIB, to="server"),
                ),
            ),
        ),
    )


scenarios = tuple(clamped(by, family) for by in RULES for family in (IPV4, IPV6))
