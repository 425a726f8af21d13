"""A network as text: the picture, in which the bottleneck has a double line, then the flow's ways in words.

client ──1500── r1 ══576══ r2 ──1500── server
10.0.0.1                               10.0.2.2

client → server: path MTU 576, set by r1–r2; r1 tells client 576
server → client: path MTU 576, set by r2–r1; r2 tells server 576
"""

from __future__ import annotations

from lab.report.graph import Graph, ways_words
from lab.report.picture import addresses_line, picture


def graph_text(graph: Graph) -> str:
    """The whole, with a newline at its end."""
    lines: list[str] = []
    for line in picture(graph.topology).splitlines():
        lines += [_marked(line, graph), *filter(None, [addresses_line(graph.plan, line)])]
    return "".join(f"{line}\n" for line in [*lines, "", *ways_words(graph)])


def _marked(line: str, graph: Graph) -> str:
    """A line of the picture: names and links by turns, with blanks between them."""
    words = line.split(" ")
    for i in range(1, len(words), 2):
        if frozenset((words[i - 1], words[i + 1])) in graph.bottlenecks:
            words[i] = words[i].replace("─", "═")
    return " ".join(words)
