"""The page of one run: what was run, what moved on the wire, and act by act what was claimed, seen and counted.

What reads well on paper is HTML, made here. What moves, or answers to a click, is made in the browser by the scripts in `assets`,
of the one JSON island `run`; times in it are nanoseconds since their act began (lab.report.html.frames.beginning).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lab.judge.faults import FAULTS
from lab.judge.observation import Ran
from lab.judge.result import ActResult, Result
from lab.judge.verdict import Finding, Verdict
from lab.model.rfc import TITLES, Citation, Kernel, Rfc
from lab.model.topology import Topology
from lab.report.html.crossings import Flight, flights
from lab.report.html.frames import as_json, sequence
from lab.report.html.markup import WORDS, asset, document, island, lines, stamp, text
from lab.report.html.motion import motion
from lab.report.html.octets import octets_element
from lab.report.html.thin import thinned, thinned_words
from lab.report.picture import addresses_line, picture
from lab.report.terminal import converged, summary
from lab.report.wording import count, protocol, runs, seen_lines

STYLES = ("page.css", "stage.css", "sequence.css", "frame.css")
SCRIPTS = (
    *("colours.js", "elements.js", "stage-state.js", "stage-place.js", "stage-bar.js", "stage-scene.js", "stage.js"),
    *("plot-axis.js", "plot.js", "sequence.js", "frame.js", "page.js"),
)
MOST_RUNS = 4


def page(result: Result, kernel: str = "") -> bytes:
    """The file. `kernel` is the release that ran, empty where that is not known."""
    flown = [flights(act.observation.frames) for act in result.acts]
    shown = thinned(result.findings, flown)
    total = sum(len(act.observation.frames) for act in result.acts)
    body = [*_bar(result), '<main id="top">', *_header(result, kernel), *_views()]
    if shown is not None:
        body.append(f'<p class="thinned">{text(thinned_words(shown, result.findings, total))}</p>')
    for number, act in enumerate(result.acts, 1):
        body += _act(number, act, shown)
    body += ["</main>", asset("frame.html"), asset("keys.html"), island("run", run(result, flown, shown))]
    body.append(octets_element((act.observation for act in result.acts), shown))
    return document(f"{result.verdict.name} {result.scenario.name}", body, STYLES, SCRIPTS)


def run(result: Result, flown: Sequence[Sequence[Flight]], shown: frozenset[int] | None) -> dict[str, Any]:
    """What the scripts know of the run. `flown` has each act's flights, `shown` the frames that are shown, None for all."""
    topology = result.scenario.topology
    nodes = in_order(topology)
    links = [(nodes.index(link.a), nodes.index(link.b), *link.mtus) for link in topology.links]
    return {
        "name": result.scenario.name,
        "title": result.scenario.title,
        "verdict": result.verdict.value,
        "nodes": nodes,
        "links": links,
        "acts": [
            {"title": act.title, "sequence": as_json(sequence(act.observation, flown_then, nodes, shown))}
            for act, flown_then in zip(result.acts, flown, strict=True)
        ],
        "motion": motion(result),
    }


def in_order(topology: Topology) -> list[str]:
    """The nodes by how many links they are from the first host: of a chain, those of the path in order."""
    nodes = [node.name for node in topology.nodes]
    order = [topology.hosts[0].name] if topology.hosts else []
    for name in order:
        ends = ((link.a, link.b) for link in topology.links if name in (link.a, link.b))
        near = [end for pair in ends for end in pair]
        order += dict.fromkeys(end for end in near if end not in order and end in nodes)
    return [*order, *(name for name in nodes if name not in order)]


def _bar(result: Result) -> Iterator[str]:
    yield '<a class="jump" href="#top">To the report</a>'
    yield '<nav class="bar" aria-label="Parts of the report">'
    yield f'<div class="links"><a class="name" href="#top">{text(result.scenario.name)}</a>'
    yield '<a href="#stage">On the wire</a><a href="#plot">Over time</a>'
    for number, act in enumerate(result.acts, 1):
        yield f'<a href="#act-{number}" title="{text(act.title)}">Act {number}</a>'
    yield '</div><span class="tools"><button id="theme" type="button">Dark</button>'
    yield '<button id="help" type="button" aria-label="Keys" title="Keys (?)">?</button></span></nav>'


def _header(result: Result, kernel: str) -> Iterator[str]:
    yield f'<header><p class="run">{stamp(result.verdict)} <code>{text(result.scenario.name)}</code></p>'
    yield f"<h1>{text(result.scenario.title)}</h1>"
    for name in result.faults:
        yield f'<p class="fault">Fault injected: {text(FAULTS[name].says)} <code>{text(name)}</code></p>'
    if result.reason:
        yield f'<p class="reason">{text(result.reason)}</p>'
    facts = [summary(replace(result, reason="")), count(len(result.acts), "act"), *([f"Linux {kernel}"] if kernel else [])]
    yield f'<p class="facts">{" · ".join(text(fact) for fact in facts)}</p>'
    yield f'<pre class="picture" aria-label="The network, with the MTU of each link">{_picture(result)}</pre></header>'


