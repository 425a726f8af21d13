"""Without DF the Identification of IPv4 counts, and it must not count for two.

    client ──1500── r1 ──400── r2 ──1500── server

r1's 400 is below net.ipv4.route.min_pmtu, so the client holds 552, locked, and its segments go without DF: whoever cuts one up
needs a number to tell its pieces from others. One counter for all that go to a host would show a stranger, who can force the lock
by a forged PTB, how many packets somebody else has sent, and more (CVE-2020-36516). So each connection has a counter of its own
(__ip_queue_xmit()): however two of them take turns, there is no gap in either.
"""

from lab.judge.expect import Delivered, Fragments, Leaves, Mss, OwnNumbers, PathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Tcp, Udp
from lab.model.story import Send, SendTogether
from topologies import chain

streams = tuple(Tcp("client", "server", number=number) for number in (1, 2))
OCTETS = 40 * 500  # 552 - 20 - 20 - 12 of timestamps, forty times

scenario = Scenario(
    name="identification",
    title="The identification of segments without DF",
    topology=chain("client", "r1", "r2", "server", mtus=(1500, 400, 1500)),
    acts=(
        Act(
            "a datagram teaches the lock",
            story=(Send(Udp("client", "server", WANT), 1472),),
            expect=(
                Leaves(1500, by="client", df=True),
                TooBig(by="r1", to="client", mtu=400),
                PathMtu(552, at="client", to="server", locked=True),
            ),
        ),
        Act(
            "two connections by turns",
            story=(SendTogether(streams, OCTETS),),
            expect=(
                Leaves(552, by="client", df=False),
                Fragments(by="r1", pieces=((396, 0), (176, 376))),
                OwnNumbers("client", flows=2),
                Mss(500, at="client"),
                PathMtu(552, at="client", to="server", locked=True),
                Delivered(OCTETS, to="server", send=1),
                Delivered(OCTETS, to="server", send=2),
            ),
        ),
    ),
    covers=("bugs/29",),
)
