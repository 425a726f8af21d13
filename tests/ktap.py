"""A reader of KTAP version 1 of our own, written from the kernel's description of the format (Documentation/dev-tools/ktap.rst).

The kernel's reader (tools/testing/kunit) is in no package. This one shares nothing with what writes KTAP here, takes no line that
the description does not have, and holds each plan against what follows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_RESULT = re.compile(r"(ok|not ok) ([0-9]+)(?: -)?(?: ([^#]*?))?(?: # (SKIP|TODO|XFAIL|TIMEOUT|ERROR)(?: (.*))?)?")


@dataclass
class Test:
    """A test, with the tests within it, and the diagnostic lines before its result."""

    ok: bool
    number: int
    name: str
    directive: str | None
    why: str
    within: list[Test] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def read(text: str) -> list[Test]:
    """The tests of a document. Raises ValueError, with the line, for what is none."""
    assert text.endswith("\n")
    lines = text.splitlines()
    tests, rest = _block(lines, 0, "")
    if rest != len(lines):
        raise ValueError(f"line {rest + 1} belongs to nothing: {lines[rest]!r}")
    return tests


def _block(lines: list[str], at: int, indent: str) -> tuple[list[Test], int]:
    """A block: its version line, its plan, and its tests. Nested blocks are indented by two more, before their test's result."""
    if lines[at] != f"{indent}KTAP version 1":
        raise ValueError(f"line {at + 1} is no version line: {lines[at]!r}")
    at += 1
    tests: list[Test] = []
    plan: int | None = None
    within: list[Test] = []
    said: list[str] = []
    while at < len(lines) and lines[at].startswith(indent):
        line = lines[at].removeprefix(indent)
        if line.startswith("  KTAP"):
            within, at = _block(lines, at, f"{indent}  ")
            continue
        if line.startswith(" "):
            raise ValueError(f"line {at + 1} is indented without a version line: {lines[at]!r}")
        if found := re.fullmatch(r"1\.\.([0-9]+)", line):
            if plan is not None or tests:
                raise ValueError(f"line {at + 1}: a plan is said once, and first")
            plan = int(found[1])
        elif line.startswith("# "):
            said.append(line[2:])
        elif found := _RESULT.fullmatch(line):
            ok, number, name, directive, why = found.groups()
            tests.append(Test(ok == "ok", int(number), name or "", directive, why or "", within, said))
            within, said = [], []
        else:
            raise ValueError(f"line {at + 1} is no line of KTAP: {lines[at]!r}")
        at += 1
    if within or [test.number for test in tests] != [*range(1, (plan or 0) + 1)]:
        raise ValueError(f"the block that ends before line {at + 1} does not keep to its plan of {plan}")
    return tests, at
