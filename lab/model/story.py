"""What is done, in order: the steps of an act."""

from __future__ import annotations

from dataclasses import dataclass

from lab.model.flow import Flow

KIB = 1024


@dataclass(frozen=True, slots=True)
class Send:
    """Send `octets` of payload over `flow`: one datagram (Udp), one echo request (Echo), or that much of the stream (Tcp).

    The step ends when its fate is known: delivered, refused, answered by an ICMP error, or seen to be dropped without a word. What
    is still not known after `within` seconds is given up.
    """

    flow: Flow
    octets: int
    within: float = 5.0


@dataclass(frozen=True, slots=True)
class FlushRouteCache:
    """Forget every route exception, at every node (as `ip route flush cache` does)."""


Step = Send | FlushRouteCache
