"""What the receiver makes of the size of the segments that come.

    client ──1500── r1 ──1400── r2 ──1500── server

To know when to acknowledge, a receiver has to know what a full segment is, and nobody tells it: it takes the largest that has come
(tcp_measure_rcv_mss(), tcpi_rcv_mss). So the path MTU shows at the other end, too: 1348 octets of payload over 1400. With a
TCP_MAXSEG of 1000 it is that, less the 12 octets of timestamps where there are any.
"""

from lab.judge.expect import Delivered, Leaves, Mss, NothingLearned, PathMtu, ReceivedMss, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def bounded(title: str, family: Family, timestamps: bool, mss: int) -> Act:
    stream = Tcp("client", "server", timestamps=timestamps, family=family, maxseg=1000)
    return Act(
        title,
        story=(Send(stream, 12000),),
        expect=(
            Leaves(1040 if family == IPV4 else 1060, by="client", df=True if family == IPV4 else None),
            Mss(mss, at="client"),
            ReceivedMss(mss, at="server"),
            NothingLearned(at="client", to="server"),
            Delivered(12000, to="server"),
        ),
    )


def case(family: Family) -> Scenario:
    mss = 1348 if family == IPV4 else 1328
    return Scenario(
        name="received-mss" + ("-v6" if family == IPV6 else ""),
        title="The receiver's idea of a full segment" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            bounded("TCP_MAXSEG 1000, without timestamps", family, False, 1000),
            bounded("TCP_MAXSEG 1000, with timestamps", family, True, 988),
            Act(
                "as the path has it",
                story=(Send(Tcp("client", "server", family=family), 64 * KIB),),
                expect=(
                    TooBig(by="r1", to="client", mtu=1400),
                    PathMtu(1400, at="client", to="server"),
                    Mss(mss, at="client"),
                    ReceivedMss(mss, at="server"),
                    Delivered(64 * KIB, to="server"),
                ),
            ),
        ),
        covers=("packetdrill/gro-mss-option",) if family == IPV4 else (),
    )


scenarios = (case(IPV4), case(IPV6))
