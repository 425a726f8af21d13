"""Citations: every section that is cited, as a value or in prose, has a title; every claim cites what is about its family."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.judge.expect import Counts, ErrorQueued, IfTrait, Leaves, NothingAnnounced, PathMtu, PathMtuAnnounced, PtbQuotes, TooBig
from lab.judge.expect.base import Expectation
from lab.judge.expect.state import COUNTED_BY
from lab.model.rfc import TITLES, Citation, Kernel, Manual, Rfc
from lab.model.topology import IPV4, IPV6, Family
from tests.catalogue import CATALOGUE
from tests.citations import cited, literals, sources
from tests.rows_of_frames import ROWS as FRAMES
from tests.rows_of_hosts import ROWS as HOSTS
from tests.rows_of_programs import ROWS as PROGRAMS

# RFCs that speak of one version of IP alone; the rest (TCP, probing) hold in both.
ONLY = {IPV4: {791, 1122, 1191, 1812}, IPV6: {4443, 8200, 8201}}
KERNEL_FILE = re.compile(r"(net|include|drivers/net)/[a-z0-9_/]+\.[ch]")
SECTION = re.compile(r"\d+(\.\d+)*")

WRITTEN = [expectation for scenario in CATALOGUE.values() for act in scenario.acts for expectation in act.expect]
CLAIMS: list[Expectation] = [*(row.claim for row in (*FRAMES, *HOSTS, *PROGRAMS)), *WRITTEN]
PATHS = pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)


def families(claim: Expectation) -> Iterator[Family]:
    """Those in which this claim can be made: DF, locks, "Ip." and "Icmp." counters are IPv4's alone, and IPV6_PATHMTU is not."""
    if isinstance(claim, IfTrait):
        yield from families(claim.then)
        return
    if isinstance(claim, TooBig) and claim.family is not None:
        yield claim.family
        return
    ipv4_only = (isinstance(claim, Leaves) and claim.df is not None) or (isinstance(claim, PathMtu) and claim.locked)
    counters = [name for name, _ in claim.counters] if isinstance(claim, Counts) else []
    ipv6_only = isinstance(claim, PathMtuAnnounced | NothingAnnounced)
    if not ipv6_only and not any(name.startswith(("Ip6.", "Icmp6.")) for name in counters):
        yield IPV4
    if not ipv4_only and not any(name.startswith(("Ip.", "Icmp.")) for name in counters):
        yield IPV6


def given() -> set[Citation]:
    """Everything that a claim of ours cites, and each branch that no claim happens to take."""
    claims = {*CLAIMS, Leaves(1, "a", df=False), PathMtu(1, "a", "b", locked=True), ErrorQueued(1, 1, None)}
    return {claim.cites(family) for claim in claims for family in (IPV4, IPV6)} | set(COUNTED_BY.values())


def test_every_claim_cites_what_has_a_title() -> None:
    sections = [citation for citation in given() if isinstance(citation, Rfc)]
    assert sections
    assert [str(section) for section in sections if (section.number, section.section) not in TITLES] == []
    assert all(section.title for section in sections)


@PATHS
def test_every_citation_in_the_source_is_written_out(path: Path) -> None:
    """A number that is worked out could not be checked here."""
    for name, values in literals(path):
        assert len(values) == 2, name
        assert None not in values, name


def test_the_source_has_every_citation_that_a_claim_gives() -> None:
    in_source = {values for path in sources() for _, values in literals(path)}
    cited = [c for c in given() if not isinstance(c, Manual)]
    assert {(c.number, c.section) if isinstance(c, Rfc) else (c.function, c.file) for c in cited} <= in_source


@PATHS
def test_every_section_in_the_source_has_a_title(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    values = {values for name, values in literals(path) if name == "Rfc"}
    assert sorted({*cited(text), *values} - TITLES.keys(), key=str) == []


def test_a_function_is_cited_with_the_file_that_it_is_in() -> None:
    functions = {c for c in given() if isinstance(c, Kernel)}
    functions |= {Kernel(*map(str, values)) for path in sources() for name, values in literals(path) if name == "Kernel"}
    assert functions
    assert [c for c in functions if not KERNEL_FILE.fullmatch(c.file) or not re.fullmatch(r"[a-z_0-9]+", c.function)] == []
    files = {c.function: c.file for c in functions}
    assert {c for c in functions if files[c.function] != c.file} == set()


@pytest.mark.parametrize("kind", dict.fromkeys(map(type, CLAIMS)), ids=lambda kind: kind.__name__)
def test_a_claim_cites_what_is_about_its_family(kind: type[Expectation]) -> None:
    for claim in dict.fromkeys(claim for claim in CLAIMS if type(claim) is kind):
        possible = list(families(claim))
        assert possible
        for family in possible:
            other = IPV6 if family == IPV4 else IPV4
            citation = claim.cites(family)
            if isinstance(citation, Rfc):
                assert citation.number not in ONLY[other], f"{claim}: {citation} under {family}"
            elif family == IPV4 and isinstance(citation, Kernel):
                # The reverse does not hold: tcp_output.c is in net/ipv4, and serves both.
                assert not citation.file.startswith("net/ipv6"), f"{claim}: {citation} under {family}"


def test_titles_are_in_order_and_of_sections() -> None:
    keys = [(number, [int(part) for part in section.split(".")]) for number, section in TITLES]
    assert keys == sorted(keys)
    assert all(SECTION.fullmatch(section) for _, section in TITLES)
    assert [key for key, title in TITLES.items() if not title or title != title.strip() or title.endswith(".")] == []


def test_a_citation_reads_as_people_write_it() -> None:
    assert str(Rfc(1191, "4")) == "RFC 1191 §4"
    assert Rfc(1191, "4").title == "Router specification"
    assert str(Kernel("ip_forward", "net/ipv4/ip_forward.c")) == "ip_forward()"
    with pytest.raises(KeyError):
        _ = replace(Rfc(1191, "4"), section="4.1").title


# --- the reader of prose


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("say so (RFC 1191 §4), and be believed (§3)", [(1191, "4"), (1191, "3")]),
        ("RFC 791 §3.2, RFC 8200 §4.5.", [(791, "3.2"), (8200, "4.5")]),
        ("RFC 1191 §3 and §6.1.", [(1191, "3"), (1191, "6.1")]),
        ("RFC 7323's option, IEEE 802, §8.2", []),
        ("RFC 1191\n    §4", [(1191, "4")]),
        ("RFC 8200 §5, RFC\n1191 §4", [(8200, "5"), (1191, "4")]),
        ("§4 of nothing; RFC 1191", []),
    ],
)
def test_sections_are_read_in_prose(text: str, found: list[tuple[int, str]]) -> None:
    assert list(cited(text)) == found


def test_literals_are_read_in_code(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text('either(family, Rfc(1191, "4"), Kernel("f", "net/f.c"))\nRfc(number, "4")\n')
    assert set(literals(path)) == {("Rfc", (1191, "4")), ("Kernel", ("f", "net/f.c")), ("Rfc", (None, "4"))}


def test_all_sources_are_read() -> None:
    assert {"rfc.py", "ptb.py", "shapes.py", "576_router.py"} <= {path.name for path in sources()}
    assert isinstance(PtbQuotes("r1", 576, 548).cites(IPV4), Rfc)
