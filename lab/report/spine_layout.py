"""The layout of a network with few ways round: its spine in a row, and everything else beside, below and above it.

What hangs on the spine is taken part by part: a part is what stays together when the nodes that stand already are taken away.

* A part that hangs on one node of the spine and is as long as the spine is from there to one of its ends lies alongside that end:
  the other hosts of a dumbbell, the other branches of a tree.
* Any other that hangs on one node stands below or above it.
* A part that joins several nodes is a way round: its shortest way from the leftmost to the rightmost of them is a row of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor

Spot = tuple[float, float]
Near = Mapping[str, tuple[str, ...]]
"""Each node's neighbours, in the order of links."""

DOWN, UP = 1, -1
LEFT, RIGHT = -1, 1


def along_spine(spine: Sequence[str], near: Near) -> dict[str, Spot]:
    """Where each node stands, from the spine's first node at x = 0 and y = 0."""
    drawing = _Drawing(near)
    drawing.lay(spine)
    for name in near:
        drawing.hang_all()
        if name not in drawing.spots:  # no link joins it to the spine
            drawing.row([name], 0, DOWN)
    drawing.hang_all()
    return drawing.spots


class _Drawing:
    """What stands so far. `depth` is, for each side and column, how far from the spine's row the farthest node there is.

    `bare` are rows of which it is not looked yet what hangs on them, each with the sides where that may stand.
    """

    def __init__(self, near: Near) -> None:
        self.near = near
        self.bare: list[tuple[Sequence[str], Sequence[int]]] = []
        self.spots: dict[str, Spot] = {}
        self.depth: dict[int, dict[int, float]] = {DOWN: {}, UP: {}}

    def lay(self, spine: Sequence[str]) -> None:
        """The spine, wide enough for what hangs below and above each of its nodes, and then all that hangs on it."""
        beside: list[tuple[int, int, list[list[str]]]] = []
        ways = [part for part in self.parts(spine) if len(self.anchors(part, spine)) == 1]
        taken = {LEFT: 0, RIGHT: 0}
        widths = dict.fromkeys(spine, 0.0)
        for part in ways:
            at = spine.index(self.anchors(part, spine)[0])
            levels = self.levels(part, spine)
            sides = [side for side, left in ((LEFT, at), (RIGHT, len(spine) - 1 - at)) if left == len(levels)]
            if sides:
                side = min(sides, key=lambda side: taken[side])
                taken[side] += 1
                beside.append((at, side, levels))
            else:
                widths[spine[at]] += max(map(len, levels)) / 2
        x = 0.0
        for i, name in enumerate(spine):
            x += max(1, (ceil(widths[name]) + ceil(widths[spine[i - 1]])) / 2) if i else 0
            self.put(name, x, 0)
        for at, side, levels in beside:
            self.alongside([self.spots[spine[at + side * (depth + 1)]][0] for depth in range(len(levels))], levels)
        self.bare.append((spine, (DOWN, UP)))

    def hang_all(self) -> None:
        """Everything that hangs on what stands."""
        while self.bare:
            self.hang(*self.bare.pop(0))

    def parts(self, among: Sequence[str]) -> list[list[str]]:
        """The parts that hang on `among`: of nodes that do not stand yet and are none of it, in the order in which they are met."""
        standing = {*self.spots, *among}
        found: list[list[str]] = []
        for first in (other for name in among for other in self.near[name]):
            if first in standing:
                continue
            part = [first]
            standing.add(first)
            for name in part:
                part += (other for other in self.near[name] if other not in standing)
                standing.update(self.near[name])
            found.append(part)
        return found

    def anchors(self, part: Sequence[str], among: Sequence[str]) -> list[str]:
        """The nodes of `among` that links join to `part`."""
        inside = set(part)
        return [name for name in among if not inside.isdisjoint(self.near[name])]

    def levels(self, part: Sequence[str], among: Sequence[str]) -> list[list[str]]:
        """The nodes of `part` by how far they are from `among`: those at one link, at two, and so on."""
        inside, levels = set(part), [list(among)]
        while inside:
            level = list(dict.fromkeys(other for name in levels[-1] for other in self.near[name] if other in inside))
            inside.difference_update(level)
            levels.append(level)
        return levels[1:]

    def alongside(self, xs: Sequence[float], levels: Sequence[Sequence[str]]) -> None:
        """A level at each of `xs`: each node in the middle of those of the next level that it leads to."""
        ys: dict[str, float] = {}
        for number, level in reversed(list(enumerate(levels))):
            beyond = set(levels[number + 1]) if number + 1 < len(levels) else set()
            least = 0.0
            for name in level:
                own = [ys[other] for other in self.near[name] if other in beyond]
                ys[name] = max(least, sum(own) / len(own) if own else least)
                least = ys[name] + 1
        columns = range(floor(min(xs)), ceil(max(xs)) + 1)
        side = min((DOWN, UP), key=lambda side: self.reach(side, columns))
        start = self.reach(side, columns) + 1
        for x, level in zip(xs, levels, strict=True):
            for name in level:
                self.put(name, x, side * (start + ys[name]))
        self.fill(side, columns, start + max(ys.values()))

    def hang(self, row: Sequence[str], sides: Sequence[int]) -> None:
        """Everything that hangs on `row` and does not stand yet."""
        parts = self.parts(row)
        joined = [(part, self.anchors(part, row)) for part in parts]
        for name in row:
            self.below(name, [part for part, anchors in joined if anchors == [name]], sides)
        for part, anchors in joined:
            if len(anchors) > 1:
                way = self.way(part, anchors[0], anchors[-1])
                middle = sum(self.spots[name][0] for name in (anchors[0], anchors[-1])) / 2
                self.row(way, middle, *sides)

    def below(self, name: str, parts: Sequence[Sequence[str]], sides: Sequence[int]) -> None:
        """The parts that hang on one node, side by side, half of them on each of `sides`."""
        share = ceil(len(parts) / len(sides)) or 1
        for start, side in zip(range(0, len(parts), share), sides, strict=False):
            mine = parts[start : start + share]
            widths = [max(map(len, self.levels(part, [name]))) for part in mine]
            x = self.spots[name][0] - sum(widths) / 2
            for part, width in zip(mine, widths, strict=True):
                self.row(self.levels(part, [name])[0], x + width / 2, side)
                x += width

    def way(self, part: Sequence[str], start: str, end: str) -> list[str]:
        """The shortest way through `part` from a neighbour of `start` to one of `end`."""
        inside = set(part)
        came: dict[str, str | None] = {name: None for name in self.near[start] if name in inside}
        for name in (queue := list(came)):
            if end in self.near[name]:
                way = [name]
                while (before := came[way[-1]]) is not None:
                    way.append(before)
                return way[::-1]
            for other in self.near[name]:
                if other in inside and other not in came:
                    came[other] = name
                    queue.append(other)
        raise AssertionError("a part is joined to its anchors")

    def row(self, names: Sequence[str], middle: float, *sides: int) -> None:
        """Nodes side by side, their middle at x = `middle`, on the side where there is room nearest to the spine."""
        xs = [middle + i - (len(names) - 1) / 2 for i in range(len(names))]
        columns = range(floor(xs[0]), ceil(xs[-1]) + 1)
        side = min(sides, key=lambda side: self.reach(side, columns))
        depth = self.reach(side, columns) + 1
        for name, x in zip(names, xs, strict=True):
            self.put(name, x, side * depth)
        self.fill(side, columns, depth)
        self.bare.append((names, (side,)))

    def put(self, name: str, x: float, y: float) -> None:
        self.spots[name] = x, y

    def reach(self, side: int, columns: range) -> float:
        return max(self.depth[side].get(column, 0) for column in columns)

    def fill(self, side: int, columns: range, depth: float) -> None:
        for column in columns:
            self.depth[side][column] = max(depth, self.depth[side].get(column, 0))
