"""A kernel's version: how it is told in a word, and which of two comes first.

It orders the columns of a matrix, and says nothing of what a kernel does: that is tried (lab.judge.traits).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lab.model.kernel import Kernel
from lab.model.problem import printable

FINAL = 1 << 30
"""The number in place of a release candidate's: a release comes after all of its candidates."""

_VERSION = re.compile(r"(?:\d+:)?(?:v)?(\d+)\.(\d+)(?:\.(\d+))?(?:[-~.]?rc(\d+))?(.*)")
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """6.12.111 is (6, 12, 111), and 7.3-rc7 is (7, 3, 0) with candidate 7. `rest` has the numbers after it: revisions, commits."""

    series: tuple[int, int]
    patch: int
    candidate: int = FINAL
    rest: tuple[int, ...] = ()

    def __str__(self) -> str:
        """As short as it is told: without a patch level that is 0, and without what the package adds."""
        major, minor = self.series
        patch = f".{self.patch}" if self.patch else ""
        return f"{major}.{minor}{patch}" + (f"-rc{self.candidate}" if self.candidate < FINAL else "")

    def next_is(self, other: Version) -> bool:
        """Whether `other` is the very next release: nothing was released between them, so that what changed came with `other`."""
        if self.series != other.series:
            return False
        if self.candidate < FINAL:
            return self.patch == other.patch and other.candidate == self.candidate + 1
        return other.candidate == FINAL and other.patch == self.patch + 1


def version_of(kernel: Kernel) -> Version | None:
    """By the package where it has one, as Debian's releases (6.1.0-56-amd64) do not say the patch level. None: no number."""
    for written in (kernel.version, kernel.release):
        if found := _VERSION.match(written):
            major, minor, patch, candidate, rest = found.groups()
            numbers = tuple(int(number) for number in _NUMBERS.findall(rest))
            return Version((int(major), int(minor)), int(patch or 0), int(candidate) if candidate else FINAL, numbers)
    return None


def in_order(kernel: Kernel) -> tuple[bool, Version, str]:
    """What to sort kernels by: their versions, and those without one last, by their releases."""
    version = version_of(kernel)
    return version is None, version or Version((0, 0), 0), kernel.release


def short_names(kernels: Sequence[Kernel]) -> list[str]:
    """A printable name for each, no two alike: the version ("6.12.118"), else the package or release, and what was asked for."""
    names = [printable(str(version_of(kernel) or kernel.release or kernel.name)) for kernel in kernels]
    names = _told_apart(names, [printable(kernel.version or kernel.release or kernel.name) for kernel in kernels])
    names = _told_apart(names, [f"{name} ({printable(kernel.name)})" for name, kernel in zip(names, kernels, strict=True)])
    while len(set(names)) < len(names):
        names = _told_apart(names, [f"{name} [{number}]" for number, name in enumerate(names, 1)])
    return names


def _told_apart(names: Sequence[str], longer: Sequence[str]) -> list[str]:
    """The same names, but the longer ones for those that several have."""
    times = Counter(names)
    return [other if times[name] > 1 else name for name, other in zip(names, longer, strict=True)]
