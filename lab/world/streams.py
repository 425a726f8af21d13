"""TCP connections: both ends of one, and how much of a stream came through."""

from __future__ import annotations

import hashlib
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from errno import EINPROGRESS

from lab.judge.observation import QueuedError, TcpState
from lab.model.flow import Tcp
from lab.model.topology import IPV4, Family
from lab.world.errors import Broken
from lab.world.messages import AF
from lab.world.net import Net
from lab.world.sockets import IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, Given, payload, socket_mtu, tcp_state, unacknowledged

CHUNK = 32 * 1024  # written at most before the taps are emptied: what they hold where we may not enlarge them
CONNECT_WITHIN = 5.0


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


def connect(net: Net, flow: Tcp, port: int) -> Stream:
    """A connection with cubic on both sides: what the machine has as its default differs, and with it the pace of what is seen.

    Tail loss probes are off: on a busy machine one goes out after a few milliseconds, and looks like a loss where there was none.
    """
    address = flow.address or net.address(flow.to, flow.family)
    net[flow.source].sysctl("net/ipv4/tcp_timestamps", int(flow.timestamps))
    net[flow.source].sysctl("net/ipv4/tcp_early_retrans", 0)
    with net[flow.to].socket(AF[flow.family], socket.SOCK_STREAM) as listener:
        sender = net[flow.source].socket(AF[flow.family], socket.SOCK_STREAM)
        for end in (listener, sender):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
        set_options(sender, flow)
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


def set_options(sender: socket.socket, flow: Tcp) -> None:
    if flow.maxseg is not None:
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, flow.maxseg)
    if flow.discover is not None:
        ipv4 = (socket.IPPROTO_IP, IP_MTU_DISCOVER)
        level, option = ipv4 if flow.family == IPV4 else (socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER)
        sender.setsockopt(level, option, flow.discover)
