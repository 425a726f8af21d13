"""What the kernel's own tracepoints can tell of a packet that is too big. Only their descriptions are read: nothing is traced."""

from __future__ import annotations

from lab.judge.expect.programs import Prints
from lab.judge.traits.networks import path
from lab.judge.traits.trait import Trait
from lab.model.rfc import Kernel
from lab.model.story import Run

EVENTS = "/sys/kernel/tracing/events"


def described(event: str, word: str) -> Run:
    """Prints whether there is such an event, and its description has the word."""
    there = f"grep -q {word} {EVENTS}/{event}/format"
    return Run("a", ("sh", "-c", f"{there} 2>/dev/null && echo {event} has {word} || echo {event} has no {word}"))


TRACING = (
    Trait(
        "drop-reason-too-big",
        "the tracepoint skb:kfree_skb knows PKT_TOO_BIG as the reason why a packet was dropped",
        path(1500),
        (described("skb/kfree_skb", "PKT_TOO_BIG"),),
        yes=Prints("skb/kfree_skb has PKT_TOO_BIG", "grep(1)"),
        no=Prints("skb/kfree_skb has no PKT_TOO_BIG", "grep(1)"),
        cites=Kernel("ip_forward", "net/ipv4/ip_forward.c"),
        since="5.18 or 5.19",
        needs=("tracefs",),
    ),
    Trait(
        "icmp-send-traced",
        "there is a tracepoint icmp:icmp_send for each ICMPv4 error that is sent",
        path(1500),
        (described("icmp/icmp_send", "type"),),
        yes=Prints("icmp/icmp_send has type", "grep(1)"),
        no=Prints("icmp/icmp_send has no type", "grep(1)"),
        cites=Kernel("__icmp_send", "net/ipv4/icmp.c"),
        since="6.10, and 6.6, 6.1 and 5.15 later",
        needs=("tracefs",),
    ),
)
"""Traits of tracepoints."""
