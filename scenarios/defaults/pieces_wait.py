"""How long a receiver waits for a lost piece: 30 s for IPv4, 60 s for IPv6, and then it says so.

    client ──1500── r1 ──1500── server

net.ipv4.ipfrag_time and net.ipv6.ip6frag_time as Linux ships them (RFC 8200 §4.5 wants 60 s, RFC 1122 §3.3.2 60 s or more). A
second before, the receiver has said nothing; three after, it has told the sender that reassembly took too long, of the two
datagrams whose first piece it has. Not one: timers of half a minute are up to two seconds late (the timer wheel's grain, with a
tick of 4 ms). `reassembly-timeout` shows the same with one second.
"""

from lab.judge.expect import Counts, NoTimeExceeded, NotReassembled, TimeExceeded
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Udp
from lab.model.story import SendPieces, Wait
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

OCTETS = 2392  # 8 of UDP before them make 2400
LACKING = (((800, 800), (1600, 800)), ((0, 800), (1600, 800)), ((0, 800), (800, 800)))
SECONDS = {IPV4: 30, IPV6: 60}


def pieces_wait(family: Family) -> Scenario:
    mib = "Ip" if family == IPV4 else "Ip6"
    lost = tuple(
        SendPieces(Udp("client", "server", family=family, number=number), OCTETS, pieces, within=0.02)
        for number, pieces in enumerate(LACKING, 1)
    )
    return Scenario(
        name="pieces-wait" + ("-v6" if family == IPV6 else ""),
        title=f"Reassembly is given up after {SECONDS[family]} s" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                f"three datagrams that lack a piece, for {SECONDS[family] - 1} s",
                story=(*lost, Wait(SECONDS[family] - 1)),
                expect=(
                    *(NotReassembled(send=number) for number in (1, 2, 3)),
                    NoTimeExceeded(by="server", to="client"),
                    Counts(at="server", counters=((f"{mib}.ReasmReqds", 6), (f"{mib}.ReasmTimeout", 0))),
                ),
            ),
            Act(
                "four more",
                story=(Wait(4),),
                expect=(
                    TimeExceeded(by="server", to="client", times=2),
                    Counts(at="server", counters=((f"{mib}.ReasmTimeout", 3),)),
                ),
            ),
        ),
        lasts=SECONDS[family] + 3,
    )


scenarios = (pieces_wait(IPV4), pieces_wait(IPV6))
