"""Three places at which a packet is too large for an IPsec path, and who tells the sender.

    a ──1500── gw1 ──1500── r1 ──1500── gw2 ──1500── r2 ──1500── b

Between gw1 and gw2 all is wrapped in ESP, with AES-GCM and 12 octets of check value. A route with an MTU of 1300 stands in turn

* at r1, on the outside: what r1 drops is ESP, so it tells gw1, and only the next packet shows gw1 that it is too large; gw1 then
  tells a what is left inside, from its own address. 1300 - 20 - 8 - 8 - 12 = 1252 is a multiple of 4, and less two octets 1250;
  over IPv6, whose header has 20 more, 1300 - 68 = 1232 and so 1230, below the 1280 that a goes by;
* at gw2, behind the tunnel: gw2 tells a 1300, from the address that it is the tunnel's end by, and through the tunnel;
* at r2, a router behind it: so does that, from its own address, and its PTB, too, goes through the tunnel.
"""

from lab.judge.expect import Delivered, ErrorQueued, Expectation, Leaves, PathMtu, PtbHeard, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import AddRoute, Configure, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

GCM = f"aead 'rfc4106(gcm(aes))' 0x{'5a' * 20} 96"
INSIDE = {IPV4: 1250, IPV6: 1230}
TUNNEL_END = {IPV4: "10.0.2.2", IPV6: "fd00:0:0:2::2"}
SILENCE = 0.1


def gateway(at: str, here: str, there: str, inside: str, outside: str) -> Configure:
    """Whatever is for `outside` goes through the tunnel, whoever it is from, and so do PTBs for it."""
    return Configure(
        at,
        f"""
        ip xfrm state add src {here} dst {there} proto esp spi 0x100 mode tunnel {GCM}
        ip xfrm state add src {there} dst {here} proto esp spi 0x100 mode tunnel {GCM}
        ip xfrm policy add dst {outside} dir out tmpl src {here} dst {there} proto esp mode tunnel
        ip xfrm policy add dst {inside} dir fwd tmpl src {there} dst {here} proto esp mode tunnel
        """,
    )


def case(at: str, to: str, family: Family) -> Scenario:
    version, headers = ("ipv4", 28) if family == IPV4 else ("ipv6", 48)
    gw1, gw2, a, b = (f"${name}.{version}" for name in ("gw1.r1", "gw2.r1", "a", "b"))
    flow = Udp("a", "b", DO, family)
    told: tuple[Expectation, ...]
    if at == "r1":
        told = (
            TooBig(by="r1", to="gw1", mtu=1300),
            TooBig(by="gw1", to="a", mtu=INSIDE[family]),
            ErrorQueued(send=2, info=INSIDE[family], offender="gw1"),
        )
    else:
        told = (
            PtbHeard(1300, at="a"),
            ErrorQueued(send=1, info=1300, offender=TUNNEL_END[family] if at == "gw2" else at),
            PathMtu(1300, at="a", to="b"),
        )
    fits = INSIDE[IPV6] - headers
    return Scenario(
        name=f"esp-errors-{at}" + ("-v6" if family == IPV6 else ""),
        title=f"A PTB from {at} about what goes through ESP" + (", IPv6" if family == IPV6 else ""),
        topology=chain("a", "gw1", "r1", "gw2", "r2", "b", mtus=(1500,) * 5, families=(family,)),
        acts=(
            Act(
                "a datagram of 1400 octets, twice, and one that fits",
                story=(
                    gateway("gw1", gw1, gw2, a, b),
                    gateway("gw2", gw2, gw1, b, a),
                    AddRoute(at, to=to, mtu=1300, family=family),
                    Send(flow, 1400 - headers, within=SILENCE),
                    Send(flow, 1400 - headers, within=SILENCE),
                    Send(flow, fits),
                ),
                expect=(Leaves(1400, by="a", df=True if family == IPV4 else None), *told, Delivered(fits, to="b", send=3)),
            ),
        ),
        needs=("esp",),
        covers=(COVERED[at].format(family.value), *(("bugs/22",) if at == "r1" and family == IPV6 else ())),
    )


COVERED = {
    "r1": "xfrm_state.sh/mtu_ipv{}_r2",
    "gw2": "xfrm_state.sh/mtu_ipv{}_s2",
    "r2": "xfrm_state.sh/mtu_ipv{}_r3",
}
"""What that suite calls r2, s2 and r3."""

WHERE = (("r1", "gw2"), ("gw2", "b"), ("r2", "b"))

scenarios = tuple(case(at, to, family) for family in (IPV4, IPV6) for at, to in WHERE)
