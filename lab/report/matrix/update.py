"""What an update changed, for people: regressions first, and last what is only not told any more."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from lab.judge.matrix import Value
from lab.judge.update import Moved, Pair, Update
from lab.model.problem import printable
from lab.report.matrix.wording import WORDS

FAILS, PASSES, OTHERWISE, UNTOLD, NEW, GONE = HEADINGS = (
    "became FAIL",
    "became ok",
    "does otherwise",
    "does not tell any more",
    "was not there",
    "is not there any more",
)


def update_text(update: Update, width: int) -> str:
    """All of it, with a newline at its end, in lines of at most `width` characters (longer words are broken)."""
    return "".join(f"{line}\n" for line in _lines(update, width))


def _lines(update: Update, width: int) -> Iterator[str]:
    for pair in update.pairs:
        yield from _pair(pair, width)
    for name in update.new:
        yield f"{printable(name)}: was not there before"
    for name in update.gone:
        yield f"{printable(name)}: is not there any more"
    number = sum(len(pair.regressions) + bool(pair.stopped) for pair in update.pairs)
    yield f"{number} regression{'s' * (number != 1)}" if number else "no regression"


def _pair(pair: Pair, width: int) -> Iterator[str]:
    title = printable(pair.after if pair.before == pair.after else f"{pair.before} → {pair.after}")
    if not pair.moved and not pair.stopped:
        yield f"{title}: nothing changed"
        return
    yield title
    if pair.stopped:
        yield from _told("the guest FAILs", pair.stopped, width)
    for heading in HEADINGS:
        its = [moved for moved in pair.moved if _heading(moved) == heading]
        if its:
            yield f"  {heading} ({len(its)})"
        alike: dict[tuple[str, str], list[str]] = {}
        for moved in its:
            alike.setdefault((_from_to(moved), moved.words), []).append(moved.name)
        for (what, words), names in alike.items():
            yield from _told(f"{', '.join(names)}: {what}", words, width)


def _heading(moved: Moved) -> str:
    if moved.after is Value.FAIL:
        return FAILS
    if moved.before is None:
        return NEW
    if moved.after is None:
        return GONE
    if moved.after is Value.PASS:
        return PASSES
    return OTHERWISE if moved.after.tells else UNTOLD


def _from_to(moved: Moved) -> str:
    before, after = ("not there" if value is None else WORDS[value] for value in (moved.before, moved.after))
    return f"{before} → {after}"


def _told(head: str, words: str, width: int) -> Iterator[str]:
    yield from wrap(printable(head), width, initial_indent=" " * 4, subsequent_indent=" " * 4)
    if words:
        yield from wrap(printable(words), width, initial_indent=" " * 6, subsequent_indent=" " * 6)
