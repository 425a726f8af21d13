"""The capture of a run, for Wireshark and tshark: every frame, and every finding as a comment on the frames that it cites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from lab.judge.faults import FAULTS
from lab.judge.observation import Frame
from lab.judge.result import Result
from lab.judge.verdict import Verdict
from lab.model.pcapng import Capture, CapturedFrame, Interface, Statistics, dump
from lab.theory.plan import Plan

_WORDS = {Verdict.PASS: "ok", Verdict.FAIL: "FAIL", Verdict.SKIP: "skip", Verdict.BROKEN: "BROKEN"}


def capture(result: Result, taps: Mapping[str, tuple[int, int]], kernel: str = "") -> bytes:
    """A pcapng file with an interface for each link end, named as people write it (client:r1).

    `taps` has by link end how many frames its tap saw and dropped; without all of them the file has no statistics. The n-th packet
    of the file is frame n. Raises ValueError where the frames of the acts are not numbered 1, 2, 3 and so on.
    """
    planned = result.acts[0].observation.plan if result.acts else None
    frames = [frame for act in result.acts for frame in act.observation.frames]
    return pcapng(planned, frames, taps, _subject(result), _comments(result), kernel)


def pcapng(
    planned: Plan | None,
    frames: Sequence[Frame],
    taps: Mapping[str, tuple[int, int]],
    subject: str,
    comments: Mapping[int, Sequence[str]] = MappingProxyType({}),
    kernel: str = "",
) -> bytes:
    """The same for any frames: `comments` by frame number, `subject` for the whole file."""
    gap = next((n for n, frame in enumerate(frames, 1) if frame.number != n), None)
    if gap is not None:
        raise ValueError(f"frame {frames[gap - 1].number} comes as number {gap}: frames are missing, or there twice")
    ends = [end for pair in (planned.links if planned else ()) for end in pair]
    numbers = {end.end: number for number, end in enumerate(ends)}
    return dump(
        Capture(
            interfaces=tuple(Interface(end.end, f"MTU {end.mtu}") for end in ends),
            frames=tuple(
                CapturedFrame(numbers[f.end], f.time, f.octets, f.length, f.sent, tuple(comments.get(f.number, ()))) for f in frames
            ),
            statistics=tuple(Statistics(*taps[end.end]) for end in ends) if all(end.end in taps for end in ends) else (),
            comment=subject,
            system=f"Linux {kernel}" if kernel else "",
            application="pmtulab",
        )
    )


def _comments(result: Result) -> defaultdict[int, list[str]]:
    comments: defaultdict[int, list[str]] = defaultdict(list)
    for finding in result.findings:
        for number in dict.fromkeys(finding.frames):
            comments[number].append(f"{_WORDS[finding.verdict]}: {finding.claim}")
    return comments


def _subject(result: Result) -> str:
    verdict = f"{result.verdict.name} {result.scenario.name}: {result.scenario.title}"
    faults = "".join(f"; FAULT INJECTED: {FAULTS[name].says} ({name})" for name in result.faults)
    return (f"{verdict} ({result.reason})" if result.reason else verdict) + faults
