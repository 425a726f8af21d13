"""A PTB from behind a NAT: it says nothing of what is behind.

    client ──1500── nat ──1400── r1 ──1500── server

The client knows the server by 198.51.100.1, an address that the nat turns into the server's. The large datagram is the nat's to
drop, after it has put the server's own address in; but the PTB must quote what the client sent, or the client could not tell what
it is about. The nat translates the quoted destination back as its own error leaves (nf_nat_icmp_reply_translation(); RFC 5508),
and in the same way the address that the error comes from: even that is the public one. The client learns a path MTU towards the
public address, and nothing of the server's.
"""

from lab.judge.expect import (
    CacheHolds,
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
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, Configure, FlushRouteCache, Send
from topologies import chain

PUBLIC = "198.51.100.1"
DNAT = Configure(
    "nat",
    f"""
    nft add table ip nat
    nft add chain ip nat first '{{ type nat hook prerouting priority -100; }}'
    nft add rule ip nat first ip daddr {PUBLIC} dnat to $server
    """,
)
determined = Udp("client", "server", discover=DO, address=PUBLIC)
stream = Tcp("client", "server", address=PUBLIC)
QUOTED = Quotes(source="client", destination=PUBLIC, at="client")

scenario = Scenario(
    name="dnat",
    title="A NAT that hides what is behind it from a PTB",
    topology=chain("client", "nat", "r1", "server", mtus=(1500, 1400, 1500)),
    acts=(
        Act(
            "datagrams",
            story=(DNAT, Send(determined, 1472), Send(determined, 1472), Send(determined, 1372)),
            expect=(
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="nat"),
                TooBig(by="nat", to="client", mtu=1400, times=1, source=PUBLIC),
                QUOTED,
                ErrorQueued(send=1, info=1400, offender=PUBLIC),
                PathMtu(1400, at="client", to=PUBLIC),
                CacheHolds(1, at="client"),
                RefusedHere(send=2),
                Delivered(1372, to="server", send=3),
            ),
        ),
        Act(
            "a TCP transfer",
            story=(FlushRouteCache(), Send(stream, 64 * KIB)),
            expect=(
                TooBig(by="nat", to="client", mtu=1400, source=PUBLIC),
                QUOTED,
                PathMtu(1400, at="client", to=PUBLIC),
                CacheHolds(1, at="client"),
                TcpPathMtu(1400, at="client"),
                Mss(1348, at="client"),
                NoTimeout(at="client"),
                Delivered(64 * KIB, to="server"),
            ),
        ),
    ),
)
