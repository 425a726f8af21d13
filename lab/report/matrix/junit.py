"""Runs of kernels as JUnit XML: a testsuite a kernel, a testcase a scenario, and one more, "the guest", for the boot to its end.

A guest that panicked, hung or ran out of time is a failure with its console's tail in system-err; one that never booted is an
error, as it says nothing of the kernel's network. Traits are properties of the testsuite.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement

from lab.judge.matrix import Column, Matrix
from lab.model.problem import printable
from lab.report.junit import counted, document, outcome
from lab.report.matrix.wording import ANSWERS, reasons_of

GUEST = "the guest"


def junit(matrix: Matrix) -> str:
    """All kernels as one document. A scenario's time is the guest's, a kernel's is ours."""
    groups = matrix.groups
    suites = [_suite(column, groups) for column in matrix.columns]
    return document(suites, sum(column.run.wall for column in matrix.columns))


def _suite(column: Column, groups: dict[str, str]) -> Element:
    name, run = column.name, column.run
    suite = Element("testsuite", name=name)
    properties = SubElement(suite, "properties")
    for key, value in _properties(column):
        SubElement(properties, "property", name=printable(key), value=printable(value))
    guest = SubElement(suite, "testcase", classname=name, name=GUEST, time=f"{run.boot or 0:.3f}")
    if run.stopped:
        outcome(guest, run.stopped, run.reason, "")
    if run.console:
        SubElement(guest, "system-err").text = "\n".join(map(printable, run.console))
    for one in run.outcomes:
        classname = f"{name} {groups[one.scenario]}".rstrip()
        case = SubElement(
            suite, "testcase", classname=printable(classname), name=printable(one.scenario), time=f"{one.seconds:.3f}"
        )
        outcome(case, one.verdict, "\n".join(reasons_of(one)) or one.verdict.value, "")
    return counted(suite, run.wall)


def _properties(column: Column) -> Iterator[tuple[str, str]]:
    run = column.run
    known = {
        "kernel": run.kernel.name,
        "release": run.kernel.release,
        "package": run.kernel.version,
        "accelerator": run.accelerator,
    }
    yield from ((key, value) for key, value in known.items() if value)
    for kind, told in (("trait", run.traits), ("feature", run.features)):
        yield from ((f"{kind} {one.name}", ANSWERS[one.holds]) for one in told)
