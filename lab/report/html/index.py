"""The page of many runs: every scenario as one square of a matrix, and as one row of a table, by group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.judge.result import Result
from lab.judge.verdict import Verdict
from lab.report.html.markup import WORDS, document, stamp, text
from lab.report.wording import count

STYLES = ("page.css", "index.css", "frame.css")
SCRIPTS = ("colours.js", "index.js")
MARKS = {Verdict.PASS: "", Verdict.FAIL: "✕", Verdict.SKIP: "–", Verdict.BROKEN: "!"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One run. `group` may be empty; `words` says why it failed, or was not judged.

    `link` leads to its page or its evidence; `kernel` is the release that ran.
    """

    name: str
    title: str
    group: str
    verdict: Verdict
    acts: int
    claims: int
    seconds: float
    words: str
    link: str
    kernel: str


def entry(result: Result, group: str, link: str, kernel: str) -> Entry:
    """The row of a run."""
    failed = next((finding.claim for finding in result.findings if finding.verdict is Verdict.FAIL), "")
    scenario, verdict = result.scenario, result.verdict
    words = failed if verdict is Verdict.FAIL else result.reason
    claims = len(result.findings)
    return Entry(scenario.name, scenario.title, group, verdict, len(result.acts), claims, result.seconds, words, link, kernel)


def entry_read(document: Mapping[str, Any], group: str, link: str) -> Entry:
    """The same from a run's result.json. Raises KeyError, TypeError and ValueError where that is no such document."""
    findings = [finding for act in document["acts"] for finding in act["findings"]]
    failed = next((finding["claim"] for finding in findings if finding["verdict"] == Verdict.FAIL.value), "")
    verdict = Verdict(document["verdict"])
    words = failed if verdict is Verdict.FAIL else document["reason"]
    numbers = len(document["acts"]), len(findings), float(document["seconds"])
    return Entry(document["scenario"], document["title"], group, verdict, *numbers, words, link, document["kernel"])


def index(entries: Sequence[Entry]) -> bytes:
    """The file; links are relative to where it lies. Groups and their runs stay in the order in which they are given."""
    judged = [entry.verdict for entry in entries if entry.verdict is not Verdict.SKIP]
    verdict = Verdict.worst(judged) if judged else Verdict.SKIP  # what a machine lacks is no failure of what it has
    groups = {name: [e for e in entries if e.group == name] for name in dict.fromkeys(entry.group for entry in entries)}
    body = ['<nav class="bar" aria-label="Parts of the report"><div class="links"><a class="name" href="#top">pmtulab</a>']
    body += [f'<a href="#{_anchor(name)}">{text(name)}</a>' for name in groups if name]
    body.append('</div><span class="tools"><button id="theme" type="button">Dark</button></span></nav><main id="top">')
    body += _header(entries, verdict)
    body += _matrix(groups)
    body.append(
        '<p class="narrow"><input type="search" id="words" placeholder="narrow down" aria-label="Words that a run must have">'
    )
    body.append('<label><input type="checkbox" id="trouble"> only what did not pass</label></p>')
    for name, members in groups.items():
        body += _table(name, members)
    body.append("</main>")
    return document(f"{verdict.name}: {count(len(entries), 'scenario')}", body, STYLES, SCRIPTS)


def _header(entries: Sequence[Entry], verdict: Verdict) -> Iterator[str]:
    numbers = Counter(entry.verdict for entry in entries)
    said = ", ".join(f"{numbers[each]} {each.value}" for each in Verdict if numbers[each])
    claims, seconds = sum(entry.claims for entry in entries), sum(entry.seconds for entry in entries)
    facts = [f"{claims:,} claims in {seconds:.1f} s", *sorted({f"Linux {entry.kernel}" for entry in entries})]
    yield f'<header><p class="run">{stamp(verdict)} <code>pmtulab</code></p><h1>{count(len(entries), "scenario")}: {said}</h1>'
    yield f'<p class="facts">{" · ".join(map(text, facts))}</p></header>'


def _matrix(groups: dict[str, list[Entry]]) -> Iterator[str]:
    yield '<section id="matrix" aria-label="Matrix"><dl class="matrix">'
    for name, members in groups.items():
        yield f'<dt><a href="#{_anchor(name)}">{text(name or "scenarios")}</a> <span class="quiet">{len(members)}</span></dt><dd>'
        for entry in members:
            label = text(f"{entry.name}: {entry.verdict.value}")
            # The table has the same links for the keyboard.
            yield f'<a class="cell {entry.verdict.value}" href="{text(entry.link)}" title="{label}" tabindex="-1">'
            yield f"{MARKS[entry.verdict]}</a>"
        yield "</dd>"
    yield "</dl></section>"


def _table(name: str, members: Sequence[Entry]) -> Iterator[str]:
    yield f'<section class="group" id="{_anchor(name)}"><h2>{text(name or "Scenarios")}</h2><table class="runs"><thead><tr>'
    yield "".join(f'<th scope="col">{heading}' for heading in ("Verdict", "Scenario", "What it shows", "Acts", "Claims", "s"))
    yield "</tr></thead><tbody>"
    for entry in members:
        words = f'<span class="why">{text(entry.words)}</span>' if entry.words else ""
        yield f'<tr class="{entry.verdict.value}"><td class="word">{WORDS[entry.verdict]}</td>'
        yield f'<td class="name"><a href="{text(entry.link)}">{text(entry.name)}</a></td><td>{text(entry.title)}{words}</td>'
        yield f"<td>{entry.acts}</td><td>{entry.claims}</td><td>{entry.seconds:.2f}</td></tr>"
    yield "</tbody></table></section>"


def _anchor(group: str) -> str:
    return text(f"group-{group}")
