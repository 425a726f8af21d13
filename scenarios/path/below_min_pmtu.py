"""A link smaller than Linux is willing to believe.

    client ──1500── r1 ──400── r2 ──1500── server

Linux takes no path MTU below net.ipv4.route.min_pmtu, 552 octets: it keeps 552, locks it, and sets DF no more. From then on r1
fragments what is still too big for it. IPv6 has no such case, as no link may be under 1280.
"""

from lab.judge.expect import Delivered, Dropped, Fragments, Leaves, Mss, NothingLarger, NoTimeout, PathMtu, TcpPathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Tcp, Udp
from lab.model.story import KIB, FlushRouteCache, Send
from topologies import chain

datagrams = Udp("client", "server", discover=WANT)
stream = Tcp("client", "server")

scenario = Scenario(
    name="below-min-pmtu",
    title="A link smaller than Linux believes",
    topology=chain("client", "r1", "r2", "server", mtus=(1500, 400, 1500)),
    acts=(
        Act(
            "datagrams",
            story=(
                Send(datagrams, 1472),
                Send(datagrams, 524),  # 524 + 28 = 552
            ),
            expect=(
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=400),
                PathMtu(552, at="client", to="server", locked=True),
                Leaves(552, by="client", df=False),
                Fragments(by="r1", pieces=((396, 0), (176, 376))),  # 376 is 400 - 20, down to a multiple of 8
                Delivered(524, to="server", send=2),
            ),
        ),
        Act(
            "a TCP transfer",
            story=(FlushRouteCache(), Send(stream, 64 * KIB)),
            expect=(
                Leaves(1500, by="client", df=True),
                TooBig(by="r1", to="client", mtu=400),
                PathMtu(552, at="client", to="server", locked=True),
                TcpPathMtu(552, at="client"),
                Mss(500, at="client"),  # 552 - 40 - 12
                Leaves(552, by="client", df=False),
                NothingLarger(400, between=("r1", "r2")),
                NoTimeout(at="client"),
                Delivered(64 * KIB, to="server"),
            ),
        ),
    ),
    covers=("bugs/01",),
)
