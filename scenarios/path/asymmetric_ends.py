"""A link whose ends disagree about its MTU.

    client ──1500── r1 ──1500/1400── r2 ──1500── server

Each end knows only what it may send. r2 does not send more than 1400, and says so to whoever asks for more. r1 sends 1500, and
they are lost at r2's end, where they are too large to be taken in: that is no router's business, so nobody is told. PMTUD finds
a limit at the sending side of a link, and never one at the receiving side (RFC 1191 §4 speaks of the next hop's MTU, as the
router has it).
"""

from lab.judge.expect import (
    Delivered,
    Leaves,
    Mss,
    NothingLearned,
    NoTooBig,
    PathMtu,
    SocketMtu,
    TcpPathMtu,
    TooBig,
    Unanswered,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, FlushRouteCache, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def asymmetric_ends(family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and UDP
    df = True if family == IPV4 else None
    there = Udp("client", "server", discover=DO, family=family)
    back = Udp("server", "client", discover=DO, family=family)
    stream = Tcp("server", "client", family=family)
    return Scenario(
        name="asymmetric-ends" + ("-v6" if family == IPV6 else ""),
        title="A link whose ends disagree about its MTU" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, (1500, 1400), 1500), families=(family,)),
        acts=(
            Act(
                "towards the end that takes less",
                story=(Send(there, 1500 - headers, within=0.1), Send(there, 1400 - headers)),
                expect=(
                    Leaves(1500, by="client", df=df),
                    Unanswered(send=1),
                    NoTooBig(to="client", octets=1500),
                    NothingLearned(at="client", to="server"),
                    SocketMtu(1500, send=2),
                    Delivered(1400 - headers, to="server", send=2),
                ),
            ),
            Act(
                "from the end that sends less",
                story=(FlushRouteCache(), Send(back, 1500 - headers), Send(back, 1400 - headers)),
                expect=(
                    Leaves(1500, by="server", df=df),
                    TooBig(by="r2", to="server", mtu=1400),
                    PathMtu(1400, at="server", to="client"),
                    Delivered(1400 - headers, to="client", send=2),
                ),
            ),
            Act(
                "TCP from there",
                story=(FlushRouteCache(), Send(stream, 64 * KIB)),
                expect=(
                    TooBig(by="r2", to="server", mtu=1400),
                    PathMtu(1400, at="server", to="client"),
                    TcpPathMtu(1400, at="server"),
                    Mss(1400 - headers - 24, at="server"),  # TCP's header and timestamps have 24 octets more than UDP's header
                    Delivered(64 * KIB, to="client"),
                ),
            ),
        ),
    )


scenarios = (asymmetric_ends(IPV4), asymmetric_ends(IPV6))
