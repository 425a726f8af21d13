"""What both kinds of endpoint need of a socket: what was given, its error queue, its path MTU, TCP's state."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from lab.judge.observation import QueuedError, TcpState
from lab.model.topology import IPV4, Family

IP_MTU_DISCOVER, IP_RECVERR, IP_MTU = 10, 11, 14
IPV6_MTU_DISCOVER, IPV6_MTU, IPV6_RECVERR = 23, 24, 25
IPV6_RECVPATHMTU, IPV6_PATHMTU, IPV6_DONTFRAG = 60, 61, 62
UDP_SEGMENT = 103
ORIGINS = {1: "LOCAL", 2: "ICMP", 3: "ICMP6"}  # SO_EE_ORIGIN_*
EXTENDED_ERR = struct.Struct("=IBBBxII")  # struct sock_extended_err; the offender's address follows
TCP_INFO = struct.Struct("=8x24I")
TCP_INFO_LENGTH = 8 + 24 * 4
FIRST_PORT = 7001


@dataclass(frozen=True, slots=True)
class Given:
    """What an attempt to send gave: send()'s errno, and how much the receiver's application got of it, whole.

    `announced` is the path MTU that IPV6_RECVPATHMTU brought, None where it brought none. `samples` are as in Outcome,
    and no two transfers' are the same: they do not count in a comparison.
    """

    errno: int | None = None
    delivered: int = 0
    intact: bool = True
    announced: int | None = None
    samples: tuple[tuple[int, TcpState], ...] = field(default=(), compare=False)


def payload(octets: int, number: int) -> bytes:
    """Content that says where in the stream it belongs, so that a piece out of place is noticed."""
    words = range(number << 20, (number << 20) + octets // 4 + 1)
    return struct.pack(f"!{len(words)}I", *words)[:octets]


def socket_mtu(sock: socket.socket, family: Family) -> int | None:
    """IP_MTU or IPV6_MTU of a connected socket."""
    level, option = (socket.IPPROTO_IP, IP_MTU) if family == IPV4 else (socket.IPPROTO_IPV6, IPV6_MTU)
    try:
        return sock.getsockopt(level, option)
    except OSError:
        return None


def tcp_state(sock: socket.socket) -> TcpState:
    return read_tcp_info(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_LENGTH))


def read_tcp_info(octets: bytes) -> TcpState:
    """Of a struct tcp_info of any length that has what we read."""
    v = TCP_INFO.unpack_from(octets)
    return TcpState(mss=v[2], advmss=v[19], pmtu=v[13], ssthresh=v[17], cwnd=v[18], total_retrans=v[23], received=v[3])


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
