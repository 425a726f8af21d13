"""What is to be set in a network that runs, as people write it: targets, each followed by what is set there.

client-r1 mtu=1400            both ends of a link (also client–r1)
client:r1 mtu=1400            client's end of it
r1 icmp=off                   r1 sends no PTB; icmp=on: it does
client net.ipv4.tcp_mtu_probing=1
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from lab.model.problem import printable
from lab.model.story import Sysctl
from lab.model.topology import Host, Link, Node, Router, Topology
from lab.theory.problems import problems

# Below net alone each network namespace has its own; what else there is would be the machine's.
_SYSCTL = re.compile(r"net(\.[A-Za-z0-9_-]+)+")


@dataclass(frozen=True, slots=True)
class EndMtu:
    """`node`'s end of its link to `peer` gets this MTU, in octets."""

    node: str
    peer: str
    mtu: int


@dataclass(frozen=True, slots=True)
class SendsPtb:
    """Whether router `at` tells of what is too big."""

    at: str
    sends: bool


Setting = EndMtu | SendsPtb | Sysctl

Ends = tuple[tuple[str, str], ...]
"""Ends of a link, each as node and peer."""


class BadSettings(ValueError):
    """What was written cannot be set. Its text is everything that is wrong, one a line."""

    def __init__(self, wrong: Sequence[str]) -> None:
        super().__init__("\n".join(map(printable, wrong)))


def settings(words: Sequence[str], topology: Topology) -> tuple[tuple[Setting, ...], tuple[str, ...]]:
    """What the words ask for, in their order; and all that is wrong with the rest of them."""
    known = targets(topology)
    found: list[Setting] = []
    wrong: list[str] = []
    for target, pairs in _by_target(words):
        meant = known.get(target or "", [])
        if target is None:
            wrong.append(f"{pairs[0]}: write first what it is to be set on, as in `{topology.nodes[0].name} {pairs[0]}`")
        elif len(meant) != 1:
            wrong.append(_not_one(target or "''", meant, topology))
        elif not pairs:
            wrong.append(f"{target}: write what is to be set there, as in `{target} KEY=VALUE`")
        else:
            for pair in pairs:
                key, _, value = pair.partition("=")
                read = _of_node(meant[0], key, value) if isinstance(meant[0], Node) else _of_ends(meant[0], key, value, topology)
                if isinstance(read, str):
                    wrong.append(f"{target}: {read}")
                else:
                    found += read
    return tuple(found), tuple(wrong)


def targets(topology: Topology) -> Mapping[str, list[Node | Ends]]:
    """Everything that settings can be set on, by each of its names; names may have hyphens, and so more than one meaning."""
    known: dict[str, list[Node | Ends]] = {node.name: [node] for node in topology.nodes}
    for link in topology.links:
        for a, b in ((link.a, link.b), (link.b, link.a)):
            known.setdefault(f"{a}:{b}", []).append(((a, b),))
            for dash in "-–":
                known.setdefault(f"{a}{dash}{b}", []).append(((a, b), (b, a)))
    return known


def _by_target(words: Sequence[str]) -> Iterator[tuple[str | None, list[str]]]:
    """Each target with what is to be set on it; None for what comes before the first."""
    target: str | None = None
    pairs: list[str] = []
    for word in words:
        if "=" in word:
            pairs.append(word)
            continue
        if target is not None or pairs:
            yield target, pairs
        target, pairs = word, []
    if target is not None or pairs:
        yield target, pairs


def _not_one(target: str, meant: Sequence[Node | Ends], topology: Topology) -> str:
    if meant:
        return f"{target}: it may be {' or '.join(map(_told, meant))}; write a link with an en dash, a–b, and its end with a colon"
    known = [node.name for node in topology.nodes]
    known += [name for link in topology.links for name in (f"{link.a}-{link.b}", f"{link.a}:{link.b}", f"{link.b}:{link.a}")]
    near = get_close_matches(target, known, n=5, cutoff=0.5) or known[:5]
    return f"{target}: there is no such node or link; near it: {', '.join(near)}"


def _told(target: Node | Ends) -> str:
    return f"node {target.name}" if isinstance(target, Node) else "the link {}–{}".format(*target[0])


def _of_node(node: Node, key: str, value: str) -> list[Setting] | str:
    """What a pair asks for at a node, or what is wrong with it."""
    if _SYSCTL.fullmatch(key):
        return [Sysctl(node.name, key, value)]
    if key == "icmp" and not isinstance(node, Router):
        return f"{key} is for routers: a {'host' if isinstance(node, Host) else 'bridge'} sends no PTB"
    if key == "icmp":
        return [SendsPtb(node.name, value == "on")] if value in ("on", "off") else f"icmp is on or off, and not {value!r}"
    if key == "mtu":
        return "an MTU is a link's: write the link (a-b), or one end of it (a:b)"
    if key.startswith(("net/", "net.")):
        return f"{key!r} is no sysctl's name: write it with dots, as net.ipv4.tcp_mtu_probing"
    if "." in key:
        return f"{key} is the whole machine's: of sysctls only those below net. are a node's own"
    return f"a node has no {key!r}: write icmp=on, icmp=off, or a sysctl (net.ipv4.tcp_mtu_probing=1)"


def _of_ends(ends: Ends, key: str, value: str, topology: Topology) -> list[Setting] | str:
    """What a pair asks for at ends of a link, or what is wrong with it."""
    if key == "icmp":
        return "icmp is a router's: write its name"
    if key != "mtu":
        return f"a link has no {key!r}, only an mtu" + ("; a sysctl is a node's: write its name" if "." in key else "")
    if not re.fullmatch(r"[0-9]{1,6}", value):
        return f"an MTU is a number of octets, and not {value!r}"
    changed = replace(topology, links=tuple(_changed(link, ends, int(value)) for link in topology.links))
    wrong = problems(changed)  # of the topology as it was there are none
    if wrong:
        return "; ".join(f"{problem.what}; {problem.remedy}" for problem in wrong)
    return [EndMtu(node, peer, int(value)) for node, peer in ends]


def _changed(link: Link, ends: Ends, mtu: int) -> Link:
    a, b = link.mtus
    return replace(link, mtu=mtu if (link.a, link.b) in ends else a, mtu_b=mtu if (link.b, link.a) in ends else b)
