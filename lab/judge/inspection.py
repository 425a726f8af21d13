"""A network as it is at one moment: links, addresses, routes, exceptions, sockets. MTUs, MSS and windows as the kernel has them."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.observation import RouteException, TcpState


@dataclass(frozen=True, slots=True)
class InterfaceState:
    """An interface, its MTU in octets, and its addresses, each with its prefix length ("10.0.0.1/24")."""

    name: str
    mtu: int
    up: bool
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RouteState:
    """A route of the main table: `to` a prefix or "default", `via` an address or None, `mtu` its own metric or None."""

    to: str
    via: str | None
    out: str | None
    mtu: int | None = None
    locked: bool = False


@dataclass(frozen=True, slots=True)
class TcpSocket:
    """A TCP socket: its state (RFC 9293 §3.3.2), both ends ("10.0.0.1:7001"), and struct tcp_info; None where it listens."""

    state: str
    local: str
    remote: str
    info: TcpState | None


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node. `kind` is "host", "router" or "bridge"; `silent` is true of a router that sends no PTB."""

    name: str
    kind: str
    silent: bool
    interfaces: tuple[InterfaceState, ...]
    routes: tuple[RouteState, ...]
    exceptions: tuple[RouteException, ...]
    sockets: tuple[TcpSocket, ...]


@dataclass(frozen=True, slots=True)
class LinkState:
    """A link, with the MTU in octets at each end; None where somebody has removed it."""

    a: str
    b: str
    mtus: tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Inspection:
    """A whole network."""

    nodes: tuple[NodeState, ...]
    links: tuple[LinkState, ...]
