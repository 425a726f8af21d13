"""Traces that were recorded: the kernel's own text, with the frames that the taps saw meanwhile.

Each is of the same story, over 1500, 1280 and 1500: a datagram with DF that is too big and another that is refused, in IPv4 and in
IPv6; one without DF; a segment of TCP in each. Lines that begin with # are ours or the heading, the rest is trace_pipe's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab.judge.calls import Call, Means, Trace
from lab.judge.chains import Aligned, Chain, align
from lab.judge.observation import Frame
from lab.model.wire import decode
from lab.world.tracing.lines import events

FOLDER = Path(__file__).with_name("data") / "traces"
RELEASES = tuple(sorted(path.stem for path in FOLDER.glob("*.txt")))


@dataclass(frozen=True, slots=True)
class Recorded:
    """One file: the text, and what is needed to read it."""

    means: Means
    nodes: Mapping[int, str]
    offset: int
    clock: int
    frames: tuple[Frame, ...]
    text: str
    reasons: Mapping[int, str]

    @property
    def trace(self) -> Trace:
        return Trace(self.means, "recorded", tuple(events(self.text, self.nodes, self.offset, self.reasons)), clock=self.clock)

    @property
    def aligned(self) -> Aligned:
        return align(self.trace, self.frames)


@cache
def recorded(release: str) -> Recorded:
    """The file of a kernel."""
    ours: dict[str, list[list[str]]] = {}
    text = []
    for line in (FOLDER / f"{release}.txt").read_text().splitlines():
        if line.startswith("# ") and line.split()[1] in ("means", "node", "frame", "reason"):
            ours.setdefault(line.split()[1], []).append(line.split()[2:])
        elif not line.startswith("#"):
            text.append(line)
    ((means, _, clock, _, offset),) = ours["means"]
    return Recorded(
        Means[means],
        {int(inode): node for inode, node in ours["node"]},
        int(offset),
        int(clock),
        tuple(_frame(*fields) for fields in ours["frame"]),
        "\n".join(text),
        {int(number): name for number, name in ours.get("reason", [])},
    )


def _frame(number: str, time: str, node: str, interface: str, sent: str, length: str, octets: str) -> Frame:
    """With the first octets alone: enough to see what it is."""
    seen = bytes.fromhex(octets)
    return Frame(int(number), int(time), node, interface, sent == "1", seen, int(length), decode(seen))


def shape(chain: Chain) -> list[str]:
    """A chain in short: functions, and < and > for frames that came and left."""
    return [entry.function if isinstance(entry, Call) else "><"[not entry.sent] for entry in chain.entries]
