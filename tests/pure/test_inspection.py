"""A lab as it is, for people and for programs."""

from __future__ import annotations

import json

from lab.judge.inspection import Inspection, InterfaceState, LinkState, NodeState, RouteState, TcpSocket
from lab.judge.observation import RouteException, TcpState
from lab.report.inspection import inspection_json, inspection_text
from topologies import chain

NETWORK = chain("client", "r1", "server", mtus=(1500, 1400))
OWNERS = {"10.0.0.1": "client", "10.0.0.2": "r1", "10.0.1.1": "r1", "10.0.1.2": "server"}
CLIENT = NodeState(
    "client",
    "host",
    False,
    (InterfaceState("r1", 1300, True, ("10.0.0.1/24", "fd00::1/64")), InterfaceState("tun0", 1280, False, ())),
    (
        RouteState("default", "10.0.0.2", "r1"),
        RouteState("10.0.0.0/24", None, "r1"),
        RouteState("10.9.0.0/16", "10.9.9.9", "tun0", 1200, True),
    ),
    (RouteException("client", "10.0.1.2", 576, True, 599.25), RouteException("client", "10.7.7.7", 552, False, 3.0)),
    (
        TcpSocket("LISTEN", "[::]:80", "*", None),
        TcpSocket("ESTABLISHED", "10.0.0.1:40000", "10.0.1.2:80", TcpState(524, 1460, 576, 2147483647, 10, 28)),
    ),
)
R1 = NodeState("r1", "router", True, (), (), (), ())
SEEN = Inspection((CLIENT, R1), (LinkState("client", "r1", (1300, 1500)), LinkState("r1", "server", (1400, None))))


def test_text() -> None:
    assert inspection_text(SEEN, NETWORK, OWNERS).splitlines() == [
        "    client ──1300/1500── r1",
        "    server",
        "",
        "client  host",
        "    interface  r1              MTU 1300  10.0.0.1/24 fd00::1/64",
        "    interface  tun0            MTU 1280   (down)",
        "    route      default         via r1",
        "    route      10.0.0.0/24     direct, out of r1",
        "    route      10.9.0.0/16     via 10.9.9.9, out of tun0, mtu lock 1200",
        "    exception  server          MTU 576  expires in 599.25 s, locked",
        "    exception  10.7.7.7        MTU 552  expires in 3.00 s",
        "    tcp        [::]:80         LISTEN",
        "    tcp        10.0.0.1:40000  ESTABLISHED with 10.0.1.2:80, MSS 524, path MTU 576, cwnd 10, 28 retransmissions",
        "",
        "r1  router, sends no PTB",
    ]


def test_text_of_some_nodes() -> None:
    assert inspection_text(SEEN, NETWORK, OWNERS, ["r1"]).splitlines()[2:] == ["", "r1  router, sends no PTB"]


def test_json() -> None:
    document = json.loads(inspection_json("mine", 1.5, 42, SEEN))
    assert {key: document[key] for key in ("schema", "lab", "since", "process", "links")} == {
        "schema": 1,
        "lab": "mine",
        "since": 1.5,
        "process": 42,
        "links": [{"a": "client", "b": "r1", "mtus": [1300, 1500]}, {"a": "r1", "b": "server", "mtus": [1400, None]}],
    }
    client, r1 = document["nodes"]
    assert r1 == {"name": "r1", "kind": "router", "silent": True, "interfaces": [], "routes": [], "exceptions": [], "sockets": []}
    assert client["interfaces"][0] == {"name": "r1", "mtu": 1300, "up": True, "addresses": ["10.0.0.1/24", "fd00::1/64"]}
    assert client["routes"][2] == {"to": "10.9.0.0/16", "via": "10.9.9.9", "out": "tun0", "mtu": 1200, "locked": True}
    assert client["exceptions"][0] == {"to": "10.0.1.2", "mtu": 576, "locked": True, "expires": 599.25}
    listening, connected = client["sockets"]
    assert listening["remote"] == "*"
    assert {listening[key] for key in ("mss", "advmss", "pmtu", "cwnd", "ssthresh", "total_retrans")} == {None}
    assert connected == {
        "protocol": "tcp",
        "state": "ESTABLISHED",
        "local": "10.0.0.1:40000",
        "remote": "10.0.1.2:80",
        "mss": 524,
        "advmss": 1460,
        "pmtu": 576,
        "cwnd": 10,
        "ssthresh": 2147483647,
        "total_retrans": 28,
    }
