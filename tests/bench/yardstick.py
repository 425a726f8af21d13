"""The yardstick: a chain of routers made with nothing but hand-packed netlink messages, to hold the lab's speed against.

    h0 ── r1 ── r2 ── ... ── rN ── h(N+1)

Namespaces, veth pairs created in place with both MTUs, one IPv4 subnet a link, every interface up, forwarding on, and only the
routes that let the two hosts reach each other: two a router, one a host. One process, one pass, one batch and one answer a node;
no pyroute2. `python -m tests.bench.yardstick 100` prints {"build": seconds} once a datagram has crossed the chain.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import socket
import struct
import sys
import time

from tests.bench.crossing import MTU, cross

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE = 16, 20, 24
NLM_F_REQUEST, NLM_F_ACK, NEW = 0x1, 0x4, 0x600  # NEW: NLM_F_CREATE | NLM_F_EXCL
IFLA_IFNAME, IFLA_MTU, IFLA_LINKINFO, IFLA_NET_NS_FD = 3, 4, 18, 28
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 1, 2, 1
IFA_ADDRESS, IFA_LOCAL = 1, 2
RTA_DST, RTA_OIF, RTA_GATEWAY = 1, 4, 5
RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNICAST = 254, 4, 0, 1
IFF_UP = 1
LOOPBACK, LEFT, RIGHT = 1, 11, 12  # interface indexes, the same in every node

libc = ctypes.CDLL(None, use_errno=True)


def enter(name: str, *args: int) -> None:
    """unshare() or setns(). Raises OSError."""
    if getattr(libc, name)(*args):
        raise OSError(ctypes.get_errno(), name)


def write(path: str, text: bytes) -> None:
    fd = os.open(path, os.O_WRONLY)
    os.write(fd, text)
    os.close(fd)


def attribute(kind: int, content: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(content), kind) + content + bytes(-len(content) % 4)


def link(index: int, flags: int = 0) -> bytes:
    """A struct ifinfomsg."""
    return struct.pack("=BxHiII", 0, 0, index, flags, flags)


def subnet(number: int, octet: int) -> bytes:
    """10.x.y.`octet` on link `number`, with x.y the number."""
    return struct.pack(">I", 10 << 24 | number << 8 | octet)


def new_veth(mtu: int, there: int) -> bytes:
    """This node's RIGHT and, in the namespace of that descriptor, the next node's LEFT. RIGHT is up already."""
    size = attribute(IFLA_MTU, struct.pack("=I", mtu))
    peer = link(LEFT) + attribute(IFLA_IFNAME, b"left\0") + size + attribute(IFLA_NET_NS_FD, struct.pack("=I", there))
    kind = attribute(IFLA_INFO_KIND, b"veth") + attribute(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, peer))
    return link(RIGHT, IFF_UP) + attribute(IFLA_IFNAME, b"right\0") + size + attribute(IFLA_LINKINFO, kind)


def new_address(index: int, address: bytes) -> bytes:
    return struct.pack("=BBBBi", socket.AF_INET, 24, 0, 0, index) + attribute(IFA_LOCAL, address) + attribute(IFA_ADDRESS, address)


def new_route(to: bytes, length: int, via: bytes, index: int) -> bytes:
    head = (socket.AF_INET, length, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNICAST, 0)
    oif = attribute(RTA_OIF, struct.pack("=i", index))
    return struct.pack("=8BI", *head) + attribute(RTA_DST, to) + attribute(RTA_GATEWAY, via) + oif


def messages_of(node: int, last: int, there: int) -> list[tuple[int, int, bytes]]:
    """All that makes a node, as (type, flags, content). Its LEFT is there: the node before made it. Link i is node i's RIGHT."""
    made = [(RTM_NEWLINK, 0, link(LOOPBACK, IFF_UP))]
    if node > 0:
        made.append((RTM_NEWLINK, 0, link(LEFT, IFF_UP)))
        made.append((RTM_NEWADDR, NEW, new_address(LEFT, subnet(node - 1, 2))))
    if node < last:
        made.append((RTM_NEWLINK, NEW, new_veth(MTU, there)))
        made.append((RTM_NEWADDR, NEW, new_address(RIGHT, subnet(node, 1))))
    # A router on a host's own link has the route already.
    if node < last - 1:
        made.append((RTM_NEWROUTE, NEW, new_route(subnet(last - 1, 0), 24, subnet(node, 2), RIGHT)))
    if node > 1:
        made.append((RTM_NEWROUTE, NEW, new_route(subnet(0, 0), 24, subnet(node - 1, 1), LEFT)))
    return made


def carry_out(netlink: socket.socket, messages: list[tuple[int, int, bytes]]) -> None:
    """One send; only the last message asks for an answer. The kernel reports what it refuses in any case: raises OSError."""
    batch = b""
    for number, (kind, flags, content) in enumerate(messages, 1):
        flags |= NLM_F_REQUEST | (NLM_F_ACK if number == len(messages) else 0)
        batch += struct.pack("=IHHII", 16 + len(content), kind, flags, number, 0) + content
    netlink.send(batch)
    answer = netlink.recv(1 << 16)
    (number,), (error,) = struct.unpack_from("=I", answer, 8), struct.unpack_from("=i", answer, 16)
    if error:
        raise OSError(-error, f"{os.strerror(-error)} (message {number} of {len(messages)})")


def new_node(forwards: bool) -> tuple[int, socket.socket]:
    """A namespace and a netlink socket in it; this thread is left there."""
    enter("unshare", CLONE_NEWNET)
    if forwards:
        write("/proc/sys/net/ipv4/ip_forward", b"1")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)


def build(routers: int) -> list[int]:
    """Makes the chain. Returns the namespace of each node, as a descriptor."""
    last = routers + 1
    namespace, netlink = new_node(forwards=False)
    namespaces = [namespace]
    for node in range(last):
        namespace, following = new_node(forwards=node + 1 < last)
        namespaces.append(namespace)
        carry_out(netlink, messages_of(node, last, namespace))
        netlink.close()
        netlink = following
    carry_out(netlink, messages_of(last, last, -1))
    return namespaces


def enter_user_namespace() -> None:
    """Makes an ordinary user root of a namespace of its own."""
    uid, gid = os.getuid(), os.getgid()
    enter("unshare", CLONE_NEWUSER)
    write("/proc/self/setgroups", b"deny")
    write("/proc/self/uid_map", b"0 %d 1" % uid)
    write("/proc/self/gid_map", b"0 %d 1" % gid)


def main() -> None:
    routers = int(sys.argv[1])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    started = time.perf_counter()
    if os.getuid():
        enter_user_namespace()
    namespaces = build(routers)
    seconds = time.perf_counter() - started

    def open_socket(node: int, family: int, kind: int, protocol: int) -> socket.socket:
        enter("setns", namespaces[node], CLONE_NEWNET)
        return socket.socket(family, kind, protocol)

    cross(open_socket, routers + 1, subnet(0, 1), subnet(routers, 2))
    print(json.dumps({"build": seconds}))


if __name__ == "__main__":
    main()
