"""The page of a trace: the steps that an article on Linux 4.14 names beside today's, and then each act's chains, call by call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.report.calls.lines import renamed, seen, sizes
from lab.report.calls.told import CALL, OUT, Block, Line, Seen, Told, ToldAct
from lab.report.html.markup import document, stamp, text

STYLES = ("page.css", "calls.css")
SCRIPTS = ("colours.js",)


def page(told: Told) -> bytes:
    """The file."""
    body = [*_bar(told), '<main id="top">', *_header(told), *_steps(told.steps)]
    for number, act in enumerate(told.acts, 1):
        body += _act(number, act)
    body.append("</main>")
    return document(f"Calls: {told.scenario}", body, STYLES, SCRIPTS)


def _bar(told: Told) -> Iterator[str]:
    yield '<a class="jump" href="#top">To the report</a>'
    yield '<nav class="bar" aria-label="Parts of the report">'
    yield f'<div class="links"><a class="name" href="#top">{text(told.scenario)}</a><a href="#steps">Then and today</a>'
    yield "".join(f'<a href="#act-{n}" title="{text(act.title)}">Act {n}</a>' for n, act in enumerate(told.acts, 1))
    yield '</div><span class="tools"><button id="theme" type="button">Dark</button></span></nav>'


def _header(told: Told) -> Iterator[str]:
    yield f'<header><p class="run">{stamp(told.verdict)} <code>{text(told.scenario)}</code></p>'
    yield f"<h1>{text(told.title)}, in the kernel's own words</h1>"
    if told.reason:
        yield f'<p class="reason">{text(told.reason)}</p>'
    yield f'<p class="facts">Linux {text(told.release)} · {text(told.means)}</p>'
    if told.promise:
        yield f'<p class="facts">Shown is {text(told.promise)}.</p><p class="facts">Order: {text(told.clock)}.</p>'
    yield "</header>"


def _steps(steps: Sequence[Seen]) -> Iterator[str]:
    yield '<section id="steps" aria-labelledby="steps-heading"><h2 id="steps-heading">Then and today</h2>'
    yield "<p>Names in bold are those of the article on Linux 4.14.</p>"
    for family, purpose in dict.fromkeys((step.family, step.purpose) for step in steps):
        yield f"<h3>{text(purpose.capitalize())}, {text(family)}</h3>"
        yield '<table class="steps"><thead><tr><th scope="col">Linux 4.14<th scope="col">Today<th scope="col">Seen'
        yield '<th scope="col">What it does</tr></thead><tbody>'
        yield from (_step(step) for step in steps if (step.family, step.purpose) == (family, purpose))
        yield "</tbody></table>"
    yield "</section>"


def _step(step: Seen) -> str:
    name = f"<b>{text(step.then)}</b>" if step.article else text(step.then)
    kind = "called" if step.number else "hidden" if step.why else "silent"
    cells = f'<th scope="row"><code>{name}</code><td><code>{text(renamed(step))}</code><td class="seen-as">{text(seen(step))}'
    return f'<tr class="{kind}">{cells}<td class="does">{text(step.does)}</tr>'


def _act(number: int, act: ToldAct) -> Iterator[str]:
    yield f'<section class="act" id="act-{number}" aria-labelledby="act-{number}-heading">'
    yield f'<h2 id="act-{number}-heading"><span class="number">Act {number}</span> {text(act.title)}</h2>'
    if not act.blocks:
        yield '<p class="quiet">No call that a step of the documents is was seen.</p>'
    for block in act.blocks:
        yield from _block(block)
    yield "</section>"


def _block(block: Block) -> Iterator[str]:
    times = f' <span class="times">×{block.number}{text(sizes(block))}</span>' if block.number > 1 else ""
    purpose = text(block.purpose)
    yield f'<div class="chain {purpose}"><h3><span class="node">{text(block.node)}</span> {purpose}{times}</h3>'
    yield '<table class="calls" aria-label="Milliseconds, frame, call or neighbour, arguments or packet"><tbody>'
    yield from map(_line, block.lines)
    yield "</tbody></table></div>"


def _line(line: Line) -> str:
    moment = f'<tr class="{"made" if line.kind == CALL else "frame-row"}"><td class="ms">{line.time / 1e6:.3f}'
    words = ", ".join(word for word in (line.words, f"{line.octets} octets" if line.octets else "") if word)
    words += f"  ×{line.number}" if line.number > 1 else ""
    if line.kind == CALL:
        return f"{moment}<td><td><code>{text(line.name)}</code><td>{text(words)}</tr>"
    arrow = "→" if line.kind == OUT else "←"
    return f'{moment}<td class="frame-number">{line.frame}<td>{arrow} {text(line.name)}<td>{text(words)}</tr>'
