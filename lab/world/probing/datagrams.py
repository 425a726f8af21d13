"""UDP datagrams and ICMP echo requests as probes: one connected socket each, whatever is sent."""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from lab.model.encode import checksum
from lab.model.packet import Icmp4, Icmp6
from lab.model.topology import IPV4, Family
from lab.theory.linux import ECHO_HEADER, IP_HEADER, UDP_HEADER
from lab.theory.probing.exchange import Answer, Means, Probe, Reached, Refused, Unreachable
from lab.world.errors import Lacking
from lab.world.probing.options import AF, Address, Opener, bare, error_answer, hop_limit, largest_piece, prepare, set_hop_limit

UDP_PORT = 33434  # traceroute's: nobody listens there, and firewalls know it
TOKEN = struct.Struct("!II")  # which run, and which probe of it
TEXT = b"pmtulab probe: path MTU by RFC 8899"  # for whoever finds it in a capture
ECHO = struct.Struct("!BBHHH")
QUOTED = 64  # octets of a quote that are read: the token is at its beginning
LARGEST = 1 << 16
RETRIES = 4  # of a send() that fails with the error of an earlier one
NO_ECHO = (
    "ICMP echo is not allowed to you here: net.ipv4.ping_group_range does not name your group, and you have no CAP_NET_RAW.\n"
    "Run as root, or leave out --icmp: UDP needs no privilege."
)


@dataclass
class Datagrams:
    """One socket, connected to the destination. `sent` is when each probe was: monotonic seconds."""

    family: Family
    means: Means
    sock: socket.socket
    destination: str
    run: int
    raw: bool = False
    sent: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._own = bare(self.sock.getsockname()[0])
        self._last = 0

    def send(self, probe: Probe) -> list[Answer]:
        """Sends it, and brings what had come before, or what this host has against it."""
        set_hop_limit(self.sock, self.family, probe.hop_limit)
        octets = self._octets(probe)
        self._last = probe.number
        came: list[Answer] = []
        refusal = 0
        for _ in range(RETRIES):
            came += self.read()
            self.sent[probe.number] = time.monotonic()
            try:
                self.sock.send(octets)
                return came
            except OSError as error:
                # Its own error, or one that an ICMP error about an earlier probe has left (sk_err): that is in the queue.
                late = list(self.read())
                came += late
                refusal = error.errno or 0
                if any(isinstance(answer, Refused) for answer in late) or refusal == errno.ENOBUFS:
                    return came
                if not late and refusal != errno.EMSGSIZE:
                    break
        return [*came, Unreachable(probe.number, words=errno_words(refusal))]

    def _octets(self, probe: Probe) -> bytes:
        """The payload that makes a packet of the probe's size; of echo with its header."""
        header = UDP_HEADER if self.means is Means.UDP else ECHO_HEADER
        room = probe.octets - IP_HEADER[self.family] - header
        body = (TOKEN.pack(self.run, probe.number) + TEXT)[:room].ljust(room, b"\0")
        if self.means is Means.UDP:
            return body
        request = Icmp4.ECHO_REQUEST if self.family == IPV4 else Icmp6.ECHO_REQUEST
        # A ping socket's identifier and checksum are the kernel's; a raw IPv6 socket's checksum, too.
        whole = ECHO.pack(request, 0, 0, self.run & 0xFFFF, probe.number) + body
        return whole[:2] + checksum(whole).to_bytes(2, "big") + whole[4:] if self.raw and self.family == IPV4 else whole

    def read(self) -> Iterator[Answer]:
        """All that has come: errors first."""
        while True:
            try:
                quote, ancillary, _, _ = self.sock.recvmsg(QUOTED, 512, socket.MSG_ERRQUEUE)
            except BlockingIOError:
                break
            number = self._number(quote)
            if number is not None:
                to = number or None
                answer = error_answer(ancillary, self.family, self.destination, self._own, to or self._last, self._rtt(to))
                if answer:
                    yield answer
        for _ in range(RETRIES):
            try:
                while True:
                    yield from self._reply(*self.sock.recvmsg(LARGEST, 512)[:2])
            except BlockingIOError:
                return
            except OSError:
                continue  # an error whose entry in the queue is read already

    def _reply(self, octets: bytes, ancillary: list[tuple[int, int, bytes]]) -> Iterator[Answer]:
        if self.means is Means.ECHO:
            octets = octets[(octets[0] & 15) * 4 :] if self.raw and self.family == IPV4 else octets
            if len(octets) < ECHO.size or octets[0] != (Icmp4.ECHO_REPLY if self.family == IPV4 else Icmp6.ECHO_REPLY):
                return
        # Whatever a UDP server answers, it has got something.
        number = self._number(octets) or (self._last if self.means is Means.UDP else None)
        if number:
            yield Reached(number, self.destination, self._rtt(number), hop_limit(ancillary), pieces=largest_piece(ancillary))

    def _number(self, octets: bytes) -> int | None:
        """The probe's number in what it carried; 0 where too little of it is there, None where it is not ours."""
        if self.means is Means.ECHO:
            if len(octets) < ECHO.size:
                return 0
            _, _, _, identifier, number = ECHO.unpack_from(octets)
            return None if self.raw and identifier != self.run & 0xFFFF else int(number)
        if len(octets) < TOKEN.size:
            return 0
        run, number = TOKEN.unpack_from(octets)
        return int(number) if run == self.run else None

    def _rtt(self, number: int | None) -> float:
        return time.monotonic() - self.sent.get(number or self._last, time.monotonic())


def errno_words(number: int) -> str:
    words = {errno.EPERM: "not permitted: a firewall of this host, most likely", errno.ENETUNREACH: "no route to it"}
    return words.get(number) or errno.errorcode.get(number, str(number))


def open_udp(opener: Opener, family: Family, address: Address, run: int) -> Datagrams:
    """Raises Lacking where this platform cannot probe, and OSError where there is no route."""
    sock = opener(AF[family], socket.SOCK_DGRAM, socket.IPPROTO_UDP)
    return Datagrams(family, Means.UDP, connected(sock, family, address, UDP_PORT), bare(address[0]), run)


def open_echo(opener: Opener, family: Family, address: Address, run: int) -> Datagrams:
    """A ping socket, or a raw one. Raises Lacking where this user may have neither."""
    protocol = socket.IPPROTO_ICMP if family == IPV4 else socket.IPPROTO_ICMPV6
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            sock = opener(AF[family], kind, protocol)
        except PermissionError:
            continue
        sock = connected(sock, family, address, 0)
        return Datagrams(family, Means.ECHO, sock, bare(address[0]), run, raw=kind == socket.SOCK_RAW)
    raise Lacking(NO_ECHO)


def connected(sock: socket.socket, family: Family, address: Address, port: int) -> socket.socket:
    try:
        prepare(sock, family)
        sock.connect((address[0], port, *address[2:]))
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock
