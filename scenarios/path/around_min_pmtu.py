"""Links around the least path MTU that Linux believes, 552 octets, and far below it.

    client ──1500── r1 ──m── r2 ──1500── server

At 552 and above the PTB is believed to the octet. Below, whatever it says, the exception is 552 and locked: DF is no longer set,
and r1 cuts up what the client, which fragments for 552, sends to it.
"""

from lab.judge.expect import Delivered, Dropped, Leaves, PathMtu, SocketMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Udp
from lab.model.story import Send
from topologies import chain

MIN_PMTU = 552
HEADERS = 28  # IPv4 and UDP
datagrams = Udp("client", "server", discover=WANT)


def around_min_pmtu(mtu: int) -> Scenario:
    believed = max(mtu, MIN_PMTU)
    locked = mtu < MIN_PMTU
    return Scenario(
        name=f"around-min-pmtu-{mtu}",
        title=f"A {mtu}-octet link: path MTU {believed}{', locked' if locked else ''}",
        topology=chain("client", "r1", "r2", "server", mtus=(1500, mtu, 1500)),
        acts=(
            Act(
                "datagrams",
                story=(Send(datagrams, 1472), Send(datagrams, believed - HEADERS)),
                expect=(
                    Leaves(1500, by="client", df=True),
                    Dropped(1500, at="r1"),
                    TooBig(by="r1", to="client", mtu=mtu),
                    PathMtu(believed, at="client", to="server", locked=locked),
                    SocketMtu(believed, send=2),
                    Leaves(believed, by="client", df=not locked),
                    Delivered(believed - HEADERS, to="server", send=2),
                ),
            ),
        ),
    )


scenarios = tuple(around_min_pmtu(mtu) for mtu in (68, 296, 400, 500, 551, 552, 553))
