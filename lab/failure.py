"""The networks of one test, watched: what is told of them where it fails, and the capture that is kept then."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote
from zlib import crc32

from lab.evidence import write
from lab.judge.observation import Done, Observation
from lab.model.topology import Topology
from lab.report.evidence import pcapng
from lab.report.failure import FAILED, failure_lines
from lab.report.wording import count
from lab.theory.problems import BadTopology
from lab.world.build import Builder
from lab.world.drive import numbered
from lab.world.errors import Broken, Forbidden, Lacking
from lab.world.net import Net
from lab.world.tap import Capture

ROOM = 32 << 20
"""Octets of frames that a test keeps, the last ones: about 16,000 of full size. All of a long transfer would fill the memory."""

LONGEST_NAME = 120
"""Octets of a folder's name, of 255 that file systems take."""

__all__ = ["BadTopology", "Broken", "Forbidden", "Lacking", "Watch", "folder_of"]


@dataclass(frozen=True, slots=True)
class Scene:
    """A network as it stood at one moment, and what was seen in it until then. `taps` as in `lab.run.Run`.

    `cut` is true where frames came before those that are kept; `broken` says what the taps have dropped.
    """

    observation: Observation
    taps: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    cut: bool = False
    broken: str = ""


class Watch:
    """The networks of one test, which it may close itself; what it leaves open is closed with this."""

    def __init__(self) -> None:
        self._nets: list[Net] = []
        self._closed: dict[Net, Scene] = {}
        self._undo = ExitStack()

    def open(self, topology: Topology, *, taps: bool = True, builder: Builder = "netlink") -> Net:
        """Raises what `lab.open` does."""
        net = Net(topology, taps=taps, builder=builder)
        self._undo.callback(net.close)
        if taps:
            net.capture.retain(ROOM)
        self._nets.append(net)
        net.before_close(partial(self._last_look, net))
        return net

    def _last_look(self, net: Net) -> None:
        """The test closes a network before its end, and may fail yet."""
        if net in self._nets:
            with suppress(Broken, OSError):  # to close it is what matters here
                self._closed[net] = look(net)

    def close(self) -> None:
        self._nets.clear()
        self._undo.close()

    def tell(self, test: str, why: str, moment: int, folder: Path, shown: Path) -> Iterator[str]:
        """Every network's packets around `moment` (ns since the epoch), at which `test` failed with the words `why`, line by line.

        Each capture is kept in `folder`, which people know as `shown`. Where the disk refuses one, that is a line, too.
        """
        for number, net in enumerate(self._nets, 1):
            scene = self._closed.get(net) or look(net)
            failed = Done(moment, FAILED, why)
            seen = replace(scene.observation, events=(*scene.observation.events, failed))
            if scene.broken:
                yield f"    BROKEN   {scene.broken}"
            yield from failure_lines(seen, net.taps, scene.cut)
            if net.taps:
                name = "capture.pcapng" if number == 1 else f"capture-{number}.pcapng"
                yield f"    kept     {keep(scene, f'FAIL {test}: {why}', folder / name, shown / name)}"


def look(net: Net) -> Scene:
    """Reads everything that a report may tell of a network. Raises Broken or OSError where it cannot be read any more."""
    frames = numbered(net.capture.everything(), 1) if net.taps else ()
    observation = Observation(
        net.plan,
        frames,
        tuple(net.events.copy()),  # another thread may run programs
        counters={node.name: node.counters() for node in net},
        exceptions=tuple(exception for node in net for exception in node.exceptions(net.addressed)),
        addresses={address: node.name for node in net for address in node.addresses()},
        mtus=changed_mtus(net),
    )
    return Scene(observation, *missed(net.capture)) if net.taps else Scene(observation)


def changed_mtus(net: Net) -> Mapping[str, int]:
    """None, where the test has deleted an interface."""
    try:
        return net.changed_mtus()
    except OSError:
        return {}


def missed(capture: Capture) -> tuple[Mapping[str, tuple[int, int]], bool, str]:
    """What the taps counted, whether there are frames that are not kept, and what the taps have dropped, in words."""
    broken = ""
    try:
        capture.check()
    except Broken as error:
        broken = str(error)
    return {tap.interface.end: (tap.seen, tap.dropped) for tap in capture.taps}, capture.let_go > 0, broken


def keep(scene: Scene, subject: str, path: Path, shown: Path) -> str:
    """Writes the capture; says where, or why not."""
    frames = scene.observation.frames
    if not frames:
        return "nothing: no frame was captured"
    octets = pcapng(scene.observation.plan, frames, scene.taps, subject, kernel=os.uname().release)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, octets)
    except OSError as error:
        return f"nothing: cannot make {shown.parent}: {error.strerror}"
    except Broken as error:
        return f"nothing: {error}"
    return f"{shown} ({count(len(frames), 'frame')})"


def folder_of(names: Iterable[str]) -> Path:
    """A folder for a test, by its file, its classes and itself: each name as any file system takes it, and no two alike."""
    return Path(*map(quoted, names))


def quoted(name: str) -> str:
    fit = quote(name, safe="[]=,+") if name.strip(".") else name.replace(".", "%2E")
    return fit if len(fit) <= LONGEST_NAME else f"{fit[:LONGEST_NAME]}-{crc32(fit.encode()):08x}"
