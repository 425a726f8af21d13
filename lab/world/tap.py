"""Taps: a packet socket at every link end, and the frames that they saw, in the order of the kernel's clock.

A plain socket and no ring: setting up a ring and taking it down wait for two RCU grace periods each, about 35 ms a tap (measured),
and a plain socket for one. What a socket cannot hold the kernel drops and counts; the count is never ignored.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from errno import ENETDOWN

from lab.theory.plan import Interface
from lab.world.errors import Broken
from lab.world.kept import Kept, TappedFrame, in_order
from lab.world.sandbox import Sandbox

ETH_P_ALL = 3
SOL_PACKET, PACKET_STATISTICS = 263, 6
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS_NEW = 64  # two 64-bit numbers on every architecture, which SO_TIMESTAMPNS is not
PACKET_OUTGOING = 4
LARGEST_FRAME = 1 << 17  # a super-packet of 64 KiB, and room
ROOM = 64 << 20  # what a tap may hold, where we may ask for it: struct sk_buff and all, about 2 KiB a full-sized frame
REST = 0.01  # seconds that the collecting thread lets frames gather: waking for each would slow what is measured
CLOSERS = 32
CLOCK_WITHIN = 1.0  # seconds


class Tap:
    """One link end's packet socket, and how many frames it saw and dropped so far."""

    def __init__(self, sock: socket.socket, interface: Interface) -> None:
        self.socket = sock
        self.interface = interface
        self.seen = self.dropped = 0
        try:
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        except PermissionError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)  # as much as net.core.rmem_max allows
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1)
        sock.setblocking(False)
        sock.bind((interface.name, ETH_P_ALL))

    def drain(self, buffer: bytearray, into: list[TappedFrame], most: int = sys.maxsize) -> None:
        """What the socket holds, `most` frames at most, each read by way of `buffer`."""
        receive, interface = self.socket.recvmsg_into, self.interface
        view = memoryview(buffer)
        for _ in range(most):
            try:
                length, ancillary, _, address = receive([buffer], 64, socket.MSG_TRUNC)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != ENETDOWN:  # its interface is gone, as the story wanted; what came before is still there
                    raise
                continue
            into.append(TappedFrame(stamp(ancillary), interface, address[2] == PACKET_OUTGOING, bytes(view[:length]), length))

    def close(self) -> None:
        self.socket.close()

    def count(self) -> None:
        """Adds what the kernel counted since last asked: reading the statistics sets them to zero (packet_getsockopt())."""
        seen, dropped = struct.unpack("=II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self.seen += seen
        self.dropped += dropped


class Capture:
    """All taps of a lab. A thread empties them; `take()` gives what came since the last time."""

    def __init__(self, sandbox: Sandbox, interfaces: Iterable[Interface]) -> None:
        self.taps = open_taps(sandbox, interfaces)
        self._by_fd = {tap.socket.fileno(): tap for tap in self.taps}
        self._buffer = bytearray(LARGEST_FRAME)
        self._kept = {fd: Kept() for fd in self._by_fd}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._waker, self._wake = socket.socketpair()
        self._epoll = select.epoll()  # and not poll(), which two threads may not use at once
        for fd in (*self._by_fd, self._wake.fileno()):
            self._epoll.register(fd, select.EPOLLIN)
        self._thread = threading.Thread(target=self._collect, name="pmtulab taps", daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        while not self._closing.is_set():
            self._epoll.poll()
            if not self._closing.wait(REST):
                self.drain()

    def drain(self) -> None:
        """Empties the sockets into memory now; for whoever sends so much at once that the thread might come too late."""
        with self._lock:
            for fd, _ in self._epoll.poll(0, len(self.taps) + 1):
                if fd in self._by_fd:
                    came: list[TappedFrame] = []
                    self._by_fd[fd].drain(self._buffer, came)
                    self._kept[fd].add(came)

    def take(self) -> Sequence[TappedFrame]:
        """Every frame since the last call, in the order of time.

        Raises Broken where a tap dropped any, or where more came than there is room for (`retain()`).
        """
        self.drain()
        with self._lock:
            frames = in_order(kept.new() for kept in self._kept.values())
            missed = sum(kept.taken() for kept in self._kept.values())
        self.check()
        if missed:
            raise Broken(f"{missed} frames came before these, and there was no room to keep them: take() sooner")
        return frames

    def seen(self) -> Sequence[TappedFrame]:
        """Every frame since the last take(), in the order of time, and left for it."""
        self.drain()
        with self._lock:
            return in_order(kept.new() for kept in self._kept.values())

    def retain(self, room: int) -> None:
        """Keeps frames that are taken, too, for everything(): the last `room` octets of them, in equal parts for each tap."""
        with self._lock:
            for kept in self._kept.values():
                kept.room = room / len(self._kept)

    def everything(self) -> Sequence[TappedFrame]:
        """Every frame that is here, taken or not, in the order of time, from when on no tap has let go of any."""
        self.drain()
        with self._lock:
            since = self.let_go
            return in_order(kept.after(since) for kept in self._kept.values())

    @property
    def let_go(self) -> int:
        """When the last frame came that is not kept, at some tap, in ns since the epoch; 0 where all are."""
        return max((kept.let_go for kept in self._kept.values()), default=0)

    def check(self) -> None:
        """Raises Broken with the count of each tap that dropped frames."""
        for tap in self.taps:
            tap.count()
        lost = [f"the tap at {tap.interface.end} dropped {tap.dropped} of {tap.seen} frames" for tap in self.taps if tap.dropped]
        if lost:
            raise Broken("; ".join(lost) + ": what was seen is not all that was there")

    def close(self) -> None:
        """Stops the thread and closes the sockets, side by side: each waits for an RCU grace period, and they share it."""
        self._closing.set()
        self._waker.send(b"x")
        self._thread.join()
        self._waker.close()
        self._wake.close()
        self._epoll.close()
        with ThreadPoolExecutor(min(CLOSERS, len(self.taps) or 1)) as closers:
            list(closers.map(Tap.close, self.taps))


def open_taps(sandbox: Sandbox, interfaces: Iterable[Interface]) -> list[Tap]:
    """A tap at each link end, node by node. Raises Broken as prove_clock() does."""
    by_node: dict[str, list[Interface]] = {}
    for interface in interfaces:
        by_node.setdefault(interface.node, []).append(interface)
    taps: list[Tap] = []
    with contextlib.ExitStack() as undo:
        for node, its in by_node.items():
            # Protocol 0: the socket hears nothing until it is bound to its interface.
            sockets = sandbox.open_sockets(node, socket.AF_PACKET, socket.SOCK_RAW, 0, len(its))
            taps += (Tap(undo.enter_context(sock), interface) for sock, interface in zip(sockets, its, strict=True))
        if taps:
            prove_clock(sandbox, taps[0].interface.node)
        undo.pop_all()
    return taps


def prove_clock(sandbox: Sandbox, node: str) -> None:
    """Waits until the kernel stamps packets as they come, and not when they are read.

    The first socket that asks for timestamps only schedules the switch (net_enable_timestamp()); until it is thrown, a frame gets
    the time of recvmsg() and frames of different taps come out of order. So send a datagram over lo, look at the clock, and only
    then read: a stamp from before the look is a true one. Raises Broken where none comes within CLOCK_WITHIN.
    """
    with sandbox.open_socket(node, socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1)
        sock.bind(("127.0.0.1", 0))
        until = time.monotonic() + CLOCK_WITHIN
        while time.monotonic() < until:
            sock.sendto(b"", sock.getsockname())
            looked = time.time_ns()
            if stamp(sock.recvmsg(0, 64)[1]) <= looked:
                return
    raise Broken(f"{node}: this kernel does not stamp packets as they come, so the order of frames cannot be known")


def stamp(ancillary: list[tuple[int, int, bytes]]) -> int:
    """The kernel's timestamp, in ns since the epoch."""
    seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2])
    return int(seconds * 1_000_000_000 + nanoseconds)
