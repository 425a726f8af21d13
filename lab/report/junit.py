"""Results as JUnit XML, which CI systems read: a testsuite a scenario, a testcase a claim.

FAIL is a failure, BROKEN an error: the one blames what was tested, the other the lab. A run that stopped early has one testcase
more, named "the run", that says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from lab.judge.faults import FAULTS
from lab.judge.result import Result
from lab.judge.verdict import Finding, Verdict
from lab.model.problem import printable
from lab.report.wording import frames_words, seen_lines

_ELEMENTS = {Verdict.FAIL: "failure", Verdict.SKIP: "skipped", Verdict.BROKEN: "error"}


def junit(results: Sequence[Result]) -> str:
    """All results as one document. Times are seconds, known of a scenario and not of a claim."""
    return document([_suite(result) for result in results], sum(result.seconds for result in results))


def document(of: Sequence[Element], seconds: float) -> str:
    """Suites as one document, with their totals."""
    suites = Element("testsuites", name="pmtulab")
    suites.extend(of)
    for name in ("tests", "failures", "errors", "skipped"):
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    suites.set("time", f"{seconds:.3f}")
    indent(suites)
    # Not tostring's own declaration, which would say the encoding of this machine's locale.
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _suite(result: Result) -> Element:
    name = printable(result.scenario.name)
    suite = Element("testsuite", name=name)
    if result.faults:
        properties = SubElement(suite, "properties")
        for fault in result.faults:
            SubElement(properties, "property", name="fault injected", value=f"{fault}: {FAULTS[fault].says}")
    for number, act in enumerate(result.acts, 1):
        for finding in act.findings:
            case = SubElement(suite, "testcase", classname=name, name=printable(f"act {number} ({act.title}): {finding.claim}"))
            outcome(case, finding.verdict, finding.seen, _evidence(finding))
    if result.stopped or not result.findings:
        case = SubElement(suite, "testcase", classname=name, name="the run")
        outcome(case, result.verdict, result.reason or "nothing was judged", "")
    return counted(suite, result.seconds)


def counted(suite: Element, seconds: float) -> Element:
    """The suite, with how many of its testcases failed and so on."""
    counts = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error", "skipped": "testcase/skipped"}
    for attribute, path in counts.items():
        suite.set(attribute, str(len(suite.findall(path))))
    suite.set("time", f"{seconds:.3f}")
    return suite


def outcome(case: Element, verdict: Verdict, why: str, evidence: str) -> None:
    """Puts into a testcase what did not pass: the first line of `why` is its message, and `evidence` ends its text."""
    if verdict is Verdict.PASS:
        return
    lines = seen_lines(why)
    element = SubElement(case, _ELEMENTS[verdict], message=lines[0])
    if verdict is not Verdict.SKIP:
        element.set("type", verdict.name)
        element.text = "\n".join([*lines, *([evidence] if evidence else [])])


def _evidence(finding: Finding) -> str:
    frames = frames_words(finding.frames)
    return f"{finding.cites}; {frames} of capture.pcapng" if frames else str(finding.cites)
