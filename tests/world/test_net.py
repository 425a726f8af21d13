"""A running network: it is as planned, it answers for its nodes, and it does so beside threads, event loops and other networks."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lab
from lab.model.flow import DO
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology
from lab.theory.plan import plan
from lab.world.errors import Broken
from lab.world.messages import AF
from lab.world.net import Net, Node
from tests.world.command import until
from topologies import chain

IP_MTU_DISCOVER, IPV6_MTU_DISCOVER = 10, 23
SO_NETNS_COOKIE = 71
DUAL = chain("client", "r1", "server", mtus=(1500, (1400, 1450)), families=(IPV4, IPV6))
FAMILIES = pytest.mark.parametrize("family", [IPV4, IPV6], ids=str)


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    with lab.open(DUAL) as net:
        yield net


def ip(node: Node, *arguments: str) -> list[dict[str, Any]]:
    """What iproute2 says of a node."""
    return list(json.loads(node.run(["ip", "-j", "-d", *arguments]).stdout))


def learn(net: Net, family: Family) -> None:
    """Makes client learn the path MTU to server, by a datagram that is too big for r1's next link."""
    with net["client"].socket(AF[family], socket.SOCK_DGRAM) as sock:
        if family == IPV4:
            sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, DO)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, DO)
        sock.connect((net.address("server", family), 9))
        sock.send(bytes(1452 if family == IPV6 else 1472))
        until(lambda: net["client"].path_mtu("server", family) == 1400)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.tools("ip")
def test_links_are_as_planned(net: Net) -> None:
    for node in net:
        links = {link["ifname"]: link for link in ip(node, "link")}
        assert set(links) - {"lo"} >= {interface.name for interface in node.planned.interfaces}
        for interface in node.planned.interfaces:
            link = links[interface.name]
            assert (link["ifindex"], link["mtu"], link["address"]) == (interface.index, interface.mtu, interface.mac)
            assert (link["operstate"], link["linkinfo"]["info_kind"]) == ("UP", "veth")


@pytest.mark.tools("ip")
def test_addresses_are_as_planned_and_ready(net: Net) -> None:
    for node in net:
        seen = {link["ifname"]: link["addr_info"] for link in ip(node, "addr")}
        for interface in node.planned.interfaces:
            planned = {(str(a), 24 if a.version == 4 else 64) for a in (*interface.addresses.values(), interface.link_local)}
            assert {(a["local"], a["prefixlen"]) for a in seen[interface.name]} == planned
            assert not any(a.get("tentative") or a.get("dadfailed") for a in seen[interface.name])


@pytest.mark.tools("ip")
@FAMILIES
def test_routes_are_as_planned(net: Net, family: Family) -> None:
    for node in net:
        shown = ip(node, f"-{family.value}", "route", "show", "proto", "static")
        planned = {(str(r.to), str(r.via), r.out) for r in node.planned.routes if r.to.version == family}
        default = "0.0.0.0/0" if family == IPV4 else "::/0"
        assert {(r["dst"].replace("default", default), r["gateway"], r["dev"]) for r in shown} == planned


@FAMILIES
def test_names_resolve_inside(net: Net, family: Family) -> None:
    for name in ("client", "r1", "server"):
        found = net["client"].run(["getent", f"ahostsv{family.value}", name]).stdout.split()
        assert found[0] == net.address(name, family)


@pytest.mark.tools("ping")
@FAMILIES
def test_ping_by_name(net: Net, family: Family) -> None:
    said = net["client"].run(["ping", f"-{family.value}", "-n", "-c1", "-W5", "server"]).stdout
    assert net.address("server", family) in said
    assert " 0% packet loss" in said


def test_a_node_that_is_not_there_has_near_ones(net: Net) -> None:
    for look in (lambda: net["sever"], lambda: net.address("sever"), lambda: net["client"].path_mtu("sever")):
        with pytest.raises(KeyError, match="there is no node 'sever' in this network; near it: server"):
            look()


def test_names_do_not_resolve_outside() -> None:
    before = Path("/etc/hosts").read_bytes()
    with lab.open(chain("client", "r1", "server", mtus=(1500, 1400)), taps=False) as net:
        assert "server" in net["client"].run(["cat", "/etc/hosts"]).stdout
        assert Path("/etc/hosts").read_bytes() == before
    assert Path("/etc/hosts").read_bytes() == before


@FAMILIES
def test_path_mtu_is_learned_expires_and_can_be_forgotten(net: Net, family: Family) -> None:
    client = net["client"]
    client.flush_route_cache()
    assert client.path_mtu("server", family) == 1500
    assert net["r1"].path_mtu("server", family) == 1400
    assert net["server"].path_mtu("client", family) == 1450
    assert client.exceptions() == ()
    learn(net, family)
    (learned,) = client.exceptions()
    assert (learned.node, learned.to, learned.mtu, learned.locked) == ("client", net.address("server", family), 1400, False)
    assert 590 < learned.expires <= 600
    client.flush_route_cache()
    assert client.exceptions() == ()
    assert client.path_mtu("server", family) == 1500


def test_exceptions_of_both_families_are_listed_and_flushed_together(net: Net) -> None:
    client = net["client"]
    client.flush_route_cache()
    for family in (IPV4, IPV6):
        learn(net, family)
    assert {e.to for e in client.exceptions()} == {net.address("server", IPV4), net.address("server", IPV6)}
    client.flush_route_cache()
    assert client.exceptions() == ()


