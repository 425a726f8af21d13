"""What firewalls on the way see of a PTB: something that belongs to a connection (`ct state related`), and how large it is.

    client ──1500── nat ──1500── r1 ──1280── server

Each node counts ICMP as connection tracking sees it: `new` where a connection begins, `related` where an error quotes a packet of
one (nf_conntrack_inet_error()). r1 forwards nothing that is related, as the PTB is its own; what it drops it has not counted
either, for ip_forward() looks at the size before it calls a firewall. The nat forwards one packet of 576 octets, which the client
takes in, and then one of 1280, under IPv6. Nobody finds anything invalid: a firewall that lets in what is related lets path MTU
discovery work, behind a NAT or not.
"""

from lab.judge.expect import (
    Delivered,
    ErrorQueued,
    Expectation,
    NothingLearned,
    NoTooBig,
    PathMtu,
    Prints,
    PtbQuotes,
    Quotes,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Echo
from lab.model.story import Configure, Run, Send, Step
from lab.model.topology import IPV4, IPV6
from topologies import chain

STATES = ("new", "related", "invalid")
NONE, FITTING = "packets 0 bytes 0", "packets 2 bytes 2076"  # 1028 + 1048


def counting(node: str, hook: str) -> Configure:
    """Counts ICMP of both families by its state. Neighbour discovery has none."""
    commands = (
        "nft add table inet seen",
        f"nft add chain inet seen {hook} '{{ type filter hook {hook} priority 0; }}'",
        *(f"nft add counter inet seen {state}" for state in STATES),
        *(f"nft add rule inet seen {hook} meta l4proto icmp ct state {state} counter name {state}" for state in STATES),
        *(f"nft add rule inet seen {hook} meta l4proto icmpv6 ct state {state} counter name {state}" for state in STATES),
    )
    return Configure(node, "\n".join(commands))


SETUP: tuple[Step, ...] = (
    Configure(
        "nat",
        """
        nft add table ip nat
        nft add chain ip nat out '{ type nat hook postrouting priority 100; }'
        nft add rule ip nat out oifname r1 masquerade
        """,
    ),
    counting("nat", "forward"),
    counting("r1", "forward"),
    counting("client", "input"),
)
COUNTERS = tuple(Run(node, "nft list counters table inet seen") for node in ("nat", "client", "r1"))


def counted(new: str, related: str) -> tuple[Expectation, ...]:
    """What nft prints at the nat, the client and r1, in the order of STATES."""
    at = ((new, related, NONE), (NONE, related, NONE), (FITTING, NONE, NONE))
    texts = (" } ".join(f"counter {s} {{ {n}" for s, n in zip(STATES, seen, strict=True)) for seen in at)
    return tuple(Prints(text, "nft(8)", run=run) for run, text in enumerate(texts, 1))


echo, echo6 = (Echo("client", "server", discover=DO, family=family) for family in (IPV4, IPV6))
QUOTED = Quotes(source="client", destination="server", at="client")

scenario = Scenario(
    name="related",
    title="A PTB as connection tracking counts it, along a NAT",
    topology=chain("client", "nat", "r1", "server", mtus=(1500, 1500, 1280), families=(IPV4, IPV6)),
    acts=(
        Act(
            "echo requests that fit",
            story=(*SETUP, Send(echo, 1000), Send(echo6, 1000), *COUNTERS),
            expect=(
                Delivered(1000, to="server"),
                Delivered(1000, to="server", send=2),
                NoTooBig(to="client", octets=1000),
                NothingLearned(at="client", to="server"),
                *counted(FITTING, NONE),
            ),
        ),
        Act(
            "one that is too large, IPv4",
            story=(Send(echo, 1300), *COUNTERS),
            expect=(
                TooBig(by="r1", to="nat", mtu=1280, times=1),
                PtbQuotes(by="r1", octets=576, quoted=548),
                QUOTED,
                ErrorQueued(send=1, info=1280, offender="r1"),
                PathMtu(1280, at="client", to="10.0.2.2"),
                *counted("packets 3 bytes 3404", "packets 1 bytes 576"),  # 1328 more
            ),
        ),
        Act(
            "one that is too large, IPv6",
            story=(Send(echo6, 1300), *COUNTERS),
            expect=(
                TooBig(by="r1", to="client", mtu=1280, times=1),
                PtbQuotes(by="r1", octets=1280, quoted=1232),
                QUOTED,
                ErrorQueued(send=1, info=1280, offender="r1"),
                PathMtu(1280, at="client", to="fd00:0:0:2::2"),
                *counted("packets 4 bytes 4752", "packets 2 bytes 1856"),  # 1348 and 1280 more
            ),
        ),
    ),
    covers=("conntrack_icmp_related.sh/ipv4", "conntrack_icmp_related.sh/ipv6"),
)
