"""A PTB that comes back through a NAT.

    client ──1500── nat ──1500── r1 ──1400── r2 ──1500── server

The nat puts its own address in the place of the client's, in all that goes out by r1. So it is the nat that r1 tells, and the
packet that r1 quotes is one from the nat. The nat finds the connection by that quote (nf_conntrack_inet_error()), and translates
the PTB back twice: its own destination, and the source in the quoted header (nf_nat_icmp_reply_translation(); RFC 5508). The
client finds its own packet quoted, and learns, for a datagram, for an echo request and over TCP. The nat itself learns nothing.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    Leaves,
    Mss,
    NoTimeout,
    PathMtu,
    Quotes,
    RefusedHere,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Echo, Tcp, Udp
from lab.model.story import KIB, Configure, FlushRouteCache, Send
from topologies import chain

MASQUERADE = Configure(
    "nat",
    """
    nft add table ip nat
    nft add chain ip nat out '{ type nat hook postrouting priority 100; }'
    nft add rule ip nat out oifname r1 masquerade
    """,
)
determined = Udp("client", "server", discover=DO)
echo = Echo("client", "server", discover=DO)
stream = Tcp("client", "server")

scenario = Scenario(
    name="masquerade",
    title="A NAT that translates what a PTB quotes",
    topology=chain("client", "nat", "r1", "r2", "server", mtus=(1500, 1500, 1400, 1500)),
    acts=(
        Act(
            "datagrams",
            story=(MASQUERADE, Send(determined, 1472), Send(determined, 1472), Send(determined, 1372)),
            expect=(
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="nat", mtu=1400, times=1),
                Quotes(source="nat", destination="server", at="nat"),
                Quotes(source="client", destination="server", at="client"),
                ErrorQueued(send=1, info=1400, offender="r1"),
                PathMtu(1400, at="client", to="server"),
                RefusedHere(send=2),
                Delivered(1372, to="server", send=3),
            ),
        ),
        Act(
            "echo requests",
            story=(FlushRouteCache(), Send(echo, 1472), Send(echo, 1372)),
            expect=(
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="nat", mtu=1400, times=1),
                Quotes(source="client", destination="server", at="client"),
                ErrorQueued(send=1, info=1400, offender="r1"),
                PathMtu(1400, at="client", to="server"),
                Delivered(1372, to="server", send=2),
            ),
        ),
        Act(
            "a TCP transfer",
            story=(FlushRouteCache(), Send(stream, 64 * KIB)),
            expect=(
                TooBig(by="r1", to="nat", mtu=1400),
                Quotes(source="client", destination="server", at="client"),
                PathMtu(1400, at="client", to="server"),
                TcpPathMtu(1400, at="client"),
                Mss(1348, at="client"),
                NoTimeout(at="client"),
                Delivered(64 * KIB, to="server"),
            ),
        ),
    ),
)
