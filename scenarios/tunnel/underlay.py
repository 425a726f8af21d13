"""A path that is narrower than the tunnel over it believes.

    client ──5000── r1 ──4000── server

The tunnel's interface is set to 5000, and the tunnel forbids that its packets be fragmented. A datagram is lost twice. The first
makes an outer packet that r1 drops; r1 tells the client's tunnel, not the client's socket (RFC 1191 §4), and only the outer path
MTU becomes 4000. The second finds that out on its way through the tunnel, and is lost again; but now the tunnel works out what is
left inside, and the client holds that as the path MTU of the inner address (for VXLAN, skb_tunnel_check_pmtu()). The third is
refused. What the inner path MTU allows makes an outer packet of 4000 octets.
"""

from lab.judge.expect import Delivered, Dropped, ErrorQueued, Leaves, PathMtu, RefusedHere, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain
from topologies.tunnels import GENEVE, GENEVE6, GRE, INNER, IP6TNL, IPIP, SIT, VXLAN, VXLAN6, Tunnel, steps

KINDS = (VXLAN, VXLAN6, GENEVE, GENEVE6, GRE, IPIP, SIT, IP6TNL)
SERVER = {IPV4: "10.0.1.2", IPV6: "fd00:0:0:1::2"}
UDP_TUNNELS = ("vxlan", "geneve")
PLAIN = ("ipip", "sit", "ip6tnl")
PAYLOAD = 4500
SILENCE = 0.1  # seconds: nobody tells the socket of the first loss


def underlay(tunnel: Tunnel, family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48
    inner = 4000 - tunnel.overhead
    there = INNER[family][1]
    flow = Udp("client", "server", DO, family, address=there)
    outer = PAYLOAD + headers + tunnel.overhead
    by = f"{tunnel.needs if tunnel.needs in UDP_TUNNELS else 'ipv'}{tunnel.outer.value}"
    return Scenario(
        name=f"underlay-{tunnel.name}" + ("-v6" if family == IPV6 else ""),
        title=f"{tunnel.title} over a path of 4000: {inner} inside" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(5000, 4000), families=(IPV4, IPV6)),
        acts=(
            Act(
                "the same datagram, three times, and then one that fits",
                story=(
                    *steps(tunnel, "client", "server"),
                    Configure("client", "ip link set tun0 mtu 5000"),
                    Configure("server", "ip link set tun0 mtu 5000"),
                    Send(flow, PAYLOAD, within=SILENCE),
                    Send(flow, PAYLOAD, within=SILENCE),
                    Send(flow, PAYLOAD),
                    Send(flow, inner - headers),
                ),
                expect=(
                    Leaves(outer, by="client", df=True if tunnel.outer == IPV4 else None),
                    Dropped(outer, at="r1"),
                    TooBig(by="r1", to="client", mtu=4000, family=tunnel.outer),
                    PathMtu(4000, at="client", to=SERVER[tunnel.outer]),
                    PathMtu(inner, at="client", to=there),
                    RefusedHere(send=3),
                    ErrorQueued(send=3, info=inner, offender=None),
                    Leaves(4000, by="client", df=True if tunnel.outer == IPV4 else None),
                    Delivered(inner - headers, to="server", send=4),
                ),
            ),
        ),
        needs=(tunnel.needs,),
        covers=(f"pmtu.sh/pmtu_ipv{family.value}_{by}_exception",) if tunnel.needs in UDP_TUNNELS + PLAIN else (),
    )


scenarios = tuple(underlay(tunnel, family) for tunnel in KINDS for family in tunnel.inner)
