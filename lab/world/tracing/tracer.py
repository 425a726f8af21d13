"""A tracer: probes at the functions that are wanted where the kernel lets us, else its tracepoints; held beside one network."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from lab.judge.calls import Means, Trace
from lab.theory.calls import DROP
from lab.world.errors import Broken, Forbidden
from lab.world.net import Net
from lab.world.tracing.arguments import ARGUMENTS, RECEIVED, RETURNED, RETURNS, SENT, Fetches
from lab.world.tracing.btf import NoType, Types
from lab.world.tracing.lines import events
from lab.world.tracing.tracefs import PROBES, Instance, append, nothing_lost, tracefs

TYPES = Path("/sys/kernel/btf/vmlinux")
SYMBOLS = Path("/proc/kallsyms")
TRACEPOINTS = "net/net_dev_start_xmit", "net/netif_rx", "icmp/icmp_send"
KFREE = "skb/kfree_skb"
LOOKS = 20  # at both clocks, of which the shortest counts
STEP = 1000  # ns: the trace's text has microseconds


@dataclass(slots=True)
class Tracer:
    """What is traced, and by which means; `trace` is there when `beside()` has ended."""

    instance: Instance
    means: Means
    functions: Sequence[str]
    absent: dict[str, str] = field(default_factory=dict)
    why: str = ""
    reasons: Mapping[int, str] = field(default_factory=dict)
    trace: Trace | None = None

    @contextlib.contextmanager
    def beside(self, net: Net) -> Iterator[None]:
        """Traces while this is open, and only what is of the nodes of `net`. Raises Broken where the kernel lost any of it."""
        nodes = {os.fstat(node.namespace).st_ino: node.name for node in net}
        before = clocks()
        try:
            self._narrow(nodes)
            self.instance.start()
            yield
        finally:
            self.instance.stop()
            after = clocks()
            self.trace = self._read(nodes, before, after)
        nothing_lost(self.instance.lost())

    def _narrow(self, nodes: Mapping[int, str]) -> None:
        """Has the kernel itself leave out calls in other namespaces; of what passes interfaces all is needed (lab.judge.chains)."""
        if self.means is Means.PROBES:
            ours = "||".join(f"ns=={inode}" for inode in nodes)
            for function in self.functions:
                # A filter has an end (PAGE_SIZE); without one, they are left out when they are read.
                with contextlib.suppress(OSError):
                    self.instance.write(f"events/{self.instance.name}/{function}/filter", ours)

    def _read(self, nodes: Mapping[int, str], before: tuple[int, int], after: tuple[int, int]) -> Trace:
        offset = (before[0] + after[0]) // 2
        drift = abs(after[0] - before[0])
        seen = tuple(events(self.instance.read(), nodes, offset, self.reasons))
        return Trace(self.means, os.uname().release, seen, self.absent, drift + max(before[1], after[1]) + STEP)


def clocks() -> tuple[int, int]:
    """What the clock of the taps is ahead of the trace's, and how far that may be wrong, in ns."""
    looks = []
    for _ in range(LOOKS):
        first = time.monotonic_ns()
        wall = time.time_ns()
        last = time.monotonic_ns()
        looks.append((last - first, wall - (first + last) // 2))
    wide, offset = min(looks)
    return offset, wide // 2


@contextlib.contextmanager
def tracer(functions: Sequence[str]) -> Iterator[Tracer]:
    """A tracer of these functions, ready to be held beside a network. Raises Forbidden, with what to do."""
    with tracefs() as root, ExitStack() as undo:
        instance = Instance(root)
        undo.callback(instance.close)
        yield chosen(instance, functions)


def chosen(instance: Instance, functions: Sequence[str]) -> Tracer:
    """By probes where the kernel takes them, else by its tracepoints."""
    try:
        if not (instance.root / PROBES).exists():
            raise NoType("this kernel has no kprobe events (CONFIG_KPROBE_EVENTS)")
        return probing(instance, Fetches(Types(TYPES.read_bytes())), functions)
    except (NoType, OSError) as refused:
        return by_tracepoints(instance, functions, str(refused))


def probing(instance: Instance, fetches: Fetches, functions: Sequence[str]) -> Tracer:
    """Probes with arguments. Raises OSError where the kernel takes none."""
    names = symbols()
    absent: dict[str, str] = {}
    probed = []
    for name in (SENT, RECEIVED):
        define(instance, name, fetches.passing(name))
    for name in functions:
        if name not in ARGUMENTS:
            continue  # kfree_skb and icmp_send, which are tracepoints
        compiled = [other for other in names if other.partition(".")[0] == name]
        if name not in names:
            absent[name] = f"compiled as {compiled[0]}" if compiled else "not in this kernel"
            continue
        try:
            define(instance, name, fetches.of(name))
        except OSError as error:
            absent[name] = f"the kernel takes no probe there: {error.strerror}"
            continue
        probed.append(name)
    if RETURNS in probed:
        with contextlib.suppress(OSError):  # then the MSS is not told
            append(instance.root / PROBES, f"r:{instance.name}/{RETURNED} {RETURNS} mss=$retval:u32")
    reasons = watch_drops(instance, fetches, names)
    instance.write(f"events/{instance.name}/enable", "1")
    return Tracer(instance, Means.PROBES, probed, absent, reasons=reasons)


def watch_drops(instance: Instance, fetches: Fetches, names: frozenset[str]) -> Mapping[int, str]:
    """Has drops told of: by the tracepoint where that names functions, else by a probe. Gives words for a probe's reasons."""
    if "location=%pS" in (instance.path / f"events/{KFREE}/format").read_text():
        instance.write(f"events/{KFREE}/enable", "1")
        return {}
    function, reason = ("kfree_skb_reason", " reason=$arg2:u32") if "kfree_skb_reason" in names else (DROP, "")
    define(instance, function, f"skb=$arg1:x64 location=$stack0:symbol{reason}", DROP)
    return fetches.drop_reasons


def define(instance: Instance, function: str, fetched: str, name: str = "") -> None:
    """A probe at a function, by its name or another."""
    append(instance.root / PROBES, f"p:{instance.name}/{name or function} {function} {fetched}")


def by_tracepoints(instance: Instance, functions: Sequence[str], why: str) -> Tracer:
    """The kernel's tracepoints. Raises Forbidden where it lets us have none."""
    try:
        for event in (*TRACEPOINTS, KFREE):
            if (instance.path / "events" / event).exists():
                instance.write(f"events/{event}/enable", "1")
    except OSError as error:
        raise Forbidden(f"the kernel lets nobody trace it: {error.strerror}") from error
    absent = {name: "there is no tracepoint for it" for name in functions if name not in (DROP, "icmp_send")}
    return Tracer(instance, Means.TRACEPOINTS, (), absent, why)


def symbols() -> frozenset[str]:
    """Every function of the kernel, by the name that it was compiled as. Raises Broken where they cannot be read."""
    try:
        with SYMBOLS.open() as lines:
            return frozenset(line.split()[2] for line in lines)
    except OSError as error:
        raise Broken(f"cannot read {SYMBOLS}: {error.strerror}") from error
