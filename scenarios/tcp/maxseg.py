"""TCP_MAXSEG, set before the connection is made, bounds the segments of both ends, whichever end has set it.

    client ──1500── r1 ──1400── r2 ──1500── server

The client's SYN announces what its program asked for (tcp_connect_init()), so the server sends no more than that, and the client
itself does not either; from the other end the SYN-ACK does the same. What the path takes still counts: where the value is larger
than that, the first flight is lost, as ever.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    Leaves,
    Mss,
    NothingLarger,
    NothingLearned,
    NoTooBig,
    OwnMss,
    PathMtu,
    PeerMss,
    Prints,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, FlushRouteCache, Run, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

UNCONNECTED = """
import socket
with socket.socket() as unconnected:
    print('TCP_MAXSEG', unconnected.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
"""


def maxseg(family: Family) -> Scenario:
    headers = 40 if family == IPV4 else 60
    df = True if family == IPV4 else None
    small = Tcp("client", "server", timestamps=False, family=family, maxseg=1100)
    stamped = Tcp("client", "server", family=family, maxseg=1100)
    by_server = Tcp("client", "server", timestamps=False, family=family, listener_maxseg=1100)
    stamped_by_server = Tcp("client", "server", family=family, listener_maxseg=1100)
    large = Tcp("client", "server", family=family, maxseg=1400)
    return Scenario(
        name="maxseg" + ("-v6" if family == IPV6 else ""),
        title="TCP_MAXSEG bounds the segments of both ends" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        covers=(
            "packetdrill/mss-setsockopt-tcp_maxseg-client",
            "packetdrill/mss-setsockopt-tcp_maxseg-server",
            "nplab/mss-setsockopt-tcp_maxseg-server",
            "nplab/mss-getsockopt-tcp_maxseg-client",
            "nplab/mss-getsockopt-tcp_maxseg-client-ts",
            "nplab/mss-setsockopt-tcp_maxseg-client",
            "packetdrill/mss-getsockopt-tcp_maxseg-server",
            "nplab/mss-getsockopt-tcp_maxseg-server",
            "nplab/mss-getsockopt-tcp_maxseg-server-ts",
        )
        if family == IPV4
        else (),
        acts=(
            Act(
                "1100, without timestamps",
                story=(Run("client", ("python3", "-c", UNCONNECTED)), Send(small, 12000)),
                expect=(
                    Prints("TCP_MAXSEG 536", "tcp(7)"),
                    AdvertisedMss(1100, by="client"),
                    OwnMss(1100, at="client"),
                    Mss(1100, at="client"),
                    PeerMss(1100, at="server"),
                    Leaves(1100 + headers, by="client", df=df),
                    NothingLarger(1100 + headers, between=("client", "r1")),
                    NoTooBig(to="client", octets=1100 + headers),
                    NothingLearned(at="client", to="server"),
                    Delivered(12000, to="server"),
                ),
            ),
            Act(
                "1100, less 12 for timestamps",
                story=(FlushRouteCache(), Send(stamped, 12000)),
                expect=(
                    AdvertisedMss(1100, by="client"),
                    Mss(1088, at="client"),
                    PeerMss(1088, at="server"),
                    Leaves(1100 + headers, by="client", df=df),
                    NoTooBig(to="client", octets=1100 + headers),
                    NothingLearned(at="client", to="server"),
                    Delivered(12000, to="server"),
                ),
            ),
            Act(
                "1100, set by the server",
                story=(FlushRouteCache(), Send(by_server, 12000)),
                expect=(
                    AdvertisedMss(1500 - headers, by="client"),
                    AdvertisedMss(1100, by="server"),
                    Mss(1100, at="client"),
                    PeerMss(1100, at="server"),
                    Leaves(1100 + headers, by="client", df=df),
                    NoTooBig(to="client", octets=1100 + headers),
                    NothingLearned(at="client", to="server"),
                    Delivered(12000, to="server"),
                ),
            ),
            Act(
                "1100, set by the server, less 12 for timestamps",
                story=(FlushRouteCache(), Send(stamped_by_server, 12000)),
                expect=(
                    AdvertisedMss(1100, by="server"),
                    Mss(1088, at="client"),
                    PeerMss(1088, at="server"),
                    Leaves(1100 + headers, by="client", df=df),
                    NoTooBig(to="client", octets=1100 + headers),
                    NothingLearned(at="client", to="server"),
                    Delivered(12000, to="server"),
                ),
            ),
            Act(
                "1400, more than the path takes",
                story=(FlushRouteCache(), Send(large, 16 * KIB)),
                expect=(
                    AdvertisedMss(1400, by="client"),
                    Leaves(1400 + headers, by="client", df=df),
                    TooBig(by="r1", to="client", mtu=1400),
                    PathMtu(1400, at="client", to="server"),
                    Mss(1400 - headers - 12, at="client"),
                    PeerMss(1388, at="server"),
                    Delivered(16 * KIB, to="server"),
                ),
            ),
        ),
    )


scenarios = (maxseg(IPV4), maxseg(IPV6))
