"""The text of a trace, read: a line an event, as trace_pipe prints it (Documentation/trace/ftrace.rst, "Output format")."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from lab.judge.calls import Call, Passing
from lab.theory.calls import DROP, names
from lab.world.errors import Broken
from lab.world.tracing.arguments import ARGUMENTS, RECEIVED, RETURNED, RETURNS, SENT

ETHERNET_HEADER = 14
# The command's name may have anything in it, spaces and brackets too; what follows may not.
LINE = re.compile(
    r"\s*(?P<comm>.*)-(?P<pid>\d+)\s+\[(?P<cpu>\d+)\]\s+(?P<flags>\S+)\s+"
    r"(?P<s>\d+)\.(?P<us>\d{6}): (?P<event>[\w:]+): (?P<rest>.*)"
)
PAIR = re.compile(r'(\w+)=("[^"]*"|\(fault\)|\S+)')
LOST = re.compile(r"LOST \d+ EVENTS")
LOCATION = re.compile(r"(?:0x)?([\w.]+)\+0x")
REASON = re.compile(r"reason: (\w+)")
SOFTIRQ = "sH"  # in the third place of the flags: in a softirq, or in a hardirq inside of one


@dataclass(frozen=True, slots=True)
class Line:
    """One event: its moment on the trace's clock in ns, what it is called, and its fields as written."""

    time: int
    cpu: int
    task: int
    softirq: bool
    event: str
    fields: Mapping[str, str]
    rest: str


def read(text: str) -> Iterator[Line]:
    """Every event. Raises Broken where the kernel says that it lost some, and at a line that is none."""
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if LOST.search(line):
            raise Broken(f"the kernel's trace says {line.strip()!r}: what was seen is not all that was called")
        found = LINE.fullmatch(line)
        if not found:
            raise Broken(f"the kernel's trace has a line that cannot be read: {line!r}")
        moment = int(found["s"]) * 1_000_000_000 + int(found["us"]) * 1000
        flags = found["flags"]
        softirq = len(flags) > 2 and flags[2] in SOFTIRQ
        rest = found["rest"]
        yield Line(moment, int(found["cpu"]), int(found["pid"]), softirq, found["event"], dict(PAIR.findall(rest)), rest)


def events(
    text: str, nodes: Mapping[int, str], offset: int, reasons: Mapping[int, str] = MappingProxyType({})
) -> Sequence[Call | Passing]:
    """What was traced, in the order of the text. `nodes` has the node of each network namespace, by its inode's number.

    `offset` is what the clock of the epoch is ahead of the trace's, in ns; `reasons` are the words for reasons written as numbers.
    What is of another namespace is left out. Raises Broken.
    """
    known = frozenset(names())
    returns: dict[tuple[int, int], int] = {}
    found: list[Call | Passing] = []
    for line in read(text):
        if line.event in (SENT, RECEIVED, "net_dev_start_xmit", "netif_rx"):
            found.append(_passing(line, nodes, offset))
        elif line.event == DROP:
            if drop := _drop(line, known, offset, reasons):
                found.append(drop)
        elif line.event == "icmp_send":
            found.append(_icmp(line, offset))
        elif line.event == RETURNED:
            # It says nothing of whose it is; but on one processor, on one's behalf, calls of it are not within each other.
            if (made := returns.pop((line.cpu, line.task), None)) is not None:
                call = found[made]
                assert isinstance(call, Call)
                found[made] = replace(call, values=(*call.values, ("mss", number(line.fields["mss"]))))
        elif node := nodes.get(number(line.fields.get("ns", "0"))):
            if line.event == RETURNS:
                returns[line.cpu, line.task] = len(found)
            found.append(_call(line, node, offset))
    return found


def _passing(line: Line, nodes: Mapping[int, str], offset: int) -> Passing:
    fields = line.fields
    sent = line.event in (SENT, "net_dev_start_xmit")
    node = nodes.get(number(fields["ns"]), "") if "ns" in fields else None
    skb = number(fields["skb"] if "skb" in fields else hexadecimal(fields["skbaddr"]))
    # Received, the header of the link is behind it by then (eth_type_trans()).
    length = number(fields["len"]) + (0 if sent else ETHERNET_HEADER)
    return Passing(line.time + offset, line.cpu, skb, node, fields["dev"].strip('"'), sent, length)


def _drop(line: Line, known: frozenset[str], offset: int, reasons: Mapping[int, str]) -> Call | None:
    """The drop of a packet by a function that is a step of a chain; others are not told of."""
    where = LOCATION.search(line.fields.get("location", ""))
    name = where[1].partition(".")[0] if where else ""
    if name not in known:
        return None
    reason = REASON.search(line.rest)
    values: list[tuple[str, int | str]] = [("location", name)]
    if "reason" in line.fields:
        values.append(("reason", reasons.get(number(line.fields["reason"]), line.fields["reason"])))
    elif reason:
        values.append(("reason", reason[1]))
    skb = line.fields["skb"] if "skb" in line.fields else hexadecimal(line.fields["skbaddr"])
    return Call(line.time + offset, line.cpu, line.task, line.softirq, DROP, skb=number(skb), values=tuple(values))


def _icmp(line: Line, offset: int) -> Call:
    values = tuple((name, number(line.fields[name].rstrip(",."))) for name in ("type", "code"))
    skb = number(hexadecimal(line.fields["skbaddr"]))
    return Call(line.time + offset, line.cpu, line.task, line.softirq, "icmp_send", skb=skb, values=values)


def _call(line: Line, node: str, offset: int) -> Call:
    fields = line.fields
    kinds = ARGUMENTS[line.event].values
    values: list[tuple[str, int | str]] = [("len", number(fields["len"]))] if "len" in fields else []
    values += [(name, value(fields[name], kind)) for name, (_, kind) in kinds.items() if name in fields]
    skb, sk = (number(fields[name]) or None if name in fields else None for name in ("skb", "sk"))
    return Call(line.time + offset, line.cpu, line.task, line.softirq, line.event, node, skb, sk, tuple(values))


def value(written: str, kind: str) -> int | str:
    """A value as people write it: the number in the machine's order, or the address."""
    if kind not in ("be32", "address"):
        return number(written)
    octets = struct.pack("=I", number(written))
    return socket.inet_ntoa(octets) if kind == "address" else int(struct.unpack("!I", octets)[0])


def hexadecimal(address: str) -> str:
    """An address as tracepoints print it, without 0x."""
    return address if address.startswith("0x") else f"0x{address}"


def number(written: str) -> int:
    """0 where the kernel could not read it."""
    return 0 if written == "(fault)" else int(written, 0)
