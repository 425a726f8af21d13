"""The pages of docs/, as their tests read them: the commands of their examples, and what each is shown to print.

Pages are written so:

* A block of ```console has commands, each on a line that begins with `$ ` (and on those that follow a `\\` at its end), and below
  each what it prints, on stdout and stderr. All the commands of a page run in one shell, from top to bottom, in one directory of
  the page's own. A command must exit with 0, unless `$ echo $?` follows it, and so shows with what it does.
* A line of `…` alone stands for any lines left out. Times and frame numbers are passed over (tests/shown.py).
* `<!-- file: NAME -->` on the line above any other block: it is written to the file NAME in that directory, before the commands
  below it run.
* `<!-- tools: ping tshark -->` names the programs of others that a page runs.

PMTULAB_GOLDEN=write puts what is printed in the place of what is shown, where they are not alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"

_TOOLS = re.compile(r"^<!-- tools: (.*) -->$", re.MULTILINE)
_FILE = re.compile(r"<!-- file: (\S+) -->")
_PROMPT = "$ "
_ITS_STATUS = "echo $?"


@dataclass(frozen=True, slots=True)
class Command:
    """A command, what is shown of its output, and the page's lines in which that stands: `lines[first:last]`."""

    text: str
    shown: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class File:
    """A block that is a file, in full."""

    name: str
    text: str


Part = Command | File


def pages() -> list[Path]:
    """Every page that shows a command."""
    return [path for path in sorted(DOCS.rglob("*.md")) if any(isinstance(part, Command) for part in parts(path.read_text()))]


def tools(page: str) -> tuple[str, ...]:
    """The programs that the page says it runs."""
    return tuple(name for line in _TOOLS.findall(page) for name in line.split())


def parts(page: str) -> Iterator[Part]:
    """What there is to do, in the page's order."""
    lines = page.splitlines()
    for start, end in _blocks(lines):
        named = _FILE.fullmatch(lines[start - 1]) if start else None
        if named:
            yield File(named[1], "".join(f"{line}\n" for line in lines[start + 1 : end]))
        elif lines[start] == "```console":
            yield from _commands(lines, start + 1, end)


def may_fail(commands: list[Command]) -> set[int]:
    """Which of the commands, counted from 0, have their exit status shown by the next."""
    return {number for number, after in enumerate(commands[1:]) if after.text == _ITS_STATUS}


def rewritten(page: str, printed: Mapping[Command, str]) -> str:
    """The page with these outputs in the place of those that it shows."""
    lines = page.splitlines()
    for command in sorted(printed, key=lambda command: -command.first):
        lines[command.first : command.last] = [line.rstrip() for line in printed[command].splitlines()]
    return "".join(f"{line}\n" for line in lines)


def _blocks(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Each fenced block: the lines of its two fences. Raises ValueError for one that has no end."""
    start = None
    for number, line in enumerate(lines):
        if start is None and line.startswith("```"):
            start = number
        elif start is not None and line == "```":
            yield start, number
            start = None
    if start is not None:
        raise ValueError(f"line {start + 1}: this block has no end")


def _commands(lines: list[str], start: int, end: int) -> Iterator[Command]:
    """The commands of a block of lines[start:end]. Raises ValueError where it begins with anything else."""
    at = start
    while at < end:
        if not lines[at].startswith(_PROMPT):
            raise ValueError(f"line {at + 1}: no command stands above this output")
        first = at + 1
        while lines[first - 1].endswith("\\"):
            first += 1
        last = first + len(list(takewhile(lambda line: not line.startswith(_PROMPT), lines[first:end])))
        text = "\n".join([lines[at].removeprefix(_PROMPT), *lines[at + 1 : first]])
        yield Command(text, "".join(f"{line}\n" for line in lines[first:last]), first, last)
        at = last
