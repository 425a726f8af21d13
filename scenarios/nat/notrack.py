"""A NAT that leaves ICMP errors as they are: a black hole.

    client ──1500── nat ──1500── r1 ──1400── server

The nat masquerades, but a firewall rule of its own takes ICMP errors out of connection tracking (`notrack`), and without that
nothing is translated. The PTB is addressed to the nat and ends there: no socket of the nat's has sent the quoted packet. The
client sees a loss, and no reason for it (RFC 2923 §2.1), while what is small comes through. Without the rule, the very next
datagram is answered.
"""

from lab.judge.expect import (
    Counts,
    Delivered,
    Dropped,
    ErrorQueued,
    NothingLearned,
    PathMtu,
    Quotes,
    TooBig,
    Unanswered,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Send
from topologies import chain

MASQUERADE = Configure(
    "nat",
    """
    nft add table ip nat
    nft add chain ip nat out '{ type nat hook postrouting priority 100; }'
    nft add rule ip nat out oifname r1 masquerade
    """,
)
NOTRACK = Configure(
    "nat",
    """
    nft add table ip untracked
    nft add chain ip untracked first '{ type filter hook prerouting priority -300; }'
    nft add rule ip untracked first icmp type destination-unreachable notrack
    """,
)
flow = Udp("client", "server", discover=DO)
TOLD = TooBig(by="r1", to="nat", mtu=1400, times=1)

scenario = Scenario(
    name="notrack",
    title="A NAT that does not translate ICMP errors",
    topology=chain("client", "nat", "r1", "server", mtus=(1500, 1500, 1400)),
    acts=(
        Act(
            "ICMP errors are not tracked",
            story=(MASQUERADE, NOTRACK, Send(flow, 1472), Send(flow, 1372)),
            expect=(
                Dropped(1500, at="r1"),
                TOLD,
                Quotes(source="nat", destination="server", at="nat"),
                Counts(at="nat", counters=(("Icmp.InDestUnreachs", 1),)),  # it has come, and gone no further
                Unanswered(send=1),
                NothingLearned(at="client", to="server"),
                Delivered(1372, to="server", send=2),
            ),
        ),
        Act(
            "they are",
            story=(Configure("nat", "nft delete table ip untracked"), Send(flow, 1472), Send(flow, 1372)),
            expect=(
                Dropped(1500, at="r1"),
                TOLD,
                Quotes(source="client", destination="server", at="client"),
                Counts(at="nat", counters=(("Icmp.InDestUnreachs", 0),)),
                ErrorQueued(send=1, info=1400, offender="r1"),
                PathMtu(1400, at="client", to="server"),
                Delivered(1372, to="server", send=2),
            ),
        ),
    ),
)
