"""The route is changed, replaced or deleted under a learned path MTU.

    client ──1500── r1 ──1400── server

An exception hangs on the next hop of the route (fib_nh_common) that was in use when it was learned. It goes when that goes, as
the new one may lead another way; a route to elsewhere has nothing to do with it. And the link can be deleted as soon as an unused
one afterwards: what was replaced holds on to nothing.
"""

from lab.judge.expect import Delivered, Exits, Expectation, Leaves, NothingLearned, PathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Run, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

ELSEWHERE = {IPV4: "198.51.100.0/24", IPV6: "2001:db8:1::/48"}
# With another advmss it is another route: replaced by its like, the kernel would keep the one it has (fib_find_info()).
CHANGES = {
    "changed": "ip -{v} route change default via $r1.client dev r1 advmss 1000",
    "replaced": "ip -{v} route replace default via $r1.client dev r1 advmss 1000",
    "deleted": "ip -{v} route delete default\nip -{v} route add default via $r1.client dev r1",
    "nexthop": "ip -{v} nexthop add id 2 via $r1.client dev r1\nip -{v} route change default nhid 2",
}
UNUSED = Configure("client", "ip link add unused type veth peer name other\nip link set unused up\nip link set other up")


def route_replaced(how: str, family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and UDP
    flow = Udp("client", "server", discover=DO, family=family)
    learned: tuple[Expectation, ...] = (
        Leaves(1500, by="client", df=True if family == IPV4 else None),
        TooBig(by="r1", to="client", mtu=1400, times=1),
        PathMtu(1400, at="client", to="server"),
        Delivered(1400 - headers, to="server", send=2),
    )
    both = (Send(flow, 1500 - headers), Send(flow, 1400 - headers))
    case = f"pmtu.sh/pmtu_ipv{family.value}_route_change" if how in ("changed", "nexthop") else "RHEL/del_route_while_pmtu"
    first = "ip -{v} nexthop add id 1 via $r1.client dev r1\nip -{v} route replace default nhid 1" if how == "nexthop" else ""
    return Scenario(
        name=f"route-replaced-{how}" + ("-v6" if family == IPV6 else ""),
        title=f"A learned path MTU, and its route is {'changed by nexthop id' if how == 'nexthop' else how}"
        + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1400), families=(family,)),
        acts=(
            Act("learned", story=(Configure("client", first.format(v=family.value)), *both), expect=learned),
            Act(
                "a route to elsewhere is added",
                story=(
                    Configure("client", f"ip route add {ELSEWHERE[family]} via $r1.client"),
                    Send(flow, 1400 - headers),
                ),
                expect=(PathMtu(1400, at="client", to="server"), Delivered(1400 - headers, to="server")),
            ),
            Act(
                "the route itself is changed",
                story=(Configure("client", CHANGES[how].format(v=family.value)), Send(flow, 100)),
                expect=(NothingLearned(at="client", to="server"), Delivered(100, to="server")),
            ),
            Act("learned again", story=both, expect=learned),
            Act(
                "the link is deleted",
                story=(Send(flow, 100), Run("client", "ip link delete dev r1"), UNUSED, Run("client", "ip link delete dev unused")),
                expect=(Delivered(100, to="server"), Exits(0, "ip-link(8)", within=1.0, beyond=2), Exits(0, "ip-link(8)", run=2)),
            ),
        ),
        covers=(case,),
    )


scenarios = tuple(route_replaced(how, family) for family in (IPV4, IPV6) for how in CHANGES)
