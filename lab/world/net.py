"""A network that runs, and its nodes: what tests, scenarios and people at the REPL hold in their hands.

with lab.open(chain("client", "r1", "server", mtus=(1500, 1400))) as net:
    server = net["server"].popen(["iperf3", "-s", "-1"])
    net["server"].await_listening(5201, by=server)
    net["client"].run(["iperf3", "-c", "server", "-n", "1M"])
    assert net["client"].path_mtu("server") == 1400
"""

from __future__ import annotations

import contextlib
import shlex
import struct
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from difflib import get_close_matches
from functools import partial
from socket import socket
from types import TracebackType
from typing import Any

from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from lab.judge.observation import Done, Ran, RouteException
from lab.model.topology import IPV4, IPV6, Family, Topology
from lab.theory.plan import NodePlan, Plan, plan
from lab.world.build import Builder, Built, build, standing
from lab.world.counters import Counters
from lab.world.errors import Broken
from lab.world.listening import Transport, await_port
from lab.world.messages import RTM_F_CLONED, forget_exception, get_addresses, get_exceptions, get_link, get_route
from lab.world.netlink import HEADER, Netlink, attribute
from lab.world.process import PIPE, Process
from lab.world.sandbox import Sandbox
from lab.world.tap import Capture

RTAX_LOCK, RTAX_MTU = "RTAX_LOCK", "RTAX_MTU"
RTAX_MTU_NUMBER = 2  # include/uapi/linux/rtnetlink.h
IFINFOMSG_LENGTH, IFLA_MTU = 16, 4
RTM_FLAGS = 8  # where rtm_flags is in struct rtmsg
USER_HZ = 100  # the unit of rta_expires, whatever the kernel's own HZ
MOST_EVENTS, MOST_PRINTED = 1000, 1 << 14  # that a network remembers, and characters of what each printed


