"""WireGuard fills what it carries up to a multiple of 16 octets, but not beyond what the path takes.

    client ──1500── r1 ──1359── server

The tunnel's interface has an MTU of 1300, and its route to the server one of 1299. An echo request of 1297 octets would be filled
up to 1312, more than either. It ends at the route's 1299, and with 60 octets around it makes a packet of 1359, which r1 can just
send on; at the interface's 1300 it would be one octet too large.
"""

from lab.judge.expect import Exits, Leaves, NoFragments, NothingLearned, NoTooBig
from lab.judge.scenario import Act, Scenario
from lab.model.story import Configure, Run
from lab.model.topology import IPV4, IPV6
from topologies import chain
from topologies.tunnels import INNER, WIREGUARD, steps

THERE = INNER[IPV4][1]

scenario = Scenario(
    name="padding",
    title="WireGuard's padding keeps to the route's MTU",
    topology=chain("client", "r1", "server", mtus=(1500, 1359), families=(IPV4, IPV6)),
    acts=(
        Act(
            "an echo request of 1297 octets",
            story=(
                *steps(WIREGUARD, "client", "server"),
                Configure("client", f"ip link set tun0 mtu 1300\nip route add {THERE}/32 dev tun0 mtu 1299"),
                Run("client", f"ping -c 1 -M do -s 1269 {THERE}"),
            ),
            expect=(
                Leaves(1359, by="client", df=None),
                NoFragments(by="r1"),
                NoTooBig(to="client", octets=1359),
                NothingLearned(at="client", to="server"),
                Exits(0, "ping(8)"),
            ),
        ),
    ),
    needs=("wireguard",),
    covers=("wireguard/route_mtu_padding", "bugs/34"),
)
