"""A result as motion: what the stage and the plot of the HTML report show, as values that JSON can hold.

    nodes, links       the network as it is drawn, once
    acts[].mtus, held  link ends that earlier acts have changed, and the route exceptions that they left
    acts[].packets     each packet, with its flights over links, and how it ended
    acts[].marks       what happens beside packets: something sent, learned, changed, refused
    acts[].captions    what to say, and when; `key` where it is worth to stop
    acts[].clock       true time against the time of the stage
    acts[].series      what is plotted against true time

Times of the stage ("beats") are as lab.report.html.narrative makes them. True times ("t") are ns since the act's first frame told
of, as in the timeline. What repeats is folded as lab.report.html.fold says, so that the size does not grow with the capture's.
"""

from __future__ import annotations

from typing import Any

from lab.judge.result import ActResult, Result
from lab.model.topology import Topology
from lab.report.html.fold import fold
from lab.report.html.marks import learned, marks, noted
from lab.report.html.score import Score
from lab.report.html.series import series
from lab.report.html.voyages import follow
from lab.report.layout import layout

ROOM = 300  # packets that are shown of all acts together, and marks
LEAST_ROOM = 50  # of one act


def motion(result: Result) -> dict[str, Any]:
    """The whole document. Raises nothing."""
    topology = result.scenario.topology
    room = max(LEAST_ROOM, ROOM // max(1, len(result.acts)))
    return {
        "nodes": _nodes(topology),
        "links": [{"a": link.a, "b": link.b, "mtus": list(link.mtus)} for link in topology.links],
        "acts": [_act(act, before, room) for act, before in zip(result.acts, (None, *result.acts), strict=False)],
    }


def _nodes(topology: Topology) -> list[dict[str, Any]]:
    places = layout(topology)
    return [
        {"name": node.name, "kind": type(node).__name__.lower(), "x": places[node.name][0], "y": places[node.name][1]}
        for node in topology.nodes
    ]


def _act(act: ActResult, before: ActResult | None, room: int) -> dict[str, Any]:
    observation = act.observation
    voyagers = follow(observation)
    its_marks = marks(observation, voyagers)
    noticed = noted(its_marks)
    shown, left_out = fold(voyagers, [mark.time for mark in noticed if mark.news], room)
    start = voyagers[0].left if voyagers else its_marks[0].time if its_marks else 0
    score = Score(observation.plan, shown, noticed[:room], start)
    return {
        "title": act.title,
        "beats": round(score.over, 3),
        "left_out": left_out,
        "mtus": dict(observation.mtus),
        "held": [learned(before.observation, held) | {"at": held.node} for held in before.observation.exceptions] if before else [],
        "packets": score.packets(),
        "marks": score.marks(),
        "captions": score.captions(),
        "clock": score.clock(),
        "series": series(observation, voyagers, its_marks, start),
    }
