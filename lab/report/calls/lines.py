"""A trace for people at a terminal: how it was traced, each act's chains in order, and last the documents' steps."""

from __future__ import annotations

from collections.abc import Iterator

import click

from lab.model.problem import printable
from lab.report.calls.told import CALL, OUT, Block, Line, Seen, Told


def render(told: Told, colour: bool) -> str:
    """All of it, with a newline at its end."""
    text = "".join(f"{line.rstrip()}\n" for line in _lines(told))
    return text if colour else click.unstyle(text)


def _lines(told: Told) -> Iterator[str]:
    yield f"{click.style(told.scenario, bold=True)}  {told.title}"
    yield f"Linux {told.release}: {printable(told.means)}"
    if told.promise:
        yield f"  shown:   {told.promise}"
        yield f"  order:   {told.clock}"
    yield ""
    width = max((len(line.name) for act in told.acts for block in act.blocks for line in block.lines), default=0) + 2
    for number, act in enumerate(told.acts, 1):
        yield click.style(f"  act {number}  {printable(act.title)}", bold=True) + click.style("   (ms, frame)", dim=True)
        for block in act.blocks:
            yield from _block(block, width)
        if not act.blocks:
            yield click.style("    no call that a step of the documents is was seen", dim=True)
        yield ""
    yield from _steps(told)
    reason = f": {printable(told.reason)}" if told.reason else ""
    yield f"{told.verdict.name} {told.scenario}{reason}"


def _block(block: Block, width: int) -> Iterator[str]:
    times = f"  ×{block.number}{sizes(block)}" if block.number > 1 else ""
    yield f"    {click.style(block.node, bold=True)}  {block.purpose}{times}"
    for line in block.lines:
        yield _line(line, width)


def sizes(block: Block) -> str:
    """The sizes of the packets of chains that are told as one, behind a comma; nothing where none is told."""
    if not block.most:
        return ""
    return f", {block.most} octets" if block.least == block.most else f", {block.least} to {block.most} octets"


def _line(line: Line, width: int) -> str:
    moment = f"      {line.time / 1e6:9.3f}  "
    octets = f"{line.octets} octets" if line.octets else ""
    times = f"  ×{line.number}" if line.number > 1 else ""
    if line.kind == CALL:
        words = ", ".join(word for word in (line.words, octets) if word) + times
        return f"{moment}       {line.name:{width}}{printable(words)}"
    arrow = "→" if line.kind == OUT else "←"
    words = f"{arrow} {line.name:{width - 2}}{printable(line.words)}, {octets}{times}"
    return f"{moment}{line.frame:5}  {click.style(words, fg='cyan')}"


def _steps(told: Told) -> Iterator[str]:
    """Each step: its name in 4.14, today's where that is another, and whether it was seen."""
    if not told.steps:
        return
    then = max(len(step.then) for step in told.steps) + 2
    now = max(len(renamed(step)) for step in told.steps) + 2
    heading = f"{'Linux 4.14':{then}}{'today':{now}}seen"
    yield click.style(f"  * in the article      {heading}", dim=True)
    known: tuple[str, str] | None = None
    for step in told.steps:
        chain = step.family, step.purpose
        label = f"{step.purpose}, {step.family}" if chain != known else ""
        known = chain
        yield f"  {label:20}{'*' if step.article else ' '} {step.then:{then}}{renamed(step):{now}}{seen(step)}"
    yield ""


def renamed(step: Seen) -> str:
    """Today's name of a step, or that it is the same; a dash where it has none."""
    return "—" if not step.now else "same" if step.now == step.then else step.now


def seen(step: Seen) -> str:
    """Whether a step was seen, how often, and with what."""
    if step.why:
        return step.why
    if not step.number:
        return "not called"
    words = f"×{step.number}" + (f"  {printable(step.words)}" if step.words else "")
    return words + (f"  (frame {step.frame})" if step.frame else "")
