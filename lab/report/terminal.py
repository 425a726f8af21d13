"""A result for people at a terminal: the picture, each act's timeline, its claims, and the verdict last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import click

from lab.judge.convergence import Convergence
from lab.judge.faults import FAULTS
from lab.judge.result import ActResult, Result
from lab.judge.verdict import Finding, Verdict
from lab.model.problem import printable
from lab.report.columns import HEADINGS, Columns
from lab.report.picture import addresses_line, picture
from lab.report.timeline import Row, timeline
from lab.report.wording import count, frames_words, piece, protocol, seen_lines

FILES = "capture.pcapng,result.json,junit.xml"
PAGE = ",report.html"
MOST_RUNS = 4
WIDEST_FRAMES = len("frames 1041-1045, 1121, …")
# What is wider pushes the rest of its own line to the right, and nobody else's.
WIDEST_CLAIM, WIDEST_CITATION = 58, 20

_WORDS = {Verdict.PASS: "ok", Verdict.FAIL: "FAIL", Verdict.SKIP: "skip", Verdict.BROKEN: "BROKEN"}
_COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.SKIP: "yellow", Verdict.BROKEN: "magenta"}


def render(result: Result, colour: bool, out: str | None, html: bool = False) -> str:
    """The whole report, with a newline at its end.

    `out` is the folder in which the run's files are, None where there are none; `html` says whether there is a page among them.
    """
    report = _Report(result, colour)
    files = f"{out}/{{{FILES}{PAGE if html else ''}}}" if out else ""
    return "".join(f"{line.rstrip()}\n" for line in report.lines(files))


def one_line(result: Result, colour: bool = False) -> str:
    """The verdict of one run among many, without a newline. A failure is named: the first claim that failed."""
    verdict = result.verdict
    failed = next((f.claim for f in result.findings if f.verdict is verdict), "") if verdict is Verdict.FAIL else ""
    words = with_faults(result) + summary(result) + (f": {printable(failed)}" if failed else "")
    return f"{_styled(f'{verdict.name:6}', verdict, colour)}  {result.scenario.name:28}  {words}"


def with_faults(result: Result) -> str:
    """`with fault skip-icmp: `, or nothing."""
    return f"with {'faults' if len(result.faults) > 1 else 'fault'} {', '.join(result.faults)}: " if result.faults else ""


def summary(result: Result) -> str:
    """How many claims, how many of them count against the scenario, and how long it took; or why it could not be judged."""
    if result.reason:
        return printable(result.reason)
    claims = count(len(result.findings), "claim")
    against = sum(finding.verdict is result.verdict for finding in result.findings)
    what = {Verdict.FAIL: "failed", Verdict.SKIP: "skipped", Verdict.BROKEN: "broken"}.get(result.verdict)
    if what and against:
        claims = f"{against} of {claims} {what}"
    return f"{claims} in {result.seconds:.2f} s"


def _styled(text: str, verdict: Verdict, colour: bool) -> str:
    return click.style(text, fg=_COLOURS[verdict], bold=verdict is not Verdict.PASS or None) if colour else text


def _width(texts: Iterable[str], widest: int) -> int:
    """The width of a column: that of the longest text, those left out that are wider than `widest`."""
    return max((len(text) for text in texts if len(text) <= widest), default=0)


def _cited(frames: Sequence[int]) -> str:
    """The frames, cut short after so many runs as there is room for."""
    tries = (frames_words(frames, most) for most in range(MOST_RUNS, 0, -1))
    return next((words for words in tries if len(words) <= WIDEST_FRAMES), frames_words(frames, 1))


class _Report:
    """One report. Its columns have one width throughout."""

    def __init__(self, result: Result, colour: bool) -> None:
        self._result = result
        self._colour = colour
        self._rows = [timeline(act.observation) for act in result.acts]
        self._columns = Columns([row for rows in self._rows for row in rows])
        findings = result.findings
        self._word = max((len(_WORDS[f.verdict]) for f in findings), default=0)
        self._claim = _width((printable(f.claim) for f in findings), WIDEST_CLAIM)
        self._cites = _width((str(f.cites) for f in findings), WIDEST_CITATION)

    def lines(self, files: str) -> Iterator[str]:
        result = self._result
        yield f"{self._bold(result.scenario.name)}  {result.scenario.title}"
        for name in result.faults:
            yield _styled(f"FAULT INJECTED: {FAULTS[name].says} ({name})", Verdict.BROKEN, self._colour)
        yield ""
        yield from self._picture()
        yield ""
        for number, (act, rows) in enumerate(zip(result.acts, self._rows, strict=True), 1):
            yield from self._act(number, act, rows)
            yield ""
        verdict = _styled(result.verdict.name, result.verdict, self._colour)
        named = "      " + self._dim(files) if files else ""
        yield f"{verdict} {result.scenario.name}: {with_faults(result)}{summary(result)}{named}"

    def _picture(self) -> Iterator[str]:
        planned = self._result.acts[0].observation.plan if self._result.acts else None
        for line in picture(self._result.scenario.topology).splitlines():
            yield f"    {line}"
            if planned:
                yield self._dim(f"    {addresses_line(planned, line)}".rstrip())

    def _act(self, number: int, act: ActResult, rows: Sequence[Row]) -> Iterator[str]:
        heading = f"  act {number}  {act.title}"
        yield self._bold(heading) + self._columns.gap(heading) + self._dim(HEADINGS if rows else "")
        for row in rows:
            yield self._columns.line(row)
        if not rows:
            yield self._dim("    nothing was seen")
        if act.findings:
            yield ""
        for finding in act.findings:
            yield from self._finding(finding)
        for figures in act.convergence:
            of = f" ({protocol(figures.flow)}, {figures.flow.source} → {figures.flow.to})" if len(act.convergence) > 1 else ""
            yield "    " + converged(figures, of)

    def _finding(self, finding: Finding) -> Iterator[str]:
        word = _styled(f"{_WORDS[finding.verdict]:{self._word}}", finding.verdict, self._colour)
        details = f"{finding.cites!s:{self._cites}}  {_cited(finding.frames)}".rstrip()
        yield f"    {word}  {printable(finding.claim):{self._claim}}  {self._dim(details)}"
        if finding.verdict is not Verdict.PASS:
            indent = " " * (4 + self._word + 2)
            first, *more = seen_lines(finding.seen)
            yield f"{indent}seen: {first}"
            yield from (f"{indent}      {line}" for line in more)

    def _dim(self, text: str) -> str:
        return click.style(text, dim=True) if self._colour and text else text

    def _bold(self, text: str) -> str:
        return click.style(text, bold=True) if self._colour else text


def converged(figures: Convergence, of: str = "") -> str:
    """How a flow found its path MTU, in one line. `of` says which flow, where there are several."""
    lost = f"{count(figures.lost, piece(figures.flow))} lost" if figures.lost else "nothing lost"
    ptbs = f", {count(figures.ptbs, 'PTB')}" if figures.ptbs or figures.lost else ""
    if figures.nanoseconds is None:
        return f"not converged{of}: {lost}{ptbs}, never delivered"
    trips = count(figures.round_trips or 0, "round trip")
    return f"converged{of}: {lost}{ptbs}, {figures.octets} octets through after {figures.nanoseconds / 1e6:.2f} ms ({trips})"
