"""A topology from a text, with everything that is wrong: how it is written, and what no network can be, all with line numbers."""

from __future__ import annotations

from collections.abc import Mapping

from lab.model.exchange import BadFile, read, within
from lab.model.problem import Path, Problem
from lab.model.topology import Topology
from lab.theory.problems import problems, problems_of_parts


def sound(text: str, source: str) -> Topology:
    """The topology that can be planned, in the YAML text that came from `source`. Raises BadFile, and nothing else.

    Where something is not even of the form, the sound nodes and links are looked at all the same, each by itself: whether all hosts
    reach each other is a question for when the rest is mended.
    """
    written = read(text)
    found = list(written.problems)
    if not found:
        found = [(line(problem, written.lines), problem) for problem in problems(written.topology)]
    elif written.whole:
        parts = {path[:2] for path in written.unsound if path}
        found += [
            (line(problem, written.lines), problem)
            for problem in problems_of_parts(written.topology)
            if () not in written.unsound and not within(problem.place.path, parts)
        ]
    if found:
        raise BadFile(source, found)
    return written.topology


def line(problem: Problem, lines: Mapping[Path, int]) -> int:
    return lines.get(problem.place.path, lines.get((), 1))
