"""TCP_MAXSEG, set before the connection is made, bounds the segments of both ends, whichever end has set it.

    client ──1500── r1 ──1400── r2 ──1500── server

The client's SYN announces what its program asked for (tcp_connect_init()), so the server sends no more than that, and the client
itself does not either; from the other end the SYN-ACK does the same. What the path takes still counts: where the value is larger
than that, the first flight is lost, as ever.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    Expectation,
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
from lab.model.story import KIB, FlushRouteCache, Run, Send, Step
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

HEADERS = {IPV4: 40, IPV6: 60}

UNCONNECTED = """
import socket
with socket.socket() as unconnected:
    print('TCP_MAXSEG', unconnected.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
"""


COVERS = (
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


def bounded(title: str, flow: Tcp, mss: int, announced: tuple[Expectation, ...], before: Step | None = None) -> Act:
    """A transfer whose segments are bound by 1100, `mss` of which is payload at either end."""
    octets = 1100 + HEADERS[flow.family]
    return Act(
        title,
        story=(before or FlushRouteCache(), Send(flow, 12000)),
        expect=(
            *announced,
            Mss(mss, at="client"),
            PeerMss(mss, at="server"),
            Leaves(octets, by="client", df=True if flow.family == IPV4 else None),
            NoTooBig(to="client", octets=octets),
            NothingLearned(at="client", to="server"),
            Delivered(12000, to="server"),
        ),
    )


def unbounded(flow: Tcp) -> Act:
    headers = HEADERS[flow.family]
    return Act(
        "1400, more than the path takes",
        story=(FlushRouteCache(), Send(flow, 16 * KIB)),
        expect=(
            AdvertisedMss(1400, by="client"),
            Leaves(1400 + headers, by="client", df=True if flow.family == IPV4 else None),
            TooBig(by="r1", to="client", mtu=1400),
            PathMtu(1400, at="client", to="server"),
            Mss(1400 - headers - 12, at="client"),
            PeerMss(1388, at="server"),
            Delivered(16 * KIB, to="server"),
        ),
    )


def maxseg(family: Family) -> Scenario:
    small = Tcp("client", "server", timestamps=False, family=family, maxseg=1100)
    stamped = Tcp("client", "server", family=family, maxseg=1100)
    by_server = Tcp("client", "server", timestamps=False, family=family, listener_maxseg=1100)
    stamped_by_server = Tcp("client", "server", family=family, listener_maxseg=1100)
    by_client, served = AdvertisedMss(1100, by="client"), AdvertisedMss(1100, by="server")
    unasked = AdvertisedMss(1500 - HEADERS[family], by="client")
    alone = (
        Prints("TCP_MAXSEG 536", "tcp(7)"),
        by_client,
        OwnMss(1100, at="client"),
        NothingLarger(1100 + HEADERS[family], between=("client", "r1")),
    )
    return Scenario(
        name="maxseg" + ("-v6" if family == IPV6 else ""),
        title="TCP_MAXSEG bounds the segments of both ends" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        covers=COVERS if family == IPV4 else (),
        acts=(
            bounded("1100, without timestamps", small, 1100, alone, Run("client", ("python3", "-c", UNCONNECTED))),
            bounded("1100, less 12 for timestamps", stamped, 1088, (by_client,)),
            bounded("1100, set by the server", by_server, 1100, (unasked, served)),
            bounded("1100, set by the server, less 12 for timestamps", stamped_by_server, 1088, (served,)),
            unbounded(Tcp("client", "server", family=family, maxseg=1400)),
        ),
    )


scenarios = (maxseg(IPV4), maxseg(IPV6))
