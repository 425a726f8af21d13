"""Results as KTAP version 1, the kernel's test format (Documentation/dev-tools/ktap.rst): a test a scenario, a subtest a claim.

BROKEN is "not ok" with the directive ERROR, as it says nothing about what was tested; a diagnostic line before it says BROKEN, for
readers that know no directives. The other tests go on, so there is never a "Bail out!".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.judge.faults import FAULTS
from lab.judge.result import Result
from lab.judge.verdict import Finding, Verdict
from lab.model.problem import printable
from lab.report.wording import frames_words, seen_lines


def ktap(results: Sequence[Result]) -> str:
    """All results, with a newline at the end."""
    return "".join(f"{line}\n" for line in _lines(results))


def _lines(results: Sequence[Result]) -> Iterator[str]:
    yield "KTAP version 1"
    yield f"1..{len(results)}"
    for number, result in enumerate(results, 1):
        yield from (f"# FAULT INJECTED: {FAULTS[name].says} ({name})" for name in result.faults)
        if result.findings:
            yield from (f"  {line}" for line in _claims(result))
        if result.stopped and result.stopped is not Verdict.SKIP:
            yield f"# {result.stopped.name}: {printable(result.reason)}"
        yield result_line(number, result.scenario.name, result.verdict, result.reason)


def _claims(result: Result) -> Iterator[str]:
    yield "KTAP version 1"
    yield f"# Subtest: {result.scenario.name}"
    yield f"1..{len(result.findings)}"
    number = 0
    for act_number, act in enumerate(result.acts, 1):
        for finding in act.findings:
            number += 1
            yield from _diagnostics(finding)
            yield result_line(number, f"act {act_number}: {finding.claim}", finding.verdict, finding.seen)


def _diagnostics(finding: Finding) -> Iterator[str]:
    """What goes before a claim that did not pass: KTAP puts diagnostic lines before the result that they belong to."""
    if finding.verdict in (Verdict.FAIL, Verdict.BROKEN):
        yield from (f"# {finding.verdict.name}: {line}" for line in seen_lines(finding.seen))
        yield f"# {', '.join(filter(None, (str(finding.cites), frames_words(finding.frames))))}"


def result_line(number: int, name: str, verdict: Verdict, why: str) -> str:
    """The line of one test; `why` is said of what was skipped or broke."""
    ok = "ok" if verdict in (Verdict.PASS, Verdict.SKIP) else "not ok"
    directive = ""
    if verdict is Verdict.SKIP:
        directive = f" # SKIP {printable(why)}".rstrip()
    elif verdict is Verdict.BROKEN:
        directive = f" # ERROR {printable(why)}".rstrip()
    # A # would begin a directive: a description may not have one.
    return f"{ok} {number} {printable(name).replace('#', 'no.')}{directive}"
