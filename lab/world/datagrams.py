"""UDP, ICMP echo and raw sockets: one datagram at a time, until its fate is known."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.judge.observation import QueuedError
from lab.model.flow import Echo, Raw, Udp
from lab.model.packet import Packet, Protocol, UdpHeader
from lab.model.topology import IPV4
from lab.model.wire import encode_ip
from lab.theory.delays import longest_round_trip
from lab.world.messages import AF
from lab.world.net import Net
from lab.world.sockets import (
    FIRST_PORT,
    IP_MTU_DISCOVER,
    IP_RECVERR,
    IPV6_DONTFRAG,
    IPV6_MTU,
    IPV6_MTU_DISCOVER,
    IPV6_PATHMTU,
    IPV6_RECVERR,
    IPV6_RECVPATHMTU,
    UDP_SEGMENT,
    Given,
    payload,
    read_errors,
    socket_mtu,
)

ICMP_ECHO, ICMPV6_ECHO_REQUEST, ICMP_HEADER = 8, 128, 8
IP6_MTUINFO = struct.Struct("=28xI")  # struct ip6_mtuinfo (RFC 3542 §11.3): a sockaddr_in6, and the MTU
RAW_SOURCE_PORT = 4000
SILENCE = 0.05  # seconds after a router has counted a drop in which its PTB would have come
DELAYS = 10  # and so many times the delays of the links besides: netem's timers come late on a busy machine


@dataclass(slots=True)
class Datagrams:
    """One socket that sends, and one that receives: of a UDP or raw flow the receiver's, of an echo the sender itself."""

    flow: Udp | Echo | Raw
    sender: socket.socket
    receiver: socket.socket | None
    to: tuple[str, int]
    count: int = 0
    errors: list[QueuedError] = field(default_factory=list)
    silence: float = SILENCE

    def send(self, octets: int, within: float, dropped: Callable[[], bool], breathe: Callable[[], None]) -> Given:
        """Sends one datagram and waits for its fate; `dropped` says whether a router counted one that it could not pass on."""
        self.count += 1
        content = payload(octets, self.count)
        self.errors = []
        try:
            self._give(content)
        except OSError as error:
            self.errors += read_errors(self.sender, self.flow.family)
            return Given(error.errno, announced=self._announced())
        return self.await_delivery(content, within, dropped, breathe)

    def _give(self, content: bytes) -> None:
        if isinstance(self.flow, Echo):
            request = ICMP_ECHO if self.flow.family == IPV4 else ICMPV6_ECHO_REQUEST
            content = bytes([request, 0, 0, 0, 0, 0, 0, self.count]) + content
        elif isinstance(self.flow, Raw):
            content = self._with_headers(self.flow, content)
        if isinstance(self.flow, Udp) and not self.flow.connected:
            self.sender.sendto(content, self.to)
        else:
            self.sender.send(content)

    def _with_headers(self, flow: Raw, content: bytes) -> bytes:
        source, (destination, port) = self.sender.getsockname()[0], self.to
        udp = UdpHeader(RAW_SOURCE_PORT, port, len(content))
        return encode_ip(Packet(IPV4, source, destination, 28 + len(content), Protocol.UDP, udp, df=flow.df), content)

    def await_delivery(
        self, content: bytes, within: float, dropped: Callable[[], bool], breathe: Callable[[], None] = lambda: None
    ) -> Given:
        """Waits for what was sent already."""
        segment = self.flow.segment if isinstance(self.flow, Udp) else None
        number = -(-len(content) // segment) if segment else 1
        got = self._await_fate(number, within, dropped)
        self.errors += read_errors(self.sender, self.flow.family)
        breathe()
        if not got:
            return Given(announced=self._announced())
        body = b"".join(got) if self.receiver else got[0][ICMP_HEADER:]
        return Given(None, len(body), body == content)

    def _await_fate(self, number: int, within: float, dropped: Callable[[], bool]) -> list[bytes]:
        """As many datagrams of `number` as come before an error, or a drop without a word."""
        listener = self.receiver or self.sender
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        poll.register(self.sender, select.POLLIN if listener is self.sender else 0)  # POLLERR, the error queue's, always comes
        until = time.monotonic() + within
        silent_since: float | None = None
        got: list[bytes] = []
        while (now := time.monotonic()) < until:
            for fd, event in poll.poll(5):
                if event & select.POLLIN and fd == listener.fileno():
                    got.append(listener.recv(1 << 16))
                    if len(got) == number:
                        return got
                elif event & select.POLLERR:
                    return got
            if silent_since is None and dropped():
                silent_since = now
            # A router counts the drop before it sends its PTB, in one softirq; so a moment later silence is the answer.
            if silent_since is not None and now - silent_since > self.silence:
                return got
        return got

    def _announced(self) -> int | None:
        """The path MTU that came as ancillary data (IPV6_RECVPATHMTU; ipv6_recv_rxpmtu())."""
        if not (isinstance(self.flow, Udp) and self.flow.dontfrag):
            return None
        try:
            _, ancillary, _, _ = self.sender.recvmsg(0, 256)
        except OSError:
            return None
        return next((IP6_MTUINFO.unpack_from(octets)[0] for _, type, octets in ancillary if type == IPV6_PATHMTU), None)

    def read_errors(self) -> None:
        self.errors = list(read_errors(self.sender, self.flow.family))

    def mtu(self) -> int | None:
        return socket_mtu(self.sender, self.flow.family)

    def tcp(self) -> tuple[None, None]:
        return None, None

    def close(self) -> None:
        self.sender.close()
        if self.receiver:
            self.receiver.close()


def open_datagrams(net: Net, flow: Udp | Echo | Raw, number: int) -> Datagrams:
    """Opens the sockets of a flow; `number` keeps the ports of a run's flows apart."""
    address = flow.address or net.address(flow.to, flow.family)
    receiver = None
    if not isinstance(flow, Echo):
        receiver = net[flow.to].socket(AF[flow.family], socket.SOCK_DGRAM)
        # To any address of its own, where one is stated: a NAT on the way may make another of it.
        receiver.bind(("" if flow.address else address, FIRST_PORT + number))
        receiver.setblocking(False)
    sender = open_sender(net, flow)
    # The address that the name stands for, and not the one of the way out: the answer comes back to it.
    sender.bind((net.address(flow.source, flow.family), 0))
    to = (address, FIRST_PORT + number if receiver else 0)
    if not isinstance(flow, Udp) or flow.connected:
        sender.connect(to)
    sender.setblocking(False)
    return Datagrams(flow, sender, receiver, to, silence=SILENCE + DELAYS * longest_round_trip(net.plan.topology) / 1000)


def open_sender(net: Net, flow: Udp | Echo | Raw) -> socket.socket:
    """The sending socket, with the options that the flow states."""
    kind, protocol = socket.SOCK_DGRAM, int(socket.IPPROTO_UDP)
    if isinstance(flow, Echo):
        protocol = socket.IPPROTO_ICMP if flow.family == IPV4 else socket.IPPROTO_ICMPV6
    elif isinstance(flow, Raw):
        kind, protocol = socket.SOCK_RAW, socket.IPPROTO_RAW  # IPPROTO_RAW implies IP_HDRINCL (raw(7))
    sender = net[flow.source].socket(AF[flow.family], kind, protocol)
    recverr = not isinstance(flow, Udp) or flow.recverr
    if flow.family == IPV4:
        sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, flow.discover)
        sender.setsockopt(socket.IPPROTO_IP, IP_RECVERR, recverr)
    else:
        sender.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, flow.discover)
        sender.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, recverr)
    if isinstance(flow, Udp):
        if flow.segment is not None:
            sender.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, flow.segment)
        if flow.dontfrag:
            sender.setsockopt(socket.IPPROTO_IPV6, IPV6_DONTFRAG, 1)
            sender.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPATHMTU, 1)
        if flow.mtu is not None:
            sender.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU, flow.mtu)
    return sender
