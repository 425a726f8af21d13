"""A host that has no memory left for fragments drops them, and nobody is told.

    client ──1500── r1 ──1500── server

What unfinished datagrams may hold is net.ipv4.ipfrag_high_thresh (net.ipv6.ip6frag_high_thresh), 4 MiB, which anybody can fill
for as long as reassembly waits (RFC 8900 §3). Here it is 2000 octets, which the kernel's own record of one first piece exceeds
already: the second one is refused (inet_frag_find()). With the memory back, the next datagram is put together.
"""

from lab.judge.expect import Counts, Delivered, NoTimeExceeded, NotReassembled
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Udp
from lab.model.story import SendPieces, Step, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

PIECES = ((0, 800), (800, 600))
THRESHOLD = {IPV4: "net.ipv4.ipfrag_{}_thresh", IPV6: "net.ipv6.ip6frag_{}_thresh"}


def limit(family: Family, low: int, high: int) -> tuple[Step, Step]:
    """The lower threshold first where both go down: it may not be above the other."""
    steps = [Sysctl("server", THRESHOLD[family].format(name), value) for name, value in (("low", low), ("high", high))]
    first, second = steps if high < 4_000_000 else steps[::-1]
    return first, second


def case(family: Family) -> Scenario:
    flow = Udp("client", "server", family=family)
    mib = "Ip" if family == IPV4 else "Ip6"
    return Scenario(
        name="no-memory" + ("-v6" if family == IPV6 else ""),
        title="Fragments for a host that has no memory for them" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "2000 octets for all that is unfinished",
                story=(
                    SendPieces(flow, 1392, PIECES),
                    *limit(family, 1000, 2000),
                    SendPieces(flow, 1392, PIECES, within=0.05),
                ),
                expect=(
                    Delivered(1392, to="server"),
                    NotReassembled(send=2),
                    Counts(at="server", counters=((f"{mib}.ReasmReqds", 4), (f"{mib}.ReasmFails", 1), (f"{mib}.ReasmOKs", 1))),
                    NoTimeExceeded(by="server", to="client"),
                ),
            ),
            Act(
                "as much as Linux ships with",
                story=(*limit(family, 3_145_728, 4_194_304), SendPieces(flow, 1392, PIECES)),
                expect=(Counts(at="server", counters=((f"{mib}.ReasmOKs", 1),)), Delivered(1392, to="server")),
            ),
        ),
    )


scenarios = (case(IPV4), case(IPV6))
