"""What documents say is held against the code: the scenarios exist, the sections have titles, the numbers are the theory's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.find import group_of
from lab.model.flow import PmtuDisc
from lab.model.rfc import TITLES
from lab.model.topology import IPV4, IPV6, Family
from lab.theory.linux import (
    InFragments,
    Local,
    Refused,
    advertised_mss,
    black_hole_mss,
    blackhole_timeout,
    df,
    fragments,
    local,
    segment_octets,
    send_mss,
    udp_believes,
)
from tests.catalogue import BY_FILE, CATALOGUE
from tests.citations import cited, sources

TOP = Path(__file__).parents[2]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]
EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
GROUPS = {group_of(path) for path in BY_FILE} | {f"{group_of(path)}/" for path in BY_FILE}
IN_SOURCES = {word for path in sources() for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
THEORY = (TOP / "docs" / "theory.md").read_text(encoding="utf-8")


@EACH_PAGE
def test_every_section_has_a_title(page: Path) -> None:
    assert sorted(set(cited(page.read_text(encoding="utf-8"))) - TITLES.keys()) == []


# What the article calls by names that nothing of ours rests on.
OF_THE_ARTICLE = {"__ip_finish_output", "icmp_send", "inet_csk_update_pmtu", "ip_finish_output", "skb_gso_validate_mtu"}


@pytest.mark.parametrize("page", ["theory.md", "article.md"])
def test_every_function_is_one_that_the_sources_name(page: str) -> None:
    named = set(re.findall(r"`(\w+)\(\)`", (TOP / "docs" / page).read_text(encoding="utf-8")))
    assert named
    assert sorted(named - OF_THE_ARTICLE - IN_SOURCES) == []


def unnamed(page: str) -> list[str]:
    """Links to the reference's entries that are called by what is no scenario of theirs."""
    names = {path.stem.replace("_", "-"): {scenario.name for scenario in scenarios} for path, scenarios in BY_FILE.items()}
    links = re.findall(r"\[([^\]]+)\]\((?:\.\./)?scenarios\.md#([\w-]+)\)", page)
    return [text for text, entry in links if not entry.startswith("group-") and text not in {entry, *names.get(entry, ())}]


def unknown(page: str) -> list[str]:
    """What a command asks for that there is not."""
    commands = re.findall(r"pmtulab (?:run|show) ([^\n`'|>&;]*)", page)
    asked = (word for command in commands for word in re.split(r"\s--?[a-z]|\s{2,}", f" {command}")[0].split())
    return [word for word in asked if not known(word)]


def known(word: str) -> bool:
    """Whether there is that. A word in capitals stands for something, and a file without a folder is one of the reader's own."""
    named = word in CATALOGUE or word in GROUPS or word == "all" or not re.search(r"[a-z]", word)
    return named or (TOP / word).exists() or re.fullmatch(r"[\w-]+\.(py|ya?ml)", word) is not None


@EACH_PAGE
def test_every_scenario_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert unnamed(text) == []
    assert unknown(text) == []


def test_names_that_are_none_are_found() -> None:
    assert unnamed(
        "[expiry](scenarios.md#expiry) [expiry-v6](scenarios.md#expiry) [x](scenarios.md#expiry) [y](scenarios.md#z)"
    ) == [
        "x",
        "y",
    ]
    assert unknown(
        "`pmtulab run expiry` `pmtulab run expirx --out x` `pmtulab show path/ NAME`\n$ pmtulab run all jumbx -j 2\n"
    ) == [
        "expirx",
        "jumbx",
    ]


# --- the theory's tables


def rows(name: str) -> Iterator[list[str]]:
    """The cells of each row of the table that follows `<!-- table: name -->`."""
    table = THEORY.partition(f"<!-- table: {name} -->\n")[2].partition("\n\n")[0].splitlines()
    for line in table[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def mss(mtu: int, family: Family) -> list[str]:
    announced = advertised_mss(mtu, family)
    return [str(announced), *(str(send_mss(mtu, announced, family, timestamps)) for timestamps in (True, False))]


def test_segments_are_the_theorys() -> None:
    written = list(rows("mss"))
    assert len(written) == 9
    for mtu, *cells in written:
        assert cells == [*mss(int(mtu), IPV4), *(mss(int(mtu), IPV6) if int(mtu) >= 1280 else ["", "", ""])], mtu


def test_fragments_are_the_theorys() -> None:
    written = list(rows("fragments"))
    assert len(written) == 9
    for total, mtu, cut in written:
        assert cut == ", ".join(str(piece.octets) for piece in fragments(int(total), int(mtu)))


def test_the_descent_is_the_theorys() -> None:
    written = list(rows("descent"))
    assert len(written) == 4
    for step, *cells in written:
        payload = black_hole_mss(int(step))
        ways = ((IPV4, True), (IPV4, False), (IPV6, True))
        assert cells == [str(payload), *(str(segment_octets(payload, family, timestamps)) for family, timestamps in ways)]


def test_the_timeouts_are_the_theorys() -> None:
    text = THEORY.replace("\n", " ")
    assert "with the defaults, 3 and an RTO of 204 ms, it is the fifth, after 6.3 s" in text
    assert "with `tcp_retries1` at 0 it is the second, after 0.6 s" in text
    assert [blackhole_timeout(0.204, retries1) for retries1 in (3, 0)] == [5, 2]
    assert [round((2**k - 1) * 0.204, 1) for k in (5, 2)] == [6.3, 0.6]


def done(local: Local) -> str:
    return "cut up here" if isinstance(local, InFragments) else "EMSGSIZE" if isinstance(local, Refused) else "sent whole"


def test_modes_are_the_theorys() -> None:
    written = {row[0].partition(",")[0]: row[1:] for row in rows("modes")}
    assert list(written) == [mode.name for mode in PmtuDisc]
    for mode in PmtuDisc:
        sets = "no" if not df(mode, locked=False) else "yes" if df(mode, locked=True) else "yes, unless locked"
        larger = [done(local(mode, octets, 1500, 1400)) for octets in (1450, 1501)]
        assert written[mode.name] == [sets, *larger, "yes" if udp_believes(mode) else "no"], mode.name
