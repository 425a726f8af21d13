"""A bridge that hands packets to netfilter becomes strict, and fragments.

    client ──1500── sw ──m── server
    sw ──n── third

With net.bridge.bridge-nf-call-iptables, as Linux has it by default where it can, a bridge asks for more than frames: what is above
the port's MTU to the octet is an IP matter now. With DF set it is dropped and, other than at a router, nobody is told; the bridge
only counts FragFails. Without DF the bridge cuts it up, though it has no address to do so from (br_nf_dev_queue_xmit()). The pieces
fit the MTU of the bridge's own device, which is the least of all its ports', also of those that the packet does not leave by: a
packet for a port of 1400 is cut for the 1300 of another. IPv6 has no such way out: what is too large is dropped and counted.
"""

from lab.judge.expect import (
    Counts,
    Delivered,
    Fragments,
    Leaves,
    NothingLearned,
    NoTooBig,
    Swallowed,
    Unanswered,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, DONT, Udp
from lab.model.story import Send
from lab.model.topology import IPV4, IPV6, Bridge, Family, Host, Link, Topology

SILENCE = 0.2


def topology(port: int, other: int, family: Family) -> Topology:
    nodes = (Host("client"), Bridge("sw", calls_iptables=True), Host("server"), Host("third"))
    links = (Link("client", "sw"), Link("sw", "server", port), Link("sw", "third", other))
    return Topology(nodes, links, (family,))


def lost(octets: int, family: Family) -> Act:
    headers = 28 if family == IPV4 else 48
    flow = Udp("client", "server", DO, family)
    return Act(
        f"{octets} octets with DF" if family == IPV4 else f"{octets} octets",
        story=(Send(flow, octets - 1 - headers), Send(flow, octets - headers, within=SILENCE)),
        expect=(
            Delivered(octets - 1 - headers, to="server"),
            Leaves(octets, by="client", df=True if family == IPV4 else None),
            Swallowed(octets, at="sw", counted=1),
            Unanswered(send=2),
            NoTooBig(to="client", octets=octets),
            NothingLearned(at="client", to="server"),
        ),
    )


def cut(pieces: tuple[tuple[int, int], ...], octets: int) -> Act:
    return Act(
        f"{octets} octets without DF",
        story=(Send(Udp("client", "server", DONT), octets - 28),),
        expect=(
            Leaves(octets, by="client", df=False),
            Fragments(by="sw", pieces=pieces),
            Counts(at="sw", counters=(("Ip.FragOKs", 1), ("Ip.FragCreates", len(pieces)))),
            Counts(at="server", counters=(("Ip.ReasmOKs", 1),)),
            NoTooBig(to="client", octets=octets),
            NothingLearned(at="client", to="server"),
            Delivered(octets - 28, to="server"),
        ),
    )


scenarios = (
    Scenario(
        name="calls-iptables",
        title="A bridge that calls iptables fragments for its small port",
        topology=topology(1400, 1500, IPV4),
        acts=(lost(1401, IPV4), cut(((1396, 0), (124, 1376)), 1500), cut(((1396, 0), (25, 1376)), 1401)),
        needs=("bridge", "br_netfilter"),
    ),
    Scenario(
        name="calls-iptables-other-port",
        title="A bridge that calls iptables fragments for the least of its ports",
        topology=topology(1400, 1300, IPV4),
        acts=(lost(1401, IPV4), cut(((1300, 0), (220, 1280)), 1500)),
        needs=("bridge", "br_netfilter"),
    ),
    Scenario(
        name="calls-iptables-v6",
        title="A bridge that calls iptables drops IPv6 that is too large",
        topology=topology(1400, 1500, IPV6),
        acts=(lost(1401, IPV6),),
        needs=("bridge", "br_netfilter"),
    ),
)
