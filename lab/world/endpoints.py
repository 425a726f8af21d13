"""Both ends of a flow as sockets, and what the kernel says at each: error queue, path MTU, TCP's state."""

from __future__ import annotations

import hashlib
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from errno import EINPROGRESS

from lab.judge.observation import QueuedError, TcpState
from lab.model.flow import Echo, Tcp, Udp
from lab.model.topology import IPV4, Family
from lab.world.errors import Broken
from lab.world.messages import AF
from lab.world.net import Net

IP_MTU_DISCOVER, IP_RECVERR, IP_MTU = 10, 11, 14
IPV6_MTU_DISCOVER, IPV6_MTU, IPV6_RECVERR = 23, 24, 25
ORIGINS = {1: "LOCAL", 2: "ICMP", 3: "ICMP6"}  # SO_EE_ORIGIN_*
EXTENDED_ERR = struct.Struct("=IBBBxII")  # struct sock_extended_err; the offender's address follows
TCP_INFO = struct.Struct("=8x24I")
TCP_INFO_LENGTH = 8 + 24 * 4
ICMP_ECHO, ICMPV6_ECHO_REQUEST, ICMP_HEADER = 8, 128, 8
FIRST_PORT = 7001
CHUNK = 32 * 1024  # written at most before the taps are emptied: what they hold where we may not enlarge them
CONNECT_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Given:
    """What an attempt to send gave: send()'s errno, and how much the receiver's application got of it, whole."""

    errno: int | None = None
    delivered: int = 0
    intact: bool = True


@dataclass(slots=True)
class Datagrams:
    """UDP, or ICMP echo where `receiver` is None: then the answer comes back to the sender."""

    sender: socket.socket
    receiver: socket.socket | None
    family: Family
    count: int = 0
    errors: list[QueuedError] = field(default_factory=list)

    def send(self, octets: int, within: float, dropped: Callable[[], bool], breathe: Callable[[], None]) -> Given:
        """Sends one datagram and waits for its fate; `dropped` says whether a router counted one that it could not pass on."""
        self.count += 1
        content = payload(octets, self.count)
        self.errors = []
        header = (
            b""
            if self.receiver
            else bytes([ICMP_ECHO if self.family == IPV4 else ICMPV6_ECHO_REQUEST, 0, 0, 0, 0, 0, 0, self.count])
        )
        try:
            self.sender.send(header + content)
        except OSError as error:
            self.errors += read_errors(self.sender, self.family)
            return Given(error.errno)
        got = self._await_fate(within, dropped)
        self.errors += read_errors(self.sender, self.family)
        breathe()
        if got is None:
            return Given()
        body = got if self.receiver else got[ICMP_HEADER:]
        return Given(None, len(body), body == content)

    def _await_fate(self, within: float, dropped: Callable[[], bool]) -> bytes | None:
        listener = self.receiver or self.sender
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        poll.register(self.sender, select.POLLIN if listener is self.sender else 0)  # POLLERR, the error queue's, always comes
        until = time.monotonic() + within
        silent_since: float | None = None
        while (now := time.monotonic()) < until:
            for fd, event in poll.poll(5):
                if event & select.POLLIN and fd == listener.fileno():
                    return listener.recv(1 << 16)
                if event & select.POLLERR:
                    return None
            if silent_since is None and dropped():
                silent_since = now
            # A router counts the drop before it sends its PTB, in one softirq; so a moment later silence is the answer.
            if silent_since is not None and now - silent_since > 0.05:
                return None
        return None

    def mtu(self) -> int | None:
        return socket_mtu(self.sender, self.family)

    def tcp(self) -> tuple[None, None]:
        return None, None

    def close(self) -> None:
        self.sender.close()
        if self.receiver:
            self.receiver.close()


@dataclass(slots=True)
class Stream:
    """A TCP connection, each end's socket."""

    sender: socket.socket
    receiver: socket.socket
    family: Family
    errors: list[QueuedError] = field(default_factory=list)

    def send(self, octets: int, within: float, dropped: Callable[[], bool], breathe: Callable[[], None]) -> Given:
        """Sends that much of the stream, and waits until it has arrived and is acknowledged."""
        sent = hashlib.sha256()
        received = hashlib.sha256()
        content = memoryview(payload(octets, 0))
        written = read = 0
        poll = select.poll()
        poll.register(self.receiver, select.POLLIN)
        until = time.monotonic() + within
        while time.monotonic() < until and (read < octets or unacknowledged(self.sender)):
            if written < octets and written - read < CHUNK:
                try:
                    length = self.sender.send(content[written : written + CHUNK])
                except BlockingIOError:
                    length = 0
                except OSError as error:
                    return Given(error.errno, read, sent.digest() == received.digest())
                sent.update(content[written : written + length])
                written += length
            for _ in poll.poll(1):
                octets_in = self.receiver.recv(1 << 16)
                received.update(octets_in)
                read += len(octets_in)
            breathe()
        return Given(None, read, read == octets and sent.digest() == received.digest())

    def mtu(self) -> int | None:
        return socket_mtu(self.sender, self.family)

    def tcp(self) -> tuple[TcpState, TcpState]:
        return tcp_state(self.sender), tcp_state(self.receiver)

    def close(self) -> None:
        """Says FIN both ways and waits for both: what is still on its way belongs to the act that sent it."""
        for end in (self.sender, self.receiver):
            end.shutdown(socket.SHUT_WR)
        for end in (self.sender, self.receiver):
            end.setblocking(True)
            end.settimeout(0.2)
            try:
                while end.recv(1 << 16):
                    pass
            except OSError:
                pass  # a black hole may have swallowed the rest: nothing more will come
            end.close()


