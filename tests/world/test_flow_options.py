"""What a flow states of its socket is what the kernel has of it, and what the socket then does."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from errno import EMSGSIZE

import pytest

import lab
from lab.judge.observation import QueuedError
from lab.model.flow import DO, DONT, INTERFACE, OMIT, PROBE, WANT, Flow, PmtuDisc, Raw, Tcp, Udp
from lab.model.topology import IPV4, IPV6, Family
from lab.model.wire import UdpHeader, decode
from lab.world.datagrams import Datagrams
from lab.world.endpoints import Endpoint, open_endpoint
from lab.world.net import Net
from lab.world.sockets import Given
from topologies import chain

FAMILIES = pytest.mark.parametrize("family", [IPV4, IPV6], ids=str)
MODES = pytest.mark.parametrize("mode", [DONT, WANT, DO, PROBE, INTERFACE, OMIT], ids=lambda mode: mode.name)
HEADERS = {IPV4: 28, IPV6: 48}
Begin = Callable[[Flow], Endpoint]


@pytest.fixture(scope="module")
def shared() -> Iterator[Net]:
    with lab.open(chain("client", "r1", "server", mtus=(1500, 1400), families=(IPV4, IPV6))) as net:
        yield net


@pytest.fixture
def net(shared: Net) -> Iterator[Net]:
    shared.capture.take()
    yield shared
    for node in shared:
        node.flush_route_cache()


@pytest.fixture
def begin(net: Net) -> Iterator[Begin]:
    """Opens a flow's endpoint, and closes it at the end of the test."""
    opened: list[Endpoint] = []

    def begin(flow: Flow) -> Endpoint:
        opened.append(open_endpoint(net, flow, len(opened)))
        return opened[-1]

    yield begin
    for endpoint in opened:
        endpoint.close()


def send(endpoint: Endpoint, octets: int, dropped: bool = False) -> Given:
    """`dropped`: a router loses it, so that silence is an answer."""
    return endpoint.send(octets, 5, lambda: dropped, lambda: None)


def left(net: Net) -> list[tuple[int, bool]]:
    """Size and DF of each UDP packet, or fragment of one, that has left client since this was last asked."""
    packets = [decode(f.octets) for f in net.capture.take() if f.sent and f.interface.node == "client"]
    return [(p.octets, p.df) for p in packets if p and p.protocol == 17]


@FAMILIES
@MODES
def test_a_stream_has_its_mode(begin: Begin, family: Family, mode: PmtuDisc) -> None:
    stream = begin(Tcp("client", "server", family=family, discover=mode))
    level, option = (0, 10) if family == IPV4 else (41, 23)
    assert stream.sender.getsockopt(level, option) == mode
    assert send(stream, 1000) == Given(None, 1000, True)


@FAMILIES
def test_a_stream_without_a_mode_has_the_kernels(begin: Begin, family: Family) -> None:
    level, option = (0, 10) if family == IPV4 else (41, 23)
    assert begin(Tcp("client", "server", family=family)).sender.getsockopt(level, option) == WANT


def test_maxseg_limits_both_ends(begin: Begin) -> None:
    """Its own segments, and by the option in its SYN the other's: 1000 - 12 of timestamps."""
    stream = begin(Tcp("client", "server", maxseg=1000))
    send(stream, 5000)
    sender, receiver = stream.tcp()
    assert sender
    assert receiver
    assert (sender.mss, receiver.mss) == (988, 988)


@FAMILIES
def test_an_unconnected_socket_has_no_peer(begin: Begin, family: Family) -> None:
    endpoint = begin(Udp("client", "server", DO, family, connected=False))
    assert send(endpoint, 1400 - HEADERS[family]) == Given(None, 1400 - HEADERS[family], True)
    with pytest.raises(OSError, match="not connected"):
        endpoint.sender.getpeername()
    assert endpoint.mtu() is None
    assert send(endpoint, 1500 - HEADERS[family]).delivered == 0
    assert [error.info for error in endpoint.errors] == [1400]


@FAMILIES
def test_without_recverr_an_error_is_the_next_sends(begin: Begin, family: Family) -> None:
    endpoint = begin(Udp("client", "server", DO, family, recverr=False))
    assert send(endpoint, 1500 - HEADERS[family], dropped=True) == Given()
    assert endpoint.errors == []
    assert send(endpoint, 10) == Given(EMSGSIZE)
    assert send(endpoint, 10) == Given(None, 10, True)
    assert endpoint.errors == []


