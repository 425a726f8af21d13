"""A link whose far end takes less than its near end sends.

    client ──9000/1500── r1 ──9000── server

The MTU of an interface is a promise about what it sends. Whether it takes in more is another matter: veth does, up to 4 octets, the
room of a VLAN tag (is_skb_forwardable()). What is larger still the link drops: its sender counts that as TxDropped and its receiver
as RxDropped, and no ICMP error comes, as no router has seen the packet. Only a socket with IP_RECVERR is told, by ENOBUFS from
send() (udp_send_skb() hides it from others), and IPV6_RECVERR is the same.
"""

from lab.judge.expect import Counts, Delivered, Expectation, Leaves, LostBelow, NothingLearned, NoTooBig, Unanswered
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Send
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology

MTU = 1500
SILENCE = 0.2


def topology(family: Family) -> Topology:
    return Topology(
        (Host("client"), Router("r1"), Host("server")), (Link("client", "r1", 9000, MTU), Link("r1", "server", 9000)), (family,)
    )


def veth_end(size: int, family: Family, recverr: bool) -> Scenario:
    headers = 28 if family == IPV4 else 48
    flow = Udp("client", "server", DO, family, recverr=recverr)
    arrives = size <= MTU + 4
    fate: tuple[Expectation, ...] = (Delivered(size - headers, to="server", send=2),)
    if not arrives:
        # The first datagram finds the way to its neighbour; so the second goes to the link straight from send().
        fate = (
            LostBelow(send=2) if recverr else Unanswered(send=2),
            Counts(at="client", counters=(("Dev.TxDropped", 1),)),
            Counts(at="r1", counters=(("Dev.RxDropped", 1),)),
        )
    return Scenario(
        name=f"veth-end-{size}" + ("-v6" if family == IPV6 else "") + ("" if recverr else "-without-recverr"),
        title=f"{size} octets over a link end of {MTU}"
        + (", IPv6" if family == IPV6 else "")
        + ("" if recverr else ", no IP_RECVERR"),
        topology=topology(family),
        acts=(
            Act(
                "a small datagram, and then this one",
                story=(Send(flow, 100), Send(flow, size - headers, within=SILENCE)),
                expect=(
                    Delivered(100, to="server", send=1),
                    Leaves(size, by="client", df=True if family == IPV4 else None),
                    *fate,
                    NoTooBig(to="client", octets=size),
                    NothingLearned(at="client", to="server"),
                ),
            ),
        ),
    )


scenarios = (
    *(veth_end(size, IPV4, True) for size in range(1500, 1507)),
    *(veth_end(size, IPV6, True) for size in (1504, 1505)),
    *(veth_end(1505, family, False) for family in (IPV4, IPV6)),
)