Endpoint = Datagrams | Stream


def payload(octets: int, number: int) -> bytes:
    """Content that says where in the stream it belongs, so that a piece out of place is noticed."""
    words = range(number << 20, (number << 20) + octets // 4 + 1)
    return struct.pack(f"!{len(words)}I", *words)[:octets]


def open_endpoint(net: Net, flow: Udp | Tcp | Echo, number: int) -> Endpoint:
    """Opens and connects the sockets of a flow; `number` keeps the ports of a run's flows apart."""
    if isinstance(flow, Tcp):
        return connect(net, flow, FIRST_PORT + number)
    kind = socket.IPPROTO_UDP
    if isinstance(flow, Echo):
        kind = socket.IPPROTO_ICMP if flow.family == IPV4 else socket.IPPROTO_ICMPV6
    sender = net[flow.source].socket(AF[flow.family], socket.SOCK_DGRAM, kind)
    if flow.family == IPV4:
        sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, flow.discover)
        sender.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    else:
        sender.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, flow.discover)
        sender.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    receiver = None
    address = net.address(flow.to, flow.family)
    # The address that the name stands for, and not the one of the way out: the answer comes back to it.
    sender.bind((net.address(flow.source, flow.family), 0))
    if isinstance(flow, Udp):
        receiver = net[flow.to].socket(AF[flow.family], socket.SOCK_DGRAM)
        receiver.bind((address, FIRST_PORT + number))
        receiver.setblocking(False)
    sender.connect((address, FIRST_PORT + number if receiver else 0))
    sender.setblocking(False)
    return Datagrams(sender, receiver, flow.family)


def connect(net: Net, flow: Tcp, port: int) -> Stream:
    """A connection with cubic on both sides: what the machine has as its default differs, and with it the pace of what is seen.

    Tail loss probes are off: on a busy machine one goes out after a few milliseconds, and looks like a loss where there was none.
    """
    address = net.address(flow.to, flow.family)
    net[flow.source].sysctl("net/ipv4/tcp_timestamps", int(flow.timestamps))
    net[flow.source].sysctl("net/ipv4/tcp_early_retrans", 0)
    with net[flow.to].socket(AF[flow.family], socket.SOCK_STREAM) as listener:
        sender = net[flow.source].socket(AF[flow.family], socket.SOCK_STREAM)
        for end in (listener, sender):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
        listener.bind((address, port))
        sender.bind((net.address(flow.source, flow.family), 0))
        listener.listen()
        sender.setblocking(False)
        if sender.connect_ex((address, port)) not in (0, EINPROGRESS):
            raise Broken(f"{flow.source} cannot connect to {flow.to}")
        listener.settimeout(CONNECT_WITHIN)
        try:
            receiver, _ = listener.accept()
        except TimeoutError:
            sender.close()
            raise Broken(f"{flow.source} cannot connect to {flow.to}: no handshake within {CONNECT_WITHIN:.0f} s") from None
    receiver.setblocking(False)
    return Stream(sender, receiver, flow.family)


def socket_mtu(sock: socket.socket, family: Family) -> int | None:
    """IP_MTU or IPV6_MTU of a connected socket."""
    level, option = (socket.IPPROTO_IP, IP_MTU) if family == IPV4 else (socket.IPPROTO_IPV6, IPV6_MTU)
    try:
        return sock.getsockopt(level, option)
    except OSError:
        return None


def tcp_state(sock: socket.socket) -> TcpState:
    v = TCP_INFO.unpack(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_LENGTH))
    return TcpState(mss=v[2], advmss=v[19], pmtu=v[13], ssthresh=v[17], cwnd=v[18], total_retrans=v[23])


def unacknowledged(sock: socket.socket) -> int:
    """Segments in flight (tcpi_unacked)."""
    return int(TCP_INFO.unpack(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_LENGTH))[4])


def read_errors(sock: socket.socket, family: Family) -> Iterator[QueuedError]:
    """Empties the error queue."""
    while True:
        try:
            _, ancillary, _, _ = sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)
        except BlockingIOError:
            return
        for _, _, octets in ancillary:
            number, origin, type, code, info, _ = EXTENDED_ERR.unpack_from(octets)
            name = ORIGINS.get(origin, str(origin))
            yield QueuedError(number, name, type, code, info, offender(octets[EXTENDED_ERR.size :], family))


def offender(sockaddr: bytes, family: Family) -> str | None:
    """The address in SO_EE_OFFENDER's sockaddr; None where the error is local (AF_UNSPEC)."""
    if struct.unpack_from("=H", sockaddr)[0] == socket.AF_UNSPEC:
        return None
    if family == IPV4:
        return socket.inet_ntop(socket.AF_INET, sockaddr[4:8])
    return socket.inet_ntop(socket.AF_INET6, sockaddr[8:24])
