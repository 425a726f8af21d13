"""A tunnel whose own packets have DF, over a route with `mtu lock`.

    client ──1500── r1 ──1400── server

Under a lock nothing is discovered, so no packet that takes the route may insist on DF: iptunnel_xmit() leaves it off, although the
tunnel sets it, and so did the packet inside. r1 cuts the outer packet up, the server puts it together, and all arrives. With DF the
tunnel would be a black hole, for what it hears from r1 must not be learned.
"""

from lab.judge.expect import Delivered, Fragments, Leaves, NothingLearned, NoTooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import AddRoute, Send
from lab.model.topology import IPV4, IPV6
from topologies import chain
from topologies.tunnels import INNER, IPIP, VXLAN, Tunnel, steps

THERE = INNER[IPV4][1]
OUTER = "10.0.1.2"  # and not what the tunnel goes to inside: there it may say its own MTU again (tnl_update_pmtu())


def case(tunnel: Tunnel) -> Scenario:
    full = 1500 - tunnel.overhead - 28
    return Scenario(
        name="locked-underlay" + ("" if tunnel == VXLAN else f"-{tunnel.name}"),
        title=f"{tunnel.title} with DF over a locked route",
        topology=chain("client", "r1", "server", mtus=(1500, 1400), families=(IPV4, IPV6)),
        acts=(
            Act(
                "a datagram that fills the tunnel, and has DF",
                story=(
                    AddRoute("client", to="server", mtu=1500, locked=True),
                    *steps(tunnel, "client", "server", options="dev r1"),
                    Send(Udp("client", "server", DO, address=THERE), full),
                ),
                expect=(
                    Leaves(1500, by="client", df=False),
                    Fragments(by="r1", pieces=((1396, 0), (124, 1376))),
                    NoTooBig(to="client", octets=1500),
                    NothingLearned(at="client", to=OUTER),
                    Delivered(full, to="server"),
                ),
            ),
        ),
        needs=(tunnel.needs,),
        covers=("bugs/05",),
    )


scenarios = (case(VXLAN), case(IPIP))
