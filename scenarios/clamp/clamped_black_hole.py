"""A clamp saves TCP from a black hole, and nothing else.

    client ──1500── r1 ──1400── r2 ──1500── server

r1 drops its own PTBs, as a firewall that blocks ICMP would, so large packets vanish. A clamp on r1 keeps TCP's segments small from
the first, in both directions, and so TCP never needs a PTB. Datagrams announce nothing that could be clamped: they still vanish
(RFC 2923 §2.1).
"""

from lab.judge.expect import Delivered, Dropped, Leaves, Mss, MssArrives, NothingLarger, NothingLearned, NoTooBig, Unanswered
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, Configure, FlushRouteCache, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

CLAMP = """
    nft add table inet clamp
    nft add chain inet clamp forward '{ type filter hook forward priority 0; }'
    nft add rule inet clamp forward tcp flags syn tcp option maxseg size set rt mtu
"""


def clamped_black_hole(family: Family) -> Scenario:
    headers = 40 if family == IPV4 else 60
    df = True if family == IPV4 else None
    datagrams = Udp("client", "server", discover=DO, family=family)
    return Scenario(
        name="clamped-black-hole" + ("-v6" if family == IPV6 else ""),
        title="A clamp in front of a black hole" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,), silent=("r1",)),
        acts=(
            Act(
                "a TCP transfer",
                story=(Configure("r1", CLAMP), Send(Tcp("client", "server", family=family), 64 * KIB)),
                expect=(
                    MssArrives(1400 - headers, at="client"),
                    Mss(1400 - headers - 12, at="client"),
                    Leaves(1400, by="client", df=df),
                    NothingLarger(1400, between=("client", "r1")),
                    NoTooBig(to="client", octets=1400),
                    NothingLearned(at="client", to="server"),
                    Delivered(64 * KIB, to="server"),
                ),
            ),
            Act(
                "datagrams",
                story=(FlushRouteCache(), Send(datagrams, 1500 - headers + 12), Send(datagrams, 1400 - headers + 12)),
                expect=(
                    Dropped(1500, at="r1"),
                    Unanswered(send=1),
                    NoTooBig(to="client", octets=1500),
                    NothingLearned(at="client", to="server"),
                    Delivered(1400 - headers + 12, to="server", send=2),
                ),
            ),
        ),
    )


scenarios = (clamped_black_hole(IPV4), clamped_black_hole(IPV6))
