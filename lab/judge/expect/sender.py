"""Expectations about what the sender learns: its route exceptions, its socket's errors and path MTU, and what arrives."""

from __future__ import annotations

from dataclasses import dataclass
from errno import EMSGSIZE, errorcode

from lab.judge.convergence import arrivals, carries, told
from lab.judge.expect.base import Expectation, Seen, either, is_at, listed, many, nothing, nth, numbers
from lab.judge.expect.wire import originated
from lab.judge.observation import Observation, QueuedError, RouteException
from lab.model.flow import Echo
from lab.model.rfc import Citation, Kernel, Rfc
from lab.model.topology import IPV4, Family
from lab.theory.linux import MTU_EXPIRES

FRAGMENTATION_NEEDED = {"ICMP": (3, 4), "ICMP6": (2, 0), "LOCAL": (0, 0)}
"""Type and code that come with EMSGSIZE, by origin."""


@dataclass(frozen=True, slots=True)
class PathMtu(Expectation):
    """When the act ends, `at` holds an exception for `to` with this MTU, not yet expired; `locked` as said.

    `to` is a node, all of whose addresses are meant, or one address.
    """

    mtu: int
    at: str
    to: str
    locked: bool = False

    def claim(self) -> str:
        lock = "a locked path MTU" if self.locked else "a path MTU"
        return f"{self.at} holds {lock} of {self.mtu} towards {self.to}"

    def cites(self, family: Family) -> Citation:
        if self.locked:
            ipv4 = Kernel("__ip_rt_update_pmtu", "net/ipv4/route.c")
            return either(family, ipv4, Kernel("ip6_rt_update_pmtu", "net/ipv6/route.c"))
        return either(family, Rfc(1191, "6.2"), Rfc(8201, "5.2"))

    def see(self, observation: Observation) -> Seen:
        held = exceptions(observation, self.at, self.to)
        if not held:
            return nothing(f"exception for {self.to} at {self.at}")
        words = listed(f"mtu {'lock ' if e.locked else ''}{e.mtu}, expires in {e.expires:.0f} s" for e in held)
        holds = all(e.mtu == self.mtu and e.locked == self.locked and 0 < e.expires <= MTU_EXPIRES for e in held)
        return Seen(holds, words)


@dataclass(frozen=True, slots=True)
class NothingLearned(Expectation):
    """`at` sends to `to`, a node or an address, and holds no exception for it when the act ends."""

    at: str
    to: str

    def claim(self) -> str:
        return f"{self.at} learns no path MTU towards {self.to}"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "6.2"), Rfc(8201, "5.2"))

    def see(self, observation: Observation) -> Seen:
        sent = [f for f in originated(observation, self.at) if f.packet and is_at(observation, f.packet.destination, self.to)]
        if not sent:
            return nothing(f"packet goes from {self.at} to {self.to}, so nothing is shown")
        held = exceptions(observation, self.at, self.to)
        return Seen(not held, f"exceptions: {listed(f'mtu {e.mtu}' for e in held)}", numbers(sent[:1]))


@dataclass(frozen=True, slots=True)
class ErrorQueued(Expectation):
    """The error queue of the act's n-th `send` holds EMSGSIZE with `info` as the MTU, told by `offender`, or locally (None).

    `offender` is a node's name, or the one address of its.
    """

    send: int
    info: int
    offender: str | None

    def claim(self) -> str:
        by = f"by {self.offender}" if self.offender else "locally"
        return f"send {self.send} queues EMSGSIZE, MTU {self.info}, told {by}"

    def cites(self, family: Family) -> Citation:
        if self.offender:
            return either(
                family, Kernel("ip_icmp_error", "net/ipv4/ip_sockglue.c"), Kernel("ipv6_icmp_error", "net/ipv6/datagram.c")
            )
        return either(family, Kernel("ip_local_error", "net/ipv4/ip_sockglue.c"), Kernel("ipv6_local_error", "net/ipv6/datagram.c"))

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None or not outcome.errors:
            return nothing(f"error queued by send {self.send}")
        origin = "LOCAL" if self.offender is None else "ICMP" if outcome.flow.family == IPV4 else "ICMP6"
        type, code = FRAGMENTATION_NEEDED[origin]

        def fits(error: QueuedError) -> bool:
            # An address that is nobody's is not the same as none.
            by = error.offender
            if by and by != self.offender:
                by = observation.owner(by) or by
            said = (error.errno, error.origin, error.type, error.code, error.info, by)
            return said == (EMSGSIZE, origin, type, code, self.info, self.offender)

        words = listed(
            f"{errorcode.get(e.errno, e.errno)}, {e.origin} type {e.type} code {e.code}, info {e.info}, offender {e.offender}"
            for e in outcome.errors
        )
        return Seen(all(fits(error) for error in outcome.errors), words)


