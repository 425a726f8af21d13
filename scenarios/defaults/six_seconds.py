"""How soon net.ipv4.tcp_mtu_probing=1 takes a path for a black hole, with all else as Linux ships it: after six seconds.

    client ──1500── r1 ──1400── r2 ──1500── server

tcp_retries1, 3, stands for the time that so many timeouts of 200 ms and one more would take, doubling: 3 s, from the first timeout
on (retransmits_timed_out()). The fourth comes 2.8 s after that, which is too soon; so it is the fifth, 6.2 s after the segment was
sent, and from then on a segment has 1024 octets of payload.
"""

from lab.judge.expect import Delivered, Dropped, GivesUpSize, NoTooBig, SizesInTurn
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Send, Sysctl
from topologies import chain

scenario = Scenario(
    name="six-seconds",
    title="Probing begins after 6 s",
    topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), silent=("r1",)),
    acts=(
        Act(
            "a TCP transfer",
            story=(Sysctl("client", "net.ipv4.tcp_mtu_probing", 1), Send(Tcp("client", "server"), 64 * KIB, within=15)),
            expect=(
                Dropped(1500, at="r1"),
                NoTooBig(to="client", octets=1500),
                GivesUpSize("client", timeout=5),
                SizesInTurn("client", (1500, 1076)),
                Delivered(64 * KIB, to="server"),
            ),
        ),
    ),
    lasts=7,
)
