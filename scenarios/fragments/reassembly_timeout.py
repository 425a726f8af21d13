"""What the receiver does about a datagram of which a piece never comes: it waits, gives up, and says so if it has the first piece.

    client ──1500── r1 ──1500── server

It waits for net.ipv4.ipfrag_time, 30 s as Linux ships (RFC 1122 §3.3.2 asks for 60 s or more), and net.ipv6.ip6frag_time, 60 s;
here for one. Then it sends ICMP time exceeded, of which only a receiver has code 1, to whom the first fragment came from
(ip_expire()). Of later fragments alone nobody is told: the quote would not have the ports, by which the sender could know its
datagram.
"""

from lab.judge.expect import Counts, Delivered, NotReassembled, TimeExceeded
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Udp
from lab.model.story import SendPieces, Sysctl, Wait
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

OCTETS = 2392  # 8 of UDP before them make 2400
WHOLE = ((0, 800), (800, 800), (1600, 800))
TIME = {IPV4: "net.ipv4.ipfrag_time", IPV6: "net.ipv6.ip6frag_time"}


def case(family: Family) -> Scenario:
    flows = [Udp("client", "server", family=family, number=number) for number in range(1, 4)]
    mib = "Ip" if family == IPV4 else "Ip6"

    def lost(number: int, *pieces: tuple[int, int]) -> SendPieces:
        return SendPieces(flows[number], OCTETS, pieces, within=0.02)

    return Scenario(
        name="reassembly-timeout" + ("-v6" if family == IPV6 else ""),
        title="Datagrams of which a piece is lost" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "a whole one, and three that lack their first, their second and their last piece",
                story=(
                    SendPieces(flows[0], OCTETS, WHOLE),
                    Sysctl("server", TIME[family], 1),
                    lost(0, (800, 800), (1600, 800)),
                    lost(1, (0, 800), (1600, 800)),
                    lost(2, (0, 800), (800, 800)),
                    Wait(1.3),
                ),
                expect=(
                    Delivered(OCTETS, to="server"),
                    *(NotReassembled(send=number) for number in (2, 3, 4)),
                    Counts(at="server", counters=((f"{mib}.ReasmReqds", 9), (f"{mib}.ReasmTimeout", 3), (f"{mib}.ReasmOKs", 1))),
                    TimeExceeded(by="server", to="client", times=2),
                ),
            ),
        ),
    )


scenarios = (case(IPV4), case(IPV6))
