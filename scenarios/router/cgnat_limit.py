"""A router that limits its PTBs, as the boxes of large providers do, and a sender that comes through all the same.

    client ──1500── r1 ──1400── server

Linux itself never limits PTBs; here nft at r1 lets one out a second. The first large datagram is answered. The next, to another
address of the server, gets no answer: its sender sees nothing but a loss (RFC 2923 §2.1). Discovery is only delayed, since every
loss is another occasion for an answer (RFC 1191 §3): a second later the same datagram is answered, and the one after that is
sized right.
"""

from lab.judge.expect import Counts, Delivered, Dropped, ErrorQueued, NothingLearned, PathMtu, RefusedHere, TooBig, Unanswered
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Send, Wait
from topologies import chain

OTHER = "192.0.2.2"
first = Udp("client", "server", discover=DO)
other = Udp("client", "server", discover=DO, address=OTHER)

LIMIT = Configure(
    "r1",
    """
    nft add table ip errors
    nft add chain ip errors out '{ type filter hook output priority 0; }'
    nft add rule ip errors out icmp type destination-unreachable limit rate over 1/second burst 1 packets drop
    """,
)
ADDRESSED = (Configure("server", f"ip address add {OTHER}/32 dev lo"), Configure("r1", f"ip route add {OTHER} via $server"))

scenario = Scenario(
    name="cgnat-limit",
    title="A router that lets one PTB out a second",
    topology=chain("client", "r1", "server", mtus=(1500, 1400)),
    acts=(
        Act(
            "two datagrams at once",
            story=(LIMIT, *ADDRESSED, Send(first, 1472), Send(other, 1472)),
            expect=(
                Dropped(1500, at="r1"),
                Counts(at="r1", counters=(("Ip.FragFails", 2),)),
                TooBig(by="r1", to="client", mtu=1400, times=1),
                ErrorQueued(send=1, info=1400, offender="r1"),
                PathMtu(1400, at="client", to="10.0.1.2"),
                Unanswered(send=2),
                NothingLearned(at="client", to=OTHER),
            ),
        ),
        Act(
            "a second later",
            story=(Wait(1.1), Send(other, 1472), Send(other, 1472), Send(other, 1372)),
            expect=(
                TooBig(by="r1", to="client", mtu=1400, times=1),
                ErrorQueued(send=1, info=1400, offender="r1"),
                PathMtu(1400, at="client", to=OTHER),
                RefusedHere(send=2),
                Delivered(1372, to="server", send=3),
            ),
        ),
    ),
)
