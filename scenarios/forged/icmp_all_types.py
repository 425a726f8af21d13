"""Every ICMP error there is, about a TCP connection: none of them ends it.

    client ──1500── r1 ──1500── server

Anybody can write an ICMP error, so to a connection that is established each is a hint at most: it is kept for the day on which the
connection times out anyhow (tcp_v4_err() and tcp_v6_err() set sk_err_soft; RFC 5461 tells why). Here r1 sends each type with each
of its codes, about the very segment that is expected next. The one that would change something, a PTB, quotes four octets of TCP,
without the sequence number, and is not believed.
"""

from lab.judge.expect import Counts, Delivered, Leaves, Mss, NothingLearned, TcpPathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import ForgePtb, Quote, Send, Step
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

PTB = {IPV4: (3, 4), IPV6: (2, 0)}
SAID = 1234  # by the PTB
# By name: the type, how many codes it has, and the counter that says that it was heard.
TYPES = {
    IPV4: {
        "unreachable, and a PTB among them": (3, 16, "Icmp.InDestUnreachs"),
        "source quench": (4, 1, "Icmp.InSrcQuenchs"),
        "time exceeded": (11, 2, "Icmp.InTimeExcds"),
        "parameter problem": (12, 3, "Icmp.InParmProbs"),
    },
    IPV6: {
        "unreachable": (1, 8, "Icmp6.InDestUnreachs"),
        "a PTB": (2, 1, "Icmp6.InPktTooBigs"),
        "time exceeded": (3, 2, "Icmp6.InTimeExcds"),
        "parameter problem": (4, 4, "Icmp6.InParmProblems"),
    },
}


def told(stream: Tcp, kind: tuple[int, int]) -> Step:
    """Four octets of TCP hold its ports, and nothing of where in the stream the segment belongs."""
    header = 20 if stream.family == IPV4 else 40
    quote = Quote("server", flow=stream, octets=header + 4 if kind == PTB[stream.family] else None)
    return ForgePtb("r1", to="client", mtu=SAID if kind == PTB[stream.family] else 0, quote=quote, family=stream.family, kind=kind)


def act(title: str, family: Family) -> Act:
    stream = Tcp("client", "server", family=family)
    number, codes, counter = TYPES[family][title]
    return Act(
        title,
        story=(Send(stream, 100), *(told(stream, (number, code)) for code in range(codes)), Send(stream, 4000)),
        expect=(
            Counts(at="client", counters=((counter, codes),)),
            Leaves(1500, by="client", df=True if family == IPV4 else None),
            NothingLearned(at="client", to="server"),
            TcpPathMtu(1500, at="client"),
            Mss(1448 if family == IPV4 else 1428, at="client"),
            Delivered(4000, to="server", send=2),
        ),
    )


scenarios = tuple(
    Scenario(
        name="icmp-all-types" + ("-v6" if family == IPV6 else ""),
        title="ICMP errors of all types about a TCP connection" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=tuple(act(title, family) for title in TYPES[family]),
        covers=("nplab/icmp-all-types",),
    )
    for family in (IPV4, IPV6)
)
