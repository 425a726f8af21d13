"""TCP SYNs as probes, from ordinary sockets: a router's time exceeded ends connect(), and quotes the SYN, options and all.

The kernel hands the quote to the error queue of a socket that is not connected yet (tcp_v4_err(), tcp_v6_err()).
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from errno import ECONNREFUSED, EINPROGRESS

from lab.model.topology import Family
from lab.model.wire import decode_tcp
from lab.theory.linux import TIMESTAMPS
from lab.theory.probing.exchange import Answer, Expired, Probe, Reached, Unreachable
from lab.world.probing.datagrams import errno_words
from lab.world.probing.options import AF, Address, Opener, bare, error_answer, prepare, set_hop_limit
from lab.world.sockets import TCP_INFO_LENGTH, tcp_state

OPTIONS_OFFSET, OPT_TIMESTAMPS = 5, 1  # tcpi_options, TCPI_OPT_TIMESTAMPS
QUOTED = 60  # octets of the quote that are read: the longest TCP header
RESET_ON_CLOSE = struct.pack("=ii", 1, 0)  # SO_LINGER: no connection of ours stays in TIME_WAIT, on either side


@dataclass
class Syns:
    """Each SYN has a socket of its own, all from one port, so that they are one flow to routers."""

    family: Family
    opener: Opener
    address: Address
    source: str
    port: int = 0

    def ask(self, probe: Probe, wait: float) -> tuple[Answer, ...]:
        """Sends one, and waits for what comes of it. An open port sees a connection that is reset at once."""
        with self._socket() as sock:
            set_hop_limit(sock, self.family, probe.hop_limit)
            started = time.monotonic()
            refused = sock.connect_ex(self.address)
            if refused not in (0, EINPROGRESS, ECONNREFUSED):
                return (Unreachable(probe.number, words=errno_words(refused)),)
            poll = select.poll()
            poll.register(sock, select.POLLOUT)
            poll.poll(max(0.0, started + wait - time.monotonic()) * 1000)
            return tuple(self._answer(sock, probe.number, time.monotonic() - started, refused))

    def _socket(self) -> socket.socket:
        sock = self.opener(AF[self.family], socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            prepare(sock, self.family)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            sock.bind((self.source, self.port, *((0, self.address[3]) if len(self.address) == 4 else ())))
            self.port = sock.getsockname()[1]
            sock.setblocking(False)
        except BaseException:
            sock.close()
            raise
        return sock

    def _answer(self, sock: socket.socket, number: int, rtt: float, refused: int) -> Iterator[Answer]:
        destination = bare(self.address[0])
        advertised = tcp_state(sock).advmss
        with contextlib.suppress(BlockingIOError):
            quote, ancillary, _, _ = sock.recvmsg(QUOTED, 512, socket.MSG_ERRQUEUE)
            answer = error_answer(ancillary, self.family, destination, self.source, number, rtt)
            tcp = decode_tcp(quote)
            if isinstance(answer, Expired) and tcp and tcp.mss is not None:
                answer = replace(answer, mss=(advertised, tcp.mss))
            if answer:
                yield answer
            return
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if ECONNREFUSED in (refused, error):
            yield Reached(number, destination, rtt)
        elif is_connected(sock):
            yield Reached(number, destination, rtt, mss=received_mss(sock))


def is_connected(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def received_mss(sock: socket.socket) -> int:
    """The SYN-ACK's MSS, or what the kernel's path MTU leaves of it, as tcpi_snd_mss has it, without room for options."""
    options = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_LENGTH)[OPTIONS_OFFSET]
    return tcp_state(sock).mss + (TIMESTAMPS if options & OPT_TIMESTAMPS else 0)
