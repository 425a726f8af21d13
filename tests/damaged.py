"""YAML files of topologies, damaged: words, lines and characters deleted, doubled, moved, or replaced by others."""

from __future__ import annotations

import re
from random import Random

from lab.model.exchange import dump
from lab.model.topology import IPV4, IPV6
from topologies import chain, dumbbell, mesh, tree

SEEDS = (
    dump(chain("client", "r1", "sw", "server", mtus=(1500, (576, 1500), 9000), silent=("r1",), bridges=("sw",), offloads=True)),
    dump(dumbbell(2, 2, 576, families=(IPV4, IPV6))),
    dump(tree(2, (1300, 1400))),
    dump(mesh(3, 1400)),
    "# by hand\nfamilies: [ipv4]\nnodes: {a: host, b: host}\nlinks:\n- a: a\n  b: b\n",
)
PIECES: tuple[str, ...] = (
    *"[]{}:,-?&*!|>'\"%@`#\n\t \r\0\\~=<",
    *("- ", ": ", "? ", "---\n", "...\n", "<<: ", "&a ", "*a", "!!int ", "!x ", "%YAML 1.2\n", "|\n  ", "\u2028", "\x85", "\ufeff"),
    *("\U0001f600", "é", "\ud800", "\x07", "\x1b[31m", "[" * 40, "{a: " * 40, "a" * 300),
)
WORDS = (
    *(
        "no",
        "on",
        "true",
        "null",
        "0576",
        "0x240",
        "1_500",
        "1:30",
        "1500.0",
        "1e400",
        "-1",
        "9" * 5000,
        "2001-02-30",
        ".nan",
        ".inf",
    ),
    *("nodes", "links", "families", "offloads", "kind", "host", "router", "bridge", "sends_ptb", "a", "b", "mtu", "mtu_b", "mtus"),
    *("ipv4", "ipv5", "[ipv6]", "68", "67", "1280", "65536", "{}", "[]", "{kind: bridge}", "{kind: router, sends_ptb: false}"),
)


def damaged(source: Random) -> str:
    """One of SEEDS after one to four changes: of words, of lines, or of characters anywhere."""
    text = source.choice(SEEDS)
    for _ in range(source.randint(1, 4)):
        text = source.choice((words, words, words, lines, lines, characters))(text, source)
    return text


def words(text: str, source: Random) -> str:
    """Another word, or a piece, in the place of a word."""
    found = list(re.finditer(r"[\w-]+", text))
    if not found:
        return text + source.choice(PIECES)
    one = source.choice(found)
    other = source.choice((source.choice(found).group(), source.choice(WORDS), source.choice(PIECES)))
    return text[: one.start()] + other + text[one.end() :]


def lines(text: str, source: Random) -> str:
    """A line deleted, doubled, moved, or all from another file from some line on."""
    every = text.splitlines(keepends=True) or ["\n"]
    at = source.randrange(len(every))
    line = every.pop(at)
    match source.randrange(4):
        case 0:
            every[at:at] = [line, line]
        case 1:
            every.insert(source.randint(0, len(every)), line)
        case 2:
            other = source.choice(SEEDS).splitlines(keepends=True)
            every[at:] = other[source.randrange(len(other)) :]
    return "".join(every)


def characters(text: str, source: Random) -> str:
    """A few characters deleted, doubled or replaced."""
    at = source.randint(0, len(text))
    to = min(at + source.choice((0, 1, 2, 5, 20, 80)), len(text))
    anything = chr(source.choice((source.randrange(128), source.randrange(0x110000))))
    return text[:at] + source.choice(("", text[at:to] * 2, anything, source.choice(PIECES))) + text[to:]