@dataclass(frozen=True, slots=True)
class RefusedHere(Expectation):
    """The act's n-th `send` fails with EMSGSIZE at the sender, and nothing of it goes on the wire, where others are seen."""

    send: int

    def claim(self) -> str:
        return f"send {self.send} fails with EMSGSIZE, and nothing goes on the wire"

    def cites(self, family: Family) -> Citation:
        return either(
            family, Kernel("__ip_append_data", "net/ipv4/ip_output.c"), Kernel("__ip6_append_data", "net/ipv6/ip6_output.c")
        )

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None:
            return nothing(f"send {self.send}")
        own = [f for f in originated(observation, outcome.flow.source) if carries(observation, outcome.flow, f.packet)]
        meanwhile = [f for f in own if outcome.started <= f.time <= outcome.ended]
        if len(own) == len(meanwhile):
            return nothing(f"other packet of this flow leaves {outcome.flow.source}, so nothing is shown")
        gave = "success" if outcome.errno is None else errorcode.get(outcome.errno, str(outcome.errno))
        holds = outcome.errno == EMSGSIZE and not meanwhile
        return Seen(holds, f"{gave}, and {many(len(meanwhile), 'packet')} sent meanwhile", numbers(meanwhile))


@dataclass(frozen=True, slots=True)
class Unanswered(Expectation):
    """The act's n-th `send` succeeds at the sender; the packet leaves, but it is not delivered and no error comes back."""

    send: int

    def claim(self) -> str:
        return f"send {self.send} vanishes: no delivery, no error"

    def cites(self, family: Family) -> Citation:
        return Rfc(2923, "2.1")

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None:
            return nothing(f"send {self.send}")
        left = [
            f
            for f in originated(observation, outcome.flow.source)
            if carries(observation, outcome.flow, f.packet) and outcome.started <= f.time <= outcome.ended
        ]
        if not left:
            return nothing(f"packet leaves {outcome.flow.source}")
        heard = [
            f
            for f in observation.received_by(outcome.flow.source)
            if told(f) is not None and outcome.started <= f.time <= outcome.ended
        ]
        holds = outcome.errno is None and not outcome.errors and outcome.delivered == 0 and not heard
        words = f"delivered {outcome.delivered} octets, {many(len(outcome.errors), 'error')} queued, {many(len(heard), 'PTB')}"
        return Seen(holds, words, numbers(heard or left))


@dataclass(frozen=True, slots=True)
class SocketMtu(Expectation):
    """IP_MTU (IPV6_MTU) of the sending socket reads this after the act's n-th `send`."""

    mtu: int
    send: int

    def claim(self) -> str:
        return f"the socket reads a path MTU of {self.mtu} after send {self.send}"

    def cites(self, family: Family) -> Citation:
        ipv4 = Kernel("do_ip_getsockopt", "net/ipv4/ip_sockglue.c")
        return either(family, ipv4, Kernel("do_ipv6_getsockopt", "net/ipv6/ipv6_sockglue.c"))

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None or outcome.mtu is None:
            return nothing(f"IP_MTU after send {self.send}")
        return Seen(outcome.mtu == self.mtu, f"{outcome.mtu}")


@dataclass(frozen=True, slots=True)
class PathMtuAnnounced(Expectation):
    """The act's n-th `send`, refused as too large, brings this path MTU as ancillary data (IPV6_RECVPATHMTU, RFC 3542 §11.3)."""

    mtu: int
    send: int

    def claim(self) -> str:
        return f"send {self.send} brings IPV6_PATHMTU {self.mtu}"

    def cites(self, family: Family) -> Citation:
        return Kernel("ipv6_local_rxpmtu", "net/ipv6/datagram.c")

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None or outcome.announced is None:
            return nothing(f"IPV6_PATHMTU with send {self.send}")
        return Seen(outcome.announced == self.mtu, f"{outcome.announced}")


@dataclass(frozen=True, slots=True)
class Delivered(Expectation):
    """The application at `to` gets all `octets` octets of the act's n-th `send`, and they are the ones sent.

    For an Echo flow it is the answer that comes back, and `to` is where it was asked.
    """

    octets: int
    to: str
    send: int = 1

    def claim(self) -> str:
        which = f" of send {self.send}" if self.send > 1 else ""
        return f"{self.octets} octets{which} reach {self.to} intact"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "2"), Rfc(8201, "3"))

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None or outcome.flow.to != self.to:
            return nothing(f"send {self.send} to {self.to}")
        arrived = [f for f in arrivals(observation, outcome.flow) if outcome.started <= f.time <= outcome.ended]
        verb = "answered" if isinstance(outcome.flow, Echo) else "delivered"
        words = f"{outcome.delivered} of {outcome.octets} octets {verb}{'' if outcome.intact else ', and not the ones sent'}"
        holds = outcome.delivered == outcome.octets == self.octets and outcome.intact and bool(arrived)
        return Seen(holds, words, numbers(arrived))


def exceptions(observation: Observation, at: str, to: str) -> list[RouteException]:
    """What `at` held at the end of the act for `to`, an address, or for any address of the node `to`."""
    return [e for e in observation.exceptions if e.node == at and is_at(observation, e.to, to)]
