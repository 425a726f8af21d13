"""A network as an SVG picture of its own: no script, no fonts to fetch, readable in light and dark, and by a screen reader.

A link is drawn as wide as its MTU, each half as wide as that of its own end. The flow's links are blue, its bottleneck is red and
dashed at the rim; below a node stands what is special about it. The ways in words stand below the picture, and are its description.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import hypot

from lab.model.topology import Bridge, Host, Link, Node, Router
from lab.report.graph import Graph, ways_words
from lab.report.layout import layout

# All in pixels, at the picture's own size.
LETTER = 8.2  # the width of a letter of 14 px, about
BOX = 34  # the height of a node
GAP = 96  # between the widest nodes: room for two MTUs on a link
ROW = 92
EDGE = 28
LINE = 22  # a line of words below the picture
NARROW, WIDE = 1.5, 9.0  # a link of no MTU, and of 1500 octets or more: a third of a node at most
WORDS_LETTER = 7.4
MIDDLE, NEAR_A, NEAR_B = (0.5, 0.36, 0.64), (0.3, 0.22, 0.38), (0.7, 0.78, 0.62)  # where a link's MTU is written, at best first
LABEL = 38, 14  # what four digits take, with some room

_STYLE = """
  svg { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #59636e; --line: #afb8c1; --way: #0969da; --slow: #cf222e;
        --host: #ddf4ff; --router: #fff8c5; --bridge: #eaeef2; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --line: #4b535d; --way: #4493f8; --slow: #ff7b72;
          --host: #0c2d6b; --router: #4b3900; --bridge: #2f353d; }
  }
  text { font: 14px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); text-anchor: middle; }
  .paper { fill: var(--paper); }
  .link polygon { fill: var(--line); }
  .way polygon { fill: var(--way); }
  .slow polygon { fill: var(--slow); }
  .slow text { fill: var(--slow); font-weight: 700; }
  .link text { paint-order: stroke; stroke: var(--paper); stroke-width: 5px; stroke-linejoin: round; font-size: 13px; }
  .node rect, .node ellipse { stroke: var(--ink); stroke-width: 1.2; }
  .host rect { fill: var(--host); } .router ellipse { fill: var(--router); } .bridge rect { fill: var(--bridge); }
  .tells ellipse { stroke: var(--slow); stroke-width: 2.5; } .silent ellipse { stroke-dasharray: 4 3; }
  .below { font-size: 12px; fill: var(--soft); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
  .words { text-anchor: start; }
"""


def graph_svg(graph: Graph) -> str:
    """The whole file, with a newline at its end."""
    return "".join(f"{line}\n" for line in _Drawing(graph).lines())


class _Drawing:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.words = list(ways_words(graph))
        self.labels: list[tuple[float, float]] = []  # the middles of those that are written
        self.boxes = {node.name: max(52.0, LETTER * len(node.name) + 24) for node in graph.topology.nodes}
        self.widest = max(self.boxes.values(), default=0)
        spots = layout(graph.topology)
        self.at: Mapping[str, tuple[float, float]] = {
            name: (EDGE + self.widest / 2 + x * (self.widest + GAP), EDGE + BOX / 2 + y * ROW) for name, (x, y) in spots.items()
        }

    def lines(self) -> Iterator[str]:
        right, low = (max((spot[axis] for spot in self.at.values()), default=0) for axis in (0, 1))
        low += BOX / 2 + 2 * LINE
        width = max(right + self.widest / 2, *(EDGE + WORDS_LETTER * len(words) for words in self.words)) + EDGE
        height = low + LINE * len(self.words) + EDGE / 2
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
            f' height="{height:.0f}" style="max-width: 100%; height: auto" role="img" aria-labelledby="title words">'
        )
        yield f'<title id="title">{escape(self.graph.name)}: the network, with the MTU on each link</title>'
        yield f'<desc id="words">{escape(". ".join(self.words))}.</desc>'
        yield f"<style>{_STYLE}</style>"
        yield '<rect class="paper" width="100%" height="100%"/>'
        for link in self.graph.topology.links:
            yield from self.link(link)
        for node in self.graph.topology.nodes:
            yield from self.node(node)
        for number, words in enumerate(self.words):
            yield f'<text class="words" x="{EDGE}" y="{low + LINE * (number + 0.5):.1f}">{escape(words)}</text>'
        yield "</svg>"

    def link(self, link: Link) -> Iterator[str]:
        pair = frozenset((link.a, link.b))
        kind = "slow" if pair in self.graph.bottlenecks else "way" if pair in self.graph.on_way else ""
        a, b = self.at[link.a], self.at[link.b]
        middle = _between(a, b, 0.5)
        yield f'<g class="{f"link {kind}".strip()}">'
        for end, mtu in ((a, link.mtus[0]), (b, link.mtus[1])):
            yield f'  <polygon points="{_band(end, middle, width(mtu))}"/>'
        if link.mtus[0] == link.mtus[1]:
            yield self.label(link, MIDDLE, link.mtus[0])
        else:
            yield self.label(link, NEAR_A, link.mtus[0])
            yield self.label(link, NEAR_B, link.mtus[1])
        if link.delay:
            x, y = self.clear(link, 0.5)
            yield f'  <text x="{x:.1f}" y="{y + 4.5 + LABEL[1]:.1f}">{link.delay} ms</text>'
        yield "</g>"

    def clear(self, link: Link, part: float) -> tuple[float, float]:
        """A place on the link, `part` of the way from the rim of a's box to the rim of b's."""
        (ax, ay), (bx, by) = self.at[link.a], self.at[link.b]
        from_a, to_b = (self.rim(name, bx - ax, by - ay) for name in (link.a, link.b))
        return _between((ax, ay), (bx, by), from_a + part * (1 - from_a - to_b))

    def rim(self, name: str, dx: float, dy: float) -> float:
        """Which part of the way (dx, dy) from the middle of a node lies inside its box."""
        across = self.boxes[name] / 2 / abs(dx) if dx else 1
        down = BOX / 2 / abs(dy) if dy else 1
        return min(across, down, 0.5)

    def label(self, link: Link, parts: Sequence[float], mtu: int) -> str:
        """At the first of these places where there is no other yet: links that cross in the middle have their MTUs beside it."""
        spots = [self.clear(link, part) for part in parts]
        x, y = next((spot for spot in spots if not any(_covers(spot, other) for other in self.labels)), spots[0])
        self.labels.append((x, y))
        return f'  <text x="{x:.1f}" y="{y + 4.5:.1f}">{mtu}</text>'

    def node(self, node: Node) -> Iterator[str]:
        (x, y), box = self.at[node.name], self.boxes[node.name]
        silent = isinstance(node, Router) and not node.sends_ptb
        kind = {Host: "host", Router: "router", Bridge: "bridge"}[type(node)]
        marks = " tells" * (node.name in self.graph.tellers) + " silent" * silent
        yield f'<g class="node {kind}{marks}">'
        if isinstance(node, Router):
            yield f'  <ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{box / 2:.1f}" ry="{BOX / 2}"/>'
        else:
            corner = 8 if isinstance(node, Host) else 0
            place = f'x="{x - box / 2:.1f}" y="{y - BOX / 2:.1f}" width="{box:.1f}" height="{BOX}"'
            yield f'  <rect {place} rx="{corner}"/>'
        yield f'  <text x="{x:.1f}" y="{y + 5:.1f}">{escape(node.name)}</text>'
        for number, words in enumerate(self.below(node, silent)):
            yield f'  <text class="below" x="{x:.1f}" y="{y + BOX / 2 + 15 + 14 * number:.1f}">{escape(words)}</text>'
        yield "</g>"

    def below(self, node: Node, silent: bool) -> list[str]:
        if isinstance(node, Host):
            return [str(self.graph.plan.address(node.name, family)) for family in self.graph.topology.families]
        if isinstance(node, Bridge):
            return ["bridge, iptables"] if node.calls_iptables else ["bridge"]
        return ["sends no PTB"] if silent else ["sends PTBs"] if node.name in self.graph.tellers else []


def width(mtu: int) -> float:
    """How wide a link of that MTU is drawn, in pixels."""
    return NARROW + (WIDE - NARROW) * min(mtu, 1500) / 1500


def _between(a: tuple[float, float], b: tuple[float, float], part: float) -> tuple[float, float]:
    return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part


def _covers(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether labels with these middles would lie on each other."""
    return abs(one[0] - other[0]) < LABEL[0] and abs(one[1] - other[1]) < LABEL[1]


def _band(a: tuple[float, float], b: tuple[float, float], width: float) -> str:
    """The corners of a line as wide as that, from `a` to `b`."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = hypot(dx, dy) or 1
    nx, ny = -dy / length * width / 2, dx / length * width / 2
    corners = ((a[0] + nx, a[1] + ny), (b[0] + nx, b[1] + ny), (b[0] - nx, b[1] - ny), (a[0] - nx, a[1] - ny))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
