"""A connection that probes finds a path that has grown, but looks for it only every ten minutes.

    client ──1500── r1 ──1400── r2 ──1500── server

With tcp_mtu_probing=2 the search ends just below 1400. Then the link takes 1500. What the connection sends for the next ten minutes
is no larger: net.ipv4.tcp_probe_interval, 600 s, has to pass since its last probe before it searches upwards again
(tcp_mtu_check_reprobe()). No router says a word.
"""

from lab.judge.expect import Counts, Delivered, Expectation, MssWithin, NothingLarger, NothingLearned, NoTooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Send, SetMtu, Sysctl, Wait
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def searches_again(family: Family) -> Scenario:
    headers = 52 if family == IPV4 else 72  # IP and TCP, with timestamps
    stream = Tcp("client", "server", family=family)
    whole = 512 * KIB
    begun = (Sysctl("client", "net.ipv4.tcp_mtu_probing", 2), Send(stream, whole))
    grown = (*begun, SetMtu("r1", "r2", 1500), Wait(590), Send(stream, whole))

    def quiet(sends: int) -> tuple[Expectation, ...]:
        return (
            NoTooBig(to="client", octets=1024 + headers),
            NothingLearned(at="client", to="server"),
            *(Delivered(whole, to="server", send=n) for n in range(1, sends + 1)),
        )

    return Scenario(
        name="searches-again" + ("-v6" if family == IPV6 else ""),
        title="A search upwards every 600 s" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,), silent=("r1",)),
        acts=(
            Act(
                "the link has grown 590 s ago",
                story=grown,
                expect=(
                    NothingLarger(1400, between=("r1", "r2")),
                    MssWithin(1400 - headers - 7, 1400 - headers, at="client"),
                    *quiet(2),
                ),
            ),
            Act(
                "and here 610 s ago",
                story=(SetMtu("r1", "r2", 1400), *grown, Wait(20), Send(stream, whole)),
                expect=(
                    MssWithin(1500 - headers - 7, 1500 - headers, at="client"),
                    Counts("client", (("TcpExt.TCPMTUPSuccess", 2),), or_more=True),
                    *quiet(3),
                ),
            ),
        ),
        lasts=1200,
    )


scenarios = (searches_again(IPV4), searches_again(IPV6))
