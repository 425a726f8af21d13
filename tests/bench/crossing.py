"""Proof that a chain stands: a full-sized UDP datagram goes from one end to the other.

Two limits of the kernel's stand in the way of a thousand routers. A packet makes 255 hops at most, so it is heard on the way, every
250 nodes, and sent on with a fresh TTL. And all namespaces together hold 1,024 ARP entries (net.ipv4.neigh.default.gc_thresh3), of
which each link crossed takes two, so the nodes behind it forget theirs.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
from collections.abc import Callable

MTU = 1400  # of every link; not 1500, which is what an interface has when nobody sets it
STAGE = 250
PORT = 7001
ATTEMPTS = 40  # half a second each: a link end drops what is sent before the kernel has noticed that it is up (noop_qdisc)
SIOCDARP = 0x8953
ARPREQ = struct.Struct("=H2x4s8x52x")  # struct arpreq: the protocol address; no device means the route's

OpenSocket = Callable[[int, int, int, int], socket.socket]
"""Node number, from 0; then family, type and protocol as socket() takes them."""


def cross(open_socket: OpenSocket, last: int, source: bytes, to: bytes) -> None:
    """Sends from node 0 to node `last`. Raises TimeoutError where it does not get there. Addresses are four octets."""
    udp = struct.pack(">HHHH", PORT, PORT, MTU - 20, 0) + bytes(MTU - 28)  # a checksum of 0 is none
    packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, MTU, 0, 0, 255, socket.IPPROTO_UDP, 0, source, to) + udp
    at = 0
    while at < last:
        here, at = at, min(at + STAGE, last)
        if at < last:
            receiver = open_socket(at, socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        else:
            receiver = open_socket(at, socket.AF_INET, socket.SOCK_DGRAM, 0)
            receiver.bind(("", PORT))
        # IPPROTO_RAW: the header is ours, and the kernel adds its checksum.
        with receiver, open_socket(here, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
            if not any(arrives(sender, receiver, packet, to) for _ in range(ATTEMPTS)):
                raise TimeoutError(f"no datagram came from node {here} to node {at}")
        for node in range(here, at):
            forget_neighbours(open_socket, node)


def arrives(sender: socket.socket, receiver: socket.socket, packet: bytes, to: bytes) -> bool:
    sender.sendto(packet, (socket.inet_ntoa(to), 0))
    receiver.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        return receiver.recv(1 << 16).endswith(packet[28:])
    return False


def forget_neighbours(open_socket: OpenSocket, node: int) -> None:
    """Both designs number link i 10.x.y.0/24 with x.y = i: its left end .1, its right end .2."""
    with open_socket(node, socket.AF_INET, socket.SOCK_DGRAM, 0) as any_socket:
        for link, end in ((node - 1, 1), (node, 2)):
            if link >= 0:
                with contextlib.suppress(OSError):  # nothing known of that neighbour
                    fcntl.ioctl(any_socket, SIOCDARP, ARPREQ.pack(socket.AF_INET, struct.pack(">I", 10 << 24 | link << 8 | end)))
