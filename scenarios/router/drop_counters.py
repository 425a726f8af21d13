"""What a router and a sender count for one packet that is too large, dropped in one of three places.

    client ──1500── r1 ──m── server

IPv4: ip_forward() counts FragFails, and what __icmp_send() sends. It has by then counted the packet as forwarded, which it is
not.

IPv6: ip6_forward() holds the packet against the interface's MTU, and counts InTooBigErrors beside FragFails. A route's own metric
it heeds only where that is locked. One that is not stops the packet later, in ip6_fragment(), which counts FragFails alone.

The sender counts the PTB. The datagram that its own kernel then refuses is counted nowhere.
"""

from lab.judge.expect import Counts, Dropped, ErrorQueued, Expectation, IfTrait, PathMtu, RefusedHere, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import AddRoute, Send, Step
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

Moved = tuple[tuple[str, int], ...]

BEFORE, AFTER = (Counts(at="r1", counters=(("Ip.ForwDatagrams", by),)) for by in (1, 0))
FORWARDED_TOO = IfTrait("forwarded-counts-before-mtu-test", then=BEFORE, otherwise=AFTER)


def case(
    name: str, title: str, link: int, router: Moved, *first: Step, family: Family, more: tuple[Expectation, ...] = ()
) -> Scenario:
    """`router` is what r1 counts for two datagrams, of which one gets as far as that."""
    full = 1472 if family == IPV4 else 1452
    flow = Udp("client", "server", discover=DO, family=family)
    heard = "Icmp.InDestUnreachs" if family == IPV4 else "Icmp6.InPktTooBigs"
    return Scenario(
        name=f"drop-counters-{name}",
        title=title,
        topology=chain("client", "r1", "server", mtus=(1500, link), families=(family,)),
        acts=(
            Act(
                "a datagram that the router drops, and one that the sender refuses",
                story=(*first, Send(flow, full), Send(flow, full)),
                expect=(
                    Dropped(1500, at="r1"),
                    TooBig(by="r1", to="client", mtu=1300, times=1),
                    Counts(at="r1", counters=router),
                    *more,
                    Counts(at="client", counters=((heard, 1),)),
                    PathMtu(1300, at="client", to="server"),
                    RefusedHere(send=2),
                    ErrorQueued(send=2, info=1300, offender=None),
                ),
            ),
        ),
    )


IPV4_DROP = (("Ip.FragFails", 1), ("Icmp.OutDestUnreachs", 1))
IN_FORWARD = (("Ip6.FragFails", 1), ("Ip6.InTooBigErrors", 1), ("Icmp6.OutPktTooBigs", 1))
BEFORE6, AFTER6 = (Counts(at="r1", counters=(("Ip6.OutForwDatagrams", by),)) for by in (1, 0))
FORWARDED_TOO6 = IfTrait("forwarded-counts-before-mtu-test-v6", then=BEFORE6, otherwise=AFTER6)
IN_FRAGMENT = (("Ip6.FragFails", 1), ("Ip6.InTooBigErrors", 0), ("Icmp6.OutPktTooBigs", 1), ("Ip6.OutForwDatagrams", 1))

scenarios = (
    case("v4", "Counters of an IPv4 packet that is too large for a link", 1300, IPV4_DROP, family=IPV4, more=(FORWARDED_TOO,)),
    case("v6", "Counters of an IPv6 packet that is too large for a link", 1300, IN_FORWARD, family=IPV6, more=(FORWARDED_TOO6,)),
    case(
        "v6-locked-route",
        "Counters of an IPv6 packet that is too large for a route whose mtu is locked",
        1500,
        IN_FORWARD,
        AddRoute("r1", to="server", mtu=1300, locked=True, family=IPV6),
        family=IPV6,
        more=(FORWARDED_TOO6,),
    ),
    case(
        "v6-route",
        "Counters of an IPv6 packet that is too large for a route whose mtu is not locked",
        1500,
        IN_FRAGMENT,
        AddRoute("r1", to="server", mtu=1300, family=IPV6),
        family=IPV6,
    ),
)
