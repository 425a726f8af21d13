"""`ping -M do -s 2000` on a 1500-octet link: the sender's own kernel says no.

    client ──1500── r1 ──1500── server

2028 octets with the headers, and DF: that cannot leave by a 1500-octet interface. The call fails with EMSGSIZE, the error queue
has the 1500 (ip_local_error()), and nothing is sent. Without DF (`-M dont`, `-M want`) the kernel cuts it up instead, and the
answer comes.
"""

from lab.judge.expect import Exits, Fragments, Leaves, NothingLarger, Prints
from lab.judge.scenario import Act, Scenario
from lab.model.story import Run, Step
from topologies import chain

PIECES = ((1500, 0), (548, 1480))  # 2008 octets of ICMP, as 1480 and 528


def ping(options: str) -> Step:
    return Run("client", f"ping -n -c 1 -W 0.2 {options} server")


scenario = Scenario(
    name="ping-too-long",
    title="ping -M do -s 2000 on a 1500-octet link",
    topology=chain("client", "r1", "server", mtus=(1500, 1500)),
    acts=(
        Act(
            "with DF",
            story=(ping("-M do -s 2000"), ping("-M do -s 56")),
            expect=(
                Prints("message too long, mtu=1500", "ping(8)", run=1),
                Exits(1, "ping(8)", run=1),
                Exits(0, "ping(8)", run=2),
                Leaves(84, by="client", df=True),
                NothingLarger(84, between=("client", "r1")),  # of the other nothing is to be seen
            ),
        ),
        *(
            Act(
                f"-M {mode}",
                story=(ping(f"-M {mode} -s 2000"),),
                expect=(Fragments(by="client", pieces=PIECES), Prints("1 received", "ping(8)"), Exits(0, "ping(8)")),
            )
            for mode in ("want", "dont")
        ),
    ),
)
