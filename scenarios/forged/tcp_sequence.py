"""A PTB about TCP must quote a sequence number that is on its way: on an idle connection that is one of 4,294,967,296.

    client ──1500── r1 ──1500── server

The number must lie between the oldest that is not acknowledged and the next to be sent (tcp_v4_err(), tcp_v6_err()), both
included; so while nothing is on its way only the next one will do. Any other is counted, and nothing else comes of it: who does
not see the connection's packets would have to guess (RFC 5927).
"""

from lab.judge.expect import Counts, Delivered, Expectation, Leaves, Mss, NothingLearned, PathMtu, TcpPathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import ForgePtb, Quote, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

FORGED = 1300
OFF = {
    "the-next": 0,
    "one-before": -1,
    "one-behind": 1,
    "a-thousand-before": -1000,
    "a-window-behind": 65536,
    "half-the-numbers-away": 1 << 31,
}
"""What is quoted, as an offset from the next number to be sent."""


def case(name: str, family: Family) -> Scenario:
    stream = Tcp("client", "server", family=family)
    headers = 52 if family == IPV4 else 72  # with timestamps
    forged = ForgePtb("r1", to="client", mtu=FORGED, quote=Quote("server", flow=stream, off=OFF[name]), family=family)
    believed = OFF[name] == 0
    mtu = FORGED if believed else 1500
    learned: Expectation = PathMtu(FORGED, at="client", to="server") if believed else NothingLearned(at="client", to="server")
    return Scenario(
        name=f"tcp-sequence-{name}" + ("-v6" if family == IPV6 else ""),
        title=f"A forged PTB about TCP, sequence number {name.replace('-', ' ')}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "an idle connection, the PTB, and then more to send",
                story=(Send(stream, 2000), forged, Send(stream, 3000)),
                expect=(
                    learned,
                    Counts(at="client", counters=(("TcpExt.OutOfWindowIcmps", 0 if believed else 1),)),
                    Leaves(mtu, by="client", df=True if family == IPV4 else None),
                    Mss(mtu - headers, at="client"),
                    TcpPathMtu(mtu, at="client"),
                    Delivered(3000, to="server", send=2),
                ),
            ),
        ),
    )


scenarios = tuple(case(name, family) for family in (IPV4, IPV6) for name in OFF)