def _picture(result: Result) -> str:
    planned = result.acts[0].observation.plan if result.acts else None
    drawn = []
    for line in picture(result.scenario.topology).splitlines():
        drawn.append(text(line))
        if planned:
            drawn.append(f'<span class="quiet">{text(addresses_line(planned, line))}</span>')
    return "\n".join(drawn)


def _views() -> Iterator[str]:
    for name, heading in (("stage", "On the wire"), ("plot", "Over time")):
        yield f'<section id="{name}" aria-labelledby="{name}-heading"><h2 id="{name}-heading">{heading}</h2>'
        yield f'<div class="view" data-view="{name}"></div></section>'


def _act(number: int, act: ActResult, shown: frozenset[int] | None) -> Iterator[str]:
    yield f'<section class="act" id="act-{number}" aria-labelledby="act-{number}-heading">'
    yield f'<h2 id="act-{number}-heading"><span class="number">Act {number}</span> {text(act.title)}</h2>'
    yield from _claims(act, shown)
    yield f'<h3>Every frame</h3><div class="view" data-view="sequence" data-act="{number - 1}"></div>'
    yield from _counters(act.observation.counters, [*act.observation.plan.nodes])
    for ran in act.observation.ran:
        yield from _program(ran)
    yield "</section>"


def _claims(act: ActResult, shown: frozenset[int] | None) -> Iterator[str]:
    yield '<h3>Claims</h3><table class="claims"><thead><tr><th>Verdict<th>Claim<th>Rests on<th>Seen in</tr></thead><tbody>'
    for finding in act.findings:
        yield f'<tr class="{finding.verdict.value}"><td class="word">{WORDS[finding.verdict]}</td>'
        yield f'<td class="claim">{text(finding.claim)}{_seen(finding)}</td>'
        yield f'<td class="cites">{_citation(finding.cites)}</td><td class="frames">{_frames(finding.frames, shown)}</td></tr>'
    yield "</tbody></table>"
    for figures in act.convergence:
        of = f" ({protocol(figures.flow)}, {figures.flow.source} → {figures.flow.to})" if len(act.convergence) > 1 else ""
        yield f'<p class="converged">{text(converged(figures, of))}</p>'


def _seen(finding: Finding) -> str:
    if finding.verdict is Verdict.PASS:
        return ""
    return f'<pre class="seen">seen: {lines(chr(10).join(seen_lines(finding.seen)))}</pre>'


def _citation(cites: Citation) -> str:
    if isinstance(cites, Rfc):
        title = TITLES.get((cites.number, cites.section), "")  # a user's own scenario may cite what no claim of ours rests on
        where = f"https://www.rfc-editor.org/rfc/rfc{cites.number}#section-{cites.section}"
        return f'<a href="{text(where)}" rel="noreferrer">{text(cites)}</a>{_about(title)}'
    if isinstance(cites, Kernel):
        return f"<code>{text(cites)}</code>{_about(cites.file)}"
    return text(cites)


def _about(words: str) -> str:
    """What a citation is about, where there is room for it."""
    return f' <span class="about">{text(words)}</span>'


def _frames(cited: Sequence[int], shown: frozenset[int] | None) -> str:
    """A link for each run of frames, and one for all of them where there are many runs. What is not shown is not linked to."""
    frames = cited if shown is None else [number for number in cited if number in shown]
    if not frames:
        return ""
    found = runs(frames).split(", ")
    links = [_frame_link(some) for some in found[:MOST_RUNS]]
    if len(found) > MOST_RUNS:
        links.append(f'<a href="#" data-frames="{",".join(found)}" aria-label="all {len(set(frames))} frames">…</a>')
    return f'<span class="quiet">frame{"s" if len(set(frames)) > 1 else ""}</span> {", ".join(links)}'


def _frame_link(some: str) -> str:
    """One frame, or a run of them. Alone, as in a screen reader's list of links, it says what it leads to."""
    shown = some.replace("-", "–")
    return f'<a href="#" data-frames="{some}" aria-label="frame{"s" * ("-" in some)} {shown}">{shown}</a>'


def _counters(moved: Mapping[str, Mapping[str, int]], nodes: list[str]) -> Iterator[str]:
    names = sorted({name for counters in moved.values() for name in counters})
    if not names:
        return
    yield '<h3>Counters that moved</h3><div class="scroll"><table class="counters"><thead><tr><th scope="col">Counter'
    yield "".join(f'<th scope="col">{text(node)}' for node in nodes) + "</tr></thead><tbody>"
    for name in names:
        cells = (moved.get(node, {}).get(name) for node in nodes)
        yield f'<tr><th scope="row">{text(name)}' + "".join(f"<td>{'' if n is None else f'{n:+}'}" for n in cells) + "</tr>"
    yield "</tbody></table></div>"


def _program(ran: Ran) -> Iterator[str]:
    status = "did not end" if ran.status is None else f"exit status {ran.status}"
    yield f'<h3>On {text(ran.at or "the taps")}</h3><pre class="program"><b>$ {text(ran.command)}</b>'
    yield f'{lines(ran.out + ran.err)}\n<span class="quiet">{status}</span></pre>'
