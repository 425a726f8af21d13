"""Both ends of a flow: what the kernel says at each is what it says to others who ask."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from errno import EMSGSIZE

import pytest

import lab
from lab.judge.observation import QueuedError
from lab.model.flow import DO, DONT, PROBE, WANT, Echo, Flow, PmtuDisc, Tcp, Udp
from lab.model.topology import IPV4, IPV6, Family
from lab.world.endpoints import Endpoint, open_endpoint
from lab.world.errors import Broken
from lab.world.net import Net
from lab.world.sockets import Given, payload
from lab.world.streams import CHUNK, Stream
from topologies import chain

FAMILIES = pytest.mark.parametrize("family", [IPV4, IPV6], ids=str)
HEADERS = {IPV4: 28, IPV6: 48}  # IP and UDP, or IP and ICMP echo


@pytest.fixture(scope="module")
def shared() -> Iterator[Net]:
    with lab.open(chain("client", "r1", "server", mtus=(1500, 1400), families=(IPV4, IPV6))) as net:
        yield net


@pytest.fixture
def net(shared: Net) -> Iterator[Net]:
    yield shared
    for node in shared:
        node.flush_route_cache()


def never() -> bool:
    return False


def nothing() -> None:
    """There is no need to empty the taps."""


@pytest.fixture
def begin(net: Net) -> Iterator[Callable[[Flow], Endpoint]]:
    """Opens a flow's endpoint, and closes it at the end of the test."""
    opened: list[Endpoint] = []

    def begin(flow: Flow) -> Endpoint:
        opened.append(open_endpoint(net, flow, len(opened)))
        return opened[-1]

    yield begin
    for endpoint in opened:
        endpoint.close()


Begin = Callable[[Flow], Endpoint]


@FAMILIES
@pytest.mark.parametrize("kind", [Udp, Echo])
def test_a_datagram_that_fits_is_delivered(begin: Begin, kind: type[Udp | Echo], family: Family) -> None:
    endpoint = begin(kind("client", "server", family=family))
    for octets in (0, 1, 3, 1000, 1400 - HEADERS[family]):
        assert endpoint.send(octets, 5, never, nothing) == Given(None, octets, True)
        assert endpoint.errors == []
    assert endpoint.mtu() == 1500


@FAMILIES
@pytest.mark.parametrize("kind", [Udp, Echo])
def test_a_datagram_that_is_too_big_queues_the_routers_error(
    begin: Begin, net: Net, kind: type[Udp | Echo], family: Family
) -> None:
    endpoint = begin(kind("client", "server", discover=DO, family=family))
    octets = 1500 - HEADERS[family]
    given = endpoint.send(octets, 5, never, nothing)
    assert (given.errno, given.delivered) == (None, 0)
    r1 = str(net.plan.nodes["r1"].interface("client").addresses[family])
    type, code, origin = (3, 4, "ICMP") if family == IPV4 else (2, 0, "ICMP6")
    assert endpoint.errors == [QueuedError(EMSGSIZE, origin, type, code, 1400, r1)]
    # An IPv6 ping socket keeps the route that it looked up: icmpv6_err() makes the exception and tells no socket.
    assert endpoint.mtu() == (1500 if (kind, family) == (Echo, IPV6) else 1400)
    assert net["client"].path_mtu("server", family) == 1400
    # Known now: the next is refused here, and the error is the kernel's own. The origin has no type, code or address.
    assert endpoint.send(octets, 5, never, nothing).errno == EMSGSIZE
    assert endpoint.errors == [QueuedError(EMSGSIZE, "LOCAL", 0, 0, 1400, None)]
    assert endpoint.send(1400 - HEADERS[family], 5, never, nothing) == Given(None, 1400 - HEADERS[family], True)


@pytest.mark.parametrize(("discover", "delivered"), [(DONT, 1472), (WANT, 0), (DO, 0), (PROBE, 0)])
def test_the_modes_are_set(begin: Begin, discover: PmtuDisc, delivered: int) -> None:
    """Without DF r1 cuts the datagram into fragments; with DF it drops it, for a sender that has yet to learn."""
    endpoint = begin(Udp("client", "server", discover=discover))
    assert endpoint.send(1472, 5, never, nothing).delivered == delivered
    assert not isinstance(endpoint, Stream)
    assert endpoint.sender.getsockopt(socket.IPPROTO_IP, 10) == discover


@pytest.fixture
def cut(net: Net) -> Iterator[None]:
    """r1 passes nothing on, and tells nobody."""
    net["r1"].sysctl("net/ipv4/ip_forward", 0)
    yield
    net["r1"].sysctl("net/ipv4/ip_forward", 1)


