"""Which scenarios make the assertions of which public test suites: the page docs/coverage.md.

The cases are written down in docs/census.toml; which scenario covers what is in the scenarios themselves (Scenario.covers).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.judge.scenario import Scenario

HEAD = """# Coverage of public test suites

Each case of the suites that assert something about path MTUs, what it asserts, and the scenarios that make the same assertion.
*open* means that none does yet. This page is made of `docs/census.toml` and of the scenarios' own `covers=`; a test keeps it so,
and `PMTULAB_GOLDEN=write` before that test makes it anew.
"""
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Case:
    """A case of a suite. `why_not` says why no scenario makes its assertion; it is empty where one does, or could."""

    suite: str
    name: str
    asserts: str
    why_not: str = ""

    @property
    def full_name(self) -> str:
        """As scenarios name it: "pmtu.sh/pmtu_ipv4_exception"."""
        return f"{self.suite}/{self.name}"


@dataclass(frozen=True, slots=True)
class Suite:
    """A test suite: its name, whose it is, and its cases."""

    name: str
    of: str
    cases: tuple[Case, ...]


def census(document: Mapping[str, Any]) -> tuple[Suite, ...]:
    """The suites of docs/census.toml, as tomllib reads it. Raises KeyError and TypeError for what has another form."""
    written = ((suite, suite["name"]) for suite in document["suite"])
    return tuple(Suite(name, suite["of"], tuple(Case(name, **case) for case in suite["cases"])) for suite, name in written)


def misfits(suites: Sequence[Suite], scenarios: Sequence[Scenario]) -> list[str]:
    """What does not fit together: a case written twice, a `covers` that names no case, a case both covered and said not to be."""
    cases = [case for suite in suites for case in suite.cases]
    known = {case.full_name: case for case in cases}
    twice = [f"{name} is written twice" for name in known if sum(case.full_name == name for case in cases) > 1]
    claims = [(scenario.name, name) for scenario in scenarios for name in scenario.covers]
    strange = [f"{scenario} covers {name}, which is no case of the census" for scenario, name in claims if name not in known]
    denied = [f"{scenario} covers {name}, which says why not" for scenario, name in claims if name in known and known[name].why_not]
    return twice + strange + denied


def coverage(suites: Sequence[Suite], scenarios: Sequence[Scenario]) -> str:
    """The page, in Markdown, with a newline at its end."""
    covered = {case.full_name: covering(case, scenarios) for suite in suites for case in suite.cases}
    return "\n".join(_page(suites, covered)) + "\n"


def covering(case: Case, scenarios: Iterable[Scenario]) -> tuple[Scenario, ...]:
    return tuple(scenario for scenario in scenarios if case.full_name in scenario.covers)


def _page(suites: Sequence[Suite], covered: Mapping[str, Sequence[Scenario]]) -> Iterator[str]:
    yield HEAD
    yield "| suite | cases | covered | why not | open |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    rows = [(f"[{suite.name}](#{_anchor(suite.name)})", *_counts(suite.cases, covered)) for suite in suites]
    for row in (*rows, ("**all**", *(sum(numbers) for numbers in zip(*(row[1:] for row in rows), strict=True)))):
        yield f"| {' | '.join(map(str, row))} |"
    for suite in suites:
        yield f"\n## {suite.name}\n\n{suite.of}\n"
        yield "| case | what it asserts | scenarios |"
        yield "| --- | --- | --- |"
        for case in suite.cases:
            yield f"| `{case.name}` | {case.asserts} | {_by_whom(case, covered[case.full_name])} |"


def _counts(cases: Sequence[Case], covered: Mapping[str, Sequence[Scenario]]) -> tuple[int, int, int, int]:
    by_scenario = sum(bool(covered[case.full_name]) for case in cases)
    denied = sum(bool(case.why_not) for case in cases)
    return len(cases), by_scenario, denied, len(cases) - by_scenario - denied


def _by_whom(case: Case, scenarios: Sequence[Scenario]) -> str:
    """The first few by name: of a sweep, one would do."""
    if not scenarios:
        return f"not: {case.why_not}" if case.why_not else "*open*"
    named = [_named(scenario) for scenario in scenarios[:MOST_NAMED]]
    more = len(scenarios) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _named(scenario: Scenario) -> str:
    """A scenario that needs a feature says so, whether this kernel has it or not: the page is the same on every kernel."""
    return f"`{scenario.name}`" + (f" (where the kernel has {', '.join(scenario.needs)})" if scenario.needs else "")


def _anchor(heading: str) -> str:
    """What a heading is called in a link: in lower case, without dots."""
    return heading.lower().replace(".", "")
