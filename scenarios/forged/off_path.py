"""A stranger who is on no path between two hosts decides how one sends to the other.

    client ──1500── r1 ──1500── server
    mallory ──1500── r1

A PTB comes from a router, and from which one nobody can know; so its source is not looked at. Mallory need not even lie about it.
About UDP she must know or guess a port, about an echo reply nothing at all. IPv4's client then sends in fragments of 552 without
DF, whose second halves carry no checksum and no port; IPv6's in fragments of 1280 (RFC 8900 §3).
"""

from lab.judge.expect import Delivered, ErrorQueued, Expectation, Fragments, PathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Udp
from lab.model.story import FlushRouteCache, ForgePtb, Quote, ReadSocket, Send
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology

PIECES = {IPV4: ((548, 0), (548, 528), (444, 1056)), IPV6: ((1280, 0), (276, 1232))}


def case(family: Family) -> Scenario:
    ipv6 = family == IPV6
    flow = Udp("client", "server", WANT, family)
    full, says = (1452, 1280) if ipv6 else (1472, 68)
    reply = Quote("server", protocol=58 if ipv6 else 1, reply=True)
    held = PathMtu(1280, at="client", to="server") if ipv6 else PathMtu(552, at="client", to="server", locked=True)
    after: tuple[Expectation, ...] = (held, Fragments(by="client", pieces=PIECES[family]))
    return Scenario(
        name="off-path" + ("-v6" if ipv6 else ""),
        title="PTBs from a host that is on no path" + (", IPv6" if ipv6 else ""),
        topology=Topology(
            (Host("client"), Router("r1"), Host("server"), Host("mallory")),
            (Link("client", "r1", 1500), Link("r1", "server", 1500), Link("mallory", "r1", 1500)),
            (family,),
        ),
        acts=(
            Act(
                "about a datagram",
                story=(
                    Send(flow, full),
                    ForgePtb("mallory", to="client", mtu=says, quote=Quote("server", flow=flow), family=family),
                    ReadSocket(flow),
                    Send(flow, full),
                ),
                expect=(
                    Delivered(full, to="server"),
                    ErrorQueued(send=2, info=says, offender="mallory"),
                    *after,
                    Delivered(full, to="server", send=3),
                ),
            ),
            Act(
                "about an echo reply that nobody sent",
                story=(
                    FlushRouteCache(),
                    ForgePtb("mallory", to="client", mtu=says, quote=reply, family=family),
                    Send(flow, full),
                ),
                expect=(*after, Delivered(full, to="server")),
            ),
        ),
    )


scenarios = (case(IPV4), case(IPV6))