@pytest.mark.usefixtures("cut")
def test_an_answer_that_never_comes_is_given_up(begin: Begin) -> None:
    began = time.monotonic()
    assert begin(Udp("client", "server")).send(100, 0.2, never, nothing) == Given()
    assert 0.2 <= time.monotonic() - began < 2


@pytest.mark.usefixtures("cut")
def test_a_counted_drop_ends_the_wait_soon(begin: Begin) -> None:
    began = time.monotonic()
    assert begin(Udp("client", "server")).send(100, 30, lambda: True, nothing) == Given()
    assert 0.05 <= time.monotonic() - began < 5


def test_what_is_not_what_was_sent_is_not_intact(net: Net, begin: Begin) -> None:
    """A stranger's datagram of the same length, there first."""
    endpoint = begin(Udp("client", "server"))
    assert not isinstance(endpoint, Stream)
    assert endpoint.receiver
    with net["client"].socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(bytes(64), endpoint.receiver.getsockname())
        assert endpoint.send(64, 5, never, nothing) == Given(None, 64, False)


def test_payload_says_where_it_belongs() -> None:
    whole = payload(CHUNK, 1)
    words = [whole[i : i + 4] for i in range(0, CHUNK, 4)]
    assert len(set(words)) == len(words)
    assert payload(CHUNK, 2) != whole
    assert [len(payload(octets, 3)) for octets in range(9)] == list(range(9))
    assert payload(7, 1) == whole[:7]


@FAMILIES
@pytest.mark.parametrize("timestamps", [True, False])
def test_a_stream_arrives_whole_and_tells_its_mss(begin: Begin, family: Family, timestamps: bool) -> None:
    stream = begin(Tcp("client", "server", timestamps=timestamps, family=family))
    breaths = []
    assert stream.send(200_000, 10, never, lambda: breaths.append(1)) == Given(None, 200_000, True)
    assert len(breaths) >= 200_000 // CHUNK
    sender, receiver = stream.tcp()
    assert sender
    assert receiver
    headers = (40 if family == IPV4 else 60) + (12 if timestamps else 0)
    # Server's link is 1400: what it announces already fits.
    assert (sender.mss, sender.pmtu, receiver.pmtu) == (1400 - headers, 1500, 1400)
    # The MSS option is of a segment without options (RFC 6691); advmss counts them off (tcp_connect_init()).
    assert receiver.advmss in (1400 - headers, 1400 - headers + 12 * timestamps)
    assert stream.mtu() == 1500
    assert sender.cwnd >= 10
    assert sender.total_retrans == 0
    # A second Send goes through the same connection.
    assert stream.send(1000, 10, never, nothing) == Given(None, 1000, True)


@pytest.mark.tools("ss")
def test_ss_tells_the_same_of_a_connection(net: Net, begin: Begin) -> None:
    stream = begin(Tcp("client", "server"))
    stream.send(100_000, 10, never, nothing)
    assert isinstance(stream, Stream)
    sender, _ = stream.tcp()
    port = stream.sender.getsockname()[1]
    said = net["client"].run(["ss", "-tinH", "sport", "=", f":{port}"]).stdout
    shown = {name: int(value) for name, value in re.findall(r"\b(mss|pmtu|advmss|cwnd):(\d+)", said)}
    assert shown == {"mss": sender.mss, "pmtu": sender.pmtu, "advmss": sender.advmss, "cwnd": sender.cwnd}
    assert "cubic" in said.split()


def test_a_stream_into_a_black_hole_is_given_up() -> None:
    with lab.open(chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500), silent=("r1",)), taps=False) as net:
        stream = open_endpoint(net, Tcp("client", "server"), 1)
        began = time.monotonic()
        given = stream.send(65536, 0.5, never, nothing)
        stream.close()
    assert given == Given(None, 0, False)
    assert 0.5 <= time.monotonic() - began < 3


@pytest.mark.usefixtures("cut")
def test_a_connection_that_cannot_be_made_is_the_labs_failure(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.world.streams.CONNECT_WITHIN", 0.3)
    with pytest.raises(Broken, match=r"client cannot connect to server: no handshake"):
        open_endpoint(net, Tcp("client", "server"), 1)


@pytest.mark.tools("ip")
def test_flows_use_the_address_of_the_name(net: Net, begin: Begin) -> None:
    """Also where the way out is by another interface, with an address of its own."""
    endpoint = begin(Udp("r1", "server"))
    assert not isinstance(endpoint, Stream)
    (route,) = json.loads(net["r1"].run(["ip", "-j", "route", "get", net.address("server")]).stdout)
    assert route["prefsrc"] != net.address("r1")
    assert endpoint.sender.getsockname()[0] == net.address("r1")
    assert endpoint.send(10, 5, never, nothing).delivered == 10
