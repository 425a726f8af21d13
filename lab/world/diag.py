"""Every TCP socket of a node, by the kernel's own account (NETLINK_SOCK_DIAG, include/uapi/linux/inet_diag.h)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6, IPPROTO_TCP

from lab.judge.inspection import TcpSocket
from lab.world.errors import Broken
from lab.world.netlink import HEADER, NLM_F_DUMP, Message, Netlink, attribute
from lab.world.sandbox import Sandbox
from lab.world.sockets import read_tcp_info

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY = 4, 20
INET_DIAG_INFO = 2
REQUEST = struct.Struct("=BBBxI48x")  # struct inet_diag_req_v2: family, protocol, what to add, states; any socket
ANSWER = struct.Struct("=BBxx2s2s16s16s")  # struct inet_diag_msg, as far as the addresses: family, state, ports, addresses
ANSWER_LENGTH = 72
STATES = {  # include/net/tcp_states.h, by the names of RFC 9293 §3.3.2
    1: "ESTABLISHED",
    2: "SYN-SENT",
    3: "SYN-RECEIVED",
    4: "FIN-WAIT-1",
    5: "FIN-WAIT-2",
    8: "CLOSE-WAIT",
    9: "LAST-ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "SYN-RECEIVED",
}
"""Without TIME-WAIT and CLOSED, which have neither an MSS nor a path MTU."""


def tcp_sockets(sandbox: Sandbox, node: str) -> Iterator[TcpSocket]:
    """Raises Broken where the kernel cannot tell."""
    try:
        sock = sandbox.open_socket(node, socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        with sock:
            netlink = Netlink(sock, node)
            for family in (AF_INET, AF_INET6):
                body = REQUEST.pack(family, IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), sum(1 << state for state in STATES))
                for answer in netlink.ask_raw(Message.raw(body, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, "list TCP sockets")):
                    yield read(answer)
    except OSError as error:
        raise Broken(f"{node}: TCP sockets cannot be listed (CONFIG_INET_TCP_DIAG, or modprobe tcp_diag): {error}") from error


def read(answer: bytes) -> TcpSocket:
    family, state, port, to_port, address, to = ANSWER.unpack_from(answer, HEADER.size)
    info = attribute(answer, HEADER.size + ANSWER_LENGTH, INET_DIAG_INFO)
    listens = STATES[state] == "LISTEN"
    ends = (end(family, address, port), "*" if listens else end(family, to, to_port))
    return TcpSocket(STATES[state], *ends, None if listens or info is None else read_tcp_info(info))


def end(family: int, address: bytes, port: bytes) -> str:
    """As people write it: 10.0.0.1:7001, [fd00::1]:7001; an IPv4 address in an IPv6 socket as what it is."""
    number = int.from_bytes(port, "big")
    if family == AF_INET:
        return f"{IPv4Address(address[:4])}:{number}"
    ip = IPv6Address(address)
    return f"{ip.ipv4_mapped}:{number}" if ip.ipv4_mapped else f"[{ip}]:{number}"
