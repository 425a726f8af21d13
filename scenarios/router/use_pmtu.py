"""Whether a router that has itself learned a path MTU holds what it forwards against it.

    client ──1500── r1 ──1500── r2 ──m── server

r1 pings the server, and learns m from r2. By default that is no business of what it forwards: anybody could have forged the PTB,
so only r2, whose link it is, speaks up (ip_forward_use_pmtu is 0). With 1, r1 answers in r2's place. A locked path MTU counts
always: ip_forward() takes it for the metric of a route that the administrator has locked. IPv6 has no such setting: there
ip6_forward() lets the packet pass, and ip6_fragment() then finds that it is larger than what the route's exception says.
"""

from lab.judge.expect import Counts, Delivered, Dropped, ErrorQueued, Expectation, Leaves, PathMtu, Prints, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import FlushRouteCache, Run, Send, Step, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

USE_PMTU = "net.ipv4.ip_forward_use_pmtu"


def ask(family: Family) -> Run:
    """r1 finds out for itself, with a packet of 1500 octets."""
    return Run("r1", f"ping -{family.value} -c1 -W2 -M do -s {1472 if family == IPV4 else 1452} $server")


def act(title: str, flow: Udp, mtu: int, by: str, *first: Step, learned: tuple[Expectation, ...]) -> Act:
    """r1 learns, the client sends, and `by` answers with `mtu`; what fits is delivered."""
    headers = 28 if flow.family == IPV4 else 48
    df = True if flow.family == IPV4 else None
    other = {"r1": "r2", "r2": "r1"}[by]
    ptbs = "Icmp.OutDestUnreachs" if flow.family == IPV4 else "Icmp6.OutPktTooBigs"
    return Act(
        title,
        story=(FlushRouteCache(), *first, ask(flow.family), Send(flow, 1500 - headers), Send(flow, mtu - headers)),
        expect=(
            *learned,
            Leaves(1500, by="client", df=df),
            Dropped(1500, at=by),
            TooBig(by=by, to="client", mtu=mtu, times=1),
            Counts(at=other, counters=((ptbs, 1 if other == "r2" else 0),)),  # r2 told r1 before
            ErrorQueued(send=1, info=mtu, offender=by),
            PathMtu(mtu, at="client", to="server"),
            Delivered(mtu - headers, to="server", send=2),
        ),
    )


flow = Udp("client", "server", discover=DO)
flow6 = Udp("client", "server", discover=DO, family=IPV6)
LEARNED = (Prints("mtu = 1300", "ping(8)"), PathMtu(1300, at="r1", to="server"))
LOCKED = (Prints("mtu = 400", "ping(8)"), PathMtu(552, at="r1", to="server", locked=True))

scenarios = (
    Scenario(
        name="use-pmtu",
        title="A router that has learned a path MTU does not use it for others, unless told to",
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1500, 1300)),
        acts=(
            act("ip_forward_use_pmtu is 0", flow, 1300, "r2", Sysctl("r1", USE_PMTU, 0), learned=LEARNED),
            act("ip_forward_use_pmtu is 1", flow, 1300, "r1", Sysctl("r1", USE_PMTU, 1), learned=LEARNED),
        ),
        covers=("bugs/07",),
    ),
    Scenario(
        name="use-pmtu-locked",
        title="A router that has learned a locked path MTU uses it for others, although it was not told to",
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1500, 400)),
        acts=(
            Act(
                "ip_forward_use_pmtu is 0",
                story=(Sysctl("r1", USE_PMTU, 0), ask(IPV4), Send(flow, 1472)),
                expect=(
                    *LOCKED,
                    Dropped(1500, at="r1"),
                    TooBig(by="r1", to="client", mtu=552, times=1),
                    ErrorQueued(send=1, info=552, offender="r1"),
                    PathMtu(552, at="client", to="server"),  # what it was told, and so not locked
                ),
            ),
        ),
    ),
    Scenario(
        name="use-pmtu-v6",
        title="A router that has learned a path MTU uses it for others, IPv6",
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1500, 1300), families=(IPV6,)),
        acts=(
            act(
                "no setting is changed",
                flow6,
                1300,
                "r1",
                learned=(Prints("mtu=1300", "ping(8)"), PathMtu(1300, at="r1", to="server")),
            ),
        ),
    ),
)
