"""A network in Graphviz' language: `pmtulab graph NAME --format dot | dot -Tsvg`.

The flow's links are bold, its bottleneck is red, and a router that tells of it has a double outline. Where the ends of a link
differ, each MTU stands at its own end.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.model.topology import Bridge, Host, Link, Node, Router
from lab.report.graph import Graph, delay_words, ways_words


def graph_dot(graph: Graph) -> str:
    """The whole, with a newline at its end."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    yield f"graph {_quoted(graph.name)} {{"
    yield "  rankdir=LR"
    yield f"  label={_quoted(chr(10).join(ways_words(graph)))}"
    yield '  fontname="sans-serif"'
    yield '  node [fontname="sans-serif"]'
    yield '  edge [fontname="sans-serif"]'
    for node in graph.topology.nodes:
        yield f"  {_quoted(node.name)} [{_node(node, node.name in graph.tellers)}]"
    for link in graph.topology.links:
        yield f"  {_quoted(link.a)} -- {_quoted(link.b)} [{_link(link, graph)}]"
    yield "}"


def _node(node: Node, tells: bool) -> str:
    shape = {Host: "box", Router: "ellipse", Bridge: "box3d"}[type(node)]
    silent = isinstance(node, Router) and not node.sends_ptb
    return f"shape={shape}" + ", peripheries=2" * tells + ', style=dashed, tooltip="sends no PTB"' * silent


def _link(link: Link, graph: Graph) -> str:
    a, b = link.mtus
    pair = frozenset((link.a, link.b))
    # Graphviz puts a label at an edge's middle, or at its tail and head.
    label = f'label="{a}{delay_words(link)}"'
    if a != b:
        middle = f'label="{link.delay} ms", ' if link.delay else ""
        label = f'{middle}taillabel="{a}", headlabel="{b}", labeldistance=2, minlen=2'
    bottleneck = ", color=red, fontcolor=red" * (pair in graph.bottlenecks)
    return label + ", penwidth=3" * (pair in graph.on_way) + bottleneck


def _quoted(text: str) -> str:
    """A string of the language: a newline is written \\n there."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