class Node:
    """One node of a running network."""

    def __init__(self, net: Net, planned: NodePlan, built: Built) -> None:
        self.planned = planned
        self._net = net
        self._built = built
        self._counters: Counters | None = None

    @property
    def name(self) -> str:
        return self.planned.name

    def __repr__(self) -> str:
        return f"<Node {self.name}>"

    @property
    def netlink(self) -> Netlink:
        """A netlink socket in this node (NETLINK_ROUTE)."""
        return self._built.netlink

    @property
    def namespace(self) -> int:
        """A descriptor of its network namespace."""
        return self._built.namespace

    def run(
        self,
        argv: Sequence[str],
        *,
        input: str | None = None,
        timeout: float | None = 60,
        check: bool = True,
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program here to its end, as subprocess.run(capture_output=True, text=True) would.

        Raises subprocess.CalledProcessError where it fails and `check` is true, subprocess.TimeoutExpired after `timeout` seconds
        (the program is killed), and FileNotFoundError where there is no such program.
        """
        __tracebackhide__ = True  # pytest shows the line that called
        ran = partial(Ran, self.name, shlex.join(argv), time.time_ns())
        try:
            with Process(self._net.sandbox, self.name, argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=env) as process:
                out, err = process.communicate(input, timeout)
                code = process.wait()
        except subprocess.TimeoutExpired as late:
            self._net.events.append(ran(time.time_ns(), None, "", f"did not end within {late.timeout:g} s"))
            raise
        self._net.events.append(ran(time.time_ns(), code, (out or "")[:MOST_PRINTED], (err or "")[:MOST_PRINTED]))
        if check and code:
            raise subprocess.CalledProcessError(code, list(argv), out, err)
        return subprocess.CompletedProcess(list(argv), code, out, err)

    def popen(self, argv: Sequence[str], **streams: Any) -> Process:
        """Starts a program here; it dies with the lab. `stdin`, `stdout`, `stderr`, `env`, `cwd`: see Process."""
        self._net.events.append(Done(time.time_ns(), self.name, f"$ {shlex.join(argv)}"))
        return Process(self._net.sandbox, self.name, argv, **streams)

    def await_listening(self, port: int, transport: Transport = "tcp", *, by: Process | None = None, within: float = 10.0) -> None:
        """Returns once a program here listens on `port`; looks every few milliseconds, and sends nothing.

        Raises TimeoutError after `within` seconds, with the ports that somebody does listen on. `by` is the program that is waited
        for: where it fails, so does this, with subprocess.CalledProcessError and at once.
        """
        await_port(self._net.sandbox, self.name, port, transport, by, within)

    def socket(self, family: int, type: int, protocol: int = 0) -> socket:
        """An ordinary Python socket that was opened in this node and stays in it."""
        return self._net.sandbox.open_socket(self.name, family, type, protocol)

    def sysctl(self, path: str, value: str | int | None = None) -> str:
        """Reads "net/ipv4/tcp_mtu_probing" and the like, after writing `value` where it is given."""
        return self._net.sandbox.sysctl(self.name, path, None if value is None else str(value))

    def counters(self) -> dict[str, int]:
        """Every SNMP counter by name: "Ip.FragFails", "TcpExt.TCPTimeouts", "Icmp6.OutPktTooBigs"."""
        self._counters = self._counters or Counters(self._net.sandbox, self.name)
        return self._counters.read()

    def path_mtu(self, to: str, family: Family | None = None) -> int:
        """The path MTU in octets that this node holds towards node `to`: the exception's, else the route's or the interface's."""
        family = family or self._net.plan.topology.families[0]
        (route,) = self._built.netlink.ask(get_route(self._net.address(to, family), family), rtmsg)
        learned = metrics(route).get(RTAX_MTU)
        return int(learned or self._mtu(route.get_attr("RTA_OIF")))

    def mtu(self, peer: str) -> int:
        """The MTU in octets that the interface towards neighbour `peer` has now. Raises KeyError where that is no neighbour."""
        return self._mtu(self.planned.interface(peer).index)

    def _mtu(self, index: int) -> int:
        (link,) = self._built.netlink.ask_raw(get_link(index, self.name))
        (mtu,) = struct.unpack("=I", attribute(link, HEADER.size + IFINFOMSG_LENGTH, IFLA_MTU) or b"")
        return int(mtu)

    def addresses(self) -> tuple[str, ...]:
        """Every address of this node that others can reach, also those that were added to the planned ones."""
        found = self._built.netlink.ask(get_addresses(), ifaddrmsg)
        every = (a.get_attr("IFA_LOCAL") or a.get_attr("IFA_ADDRESS") for a in found)
        return tuple(address for address in every if not address.startswith(("127.", "::1", "fe80:")))

    def exceptions(self, known: Iterable[str] = ()) -> tuple[RouteException, ...]:
        """Every route exception that this node holds, with the seconds that are left to it (RTA_CACHEINFO).

        What the kernel lists are the routes that were made of exceptions, and it makes one only when somebody looks up the way.
        What nobody has asked for since the PTB came it does not list; after a change of the first hop's MTU it lists the old value
        (fnhe_dump_bucket(), rt_bind_exception()). So all that it lists is looked up, and the way to each of the nodes `known`.
        """
        found: list[RouteException] = []
        for family in self._net.plan.topology.families:
            cached = [str(route.get_attr("RTA_DST")) for route in self._cached(family)]
            for to in dict.fromkeys([*cached, *(str(self._net.plan.address(node, family)) for node in known if node != self.name)]):
                with contextlib.suppress(OSError):  # no route to it any more
                    self._built.netlink.ask_raw(get_route(to, family))
            found += [exception for route in self._cached(family) if (exception := self._exception(route))]
        return tuple(found)

    def _cached(self, family: Family) -> list[Any]:
        """Cached routes. Without strict checking, IPv6 dumps its tables with them (inet6_dump_fib()): those are left out."""
        routes = []
        for octets in self._built.netlink.ask_raw(get_exceptions(family)):
            # To decode one takes 200 us, so it is looked at first.
            if struct.unpack_from("=I", octets, HEADER.size + RTM_FLAGS)[0] & RTM_F_CLONED:
                routes.append(rtmsg(octets))
                routes[-1].decode()
        return routes

    def _exception(self, route: Any) -> RouteException | None:
        mtu = metrics(route).get(RTAX_MTU)
        cache = route.get_attr("RTA_CACHEINFO")
        if not mtu or not cache or not cache["rta_expires"]:
            return None
        locked = bool(metrics(route).get(RTAX_LOCK, 0) & 1 << RTAX_MTU_NUMBER)
        return RouteException(self.name, route.get_attr("RTA_DST"), int(mtu), locked, cache["rta_expires"] / USER_HZ)

    def flush_route_cache(self) -> None:
        """Forgets every exception, of both families (`ip route flush cache`, `ip -6 route flush cache`).

        IPv6 has no other way than one by one: its route.flush sysctl only collects what has expired (fib6_run_gc()).
        """
        families = self._net.plan.topology.families
        if IPV4 in families:
            self.sysctl("net/ipv4/route/flush", 1)
        if IPV6 in families:
            cached = self._cached(IPV6)
            self._built.netlink.do(forget_exception(route.get_attr("RTA_DST"), route.get_attr("RTA_OIF")) for route in cached)

    def close(self) -> None:
        if self._counters:
            self._counters.close()


class Net:
    """A network that runs. A context manager: leaving it ends every program in it and takes everything down.

    Raises BadTopology before anything is built, Forbidden where this machine does not allow namespaces, and Broken where the kernel
    refuses a part. `taps=False` leaves the taps out, and `capture` with them: worth it for hundreds of nodes. In a `sandbox` that
    is given only the nodes are taken down, and that is left for the next network; no program may run there then. With `stands` the
    network is in that sandbox already, and stays: nothing is built and nothing taken down. `builder` is what makes nodes and
    links: the lab's own netlink messages, or Mininet.
    """

    def __init__(
        self,
        topology: Topology | Plan,
        *,
        taps: bool = True,
        sandbox: Sandbox | None = None,
        stands: bool = False,
        builder: Builder = "netlink",
    ) -> None:
        self.plan = topology if isinstance(topology, Plan) else plan(topology)
        self.taps = taps
        # The last programs that ran in it, and what lab.testing changed: for whoever tells what happened.
        self.events: deque[Done | Ran] = deque(maxlen=MOST_EVENTS)
        with ExitStack() as undo:
            self.sandbox = sandbox or Sandbox()
            if stands:
                built: Mapping[str, Built] = standing(self.sandbox.join(self.plan.nodes), undo)
            else:
                undo.callback(partial(self.sandbox.forget, list(self.plan.nodes)) if sandbox else self.sandbox.close)
                built = build(self.sandbox, self.plan, undo, builder)
            self.nodes: Mapping[str, Node] = {name: Node(self, self.plan.nodes[name], b) for name, b in built.items()}
            for node in self.nodes.values():
                undo.callback(node.close)
            self._capture: Capture | None = None
            if taps:
                self._capture = Capture(self.sandbox, (end for ends in self.plan.links for end in ends))
                undo.callback(self._capture.close)
            self._undo = undo.pop_all()

    @property
    def capture(self) -> Capture:
        """What the taps see. Raises Broken in a network that was opened without taps."""
        if self._capture is None:
            raise Broken("this network was opened with taps=False")
        return self._capture

    def address(self, node: str, family: Family | None = None) -> str:
        """The address that the node's name resolves to. Raises KeyError where there is no such node, or none of its family."""
        return str(self.plan.address(self[node].name, family or self.plan.topology.families[0]))

    def changed_mtus(self) -> dict[str, int]:
        """The MTUs of link ends ("client:r1") that are not the planned ones any more."""
        ends = (end for ends in self.plan.links for end in ends)
        return {end.end: mtu for end in ends if (mtu := self[end.node].mtu(end.peer)) != end.mtu}

    def __getitem__(self, node: str) -> Node:
        """Raises KeyError, with near names, where there is no such node."""
        if node not in self.nodes:
            near = get_close_matches(node, list(self.nodes)) or list(self.nodes)
            raise KeyError(f"there is no node {node!r} in this network; near it: {', '.join(near)}")
        return self.nodes[node]

    def __repr__(self) -> str:
        return f"<Net {', '.join(self.nodes)}>"

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    def __enter__(self) -> Net:
        return self

    @property
    def addressed(self) -> tuple[str, ...]:
        """The nodes that have an address: all but bridges."""
        return tuple(name for name, node in self.plan.nodes.items() if not node.bridge)

    def before_close(self, call: Callable[[], object]) -> None:
        """Has `call` called when this is closed, before anything is taken down."""
        self._undo.callback(call)

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Safe to call twice."""
        self._undo.close()


def metrics(route: Any) -> dict[str, int]:
    """RTA_METRICS of a route, by the kernel's names."""
    nested = route.get_attr("RTA_METRICS")
    return dict(nested["attrs"]) if nested else {}
