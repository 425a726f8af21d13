"""What a probe found, in words and as JSON: each verdict has both."""

from __future__ import annotations

import json
from itertools import islice
from typing import get_args

import pytest

from lab.model.topology import IPV4, IPV6, Family
from lab.report.probing.json import kind, probe_json
from lab.report.probing.lines import Hops, summary
from lab.report.probing.words import in_words
from lab.theory.probing.exchange import Means
from lab.theory.probing.found import (
    AnnouncedMss,
    BelowIpv6Minimum,
    BlackHole,
    Clamped,
    Hop,
    Lie,
    Loop,
    LostOnTheWayBack,
    LyingPtb,
    NarrowWayBack,
    NoAnswer,
    NotReachable,
    OtherWayBack,
    PathFound,
    SizesUnknown,
    Stale,
    Told,
    TooFar,
    Unsure,
    Verdict,
)

TOLD = Told("10.0.0.2", 1, 1400, 1500)
STRANGER = Told("10.0.9.9", None, 600, 1500)
SAID: dict[Verdict, str] = {
    BlackHole(
        0, 2, 1400, 1401
    ): "black hole between this host and hop 2 (10.0.1.2) (1 hop between them did not answer): packets above 1400",
    BlackHole(1, 3, 1300, 1490): "black hole between hop 1 (10.0.0.2) and hop 3 (10.0.2.2, the destination) (1 hop between them "
    "did not answer): packets of 1490 octets and more vanish",
    **{
        LyingPtb(lie, TOLD, 2, 1300): said
        for lie, said in {
            Lie.NO_LESS: "hop 1 (10.0.0.2) tells MTU 1400 about a packet of 1500 octets: hosts cannot learn from that",
            Lie.ZERO: "hop 1 (10.0.0.2) says that 1500 octets are too big, and not what would fit (MTU 0)",
            Lie.BELOW_MINIMUM: "hop 1 (10.0.0.2) tells MTU 1400, which is below 552",
            Lie.TOO_MUCH: "hop 1 (10.0.0.2) tells MTU 1400, and packets of that size vanish: a black hole for who believes it",
            Lie.TOO_LITTLE: "hop 1 (10.0.0.2) tells MTU 1400 about 1500 octets, and larger packets arrive",
        }.items()
    },
    LyingPtb(Lie.TOO_LITTLE, STRANGER, 2, 1500): "10.0.9.9, from which no hop answers, tells MTU 600 about 1500 octets",
    LostOnTheWayBack(1500): "echo requests of 1500 octets are not answered, though UDP of that size arrives",
    BelowIpv6Minimum(1000): "an IPv6 path of 1000 octets: no link may take less than 1280",
    NotReachable("10.0.0.2", "host unreachable"): "the destination cannot be reached: host unreachable",
    NotReachable(None, "no route to it"): "the destination cannot be reached: no route to it",
    NoAnswer(Means.UDP, 2): "the destination does not answer UDP",
    NoAnswer(Means.ECHO, 0): "the destination does not answer ICMP echo",
    SizesUnknown(2): "the destination does not answer UDP, and a SYN has no size to choose: the path MTU is known as far as hop 2",
    TooFar(30): "the destination answers, but not within 30 hops",
    Loop("10.0.0.2", (1, 3, 5)): "packets go round in a circle: 10.0.0.2 answers as hops 1, 3, 5",
    Unsure(2): "hop 2 (10.0.1.2) stopped answering small probes, too",
    Clamped(
        1, 2, 1460, 1360
    ): "the MSS of a SYN is rewritten between hop 1 (10.0.0.2) and hop 2 (10.0.1.2): 1460 leaves, 1360 arrives",
    AnnouncedMss(1000, 1460): "the SYN-ACK announces MSS 1000, and the path has room for 1460",
    Stale(900, 1500): "the kernel believed 900 octets of this path before, and it takes 1500",
    OtherWayBack(3, 4): "3 hops there, 4 back",
    NarrowWayBack(1500, 572): "the way back is narrower: echo replies of 1500 octets come in fragments of at most 572",
}


def path(*verdicts: Verdict, family: Family = IPV4, stopped: str = "", silent: int = 0) -> PathFound:
    """Three hops; with `silent` the third is not the destination, and so many more follow that do not answer."""
    hops = (
        Hop(1, "10.0.0.2", 0.0001, 1, 1500),
        Hop(2, "10.0.1.2", 0.0123, 2, 1400, told=(TOLD,)),
        Hop(3, "10.0.2.2", 0.0234, 4, 1400, destination=not silent),
        *(Hop(number, None) for number in range(4, 4 + silent)),
    )
    return PathFound(Means.UDP, family, 1500, hops, 1400, 3, not silent, verdicts, 12, stopped)


