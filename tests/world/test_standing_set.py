"""`pmtulab set` and `inspect` in a standing lab: what is set is so on the wire and in the kernel's account, all or nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from lab.model.topology import IPV4, IPV6
from lab.standing import attached, change, inspected
from lab.theory.settings import BadSettings
from lab.world.sockets import IP_MTU_DISCOVER, tcp_state
from tests.world.command import until
from tests.world.standing import User, a_user

IPV4_UDP = 20 + 8  # octets of header
IP_PMTUDISC_PROBE = 3
FOUR = """
families: [ipv4, ipv6]
nodes: {client: host, r1: router, r2: {kind: router, sends_ptb: false}, server: host}
links: [{a: client, b: r1, mtu: 1500}, {a: r1, b: r2, mtu: 1400}, {a: r2, b: server, mtu: 1500, mtu_b: 1450}]
"""


@pytest.fixture
def user(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with a_user(tmp_path) as user:
        (tmp_path / "four.yaml").write_text(FOUR)
        user.up("four.yaml")
        yield user


def seen(user: User) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(user.said("inspect", "--json"))
    return document


def node(document: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (node for node in document["nodes"] if node["name"] == name)
    assert isinstance(found, dict)
    return found


def mtus(document: dict[str, Any]) -> dict[str, list[int]]:
    return {f"{link['a']}–{link['b']}": link["mtus"] for link in document["links"]}


def test_a_lab_as_it_was_made(user: User) -> None:
    document = seen(user)
    assert (document["schema"], document["lab"]) == (1, "here")
    assert mtus(document) == {"client–r1": [1500, 1500], "r1–r2": [1400, 1400], "r2–server": [1500, 1450]}
    assert {n["name"]: (n["kind"], n["silent"]) for n in document["nodes"]} == {
        "client": ("host", False),
        "r1": ("router", False),
        "r2": ("router", True),
        "server": ("host", False),
    }
    client = node(document, "client")
    assert client["interfaces"] == [{"name": "r1", "mtu": 1500, "up": True, "addresses": ["10.0.0.1/24", "fd00::1/64"]}]
    assert {(r["to"], r["via"], r["out"]) for r in client["routes"]} == {
        ("default", "10.0.0.2", "r1"),
        ("10.0.0.0/24", None, "r1"),
        ("default", "fd00::2", "r1"),
        ("fd00::/64", None, "r1"),
    }
    assert (client["exceptions"], client["sockets"]) == ([], [])


@pytest.mark.parametrize("family", [IPV4, IPV6])
def test_sockets_and_exceptions_are_told(user: User, family: int) -> None:
    """MSS, path MTU and window are what the sockets themselves say; the exception's life is seconds, and less than ten minutes."""
    user.said("set", "r2", "icmp=on", "r1-r2", "mtu=1300")
    kind = socket.AF_INET if family == IPV4 else socket.AF_INET6
    with attached("here") as net:
        address = net.address("server", IPV4 if family == IPV4 else IPV6)
        with net["server"].socket(kind, socket.SOCK_STREAM) as listening, net["client"].socket(kind, socket.SOCK_STREAM) as client:
            listening.bind((address, 7000))
            listening.listen()
            client.connect((address, 7000))
            accepted, _ = listening.accept()
            with accepted:
                client.sendall(bytes(20_000))
                until(lambda: tcp_state(client).pmtu == 1300)
                document = seen(user)
                own = tcp_state(client)
        told = node(document, "client")
        (one,) = (s for s in told["sockets"] if s["remote"].endswith(":7000"))
        assert one["state"] == "ESTABLISHED"
        assert (one["mss"], one["pmtu"], one["cwnd"]) == (own.mss, 1300, own.cwnd)
        assert {s["state"]: s["mss"] for s in node(document, "server")["sockets"] if s["state"] == "LISTEN"} == {"LISTEN": None}
        (exception,) = told["exceptions"]
        assert (exception["to"], exception["mtu"], exception["locked"]) == (address, 1300, False)
        assert 590 < exception["expires"] <= 600
    text = user.said("inspect", "client")
    assert "MTU 1300  expires in 5" in text
    assert "r2  router" not in text


