"""Where PTBs are filtered: at one router of several, on their way back, or by the sender's own firewall.

    client ──1500── r1 ──1400── r2 ──1300── r3 ──1500── server

Each of three firewalls makes the same black hole, between 1300 and 1400, and each looks different. A router that sends no PTBs lets
those of others through: the client has learned 1400 from r1, and everything that r2 drops vanishes. On their way back PTBs are seen
to leave r2, and never reach the client. A firewall of the client's own lets them come as far as its interface, and they are counted
there; yet no route and no socket hears of them (nf_hook_slow() comes before icmp_rcv()).
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    Expectation,
    Leaves,
    NothingLearned,
    NothingQueued,
    PathMtu,
    PtbHeard,
    TooBig,
    Unanswered,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Send, Step
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

PTB = {IPV4: "icmp type destination-unreachable icmp code frag-needed", IPV6: "icmpv6 type packet-too-big"}


def drops_ptbs(at: str, hook: str, family: Family, more: str = "") -> Step:
    return Configure(
        at,
        f"""
        nft add table inet firewall
        nft add chain inet firewall {hook} '{{ type filter hook {hook} priority 0; }}'
        nft add rule inet firewall {hook} {PTB[family]} {more} drop
        """,
    )


def filtered(name: str, title: str, firewall: Step, family: Family, expect: tuple[Expectation, ...]) -> Scenario:
    headers = 28 if family == IPV4 else 48
    flow = Udp("client", "server", discover=DO, family=family)
    sizes = tuple(octets - headers for octets in (1500, 1400, 1300))
    return Scenario(
        name=f"filtered-{name}" + ("-v6" if family == IPV6 else ""),
        title=title + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "r3", "server", mtus=(1500, 1400, 1300, 1500), families=(family,)),
        acts=(
            Act(
                "datagrams of 1500, 1400 and 1300 octets",
                story=(firewall, *(Send(flow, size) for size in sizes)),
                expect=(
                    Leaves(1500, by="client", df=True if family == IPV4 else None),
                    Dropped(1500, at="r1"),
                    Dropped(1400, at="r2"),
                    *expect,
                    Delivered(sizes[2], to="server", send=3),
                ),
            ),
        ),
    )


LEARNED_FROM_R1 = (
    TooBig(by="r1", to="client", mtu=1400),
    ErrorQueued(send=1, info=1400, offender="r1"),
    PathMtu(1400, at="client", to="server"),
    Unanswered(send=2),
)
HEARD_IN_VAIN = (
    PtbHeard(1400, at="client"),
    NothingQueued(send=1),
    NothingQueued(send=2),
    NothingLearned(at="client", to="server"),
)


def three(family: Family) -> tuple[Scenario, ...]:
    at_r2 = drops_ptbs("r2", "output", family)
    on_the_way = drops_ptbs("r1", "forward", family)
    own = drops_ptbs("client", "input", family)
    return (
        filtered("at-one-router", "One router of several sends no PTBs", at_r2, family, LEARNED_FROM_R1),
        filtered(
            "on-the-way-back",
            "PTBs are lost on their way back",
            on_the_way,
            family,
            (*LEARNED_FROM_R1, TooBig(by="r2", to="client", mtu=1300)),
        ),
        filtered("by-the-sender", "The sender's own firewall drops PTBs", own, family, HEARD_IN_VAIN),
    )


scenarios = (*three(IPV4), *three(IPV6))
