"""How long TCP in a black hole goes on: net.ipv4.tcp_retries2.

    client ──1500── r1 ──1400── r2 ──1500── server

It stands for the time that so many timeouts of 200 ms and one more would take, doubling: 0.6 s for 1, 1.4 s for 2, and 924.6 s for
15, the default, of which `quarter-of-an-hour` waits for the end. The time counts from the first timeout on
(retransmits_timed_out()). At the first timeout after it the connection is no more, and send() says ETIMEDOUT.
"""

from lab.judge.expect import BacksOff, Dropped, GivesUp, NothingLearned, NoTooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import Send, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

RETRIES2 = 1


def gives_up(family: Family) -> Scenario:
    mss = 1448 if family == IPV4 else 1428  # ten of them fill the window, and no smaller one gets through
    return Scenario(
        name="gives-up" + ("-v6" if family == IPV6 else ""),
        title=f"TCP in a black hole gives up, tcp_retries2={RETRIES2}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,), silent=("r1",)),
        acts=(
            Act(
                "a TCP transfer",
                story=(
                    Sysctl("client", "net.ipv4.tcp_retries2", RETRIES2),
                    Send(Tcp("client", "server", family=family), 10 * mss, within=10),
                ),
                expect=(
                    Dropped(1500, at="r1"),
                    NoTooBig(to="client", octets=1500),
                    NothingLearned(at="client", to="server"),
                    BacksOff("client", times=2),
                    # The second timeout comes 0.4 s after the first, and the third, 1.4 s after the segment, 1.2 s after it.
                    GivesUp(send=1, low=1.4, high=3.0),
                ),
            ),
        ),
    )


scenarios = (gives_up(IPV4), gives_up(IPV6))
