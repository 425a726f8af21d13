"""A lab as it is now, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lab.judge.inspection import Inspection, NodeState, RouteState, TcpSocket
from lab.model.topology import Topology
from lab.report.picture import picture

SCHEMA = 1
"""The version of what stands where in the JSON. It goes up when a key changes its meaning or goes away, not when one is added."""


def inspection_text(inspection: Inspection, topology: Topology, owners: Mapping[str, str], only: Sequence[str] = ()) -> str:
    """The network with its MTUs as they are, then each node (or `only` these). `owners` has the node of each address."""
    lines = [f"    {line}" for line in picture(as_it_is(topology, inspection)).splitlines()]
    for node in inspection.nodes:
        if not only or node.name in only:
            lines += ["", *node_lines(node, owners)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def as_it_is(topology: Topology, inspection: Inspection) -> Topology:
    """The topology with the MTUs that its links have now; what has been removed is not drawn."""
    now = {(state.a, state.b): state.mtus for state in inspection.links}
    links = []
    for link in topology.links:
        a, b = now[link.a, link.b]
        if a is not None and b is not None:
            links.append(replace(link, mtu=a, mtu_b=None if a == b else b))
    return replace(topology, links=tuple(links))


def node_lines(node: NodeState, owners: Mapping[str, str]) -> Iterator[str]:
    yield f"{node.name}  {node.kind}" + (", sends no PTB" if node.silent else "")
    rows = [("interface", i.name, f"MTU {i.mtu}", " ".join(i.addresses) + ("" if i.up else " (down)")) for i in node.interfaces]
    rows += [("route", route.to, "", route_words(route, owners)) for route in node.routes]
    for e in node.exceptions:
        rows.append(("exception", owners.get(e.to, e.to), f"MTU {e.mtu}", f"expires in {e.expires:.2f} s" + ", locked" * e.locked))
    rows += [("tcp", socket.local, "", socket_words(socket)) for socket in node.sockets]
    width = max((len(row[1]) for row in rows), default=0)
    yield from (f"    {kind:9}  {name:{width}}  {f'{mtu}  ' if mtu else ''}{rest}" for kind, name, mtu, rest in rows)


def route_words(route: RouteState, owners: Mapping[str, str]) -> str:
    way = f"via {owners.get(route.via, route.via)}" if route.via else "direct"
    metric = f", mtu {'lock ' * route.locked}{route.mtu}" if route.mtu else ""
    return f"{way}{'' if route.out in (None, owners.get(route.via or '')) else f', out of {route.out}'}{metric}"


def socket_words(socket: TcpSocket) -> str:
    if socket.info is None:
        return socket.state
    figures = f"MSS {socket.info.mss}, path MTU {socket.info.pmtu}, cwnd {socket.info.cwnd}"
    return f"{socket.state} with {socket.remote}, {figures}, {socket.info.total_retrans} retransmissions"


def inspection_json(lab: str, since: float, process: int, inspection: Inspection) -> str:
    """The document, with a newline at its end.

    Sizes are octets; `since` is in seconds since the epoch, `expires` in seconds from now; `cwnd` counts segments. `mtus` of a link
    are those at `a` and at `b`, null where that end has been removed.
    """
    document = {
        "schema": SCHEMA,
        "lab": lab,
        "since": since,
        "process": process,
        "nodes": [node_object(node) for node in inspection.nodes],
        "links": [{"a": link.a, "b": link.b, "mtus": list(link.mtus)} for link in inspection.links],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def node_object(node: NodeState) -> dict[str, Any]:
    return {
        "name": node.name,
        "kind": node.kind,
        "silent": node.silent,
        "interfaces": [{"name": i.name, "mtu": i.mtu, "up": i.up, "addresses": list(i.addresses)} for i in node.interfaces],
        "routes": [{"to": r.to, "via": r.via, "out": r.out, "mtu": r.mtu, "locked": r.locked} for r in node.routes],
        "exceptions": [{"to": e.to, "mtu": e.mtu, "locked": e.locked, "expires": e.expires} for e in node.exceptions],
        "sockets": [socket_object(socket) for socket in node.sockets],
    }


def socket_object(socket: TcpSocket) -> dict[str, Any]:
    """One that listens has nulls in place of figures."""
    info = socket.info
    figures = ("mss", "advmss", "pmtu", "cwnd", "ssthresh", "total_retrans")
    ends = {"protocol": "tcp", "state": socket.state, "local": socket.local, "remote": socket.remote}
    return ends | {name: getattr(info, name) if info else None for name in figures}
