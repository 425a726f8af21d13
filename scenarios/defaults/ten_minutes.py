"""An exception lives 600 s, to the second, and then the path is learned again.

    client ──1500── r1 ──1400── r2 ──1500── server

net.ipv4.route.mtu_expires and net.ipv6.route.mtu_expires as Linux ships them. 598 s after the PTB a socket that insists on DF is
still refused more than 1400 octets, three seconds later the host knows of nothing, and the next large datagram is lost once more
(RFC 1191 §6.3, RFC 8201 §5.3). `expiry` shows the same with two seconds.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    ExpiresWithin,
    Leaves,
    NothingLearned,
    PathMtu,
    RefusedHere,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Send, Wait
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def ten_minutes(family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and UDP
    flow = Udp("client", "server", discover=DO, family=family)
    large, fits = 1500 - headers, 1400 - headers
    learned = (
        Leaves(1500, by="client", df=True if family == IPV4 else None),
        Dropped(1500, at="r1"),
        TooBig(by="r1", to="client", mtu=1400, times=1),
        ErrorQueued(send=1, info=1400, offender="r1"),
        PathMtu(1400, at="client", to="server"),
        ExpiresWithin(597, 600, at="client", to="server"),
    )
    return Scenario(
        name="ten-minutes" + ("-v6" if family == IPV6 else ""),
        title="An exception lives 600 s, and is learned again" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            Act("learned", story=(Send(flow, large),), expect=learned),
            Act(
                "598 s later it is still there",
                story=(Wait(598), Send(flow, large), Send(flow, fits)),
                expect=(
                    RefusedHere(send=1),
                    ErrorQueued(send=1, info=1400, offender=None),
                    PathMtu(1400, at="client", to="server"),
                    ExpiresWithin(0, 2, at="client", to="server"),
                    Delivered(fits, to="server", send=2),
                ),
            ),
            Act(
                "three more, and it is gone",
                story=(Wait(3), Send(flow, fits)),
                expect=(NothingLearned(at="client", to="server"), Delivered(fits, to="server")),
            ),
            Act("learned again", story=(Send(flow, large),), expect=learned),
        ),
        lasts=601,
    )


scenarios = (ten_minutes(IPV4), ten_minutes(IPV6))
