"""The wire that an exploration is played on: one question at a time, paced, answered or met by silence."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType

from lab.model.topology import Family
from lab.theory.probing.exchange import Answer, Ask, Heard, Means, Rest
from lab.world.errors import Lacking
from lab.world.probing.datagrams import Datagrams, open_echo, open_udp
from lab.world.probing.options import Address, Opener
from lab.world.probing.syn import Syns
from lab.world.sockets import socket_mtu


class Wire:
    """Sends to `address`, as getaddrinfo() gives it (its port is for SYNs), by sockets that `opener` opens.

    At most `rate` probes leave in a second; each is waited for `wait` seconds. `source` is the address of this host that they leave
    from, `believed` the path MTU that the kernel held before, `echo` whether ICMP echo may be sent. Raises Lacking where this
    platform, or this user, cannot probe so, and OSError where there is no route.
    """

    def __init__(
        self, family: Family, address: Address, means: Means, opener: Opener = socket.socket, *, rate: float = 20, wait: float = 1
    ) -> None:
        self._interval, self._wait = 1 / rate, wait
        self._next = 0.0
        run = int.from_bytes(os.urandom(4), "big")
        with ExitStack() as undo:
            udp = open_udp(opener, family, address, run)
            undo.callback(udp.sock.close)
            self._sockets: dict[Means, Datagrams] = {Means.UDP: udp}
            try:
                self._sockets[Means.ECHO] = open_echo(opener, family, address, run)
                undo.callback(self._sockets[Means.ECHO].sock.close)
            except Lacking:
                if means is Means.ECHO:
                    raise
            self._undo = undo.pop_all()
        self.source = str(udp.sock.getsockname()[0])
        self.believed = socket_mtu(udp.sock, family)
        self._syns = Syns(family, opener, address, self.source)

    @property
    def echo(self) -> bool:
        return Means.ECHO in self._sockets

    def hear(self, ask: Ask) -> Heard:
        """Sends what is asked, and waits until it is answered or its time is over."""
        if isinstance(ask, Rest):
            return Heard(tuple(self._listen(time.monotonic() + ask.seconds)))
        time.sleep(max(0.0, self._next - time.monotonic()))
        if ask.means is Means.SYN:
            answers = self._syns.ask(ask, self._wait)
            self._next = time.monotonic() + self._interval
            return Heard(answers)
        sender = self._sockets[ask.means]
        came = sender.send(ask)
        self._next = time.monotonic() + self._interval
        if not any(answer.to == ask.number for answer in came):
            came += self._listen(sender.sent[ask.number] + self._wait, ask.number)
        return Heard(tuple(came))

    def _listen(self, until: float, number: int | None = None) -> Iterator[Answer]:
        """All that comes `until` then, or until probe `number` is answered."""
        poll = select.poll()
        for socket_ in self._sockets.values():
            poll.register(socket_.sock, select.POLLIN)
        readable = {socket_.sock.fileno(): socket_ for socket_ in self._sockets.values()}
        while (left := until - time.monotonic()) > 0:
            for fd, _ in poll.poll(left * 1000):
                for answer in readable[fd].read():
                    yield answer
                    if number is not None and answer.to == number:
                        return

    def close(self) -> None:
        self._undo.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
