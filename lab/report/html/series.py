"""What is plotted against true time: packet sizes as they left their origin, path MTUs held, TCP's MSS and congestion window.

Sizes are thinned where there are very many: of packets alike that leave within one part of the act, one stands for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.judge.observation import Observation, Outcome
from lab.report.html.marks import Mark, flow_name, states
from lab.report.html.voyages import Voyager

MOST = 1000
PARTS = 200  # of the act's time, where there are more than MOST


def series(observation: Observation, voyagers: Sequence[Voyager], marks: Sequence[Mark], start: int) -> dict[str, Any]:
    """Times are ns since `start`; steps are (time, value), each value holding until the next."""
    return {
        "sizes": _sizes(voyagers, start),
        "pmtu": _held(marks, start),
        "tcp": [_tcp(outcome, marks, start) for outcome in observation.outcomes if states(outcome)],
    }


def _tcp(outcome: Outcome, marks: Sequence[Mark], start: int) -> dict[str, Any]:
    """Of one TCP transfer: MSS and path MTU from where their marks are, the congestion window (segments) as it was sampled."""
    name, end = flow_name(outcome), outcome.ended
    changes = [m for m in marks if m.kind == "tcp" and m.more["flow"] == name and outcome.started <= m.time <= end]
    return {
        "flow": name,
        "mss": [[mark.time - start, mark.more["mss"]] for mark in changes],
        "pmtu": [[mark.time - start, mark.more["pmtu"]] for mark in changes],
        "cwnd": _steps([(time - start, state.cwnd) for time, state in states(outcome)]),
    }


def _sizes(voyagers: Sequence[Voyager], start: int) -> list[list[Any]]:
    """(time, octets, kind, fate, frame, origin, how many) of each packet that a node made."""
    if not voyagers:
        return []
    length = max(1, voyagers[-1].left - start)
    found: dict[object, list[Any]] = {}
    for voyager in voyagers:
        hop, octets = voyager.hops[0], voyager.packet.octets
        part = (hop.left - start) * PARTS // length if len(voyagers) > MOST else voyager.number
        alike = part, voyager.kind, octets, voyager.fate, hop.start
        if alike in found:
            found[alike][-1] += 1
        else:
            found[alike] = [hop.left - start, octets, voyager.kind, voyager.fate, hop.numbers[0], hop.start, 1]
    return list(found.values())[: 2 * MOST]


def _steps(points: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Only where the value changes, and the last."""
    return [[time, value] for i, (time, value) in enumerate(points) if i in (0, len(points) - 1) or value != points[i - 1][1]]


def _held(marks: Sequence[Mark], start: int) -> list[dict[str, Any]]:
    """Of each route exception: its MTU from when it was learned, null from when it was forgotten."""
    found: dict[tuple[str | None, str], list[list[int | None]]] = {}
    for mark in marks:
        time = mark.time - start
        if mark.kind == "learned":
            found.setdefault((mark.at, mark.more["to"]), []).append([time, mark.more["mtu"]])
        elif mark.kind == "forgotten":
            found.setdefault((mark.at, mark.more["to"]), []).append([time, None])
        elif mark.kind == "flushed":
            for steps in found.values():
                steps.append([time, None])
    return [{"node": node, "to": to, "points": points} for (node, to), points in found.items()]
