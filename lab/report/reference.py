"""The reference of the catalogue: the page docs/scenarios.md, an entry a file, from what the files say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from lab.judge.expect.base import many
from lab.judge.scenario import Scenario
from lab.model.rfc import Citation, Rfc
from lab.report.show import family_of

HEAD = """# The scenarios

Every file of the catalogue: what it shows, the network that it shows it on, its scenarios, and what their claims rest on.
`pmtulab show NAME` tells each step of one and each claim, `pmtulab run NAME` runs it, and so does the command of each entry. This
page is made from the files themselves; a test keeps it so, and `PMTULAB_GOLDEN=write` before that test makes it anew.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the catalogue: its group and what that is about, its path from the top of the project, and what is in it."""

    group: str
    about: str
    path: str
    docstring: str
    scenarios: tuple[Scenario, ...]

    @property
    def name(self) -> str:
        """The file's, written as scenarios are: around-min-pmtu."""
        return self.path.rpartition("/")[2].removesuffix(".py").replace("_", "-")

    @property
    def claims(self) -> int:
        return sum(len(act.expect) for scenario in self.scenarios for act in scenario.acts)


def reference(entries: Sequence[Entry]) -> str:
    """The page, in Markdown, with a newline at its end. Entries of one group stand together, and no two files have one name."""
    groups = {(group, about): list(files) for (group, about), files in groupby(entries, lambda entry: (entry.group, entry.about))}
    return "\n".join(_page(groups)) + "\n"


def _page(groups: Mapping[tuple[str, str], Sequence[Entry]]) -> Iterator[str]:
    yield HEAD
    yield "| group | files | scenarios | claims | what it shows |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for (group, about), files in groups.items():
        scenarios, claims = sum(len(entry.scenarios) for entry in files), sum(entry.claims for entry in files)
        yield f"| [{group}](#group-{group}) | {len(files)} | {scenarios} | {claims} | {about} |"
    for (group, about), files in groups.items():
        yield f"\n## Group {group}\n\n{about} `pmtulab run {group}/` runs them all.\n"
        yield from (f"* [{entry.name}](#{entry.name}): {entry.docstring.partition(chr(10))[0]}" for entry in files)
        for entry in files:
            yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    """Its docstring as it is: its picture, indented as code, is code in Markdown, too."""
    yield f"\n### {entry.name}\n\n{entry.docstring}\n"
    names = [scenario.name for scenario in entry.scenarios]
    yield f"    pmtulab run {names[0] if len(names) == 1 else entry.path}\n"
    if len(names) == 1:
        yield f"* {many(entry.claims, 'claim')}"
    else:
        yield f"* {len(names)} scenarios, {many(entry.claims, 'claim')}: {', '.join(f'`{name}`' for name in names)}"
    yield f"* Rests on: {', '.join(_grouped(_cited(entry)))}"
    needs = dict.fromkeys(need for scenario in entry.scenarios for need in scenario.needs)
    if needs:
        yield f"* Needs a kernel with: {', '.join(needs)}"
    lasts = {scenario.lasts: None for scenario in entry.scenarios if scenario.is_long}
    if lasts:
        yield f"* Waits for {' and '.join(f'{each:.0f} s' for each in lasts)}: run by name, with `--long`, or with a warped clock"
    yield f"* Source: [{entry.path}](../{entry.path})"


def _cited(entry: Entry) -> Iterator[Citation]:
    for scenario in entry.scenarios:
        for act in scenario.acts:
            family = family_of(act, scenario.topology)
            yield from (expectation.cites(family) for expectation in act.expect)


def _grouped(citations: Iterable[Citation]) -> Iterator[str]:
    """RFCs by number, each once with its sections ("RFC 1191 §3, §6.2"), then functions and manual pages as first mentioned."""
    once = dict.fromkeys(citations)
    sections = [citation for citation in once if isinstance(citation, Rfc)]
    for number in sorted({section.number for section in sections}):
        numbers = sorted([int(n) for n in s.section.split(".")] for s in sections if s.number == number)
        yield f"RFC {number} {', '.join('§' + '.'.join(map(str, each)) for each in numbers)}"
    yield from (str(citation) for citation in once if not isinstance(citation, Rfc))
