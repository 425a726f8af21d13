"""A router that is told of a path of 1000 octets, and says so: a black hole of its own making, under IPv6.

    client ──1500── r1 ──1500── server

r1's route to the server has `mtu 1000`. ip6_fragment() holds packets against that as it stands, and tells the client 1000. But no
IPv6 path has less than 1280 (RFC 8200 §5), and the client does not believe it (RFC 8201 §4): it goes on as before, is told each
time, and loses every packet above 1000, over TCP too. Under IPv4 the same route is obeyed, as `route-mtu-400` shows.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    IfTrait,
    Leaves,
    NothingLearned,
    PathMtu,
    SocketMtu,
    Stalled,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import PROBE, Tcp, Udp
from lab.model.story import AddRoute, Send
from lab.model.topology import IPV6
from topologies import chain

flow = Udp("client", "server", discover=PROBE, family=IPV6)
stream = Tcp("client", "server", family=IPV6)
IGNORED = IfTrait(
    "v6-ignores-ptb-below-1280",
    then=NothingLearned(at="client", to="server"),
    otherwise=PathMtu(1280, at="client", to="server"),
)

scenario = Scenario(
    name="router-mtu-1000",
    title="A router whose route says 1000, IPv6",
    topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV6,)),
    acts=(
        Act(
            "datagrams",
            story=(
                AddRoute("r1", to="server", mtu=1000, family=IPV6),
                *(Send(flow, octets) for octets in (1452, 1452, 1232, 952)),  # packets of 1500, 1500, 1280 and 1000
            ),
            expect=(
                Leaves(1500, by="client", df=None),
                Dropped(1500, at="r1"),
                Dropped(1280, at="r1"),
                TooBig(by="r1", to="client", mtu=1000, times=3),
                ErrorQueued(send=1, info=1000, offender="r1"),
                ErrorQueued(send=2, info=1000, offender="r1"),
                ErrorQueued(send=3, info=1000, offender="r1"),
                IGNORED,
                SocketMtu(1500, send=3),
                Delivered(952, to="server", send=4),
            ),
        ),
        Act(
            "a TCP transfer",
            story=(Send(stream, 20_000, within=0.3),),
            expect=(
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=1000),
                Stalled(send=1),
                TcpPathMtu(1500, at="client"),
                IGNORED,
            ),
        ),
    ),
)
