"""A PTB takes a path MTU down, and never up: not to what it was, and not by a little.

    client ──1500── r1 ──1500── server

One that says more than is known is ignored (__ip_rt_update_pmtu(), ip6_rt_update_pmtu()), as an old router's late word or a
forger's may; only time raises a path MTU. A locked one stays at 552 whatever comes.
"""

from lab.judge.expect import Counts, Expectation, IfTrait, PathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Udp
from lab.model.story import ForgePtb, Quote, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

LOCKED = PathMtu(552, at="client", to="server", locked=True)
HEARD = {IPV4: "Icmp.InDestUnreachs", IPV6: "Icmp6.InPktTooBigs"}


def holds(mtu: int) -> PathMtu:
    return PathMtu(mtu, at="client", to="server")


def case(family: Family) -> Scenario:
    flow = Udp("client", "server", family=family)

    def told(mtu: int, expect: Expectation) -> Act:
        forged = ForgePtb("r1", to="client", mtu=mtu, quote=Quote("server", flow=flow), family=family)
        return Act(f"a PTB that says {mtu}", (Send(flow, 100), forged), (expect, Counts("client", ((HEARD[family], 1),))))

    raised = IfTrait("ptb-cannot-raise", holds(1300), holds(1450)) if family == IPV4 else holds(1300)
    below = (told(500, LOCKED), told(1000, LOCKED), told(552, LOCKED)) if family == IPV4 else (told(1279, holds(1280)),)
    return Scenario(
        name="only-down" + ("-v6" if family == IPV6 else ""),
        title="PTBs that say less, and more, than is known" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            told(1400, holds(1400)),
            told(1300, holds(1300)),
            told(1450, raised),
            told(1299, holds(1299)),
            told(1280, holds(1280)),
            *below,
        ),
        covers=(f"exception_cache.sh/pmtu_socket_ipv{int(family)}", "bugs/03"),
    )


scenarios = (case(IPV4), case(IPV6))