@FAMILIES
def test_a_segment_size_cuts_one_send_into_datagrams(begin: Begin, net: Net, family: Family) -> None:
    endpoint = begin(Udp("client", "server", DO, family, segment=500))
    assert send(endpoint, 1234) == Given(None, 1234, True)
    df = family == IPV4
    assert left(net) == [(octets + HEADERS[family], df) for octets in (500, 500, 234)]


@pytest.mark.parametrize("mode", [WANT, DO, PROBE], ids=lambda mode: mode.name)
def test_in_mode_want_several_segments_at_once_have_no_df(begin: Begin, net: Net, mode: PmtuDisc) -> None:
    """__ip_make_skb() sets DF in mode WANT on what fits the path MTU, and takes for that the whole that is to be cut."""
    endpoint = begin(Udp("client", "server", mode, segment=1000))
    for octets, number in ((1000, 1), (3000, 3)):
        assert send(endpoint, octets).delivered == octets
        assert left(net) == [(1028, number == 1 or mode != WANT)] * number


@pytest.mark.parametrize("dontfrag", [False, True])
def test_dontfrag_refuses_and_announces(begin: Begin, net: Net, dontfrag: bool) -> None:
    endpoint = begin(Udp("client", "server", WANT, IPV6, dontfrag=dontfrag))
    assert endpoint.sender.getsockopt(socket.IPPROTO_IPV6, 62) == dontfrag  # IPV6_DONTFRAG
    assert endpoint.sender.getsockopt(socket.IPPROTO_IPV6, 60) == dontfrag  # IPV6_RECVPATHMTU
    given = send(endpoint, 1453, dropped=True)
    # In fragments the first would be 1496 octets, and lost at r1.
    assert given == (Given(EMSGSIZE, announced=1500) if dontfrag else Given())
    assert left(net) == ([] if dontfrag else [(1496, False), (61, False)])


def test_ipv6_mtu_is_set(begin: Begin, net: Net) -> None:
    endpoint = begin(Udp("client", "server", WANT, IPV6, mtu=1280))
    assert send(endpoint, 1453) == Given(None, 1453, True)
    assert left(net) == [(1280, False), (277, False)]
    refused = begin(Udp("client", "server", DO, IPV6, mtu=1280))
    assert send(refused, 1233).errno == EMSGSIZE
    assert refused.errors == [QueuedError(EMSGSIZE, "LOCAL", 0, 0, 1280, None)]


@pytest.mark.parametrize("df", [False, True])
def test_a_raw_packet_leaves_as_it_was_written(begin: Begin, net: Net, df: bool) -> None:
    endpoint = begin(Raw("client", "server", df=df))
    assert isinstance(endpoint, Datagrams)
    assert send(endpoint, 1000) == Given(None, 1000, True)
    (packet,) = {p for f in net.capture.take() if f.interface.end == "server:r1" and (p := decode(f.octets)) and p.protocol == 17}
    assert (packet.octets, packet.df) == (1028, df)
    assert packet.payload == UdpHeader(4000, endpoint.to[1], 1000)


@pytest.mark.parametrize("mode", [WANT, PROBE])
def test_a_raw_socket_has_its_mode(begin: Begin, mode: PmtuDisc) -> None:
    assert begin(Raw("client", "server", mode)).sender.getsockopt(socket.IPPROTO_IP, 10) == mode


@pytest.mark.tools("ip")
@FAMILIES
def test_another_address_of_the_receivers_is_sent_to(begin: Begin, net: Net, family: Family) -> None:
    """One that lies on no link of its own, so that a route has to lead there."""
    address, length = ("192.0.2.7", 32) if family == IPV4 else ("2001:db8::7", 128)
    r1 = next(i for i in net.plan.nodes["r1"].interfaces if i.peer == "server")
    server = net.address("server", family)
    net["server"].run(["ip", "address", "add", f"{address}/{length}", "dev", "r1"])
    net["r1"].run(["ip", "route", "add", f"{address}/{length}", "via", server, "dev", r1.name])
    endpoint = begin(Udp("client", "server", family=family, address=address))
    assert endpoint.sender.getpeername()[0] == address
    assert send(endpoint, 100) == Given(None, 100, True)
    net["server"].run(["ip", "address", "del", f"{address}/{length}", "dev", "r1"])
    net["r1"].run(["ip", "route", "del", f"{address}/{length}"])
