"""A network in Mermaid's language, which GitHub and GitLab draw in a Markdown file between ```mermaid and ```.

Hosts are stadiums, routers hexagons, bridges boxes. The flow's links are thick, its bottleneck is red, and a router that tells of
it has a thick outline.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.model.topology import Bridge, Host, Node, Router
from lab.report.graph import Graph, link_words, ways_words


def graph_mermaid(graph: Graph) -> str:
    """The whole, with a newline at its end."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  accTitle: {_plain(graph.name)}"
    yield f"  accDescr: {_plain('. '.join(ways_words(graph)))}"
    # A node's name may be a word of the language ("end"): its number is its name there.
    numbers = {node.name: f"n{i}" for i, node in enumerate(graph.topology.nodes)}
    for node in graph.topology.nodes:
        yield f"  {numbers[node.name]}{_shape(node)}"
    for link in graph.topology.links:
        line = "===" if frozenset((link.a, link.b)) in graph.on_way else "---"
        yield f"  {numbers[link.a]} {line}|{link_words(link)}| {numbers[link.b]}"
    narrow = [i for i, link in enumerate(graph.topology.links) if frozenset((link.a, link.b)) in graph.bottlenecks]
    if narrow:
        yield f"  linkStyle {','.join(map(str, narrow))} stroke:#d33,color:#d33"
    for name in sorted(graph.tellers):
        yield f"  style {numbers[name]} stroke-width:4px"
    for node in graph.topology.nodes:
        if isinstance(node, Router) and not node.sends_ptb:
            yield f"  style {numbers[node.name]} stroke-dasharray:4 4"


def _shape(node: Node) -> str:
    left, right = {Host: ("([", "])"), Router: ("{{", "}}"), Bridge: ("[", "]")}[type(node)]
    silent = "<br>sends no PTB" * (isinstance(node, Router) and not node.sends_ptb)
    return f'{left}"{node.name}{silent}"{right}'


def _plain(text: str) -> str:
    """What the language takes for nothing but text."""
    return "".join(c for c in text.replace(";", ",") if c not in "{}#\n%")