def test_every_kind_of_verdict_is_tried_here() -> None:
    assert {type(verdict) for verdict in SAID} == set(get_args(Verdict))
    assert {verdict.lie for verdict in SAID if isinstance(verdict, LyingPtb)} == set(Lie)


@pytest.mark.parametrize(("verdict", "said"), SAID.items(), ids=lambda row: kind(row) if isinstance(row, get_args(Verdict)) else "")
def test_a_verdict_in_words(verdict: Verdict, said: str) -> None:
    found = path(verdict)
    words = in_words(verdict, found)
    assert words.what.startswith(said)
    lines = list(summary(found, 1.0, colour=False))
    assert lines[3] == ("FAULT  " if verdict.fault else "note   ") + words.what
    assert lines[-1] == f"{'1 fault' if verdict.fault else 'no fault'} found: 12 probes in 1.0 s"
    assert max(map(len, lines[4:])) <= 110
    document = json.loads(probe_json("server", "10.0.2.2", "10.0.0.1", found, 1.0))
    (shown,) = document["verdicts"]
    assert (shown["kind"], shown["fault"], shown["what"]) == (kind(verdict), verdict.fault, words.what)
    assert document["faulty"] == verdict.fault


def test_the_minimum_that_hosts_believe_is_the_familys() -> None:
    below = LyingPtb(Lie.BELOW_MINIMUM, TOLD, 2, 1300)
    assert "below 552" in in_words(below, path(below)).what
    assert "below 1280" in in_words(below, path(below, family=IPV6)).what


def test_lines_come_when_their_hop_is_known() -> None:
    hops = Hops("server", "10.0.2.2", "10.0.0.1", colour=False)
    whole = path(silent=3)
    begun = PathFound(whole.means, IPV4, 1500, whole.hops[:1], None, 0, False, (), 3)
    assert list(hops.lines(begun)) == ["  0  10.0.0.1                       1500  the first link"]
    # The fourth may be a hop that answers later, and is then told as silent; at the end all of them are.
    assert list(hops.lines(whole)) == [
        "  1  10.0.0.2            0.10 ms    1500",
        "  2  10.0.1.2           12.30 ms    1400  MTU 1400 told by hop 1",
        "  3  10.0.2.2           23.40 ms    1400  4 hops back",
    ]
    assert list(hops.lines(whole, over=True)) == ["  4  * no answer, nor from hops 5 to 6"]


def test_a_verdict_of_a_hop_stands_in_its_line_alone() -> None:
    clamped, unreachable = Clamped(2, 3, 1460, 1360), NotReachable("10.0.2.2", "host unreachable")
    found = path(BlackHole(1, 2, 1400, 1401), LyingPtb(Lie.ZERO, TOLD, 2, 1300), clamped, unreachable)
    _, first, second, third = Hops("server", "10.0.2.2", "10.0.0.1", colour=False).lines(found, over=True)
    assert first.endswith(" 1500")
    assert "BLACK HOLE between hop 1 and here; MTU 1400 told by hop 1: " in second
    assert third.endswith("  MSS 1460 arrives as 1360; says host unreachable; 4 hops back; the destination")


@pytest.mark.parametrize(("family", "sizes"), [(IPV4, "UDP payload 1372, TCP MSS 1360"), (IPV6, "UDP payload 1352, TCP MSS 1340")])
def test_what_a_path_mtu_is_for_programs(family: Family, sizes: str) -> None:
    found = path(family=family)
    assert next(islice(summary(found, 1.0, colour=False), 1, None)) == f"path MTU 1400: {sizes}"


def test_a_silent_hop_between_others_has_a_line() -> None:
    hops = (Hop(1, None), Hop(2, "10.0.1.2", 0.0123, 2, 1400, destination=True))
    found = PathFound(Means.UDP, IPV4, 1500, hops, 1400, 2, True, (), 9)
    assert list(Hops("a", "b", "10.0.0.1", colour=False).lines(found, over=True))[1:] == [
        "  1  *",
        "  2  10.0.1.2           12.30 ms    1400  the destination",
    ]


def test_what_is_not_known_is_not_told() -> None:
    nothing = PathFound(Means.UDP, IPV4, None, (), None, 0, False, (), 1, "interrupted")
    assert list(summary(nothing, 0.5, colour=False)) == [
        "",
        "path MTU unknown",
        "",
        "interrupted: no fault so far: 1 probe in 0.5 s",
    ]
    assert json.loads(probe_json("a", "b", None, nothing, 0.5))["path_mtu"] is None


def test_a_name_that_would_move_the_cursor_is_printed_harmlessly() -> None:
    head = Hops("a\x1b[2J", "10.0.2.2", "10.0.0.1", colour=False).head(path(), 20)
    assert "\x1b" not in head