def test_ends_icmp_and_sysctls_are_set(user: User) -> None:
    said = user.said("set", "client-r1", "mtu=1480", "r1:r2", "mtu=1350", "r1", "icmp=off", "client", "net.ipv4.tcp_mtu_probing=1")
    assert said.splitlines() == [
        "client:r1 has MTU 1480",
        "r1:client has MTU 1480",
        "r1:r2 has MTU 1350",
        "r1 sends no PTB",
        "client has net.ipv4.tcp_mtu_probing = 1",
    ]
    document = seen(user)
    assert mtus(document) == {"client–r1": [1480, 1480], "r1–r2": [1350, 1400], "r2–server": [1500, 1450]}
    assert node(document, "r1")["silent"]
    assert user.said("exec", "client", "cat", "/proc/sys/net/ipv4/tcp_mtu_probing") == "1\n"
    assert "client ──1480── r1 ──1350/1400── r2" in user.said("inspect")


def ptbs(octets: int) -> int:
    """How many PTBs reach client when it sends a packet of that size with DF; by the time that an answer to the next comes back."""
    with attached("here") as net:
        before = net["client"].counters()
        there = (net.address("server"), 7009)
        with (
            net["client"].socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
            net["server"].socket(socket.AF_INET, socket.SOCK_DGRAM) as far,
        ):
            far.bind(there)
            sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)  # DF, whatever is known of the path
            sock.sendto(bytes(octets - IPV4_UDP), there)
            sock.sendto(b"small", there)
            said, back = far.recvfrom(100)
            far.sendto(said, back)
            assert sock.recv(100) == b"small"
        return net["client"].counters().get("IcmpMsg.InType3", 0) - before.get("IcmpMsg.InType3", 0)


def test_a_router_that_is_silenced_sends_no_ptb_until_it_is_told_to(user: User) -> None:
    assert ptbs(1450) == 1
    assert change("here", ["r1", "icmp=off"]) == ("r1 sends no PTB",)
    assert change("here", ["r1", "icmp=off"]) == ("r1 sends no PTB",)  # twice is once
    with attached("here") as net:
        assert net["r1"].path_mtu("server") == 1400
    assert inspected("here")[1].nodes[1].silent
    assert ptbs(1450) == 0
    change("here", ["r1", "icmp=on"])
    assert ptbs(1450) == 1


def test_everything_that_is_wrong_is_said_and_nothing_is_set(user: User) -> None:
    before = seen(user)
    words = "r1:r2 mtu=1300 clinet icmp=off server mtu=3 client net.ipv4.no_such=1 kernel.panic=1 r1 icmp=maybe r1-r2 mtu=1279"
    said = user.refused(2, "set", *words.split(" "))
    assert len(said.splitlines()) == 6
    for part in ("clinet", "near it: client", "net.ipv4.no_such", "kernel.panic", "maybe", "below 1280"):
        assert part in said
    assert seen(user)["nodes"] == before["nodes"]


def test_what_is_a_folder_or_below_a_sysctl_is_none(user: User) -> None:
    said = user.refused(2, "set", "client", "net.ipv4=1", "net.ipv4.tcp_mtu_probing.x=1")
    assert [line.partition("no sysctl ")[2].partition(";")[0] for line in said.splitlines()] == [
        "net.ipv4",
        "net.ipv4.tcp_mtu_probing.x",
    ]


def test_a_sysctl_that_cannot_be_read_before_it_is_written_is_set(user: User) -> None:
    assert change("here", ["client", "net.ipv6.conf.lo.stable_secret=2001:db8::1"])
    secret = user.said("exec", "client", "cat", "/proc/sys/net/ipv6/conf/lo/stable_secret")
    assert secret.startswith("2001:0db8:")


def test_an_empty_value_is_written_and_brought_back(user: User) -> None:
    reserved = ["client", "net.ipv4.ip_local_reserved_ports=8080"]
    with pytest.raises(BadSettings, match="tcp_mtu_probing = :"):
        change("here", [*reserved, "net.ipv4.tcp_mtu_probing="])
    read = ("exec", "client", "cat", "/proc/sys/net/ipv4/ip_local_reserved_ports")
    assert user.said(*read) == "\n"
    change("here", reserved)
    assert user.said(*read) == "8080\n"
    change("here", ["client", "net.ipv4.ip_local_reserved_ports="])
    assert user.said(*read) == "\n"


def test_what_the_kernel_refuses_undoes_the_rest(user: User) -> None:
    asked = "client-r1 mtu=1400 r1 icmp=off client net.ipv4.tcp_retries2=4 net.ipv4.tcp_mtu_probing=many"
    with pytest.raises(BadSettings, match="tcp_mtu_probing = many"):
        change("here", asked.split(" "))
    document = seen(user)
    assert mtus(document)["client–r1"] == [1500, 1500]
    assert not node(document, "r1")["silent"]
    assert user.said("exec", "client", "cat", "/proc/sys/net/ipv4/tcp_retries2") == "15\n"
