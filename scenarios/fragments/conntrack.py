"""Connection tracking sees whole datagrams: a node that tracks puts fragments together, and cuts them up again to pass them on.

    client ──1500── r1 ──1400── r2 ──1500── server

r2 has one nftables rule that asks for a connection's state. It could send 1500 octets on in one piece, but keeps to the largest
fragment that came (frag_max_size), so that what was made small for a link before it does not grow for one behind it. Under IPv4
the same pieces leave as came, under IPv6 they get another identification (ip6_fragment()). What overlaps ends at r2. At the
server tracking makes no difference: datagrams are whole there anyway.
"""

from lab.judge.expect import (
    Counts,
    Delivered,
    Expectation,
    Fragments,
    NoFragments,
    NotReassembled,
    PathMtu,
    TooBig,
    Unanswered,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DONT, Udp
from lab.model.story import Configure, Send, SendPieces
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

PIECES = {IPV4: ((1396, 0), (124, 1376)), IPV6: ((1400, 0), (156, 1352))}
BACKWARDS = ((800, 600), (0, 800))
TWICE_IN_A_MUDDLE = ((1200, 400), (400, 400), (400, 400), (800, 400), (0, 400))
OVERLAP = ((0, 800), (600, 800))


def track(at: str, hook: str) -> Configure:
    return Configure(
        at,
        f"""
        nft add table inet tracks
        nft add chain inet tracks seen '{{ type filter hook {hook} priority 0; }}'
        nft add rule inet tracks seen ct state new,established accept
        """,
    )


def at_the_router(family: Family) -> Scenario:
    flow, ipv6 = Udp("client", "server", DONT, family), family == IPV6
    large, mib = (1452, "Ip6") if ipv6 else (1472, "Ip")
    # IPv6's counters of reassembly leave out conntrack's own (nf_ct_frag6_gather()).
    together = () if ipv6 else (("Ip.ReasmReqds", 2), ("Ip.ReasmOKs", 1))
    apart = ((f"{mib}.FragOKs", 1), (f"{mib}.FragCreates", 2))

    def leave_r2(pieces: tuple[tuple[int, int], ...]) -> tuple[Expectation, ...]:
        """These, as they came, or under another identification."""
        return (Fragments(by="r2", pieces=pieces) if ipv6 else NoFragments(by="r2"), Counts("r2", (*together, *apart)))

    told: tuple[Expectation, ...] = (TooBig(by="r1", to="client", mtu=1400), PathMtu(1400, at="client", to="server"))
    return Scenario(
        name="conntrack-at-a-router" + ("-v6" if ipv6 else ""),
        title="Fragments through a router that tracks connections" + (", IPv6" if ipv6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            Act(
                "a datagram that is too large for the link to r2",
                story=(track("r2", "forward"), *(Send(flow, large) for _ in range(2 if ipv6 else 1))),
                expect=(
                    Fragments(by="client" if ipv6 else "r1", pieces=PIECES[family]),
                    *(told if ipv6 else ()),
                    *leave_r2(PIECES[family]),
                    Delivered(large, to="server", send=2 if ipv6 else 1),
                ),
            ),
            Act(
                "pieces that come backwards",
                story=(SendPieces(flow, 1392, BACKWARDS),),
                expect=(
                    *leave_r2(((848, 0), (648, 800)) if ipv6 else ((820, 0), (620, 800))),
                    Delivered(1392, to="server"),
                ),
            ),
            Act(
                "pieces that overlap",
                story=(SendPieces(flow, 1392, OVERLAP, within=0.05), SendPieces(flow, 1392, BACKWARDS)),
                expect=(
                    Unanswered(send=1),
                    Counts("server", ((f"{mib}.ReasmReqds", 2), (f"{mib}.ReasmOKs", 1))),
                    Delivered(1392, to="server", send=2),
                ),
            ),
        ),
        covers=("bugs/23",),
    )


def at_the_server(family: Family) -> Scenario:
    flow, ipv6 = Udp("client", "server", DONT, family), family == IPV6
    return Scenario(
        name="conntrack-at-the-server" + ("-v6" if ipv6 else ""),
        title="Fragments for a host that tracks connections" + (", IPv6" if ipv6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            Act(
                "pieces in any order, one of them twice",
                story=(track("server", "input"), SendPieces(flow, 1592, TWICE_IN_A_MUDDLE)),
                expect=(NoFragments(by="r2"), Delivered(1592, to="server")),
            ),
            Act(
                "pieces that overlap",
                story=(SendPieces(flow, 1392, OVERLAP, within=0.05), SendPieces(flow, 1392, BACKWARDS)),
                expect=(NotReassembled(send=1), Delivered(1392, to="server", send=2)),
            ),
        ),
        covers=("ip_defrag.sh/ipv6_conntrack", "ip_defrag.sh/ipv6_conntrack_overlap") if ipv6 else (),
    )


scenarios = tuple(case(family) for family in (IPV4, IPV6) for case in (at_the_router, at_the_server))
