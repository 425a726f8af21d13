"""The HTML page of a run, as a file: what is in it, what can never be, and how a large run is cut down.

What a browser makes of it is in tests/world/test_report_browser.py.
"""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from itertools import count
from typing import Any

import pytest

from lab.judge.observation import Done, Frame, Observation, Ran
from lab.judge.result import Result
from lab.judge.scenario import Scenario
from lab.judge.verdict import Finding, Verdict
from lab.model.rfc import Kernel, Rfc
from lab.model.topology import Host, Link, Router, Topology
from lab.report.html import calls as calls_page
from lab.report.html import index as index_page
from lab.report.html import matrix as matrix_page
from lab.report.html import page as run_page
from lab.report.html.crossings import flights
from lab.report.html.frames import beginning, sequence
from lab.report.html.markup import asset
from lab.report.html.page import in_order, page
from lab.report.html.thin import MOST_FRAMES, thinned, thinned_words
from tests.results import BROKEN, SKIPPED, TOO_BIG, WAY, act_result, failed, passed
from tests.scenes import SCENES

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\ud800\x1b[31m \"'&amp; @title@ @body@"
RESULTS = {"passed": passed(), "failed": failed(), "broken": BROKEN, "skipped": SKIPPED}


class Reading(HTMLParser):
    """The elements of a page, with their attributes; and the text of those that have an id."""

    def __init__(self, written: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.by_id: dict[str, str] = {}
        self.text = ""
        self._in = ""
        self.feed(written.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        self._in = (dict(attributes).get("id") or "") if tag == "script" else ""

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script" and self._in:
            self.by_id[self._in] = self.by_id.get(self._in, "") + data
        elif self.elements and self.elements[-1][0] not in ("script", "style"):
            self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def run_of(written: bytes) -> Any:
    return json.loads(Reading(written).by_id["run"])


def octets_of(written: bytes) -> Any:
    return json.loads(zlib.decompress(b64decode(Reading(written).by_id["octets"])))


def hostile() -> Result:
    result = failed()
    first, *others = result.acts
    wrong = Finding(HOSTILE, Verdict.FAIL, f"{HOSTILE}\n{HOSTILE}", TOO_BIG, (1,))
    cited = (Finding("a claim", Verdict.PASS, "", cites) for cites in (Rfc(1191, f'"{HOSTILE}'), Kernel(HOSTILE, HOSTILE)))
    findings = (wrong, *cited, *first.findings)
    ran = Ran("client", HOSTILE, 1, 2, 1, f"{HOSTILE}\n{HOSTILE}", HOSTILE)
    observation = replace(first.observation, events=(*first.observation.events, ran), counters={"client": {HOSTILE: 1}})
    act = replace(first, title=HOSTILE, findings=findings, observation=observation)
    scenario = Scenario("hostile", HOSTILE, result.scenario.topology, ())
    return replace(result, scenario=scenario, acts=(act, *others), stopped=Verdict.BROKEN, reason=HOSTILE)


@pytest.mark.parametrize("name", RESULTS)
def test_what_a_page_says(name: str) -> None:
    result = RESULTS[name]
    reading = Reading(page(result, "6.18.1"))
    for words in (result.scenario.title, result.verdict.name, "Linux 6.18.1", result.reason, "client ──1500── r1 ──576── r2"):
        assert words in reading.text
    for act in result.acts:
        for finding in act.findings:
            assert finding.claim in reading.text
            assert finding.verdict is Verdict.PASS or finding.seen.partition("\n")[0] in reading.text
    links = [attributes["data-frames"] for _, attributes in reading.elements if "data-frames" in attributes]
    assert len(links) >= sum(bool(finding.frames) for finding in result.findings)


def test_a_link_to_frames_says_so_when_it_is_read_alone() -> None:
    """As in a screen reader's list of links, where "5" says nothing."""
    labels = [of["aria-label"] for _, of in Reading(page(RESULTS["passed"])).elements if "data-frames" in of]
    assert labels
    assert all(re.fullmatch(r"frame \d+|frames \d+–\d+|all \d+ frames", label or "") for label in labels)


def test_what_a_citation_is_about_is_a_word_of_its_own() -> None:
    assert "RFC 1191 §4 Router specification" in Reading(page(RESULTS["passed"])).text


def test_a_page_is_the_same_each_time_it_is_made() -> None:
    assert page(passed(), "6.18") == page(passed(), "6.18")


@pytest.mark.parametrize("result", [*RESULTS.values(), hostile()], ids=[*RESULTS, "hostile"])
def test_a_page_asks_for_nothing_but_itself(result: Result) -> None:
    written = page(result)
    reading = Reading(written)
    policy = next(a["content"] or "" for tag, a in reading.elements if tag == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy
    assert not [tag for tag, attributes in reading.elements if "src" in attributes or tag in ("link", "iframe", "img", "base")]
    assert not re.search(rb"@import|\burl\((?![\"']?#)|\bfetch\(|XMLHttpRequest|\bimport\(", written)


def test_nothing_that_a_run_says_can_become_a_part_of_the_page() -> None:
    """A title, a claim, what was seen, a counter, a command and its output: all of it is text."""
    plain, spoilt = (Reading(page(result)) for result in (failed(), hostile()))
    assert spoilt.count("script") == plain.count("script")
    assert spoilt.count("img") == 0
    assert not [a for _, a in spoilt.elements if "onerror" in a]
    assert run_of(page(hostile()))["title"] == HOSTILE
    assert spoilt.text.count("<img src=x onerror=alert(2)>\\ud800\\x1b[31m") >= 8


def test_nothing_that_an_index_lists_can_become_a_part_of_it() -> None:
    entry = index_page.entry(hostile(), "group", "link", "6.18")
    words = f'"{HOSTILE}'
    entry = replace(entry, name=words, title=words, group=words, words=words, link=words, kernel=words)
    plain, spoilt = Reading(index_page.index([])), Reading(index_page.index([entry]))
    assert spoilt.count("script") == plain.count("script")
    assert spoilt.count("img") == 0
    assert not [a for _, a in spoilt.elements if "onerror" in a]


def test_a_citation_may_be_one_that_we_have_no_title_of() -> None:
    act = act_result("", passed().acts[0].observation, Finding("a claim", Verdict.PASS, "", Rfc(9000, "14")))
    written = page(replace(passed(), acts=(act,)))
    assert b'href="https://www.rfc-editor.org/rfc/rfc9000#section-14"' in written


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "panel"])
def test_every_colour_can_be_read_on_paper_and_panel(theme: str, ground: str) -> None:
    """4.5 to 1 at least (WCAG 2.2 §1.4.3), for all that text is written in."""
    pairs = re.findall(r"--([a-z]+): light-dark\((#\w{6}), (#\w{6})\)", asset("page.css"))
    colours = {name: light if theme == "light" else dark for name, light, dark in pairs}
    written_in = colours.keys() - {"paper", "panel", "line"}
    assert written_in >= {"ink", "quiet", "accent", "ok", "fail", "warn", "udp", "tcp", "icmp", "fragment", "lost", "df"}
    for name in written_in:
        low, high = sorted((luminance(colours[name]), luminance(colours[ground])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, f"{name} on {ground}"


@pytest.mark.parametrize("name", [*run_page.SCRIPTS, *index_page.SCRIPTS, *matrix_page.SCRIPTS])
def test_no_script_ends_its_own_element(name: str) -> None:
    assert "</script" not in asset(name).lower()
    assert "<!--" not in asset(name)
    assert '"use strict"' in asset(name)


def test_every_asset_is_on_a_page() -> None:
    used = {"page.html", "frame.html", "keys.html"}.union(
        *(page.STYLES + page.SCRIPTS for page in (run_page, index_page, calls_page, matrix_page))
    )
    from importlib.resources import files

    assert {path.name for path in files("lab.report.html").joinpath("assets").iterdir()} == used


@pytest.mark.parametrize("scene", SCENES, ids=range(len(SCENES)))
def test_every_frame_is_in_one_flight(scene: Observation) -> None:
    found = flights(scene.frames)
    assert sorted(frame.number for flight in found for frame in flight.frames) == [frame.number for frame in scene.frames]
    for flight in found:
        assert [hop.end for hop in flight.hops[:-1]] == [hop.start for hop in flight.hops[1:]]
        assert len({frame.packet.octets for frame in flight.frames if frame.packet}) == 1
    scenario = replace(passed().scenario, topology=scene.plan.topology)
    (act,) = run_of(page(Result(scenario, (act_result("", scene),), 1.0)))["acts"]
    assert len(found) == sum(len(group["rows"]) for group in act["sequence"] if group["kind"] != "note")


def test_of_packets_alike_the_first_to_leave_is_the_first_to_arrive() -> None:
    """A link does not overtake itself."""
    way = next(flight for flight in flights(passed().acts[0].observation.frames) if len(flight.hops) == 1)
    sent, received = way.frames
    twice = [replace(frame, number=number) for number, frame in enumerate((sent, sent, received, received), 1)]
    assert [[frame.number for frame in flight.frames] for flight in flights(twice)] == [[1, 3], [2, 4]]


def test_a_packet_is_one_row_and_packets_alike_are_one_group() -> None:
    observation = passed().acts[1].observation
    groups = sequence(observation, flights(observation.frames), WAY)
    told = [(group.looks.what, group.looks.path, len(group.rows)) for group in groups if group.looks.kind != "note"]
    assert told == [
        ("TCP SYN, MSS 1460", (0, 1, 2, 3), 1),
        ("TCP SYN-ACK, MSS 1460", (3, 2, 1, 0), 1),
        ("TCP ACK", (0, 1, 2, 3), 1),
        ("TCP, 1448 octets of payload", (0, 1), 3),
        ("ICMP frag-needed, next-hop MTU 576", (1, 0), 3),
        ("TCP, 524 octets of payload", (0, 1, 2, 3), 8),
        ("TCP, 152 octets of payload", (0, 1, 2, 3), 1),
    ]
    lost, ptb = groups[4].looks, groups[5].looks
    assert (lost.fate, lost.octets, lost.df) == ("too big for r1–r2 (576)", 1500, True)
    assert (ptb.ptb, ptb.fate) == (576, "")


def test_what_a_node_does_again_and_again_is_one_group_until_a_packet_is_sent() -> None:
    one = Done(5, "client", "does it")
    scene = replace(passed().acts[2].observation, events=(one, one, Done(6, "client", "does else"), one))
    notes = [group for group in sequence(scene, [], WAY) if group.looks.kind == "note" and group.looks.at == "client"]
    assert [(group.looks.what, len(group.rows)) for group in notes] == [("does it", 3), ("does else", 1)]
    last = replace(one, time=scene.frames[-1].time + 1)
    again = sequence(replace(scene, events=(one, last)), flights(scene.frames), WAY)
    assert [len(group.rows) for group in again if group.looks.what == "does it"] == [1, 1]


def test_nodes_stand_in_the_order_of_the_path() -> None:
    assert in_order(passed().scenario.topology) == [*WAY]
    square = Topology(
        (Host("a"), Router("z"), Router("b"), Host("c")), (Link("a", "z"), Link("z", "c"), Link("a", "b"), Link("b", "c"))
    )
    assert in_order(square) == ["a", "z", "b", "c"]
    assert in_order(Topology((Router("r"), Host("a")), ())) == ["a", "r"]


def test_times_count_from_where_the_timeline_counts() -> None:
    observation = passed().acts[0].observation
    assert beginning(observation) == observation.frames[0].time
    arp = Frame(0, observation.frames[0].time - 1000, "client", "r1", True, bytes(12) + b"\x08\x06" + bytes(28), 42, None)
    assert beginning(replace(observation, frames=(arp, *observation.frames))) == observation.frames[0].time
    assert beginning(Observation(observation.plan)) == 0


def test_each_frame_has_its_fields_and_as_many_octets_as_its_headers() -> None:
    result = passed()
    held = octets_of(page(result))
    frames = [frame for act in result.acts for frame in act.observation.frames]
    begun = {frame.number: beginning(act.observation) for act in result.acts for frame in act.observation.frames}
    assert list(held["frames"]) == [str(frame.number) for frame in frames]
    for frame in frames:
        end, sent, time, length, digits, layout, values = held["frames"][str(frame.number)]
        assert (end, sent, length) == (frame.end, int(frame.sent), frame.length)
        assert time == frame.time - begun[frame.number]
        assert bytes.fromhex(digits) == frame.octets[: len(digits) // 2]
        assert 14 + 20 + 8 <= len(digits) // 2 <= 128
        assert len(values) == sum(len(fields) for *_, fields in held["layouts"][layout])


def test_a_run_that_is_not_too_large_is_shown_whole() -> None:
    result = passed()
    assert thinned(result.findings, [flights(act.observation.frames) for act in result.acts]) is None
    assert b"frames are shown" not in page(result)


def large(claims: int) -> Result:
    """Twice as many frames as are shown. Claims cite so many from the middle on."""
    scene = next(scene for scene in SCENES if len(scene.frames) == 86)
    numbers, span = count(1), scene.frames[-1].time - scene.frames[0].time + 1000
    frames = tuple(
        replace(frame, number=next(numbers), time=frame.time + turn * span)
        for turn in range(2 * MOST_FRAMES // 86 + 1)
        for frame in scene.frames
    )
    cited = tuple(range(MOST_FRAMES, MOST_FRAMES + claims))
    return Result(
        passed().scenario, (act_result("", replace(scene, frames=frames), Finding("c", Verdict.PASS, "", TOO_BIG, cited)),), 1
    )


def test_of_a_large_run_the_ends_are_shown_and_what_claims_cite() -> None:
    result = large(claims=50)
    flown = [flights(act.observation.frames) for act in result.acts]
    total = len(result.acts[0].observation.frames)
    shown = thinned(result.findings, flown)
    assert shown is not None
    assert MOST_FRAMES - 6 <= len(shown) <= MOST_FRAMES
    assert {1, 2, total - 1, total} | set(result.findings[0].frames) <= shown
    for flight in flown[0]:  # a packet is there with all of its way, or not at all
        assert len({frame.number in shown for frame in flight.frames}) == 1
    words = f"{len(shown):,} of {total:,} frames are shown: those that claims cite, and the first and last of each act."
    written = page(result)
    assert words in Reading(written).text
    assert {int(number) for number in octets_of(written)["frames"]} == shown
    rows = (row for group in run_of(written)["acts"][0]["sequence"] for row in group["rows"])
    assert {number for *_, numbers in rows for number in numbers if number} == shown


def test_claims_that_cite_too_much_leave_room_for_the_ends() -> None:
    result = large(claims=MOST_FRAMES)
    shown = thinned(result.findings, [flights(act.observation.frames) for act in result.acts])
    assert shown is not None
    total = len(result.acts[0].observation.frames)
    assert {1, total} <= shown
    assert not shown.issuperset(result.findings[0].frames)
    assert "the first of those that claims cite" in thinned_words(shown, result.findings, total)
    linked = re.findall(rb'data-frames="([^"]*)"', page(result))
    assert {int(number) for link in linked for number in re.findall(rb"\d+", link)} <= shown
