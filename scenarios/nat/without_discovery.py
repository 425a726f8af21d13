"""A file that crosses a narrow link behind a NAT, from a host that has turned path MTU discovery off.

    client ──9000── nat ──1500── r1 ──2000── server

With ip_no_pmtu_disc 1 the client's new sockets set DF in nothing. Its segments are as large as the server can take, 2000 octets,
and the nat cuts each in two for the link of 1500. That it rewrites the source as well, or the destination, makes no difference:
nobody is told anything, and the file arrives as it was sent. Connection tracking at the nat puts the acknowledgements in their
place.
"""

from lab.judge.expect import Counts, Delivered, Fragments, Leaves, Mss, NothingLearned, NoTooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Configure, Send, Step, Sysctl
from topologies import chain

PUBLIC = "198.51.100.1"
FULL = 16 * 1948  # 2000 - 20 - 20 - 12 of timestamps, sixteen times

SNAT = Configure(
    "nat",
    """
    nft add table ip nat
    nft add chain ip nat out '{ type nat hook postrouting priority 100; }'
    nft add rule ip nat out oifname r1 masquerade
    """,
)
DNAT = Configure(
    "nat",
    f"""
    nft add table ip nat
    nft add chain ip nat first '{{ type nat hook prerouting priority -100; }}'
    nft add rule ip nat first ip daddr {PUBLIC} dnat to $server
    """,
)


def case(name: str, title: str, stream: Tcp, to: str, *first: Step) -> Scenario:
    return Scenario(
        name=f"without-discovery-{name}",
        title=title,
        topology=chain("client", "nat", "r1", "server", mtus=(9000, 1500, 2000)),
        acts=(
            Act(
                "sixteen full segments",
                story=(*first, Sysctl("client", "net.ipv4.ip_no_pmtu_disc", 1), Send(stream, FULL)),
                expect=(
                    Leaves(2000, by="client", df=False),
                    Fragments(by="nat", pieces=((1500, 0), (520, 1480))),
                    Counts(at="nat", counters=(("Ip.FragOKs", 16), ("Ip.FragCreates", 32), ("Ip.FragFails", 0))),
                    NoTooBig(to="client", octets=2000),
                    NothingLearned(at="client", to=to),
                    Mss(1948, at="client"),
                    Delivered(FULL, to="server"),
                ),
            ),
            Act(
                "a file",
                story=(Send(stream, 256 * KIB),),
                expect=(
                    NoTooBig(to="client", octets=2000),
                    NothingLearned(at="client", to=to),
                    Mss(1948, at="client"),
                    Delivered(256 * KIB, to="server"),
                ),
            ),
        ),
        covers=("nft_flowtable.sh/no_pmtu_disc",) if not first else ("nft_flowtable.sh/nat",),
    )


direct, public = Tcp("client", "server"), Tcp("client", "server", address=PUBLIC)

scenarios = (
    case("plain", "A file without path MTU discovery, through a router", direct, "10.0.2.2"),
    case("snat", "A file without path MTU discovery, through a router that rewrites the source", direct, "10.0.2.2", SNAT),
    case("dnat", "A file without path MTU discovery, through a router that rewrites the destination", public, PUBLIC, DNAT),
)
