"""TCP connections: both ends of one, and how much of a stream came through."""

from __future__ import annotations

import contextlib
import hashlib
import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from errno import EINPROGRESS
from typing import Any

from lab.judge.observation import QueuedError, TcpState
from lab.model.flow import Tcp
from lab.model.topology import IPV4, Family
from lab.theory.delays import longest_round_trip
from lab.world.errors import Broken
from lab.world.messages import AF
from lab.world.net import Net
from lab.world.sockets import IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, Given, payload, socket_mtu, tcp_state, unacknowledged

CHUNK = 32 * 1024  # written at most before the taps are emptied: what they hold where we may not enlarge them
CONNECT_WITHIN = 5.0  # seconds, and the delays of the links besides
FIN_WITHIN = 0.2  # the same
PATIENCE = 16  # of a silence of so many seconds one more passes before we look again, where nothing wakes us
LONGEST_PAUSE = 1000  # milliseconds


SAMPLES = 400  # kept of TCP's state during one Send; after these only what is new about MSS or path MTU


@dataclass(slots=True)
class Transfer:
    """So much of one stream, under way."""

    stream: Stream
    octets: int
    content: memoryview
    written: int = 0
    read: int = 0
    errno: int | None = None
    samples: list[tuple[int, TcpState]] = field(default_factory=list)
    sent: Any = field(default_factory=hashlib.sha256)
    received: Any = field(default_factory=hashlib.sha256)

    @property
    def over(self) -> bool:
        return self.errno is not None or (self.read == self.octets and not unacknowledged(self.stream.sender))

    def write(self) -> None:
        """As much as may be under way at once."""
        if self.written == self.octets or self.written - self.read >= CHUNK:
            return
        try:
            length = self.stream.sender.send(self.content[self.written : self.written + CHUNK])
        except BlockingIOError:
            return
        except OSError as error:
            self.errno = error.errno
            return
        self.sent.update(self.content[self.written : self.written + length])
        self.written += length

    def sample(self) -> None:
        """TCP's state, where it is not as last time."""
        state = tcp_state(self.stream.sender)
        last = self.samples[-1][1] if self.samples else None
        if state != last and (len(self.samples) < SAMPLES or last is None or (state.mss, state.pmtu) != (last.mss, last.pmtu)):
            self.samples.append((time.time_ns(), state))

    def fail(self) -> None:
        """The connection has failed: as it would be told to the next send()."""
        self.errno = self.errno or self.stream.sender.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or None

    def take(self) -> None:
        """What has arrived."""
        octets = self.stream.receiver.recv(1 << 16)
        self.received.update(octets)
        self.read += len(octets)

    def given(self) -> Given:
        whole = self.errno is not None or self.read == self.octets
        return Given(self.errno, self.read, whole and self.sent.digest() == self.received.digest(), samples=tuple(self.samples))


def send_together(streams: Sequence[Stream], octets: int, within: float, breathe: Callable[[], None]) -> list[Given]:
    """Sends that much of each stream, all at once, and waits until everything has arrived and is acknowledged."""
    transfers = [Transfer(stream, octets, memoryview(payload(octets, 0))) for stream in streams]
    for transfer in transfers:
        transfer.sample()
    poll = select.poll()
    by_fd = {transfer.stream.receiver.fileno(): transfer for transfer in transfers}
    senders = {transfer.stream.sender.fileno(): transfer for transfer in transfers}
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    for fd in senders:
        poll.register(fd, 0)  # which tells of errors all the same
    now = woken = time.monotonic()
    until = now + within
    while now < until and not all(transfer.over for transfer in transfers):
        for transfer in transfers:
            transfer.write()
            transfer.sample()
        for fd, _ in poll.poll(pause(now - woken)):
            woken = now
            if fd in by_fd:
                by_fd[fd].take()
            else:
                senders[fd].fail()
                poll.unregister(fd)
        breathe()
        now = time.monotonic()
    for transfer in transfers:
        transfer.sample()
    return [transfer.given() for transfer in transfers]


def pause(silence: float) -> int:
    """Milliseconds until TCP's state is read again, where nothing arrives: the longer nothing has, the rarer a change is.

    A retransmission timer doubles, so what it changes is seen with the same relative lateness, however long it has become.
    """
    return max(1, min(LONGEST_PAUSE, int(silence * 1000 / PATIENCE)))


@dataclass(slots=True)
class Stream:
    """A TCP connection, each end's socket."""

    sender: socket.socket
    receiver: socket.socket
    family: Family
    errors: list[QueuedError] = field(default_factory=list)
    round_trip: float = 0.0  # seconds, at most

    def send(self, octets: int, within: float, dropped: Callable[[], bool], breathe: Callable[[], None]) -> Given:
        """Sends that much of the stream, and waits until it has arrived and is acknowledged."""
        (given,) = send_together([self], octets, within, breathe)
        return given

    def read_errors(self) -> None:
        """TCP tells its application of no PTB (tcp_v4_err()): the queue that is read for others is empty."""

    def mtu(self) -> int | None:
        return socket_mtu(self.sender, self.family)

    def tcp(self) -> tuple[TcpState, TcpState]:
        return tcp_state(self.sender), tcp_state(self.receiver)

    def close(self) -> None:
        """Says FIN both ways and waits for both: what is still on its way belongs to the act that sent it."""
        for end in (self.sender, self.receiver):
            with contextlib.suppress(OSError):  # given up: there is no connection any more
                end.shutdown(socket.SHUT_WR)
        for end in (self.sender, self.receiver):
            end.setblocking(True)
            end.settimeout(FIN_WITHIN + self.round_trip)
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
    round_trip = longest_round_trip(net.plan.topology) / 1000
    for host in (flow.source, flow.to):  # the one that listens may have been told otherwise by a flow of its own
        net[host].sysctl("net/ipv4/tcp_timestamps", int(flow.timestamps))
    net[flow.source].sysctl("net/ipv4/tcp_early_retrans", 0)
    with net[flow.to].socket(AF[flow.family], socket.SOCK_STREAM) as listener:
        sender = net[flow.source].socket(AF[flow.family], socket.SOCK_STREAM)
        for end in (listener, sender):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
        set_options(sender, flow)
        if flow.listener_maxseg is not None:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, flow.listener_maxseg)
        # To any address of its own, where one is stated: a NAT on the way may make another of it.
        listener.bind(("" if flow.address else address, port))
        sender.bind((net.address(flow.source, flow.family), 0))
        listener.listen()
        sender.setblocking(False)
        if sender.connect_ex((address, port)) not in (0, EINPROGRESS):
            raise Broken(f"{flow.source} cannot connect to {flow.to}")
        within = CONNECT_WITHIN + 2 * round_trip  # a round trip for the neighbours' addresses, and one for the handshake
        listener.settimeout(within)
        try:
            receiver, _ = listener.accept()
        except TimeoutError:
            sender.close()
            raise Broken(f"{flow.source} cannot connect to {flow.to}: no handshake within {within:.0f} s") from None
    receiver.setblocking(False)
    return Stream(sender, receiver, flow.family, round_trip=round_trip)


def set_options(sender: socket.socket, flow: Tcp) -> None:
    if flow.maxseg is not None:
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, flow.maxseg)
    if flow.discover is not None:
        ipv4 = (socket.IPPROTO_IP, IP_MTU_DISCOVER)
        level, option = ipv4 if flow.family == IPV4 else (socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER)
        sender.setsockopt(level, option, flow.discover)
