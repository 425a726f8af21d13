"""What was seen during one act: frames on the wire, the fate of each Send, route exceptions, and counters that moved.

An Observation is all that an expectation gets. Times are nanoseconds since the epoch, sizes are octets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address

from lab.model.flow import Flow, Udp
from lab.model.packet import Packet
from lab.theory.plan import Interface, Plan

# Reading an address takes 10 us, as long as all the rest that is done with a frame.
read_address = lru_cache(maxsize=4096)(ip_address)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, as one tap saw it. A packet that crosses a link is two frames: sent at one end, received at the other.

    `number` counts from 1 over the whole run and is the frame's number in capture.pcapng. `sent` is true where the frame left the
    node by this interface. `octets` is what was captured from the Ethernet header on, `length` what there was.
    """

    number: int
    time: int
    node: str
    interface: str
    sent: bool
    octets: bytes
    length: int
    packet: Packet | None

    @property
    def end(self) -> str:
        return f"{self.node}:{self.interface}"


@dataclass(frozen=True, slots=True)
class QueuedError:
    """An entry of a socket's error queue (MSG_ERRQUEUE): struct sock_extended_err and the offender's address.

    `origin` is "LOCAL", "ICMP" or "ICMP6" (SO_EE_ORIGIN_*); `info` the MTU where `errno` is EMSGSIZE; `offender` None for LOCAL.
    """

    errno: int
    origin: str
    type: int
    code: int
    info: int
    offender: str | None


@dataclass(frozen=True, slots=True)
class TcpState:
    """struct tcp_info (include/uapi/linux/tcp.h), as far as it concerns us; MSS and MTU in octets.

    `mss` is tcpi_snd_mss, `received` tcpi_rcv_mss.
    """

    mss: int
    advmss: int
    pmtu: int
    ssthresh: int
    cwnd: int
    total_retrans: int
    received: int = 0


@dataclass(frozen=True, slots=True)
class RouteException:
    """An entry of a node's exception cache: the path MTU learned towards `to` (an address). `expires` in seconds."""

    node: str
    to: str
    mtu: int
    locked: bool
    expires: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one Send.

    `errno` is what send() gave, None where it succeeded. `errors` is what its error queue held. `delivered` is how many octets of
    payload the receiver's application got, `intact` whether they were the ones sent. `mtu` is IP_MTU (IPV6_MTU) at the sender's
    socket afterwards, None where it could not be read. `sender` and `receiver` are TCP's state, None for other flows.
    `exceptions` are the sender's after this Send. `announced` is the path MTU that came with IPV6_RECVPATHMTU, None where none did.
    `samples` are TCP's states at the sender on the way there, with the time at which each was first seen.
    """

    flow: Flow
    octets: int
    started: int
    ended: int
    errno: int | None = None
    errors: tuple[QueuedError, ...] = ()
    delivered: int = 0
    intact: bool = True
    mtu: int | None = None
    sender: TcpState | None = None
    receiver: TcpState | None = None
    exceptions: tuple[RouteException, ...] = ()
    announced: int | None = None
    samples: tuple[tuple[int, TcpState], ...] = ()


@dataclass(frozen=True, slots=True)
class Flushed:
    """The route caches were flushed at `time`."""

    time: int


@dataclass(frozen=True, slots=True)
class Done:
    """What else was done, at node `at` (None: to no one node), in words: a setting changed, a PTB forged.

    `mtus` are the MTUs that link ends ("r1:r2") have from then on.
    """

    time: int
    at: str | None
    words: str
    mtus: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Searched:
    """A search by probes is over: the largest size confirmed, in octets of payload (None: not even the first).

    `probes` are all that were sent, each with its size and whether it was answered.
    """

    flow: Udp
    started: int
    ended: int
    found: int | None
    probes: tuple[tuple[int, bool], ...]


@dataclass(frozen=True, slots=True)
class Ran:
    """A program was run to its end: its exit status, and all that it printed. `status` is None where its time ran out."""

    at: str | None
    command: str
    started: int
    ended: int
    status: int | None
    out: str
    err: str


Event = Outcome | Flushed | Done | Ran | Searched


@dataclass(frozen=True, slots=True)
class Observation:
    """One act, seen. `counters` holds, by node, each SNMP counter that moved and by how much ("Ip.FragCreates": 3).

    `exceptions` are those of every node at the end. `addresses` has the owner of each address that the plan does not know, as the
    story has given it. `traits` says of each trait that the scenario asks for whether this kernel has it. `mtus` are those of link
    ends ("r1:r2") that earlier acts have changed.
    """

    plan: Plan
    frames: tuple[Frame, ...] = ()
    events: tuple[Event, ...] = ()
    counters: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    exceptions: tuple[RouteException, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    traits: Mapping[str, bool] = field(default_factory=dict)
    mtus: Mapping[str, int] = field(default_factory=dict)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        return tuple(e for e in self.events if isinstance(e, Outcome))

    @property
    def ran(self) -> tuple[Ran, ...]:
        return tuple(e for e in self.events if isinstance(e, Ran))

    @property
    def searches(self) -> tuple[Searched, ...]:
        return tuple(e for e in self.events if isinstance(e, Searched))

    @property
    def routers(self) -> tuple[str, ...]:
        """The nodes that pass on what is for others; bridges, too."""
        return tuple(name for name, node in self.plan.nodes.items() if node.forwards)

    def mtu(self, end: Interface, time: int) -> int:
        """The MTU that a link end had then: the planned one, or what the story had made of it."""
        made = (dict(event.mtus) for event in self.events if isinstance(event, Done) and event.time <= time)
        return next((mtus[end.end] for mtus in reversed([*made]) if end.end in mtus), self.mtus.get(end.end, end.mtu))

    def given(self, frame: Frame) -> int:
        """When a frame that left was given to its link: the tap at the sending end sees it only after the link's delay."""
        return frame.time - self.plan.nodes[frame.node].interface(frame.interface).delay * 1_000_000

    def owner(self, address: str) -> str | None:
        """The node that has this address, or None."""
        return self.plan.owner(read_address(address)) or self.addresses.get(address)

    def sent_by(self, node: str, towards: str | None = None) -> Iterator[Frame]:
        """Frames with an IP packet that left `node` (by the interface towards one neighbour, where that is named)."""
        return (f for f in self.frames if f.sent and f.packet and f.node == node and towards in (None, f.interface))

    def received_by(self, node: str, from_: str | None = None) -> Iterator[Frame]:
        """Frames with an IP packet that reached `node` (from one neighbour, where that is named)."""
        return (f for f in self.frames if not f.sent and f.packet and f.node == node and from_ in (None, f.interface))
