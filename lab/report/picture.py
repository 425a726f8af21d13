"""A topology as a picture, and pictures read back.

    client ──1500── r1 ──576── r2 ──1500── server

A chain is one line. Anything else is its spine, from the first host to the host farthest from it, and then branches, each of them
joined to a node that is drawn already. Where the ends of a link differ, each MTU stands on its own side: ──1500/1400──. A delay
follows them, in milliseconds: ──1500,20ms──.

A picture that is written for a sweep has a letter where its cases differ: client ──1500── r1 ──m,dms── server.
"""

from __future__ import annotations

import re

from lab.model.topology import Link, Topology
from lab.theory.plan import Plan

Written = int | str
"""An MTU or a delay in a picture: a number, or the letter that stands for it."""

Drawn = tuple[str, Written, Written, str, Written]
"""A link as pictures show it: a, the MTU at a's end, the MTU at b's end, b, the delay; of the two names, a is the lesser."""

_NAME = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_NUMBER = r"\d+|[a-z]"
_LINK = re.compile(rf"(?<![\w─-])({_NAME}) ─+({_NUMBER})(?:/({_NUMBER}))?(?:,({_NUMBER})ms)?─+ (?=({_NAME})(?![\w─-]))")


def picture(topology: Topology) -> str:
    """The picture, without a newline at its end. Draws what it can of a topology that cannot be planned. Raises nothing."""
    left = dict(enumerate(topology.links))
    links_at = _links_at(topology)
    drawn: set[str] = set()
    lines = []
    if topology.hosts:
        start = topology.hosts[0].name
        spine = _spine(topology, links_at, start)
        lines += [_line(start, [left.pop(number) for number in spine])] if spine else []
        drawn = {start} | {name for number in spine for name in (topology.links[number].a, topology.links[number].b)}
    while left:
        number = next((n for n, link in left.items() if link.a in drawn or link.b in drawn), next(iter(left)))
        lines.append(_branch(links_at, left, drawn, number))
    return "\n".join([*lines, *(node.name for node in topology.nodes if not links_at[node.name])])


def addresses_line(plan: Plan, line: str) -> str:
    """The line to put below one line of the plan's picture: each host's addresses, under its name (or as near as there is room)."""
    below = ""
    hosts = {host.name for host in plan.topology.hosts}
    for name in re.finditer(rf"(?:^|(?<= )){_NAME}(?= |$)", line):
        if name[0] in hosts:
            column = max(name.start(), len(below) + 2 if below else 0)
            addresses = (str(plan.address(name[0], family)) for family in plan.topology.families)
            below = below.ljust(column) + " ".join(addresses)
    return below


def read_picture(text: str) -> set[Drawn]:
    """The links that the pictures in `text` show, wherever they stand in it."""
    found = _LINK.finditer(text)
    parts = (m.groups() for m in found)
    return {_drawn(a, _read(mtu_a), _read(mtu_b or mtu_a), b, _read(delay or "0")) for a, mtu_a, mtu_b, delay, b in parts}


def shows(drawn: set[Drawn], topology: Topology) -> bool:
    """Whether a picture that was read is one of this topology: the same links, each letter standing for one number throughout."""
    wanted = {(a, b): (mtu_a, mtu_b, delay) for a, mtu_a, mtu_b, b, delay in drawn}
    built = {(a, b): (mtu_a, mtu_b, delay) for a, mtu_a, mtu_b, b, delay in drawn_links(topology)}
    if wanted.keys() != built.keys():
        return False
    letters: dict[Written, Written] = {}
    pairs = (pair for ends, numbers in wanted.items() for pair in zip(numbers, built[ends], strict=True))
    return all((letters.setdefault(one, real) if isinstance(one, str) else one) == real for one, real in pairs)


def drawn_links(topology: Topology) -> set[Drawn]:
    """What read_picture() makes of a true picture of the topology."""
    return {_drawn(link.a, *link.mtus, link.b, link.delay) for link in topology.links}


def _read(text: str) -> Written:
    return int(text) if text.isdigit() else text


def _drawn(a: str, mtu_a: Written, mtu_b: Written, b: str, delay: Written) -> Drawn:
    return (a, mtu_a, mtu_b, b, delay) if a <= b else (b, mtu_b, mtu_a, a, delay)


def spine(topology: Topology) -> tuple[str, ...]:
    """The nodes of the picture's first line, in order; none where there is no host."""
    if not topology.hosts:
        return ()
    name = topology.hosts[0].name
    names = [name]
    for number in _spine(topology, _links_at(topology), name):
        names.append(name := _other(topology.links[number], name))
    return tuple(names)


def _links_at(topology: Topology) -> dict[str, list[int]]:
    """The numbers of each node's links, in the order written."""
    links_at: dict[str, list[int]] = {node.name: [] for node in topology.nodes}
    for number, link in enumerate(topology.links):
        links_at.setdefault(link.a, []).append(number)
        links_at.setdefault(link.b, []).append(number)
    return links_at


def _spine(topology: Topology, links_at: dict[str, list[int]], start: str) -> list[int]:
    """The shortest way from `start` to the host that is most links away, the first found of equals."""
    hosts = {host.name for host in topology.hosts}
    last = start
    came: dict[str, tuple[int, str]] = {start: (-1, start)}
    depth = {start: 0}
    for name in (queue := [start]):
        if name in hosts and depth[name] > depth[last]:
            last = name
        for number in links_at[name]:
            other = _other(topology.links[number], name)
            if other not in came:
                came[other] = number, name
                depth[other] = depth[name] + 1
                queue.append(other)
    spine = []
    while last != start:
        number, last = came[last]
        spine.append(number)
    return spine[::-1]


def _branch(links_at: dict[str, list[int]], left: dict[int, Link], drawn: set[str], number: int) -> str:
    """From link `number` on until a node that is drawn, or one with no link left. Takes the links from `left`, adds to `drawn`."""
    link = left[number]
    start = name = link.b if link.b in drawn and link.a not in drawn else link.a
    drawn.add(start)
    branch = []
    while True:
        link = left.pop(number)
        branch.append(link)
        name = _other(link, name)
        more = [n for n in links_at[name] if n in left]
        if name in drawn or not more:
            break
        drawn.add(name)
        number = more[0]
    drawn.add(name)
    # A branch of one link reads best the way it was written.
    return _line(start if len(branch) > 1 else link.a, branch)


def _line(start: str, links: list[Link]) -> str:
    """`links`, which follow one another from `start`."""
    line, name = start, start
    for link in links:
        here, there = link.mtus if link.a == name else link.mtus[::-1]
        name = _other(link, name)
        delay = f",{link.delay}ms" if link.delay else ""
        line += f" ──{here}{delay}── {name}" if here == there else f" ──{here}/{there}{delay}── {name}"
    return line


def _other(link: Link, name: str) -> str:
    return link.b if link.a == name else link.a