@pytest.mark.parametrize(
    ("family", "names"), [(IPV4, ("Ip.FragFails", "Icmp.OutDestUnreachs")), (IPV6, ("Ip6.FragFails", "Icmp6.OutPktTooBigs"))]
)
def test_counters_move_at_the_node_that_counts(net: Net, family: Family, names: tuple[str, str]) -> None:
    net["client"].flush_route_cache()
    before = {node.name: node.counters() for node in net}
    learn(net, family)
    for name in names:
        moved = {node.name: node.counters()[name] - before[node.name][name] for node in net}
        assert moved == {"client": 0, "r1": 1, "server": 0}, name


def test_sysctls_belong_to_one_node(net: Net) -> None:
    path = "net/ipv4/tcp_mtu_probing"
    assert net["client"].sysctl(path, 1) == "1"
    assert (net["client"].sysctl(path), net["server"].sysctl(path)) == ("1", "0")
    assert net["client"].sysctl(path, "0") == "0"
    assert net["client"].sysctl("net/ipv4/route/flush", 1) == ""


def test_a_refused_sysctl_says_which(net: Net) -> None:
    with pytest.raises(FileNotFoundError):
        net["client"].sysctl("net/ipv4/no_such_thing")
    with pytest.raises(OSError, match="tcp_mtu_probing") as refused:
        net["client"].sysctl("net/ipv4/tcp_mtu_probing", "often")
    assert refused.value.errno == errno.EINVAL
    assert net["client"].run(["true"]).returncode == 0


@FAMILIES
def test_sockets_stay_in_their_node(net: Net, family: Family) -> None:
    with (
        net["server"].socket(AF[family], socket.SOCK_STREAM) as listener,
        net["client"].socket(AF[family], socket.SOCK_STREAM) as sender,
    ):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            cookies = {
                int.from_bytes(s.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8), "little") for s in (listener, sender, ours)
            }
        assert len(cookies) == 3
        listener.bind((net.address("server", family), 7000))
        listener.listen()
        sender.settimeout(5)
        listener.settimeout(5)
        sender.connect((net.address("server", family), 7000))
        receiver, peer = listener.accept()
        with receiver:
            sender.sendall(b"from client")
            assert (receiver.recv(100), peer[0]) == (b"from client", net.address("client", family))


def test_without_taps_no_packet_socket_is_open(net: Net) -> None:
    # A line of headings, and a line for each socket.
    assert len(net["r1"].run(["cat", "/proc/net/packet"]).stdout.splitlines()) == 1 + 2
    with lab.open(DUAL, taps=False) as bare:
        assert len(bare["r1"].run(["cat", "/proc/net/packet"]).stdout.splitlines()) == 1
        with pytest.raises(Broken, match="taps=False"):
            _ = bare.capture


def test_close_twice_and_nothing_stays_open() -> None:
    before = descriptors(), threading.active_count()
    net = lab.open(DUAL)
    net["client"].counters()
    process = net["client"].popen(["sleep", "60"])
    net.close()
    net.close()
    assert process.wait(5) == -9
    assert (descriptors(), threading.active_count()) == before


def test_the_network_closes_when_its_block_fails() -> None:
    before = descriptors(), threading.active_count()
    with pytest.raises(ZeroDivisionError), lab.open(DUAL):
        _ = 1 / 0
    assert (descriptors(), threading.active_count()) == before


def test_inside_a_running_event_loop() -> None:
    async def inside() -> int:
        with lab.open(DUAL) as net:
            net["client"].run(["true"])
            learn(net, IPV4)
            return net["client"].path_mtu("server")

    assert asyncio.run(inside()) == 1400


def in_threads(work: Callable[[int], None], count: int) -> list[BaseException]:
    """Runs `work(0)`, `work(1)` and so on, side by side; what they raised."""
    raised: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return raised


def test_networks_in_threads_of_one_process_are_strangers() -> None:
    """The same addresses and names in each, at the same time, and each learns only its own path MTU."""
    everyone = threading.Barrier(3, timeout=20)
    seen = {}

    def one(number: int) -> None:
        with lab.open(chain("client", "r1", "server", mtus=(1500, 1400)), taps=number > 0) as net:
            everyone.wait()
            if number == 2:
                learn(net, IPV4)
            net["client"].sysctl("net/ipv4/tcp_base_mss", 1000 + number)
            everyone.wait()
            seen[number] = (net["client"].path_mtu("server"), net["client"].sysctl("net/ipv4/tcp_base_mss"))

    assert in_threads(one, 3) == []
    assert seen == {0: (1500, "1000"), 1: (1500, "1001"), 2: (1400, "1002")}


def test_one_network_used_by_several_threads(net: Net) -> None:
    seen: list[tuple[int, str]] = []

    def one(number: int) -> None:
        for _ in range(20):
            node = net[("client", "r1", "server")[number]]
            seen.append((number, node.run(["printenv", "NUMBER"], env={**os.environ, "NUMBER": str(number)}).stdout.strip()))
            assert node.sysctl("net/ipv4/ip_forward") == str(int(number == 1))

    assert in_threads(one, 3) == []
    assert sorted(seen) == [(number, str(number)) for number in range(3) for _ in range(20)]


def test_what_the_kernel_refuses_is_said_in_words_all_of_it() -> None:
    star = plan(Topology((Host("a"), Router("r1"), Host("b"), Host("c")), (Link("r1", "a"), Link("r1", "b"), Link("r1", "c"))))
    links = tuple((replace(a, mtu=mtu), b) for (a, b), mtu in zip(star.links, (66000, 1500, 10), strict=True))
    before = descriptors()
    with pytest.raises(Broken) as broken:
        Net(replace(star, links=links))
    first, second = str(broken.value).splitlines()
    for line, peer, mtu in ((first, "a", 66000), (second, "c", 10)):
        assert line.startswith(f"r1: create link r1:{peer} (MTU {mtu}) – {peer}:r1 (MTU 1500): Invalid argument")
    assert descriptors() == before
