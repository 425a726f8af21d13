"""The stage and the plot of a report, in a real browser: they move, stop, step, seek, and show what happened where it happened."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from lab.find import find
from lab.judge.observation import Observation
from lab.judge.result import ActResult, Result
from lab.model.flow import WANT, Udp
from lab.model.topology import Topology
from lab.report.html.motion import motion
from lab.report.html.page import page
from lab.run import run
from lab.theory.plan import plan
from tests.crossings import Crossings, repeated
from tests.observations import datagrams
from tests.results import SCENARIO
from tests.scenes import CUT, DESCENTS
from topologies import dumbbell, fat_tree, mesh, tree

pytestmark = pytest.mark.tools("chromium")

FITS = datagrams(Udp("client", "server", WANT), 1500, 1500, 1500)
SCRUB = ".stage input[type=range]"


@dataclass(frozen=True)
class Written:
    """A report on disk, and what its stage shows."""

    path: Path
    motion: dict[str, Any]

    def begins(self, act: int) -> float:
        """The beat at which an act begins, of all acts one after the other."""
        return float(sum(one["beats"] + 1 for one in self.motion["acts"][:act]))


def written(result: Result, folder: Path) -> Written:
    path = folder / "index.html"
    path.write_bytes(page(result, "6.18"))
    return Written(path, motion(result))


def of(observation: Observation) -> Result:
    return Result(replace(SCENARIO, topology=observation.plan.topology), (ActResult("an act", observation, (), ()),), 1.0)


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The 576 router's report, from a run."""
    (scenario,) = find("576-router")
    return written(run(scenario).result, tmp_path_factory.mktemp("router"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Any]:
    """Opens a report, in a window of its own; what its console complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_it(report: Written, **how: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})
        contexts.append(context)
        window = context.new_page()
        window.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.goto(report.path.as_uri())
        if window.locator(".stage").count():
            # No smooth scrolling to what has the focus: while that goes on, nothing stays where it was seen.
            window.locator("html").evaluate("(page) => { page.style.scrollBehavior = 'auto'; }")
            window.locator(".stage").focus()
        return window

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


def now(window: Page) -> float:
    return float(window.locator(SCRUB).input_value())


def seek(window: Page, beat: float) -> None:
    window.locator(SCRUB).evaluate("(scrub, beat) => { scrub.value = beat; scrub.dispatchEvent(new Event('input')); }", beat)


def until(window: Page, condition: str) -> None:
    """Waits until an expression is true. The page's own policy forbids what wait_for_function() does (eval)."""
    look = "const look = () => (" + condition + ") ? done() : requestAnimationFrame(look); look();"
    window.evaluate(
        "() => new Promise((done) => { const value = () => Number(document.querySelector("
        + repr(SCRUB)
        + ").value); "
        + look
        + " })"
    )


def at_rest(window: Page) -> None:
    expect(window.locator(".stage")).to_have_attribute("data-playing", "off")


def caption(window: Page) -> str:
    return window.locator(".stage .caption").inner_text()


def middle(window: Page, what: str) -> tuple[float, float]:
    box = window.locator(what).first.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def node(name: str) -> str:
    return f".scene .node:has(text:text-is('{name}'))"


def packet(number: int) -> str:
    return f".scene [data-id='{number}']"


def test_playing_moves_a_packet_along_its_link_and_pausing_stops_it(opened: Any, router: Written) -> None:
    window = opened(router)
    left = router.motion["acts"][0]["packets"][0]["flights"][0]["left"]
    seek(window, left + 0.1)
    before, _ = middle(window, packet(0))
    for key in ("-", "-", " "):  # as slowly as can be: however late the pause comes, the packet is still there
        window.keyboard.press(key)
    expect(window.get_by_role("button", name="Pause")).to_be_visible()
    until(window, f"value() > {left + 0.4}")
    window.keyboard.press(" ")
    expect(window.get_by_role("button", name="Play", exact=True)).to_be_visible()
    stopped = now(window)
    after, _ = middle(window, packet(0))
    assert after > before + 20
    window.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert now(window) == stopped


def test_it_plays_to_the_end_and_then_from_the_beginning(opened: Any, router: Written) -> None:
    window = opened(router)
    whole = float(window.locator(SCRUB).get_attribute("max") or 0)
    seek(window, whole - 1.3)
    window.keyboard.press(" ")
    at_rest(window)
    assert now(window) == pytest.approx(whole, abs=0.02)
    window.keyboard.press(" ")
    until(window, "value() < 5")


def test_steps_go_from_caption_to_caption_and_back(opened: Any, router: Written) -> None:
    window = opened(router)
    captions = [one["words"] for one in router.motion["acts"][0]["captions"][:4]]
    said = []
    for _ in captions:
        window.keyboard.press("ArrowRight")
        at_rest(window)
        said.append(caption(window))
    assert said == captions
    window.keyboard.press(",")
    assert caption(window) == captions[2]


def test_a_drop_is_seen_at_the_router_that_drops(opened: Any, router: Written) -> None:
    window = opened(router)
    dropped = router.motion["acts"][0]["packets"][0]
    seek(window, dropped["flights"][0]["came"] + 0.4)
    expect(window.locator(f"{packet(0)}.lost")).to_be_visible()
    (x, y), (at_x, at_y) = middle(window, packet(0)), middle(window, node("r1"))
    assert abs(x - at_x) < 60
    assert abs(y - at_y) < 40
    expect(window.locator(".scene .cross")).to_be_visible()
    expect(window.locator(".scene .verdict")).to_have_text("1500 > 576")
    assert caption(window) == "r1: too big for r1–r2 (576)"


def test_the_ptb_goes_back_with_the_mtu_on_it(opened: Any, router: Written) -> None:
    window = opened(router)
    flight = router.motion["acts"][0]["packets"][1]["flights"][0]
    places = []
    for share in (0.3, 0.7):
        seek(window, flight["left"] + share * (flight["came"] - flight["left"]))
        expect(window.locator(f"{packet(1)}.ptb text.told")).to_have_text("576")
        places.append(middle(window, packet(1))[0])
    assert places[0] > places[1]
    assert caption(window) == "r1 tells client: next-hop MTU 576"


def test_the_notebook_says_576_when_the_ptb_has_come_and_not_before(opened: Any, router: Written) -> None:
    window = opened(router)
    (learned,) = [mark for mark in router.motion["acts"][0]["marks"] if mark["kind"] == "learned"]
    notes = window.locator(".scene .card")
    seek(window, learned["beat"] - 0.05)
    expect(notes).to_have_text("no path MTU learned")
    seek(window, learned["beat"] + 0.05)
    expect(notes).to_contain_text("server 576")
    expect(window.locator(".scene .fresh")).to_be_visible()
    seek(window, 0)
    expect(notes).to_have_text("no path MTU learned")


def test_the_mss_is_noted_when_it_changes(opened: Any, router: Written) -> None:
    window = opened(router)
    begins = router.begins(1)
    large, small = [mark for mark in router.motion["acts"][1]["marks"] if mark["kind"] == "tcp"]
    notes = window.locator(".scene .card")
    seek(window, begins + large["beat"] + 0.1)
    expect(notes).to_contain_text("TCP MSS 1448")
    seek(window, begins + small["beat"] + 0.1)
    expect(notes).to_contain_text("TCP MSS 524")
    expect(notes).to_contain_text("PMTU 576")


def test_fragments_wait_at_their_receiver_and_are_whole_again(opened: Any, tmp_path: Path) -> None:
    report = written(of(CUT), tmp_path)
    window = opened(report)
    act = report.motion["acts"][0]
    (joined,) = [mark for mark in act["marks"] if mark["kind"] == "joined"]
    seek(window, act["packets"][1]["flights"][0]["left"] + 0.8)
    assert window.locator(".scene .packet.fragment").count() >= 2
    seek(window, joined["beat"] - 0.01)
    (x, y), (at_x, at_y) = middle(window, packet(1)), middle(window, node("server"))
    assert abs(x - at_x) < 60
    assert y < at_y
    seek(window, joined["beat"] + 0.05)
    expect(window.locator(".scene .packet.fragment")).to_have_count(0)
    expect(window.locator(".scene .verdict.joined")).to_be_visible()


def test_a_packet_is_as_thick_as_the_mtu_that_it_fits(opened: Any, router: Written) -> None:
    """1500 octets are thicker than the bore of 576, and 576 are not."""
    window = opened(router)
    heights = window.evaluate(
        "() => [...document.querySelectorAll('.scene .pipe')].map((pipe) => pipe.getBoundingClientRect().height)"
    )
    flights = [router.motion["acts"][0]["packets"][n]["flights"][0] for n in (0, 2)]
    sizes = []
    for number, flight in zip((0, 2), flights, strict=True):
        seek(window, (flight["left"] + flight["came"]) / 2)
        box = window.locator(f"{packet(number)} .body").bounding_box()
        assert box
        sizes.append((box["width"], box["height"]))
    (long, thick), (short, thin) = sizes
    assert thin < heights[1] < thick < heights[0]
    assert long / short == pytest.approx(1500 / 576, rel=0.03)


def test_the_speed_changes_and_has_ends(opened: Any, router: Written) -> None:
    window = opened(router)
    shown = window.locator(".stage .speed")
    expect(shown).to_have_text("1×")
    for key, words in (("+", "2×"), ("+", "4×"), ("+", "4×"), ("-", "2×"), *(("-", text) for text in ("1×", "½×", "¼×", "¼×"))):
        window.keyboard.press(key)
        expect(shown).to_have_text(words)


def test_it_jumps_to_what_is_worth_seeing(opened: Any, router: Written) -> None:
    window = opened(router)
    keys = [one["words"] for one in router.motion["acts"][0]["captions"] if one["key"]]
    said = []
    for _ in keys:
        window.keyboard.press("n")
        said.append(caption(window))
    assert said == keys
    window.keyboard.press("p")
    assert caption(window) == keys[-2]
    window.keyboard.press("End")
    expect(window.locator(".stage .act-title")).to_contain_text("Act 3 of 3")
    window.keyboard.press("Home")
    assert now(window) == 0


def test_seeking_gives_the_same_picture_from_either_side(opened: Any, router: Written) -> None:
    window = opened(router)
    picture = "document.querySelector('.scene').innerHTML"
    whole = float(window.locator(SCRUB).get_attribute("max") or 0)
    places = [whole * n / 12 for n in range(12)]
    forward = []
    for beat in places:
        seek(window, beat)
        forward.append(window.evaluate(picture))
    for beat, there in reversed([*zip(places, forward, strict=True)]):
        seek(window, beat)
        assert window.evaluate(picture) == there


def test_the_stage_shows_what_is_selected_and_selects_what_is_pressed(opened: Any, router: Written) -> None:
    window = opened(router)
    window.evaluate("window.heard = []; pmtulab.bus.addEventListener('select', ({ detail }) => heard.push(detail))")
    number = router.motion["acts"][0]["packets"][1]["frames"][0]
    window.evaluate(
        "(frame) => pmtulab.bus.dispatchEvent(new CustomEvent('select', { detail: { frames: [frame], from: 'claims' } }))", number
    )
    expect(window.locator(f"{packet(1)}.chosen")).to_be_visible()
    window.locator(f"{packet(1)} .body").first.dispatch_event("pointerdown")
    heard = window.evaluate("heard.filter((detail) => detail.from === 'stage').map((detail) => detail.frames)")
    assert heard == [router.motion["acts"][0]["packets"][1]["frames"]]


def test_a_frame_that_another_stands_for_is_found(opened: Any, tmp_path: Path) -> None:
    report = written(of(repeated(FITS, 300)), tmp_path)
    window = opened(report)
    last = report.motion["acts"][0]["packets"][-1]
    window.evaluate("pmtulab.bus.dispatchEvent(new CustomEvent('select', { detail: { frames: [1500], from: 'claims' } }))")
    expect(window.locator(f"{packet(last['id'])} .told").first).to_have_text(f"×{last['many']}")


def test_what_there_is_no_room_for_is_counted(opened: Any, tmp_path: Path) -> None:
    act = Crossings(FITS.plan)
    for octets in range(310):
        act.cross(act.udp("client", "server", octets), "client", "r1", "r2", "server")
    window = opened(written(of(act.observation()), tmp_path))
    expect(window.locator(".stage .act-title")).to_have_text("an act · 10 packets are not shown")


def test_without_motion_it_goes_by_steps(opened: Any, router: Written) -> None:
    window = opened(router, reduced_motion="reduce")
    record = "pmtulab.bus.addEventListener('time', () => seen.push(Number(document.querySelector(scrub).value)))"
    window.evaluate(f"(scrub) => {{ window.seen = []; {record}; }}", SCRUB)
    for key in ("ArrowRight", "+", "+", " "):
        window.keyboard.press(key)
    until(window, "window.seen.length > 3")
    stops = window.evaluate("(act) => pmtulab.stageState.stops(act).map((stop) => stop.beat)", router.motion["acts"][0])
    assert window.evaluate("window.seen")[:4] == [pytest.approx(beat, abs=0.011) for beat in stops[:4]]


@pytest.mark.parametrize("width", [400, 1280])
def test_the_picture_fits_the_page(opened: Any, router: Written, width: int) -> None:
    window = opened(router, viewport={"width": width, "height": 900})
    assert window.evaluate("document.documentElement.scrollWidth") <= width
    names = window.locator(".scene .name")
    assert names.count() == 4
    for n in range(4):
        box = names.nth(n).bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["height"] >= 12
    for box in (text.bounding_box() for text in window.locator(".plot:not(.away) text").all()):
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_every_button_has_a_name_and_the_picture_words(opened: Any, router: Written) -> None:
    window = opened(router)
    buttons = window.locator(".stage button")
    labels = [buttons.nth(n).get_attribute("aria-label") for n in range(buttons.count())]
    assert None not in labels
    assert len(set(labels)) == len(labels)
    label = window.locator(".scene").get_attribute("aria-label")
    assert label == "The network: client to r1, MTU 1500; r1 to r2, MTU 576; r2 to server, MTU 1500"
    expect(window.locator(".stage .caption")).to_have_attribute("aria-live", "polite")


def test_the_plot_reads_selects_and_follows(opened: Any, router: Written) -> None:
    window = opened(router)
    window.evaluate("window.heard = []; pmtulab.bus.addEventListener('select', ({ detail }) => heard.push(detail))")
    plot = window.locator(".plot:not(.away) > svg")
    plot.focus()
    window.keyboard.press("ArrowRight")
    expect(window.locator(".plot:not(.away) .readout")).to_have_text(
        re.compile(r"^0 µs: UDP, 1500 octets from client, lost, frame \d+$")
    )
    window.keyboard.press("Enter")
    frame = router.motion["acts"][0]["packets"][0]["frames"][0]
    assert window.evaluate("heard.map((detail) => [detail.from, detail.frames])") == [["plot", [frame]]]
    seek(window, router.begins(1) + 8)
    expect(window.locator(".plot:not(.away) text.mss")).to_have_text("MSS 524")
    expect(window.locator(".plots .tabs button[aria-pressed=true]")).to_have_text("Act 2")


def test_the_plot_is_a_table_too(opened: Any, router: Written) -> None:
    window = opened(router)
    window.locator(".plot:not(.away) summary").click()
    rows = window.locator(".plot:not(.away) tbody tr")
    assert rows.count() == len(router.motion["acts"][0]["series"]["sizes"])
    expect(rows.first).to_contain_text("UDP, lost")


def test_on_paper_it_is_a_strip_of_pictures(opened: Any, router: Written) -> None:
    window = opened(router)
    seek(window, 5)
    window.evaluate("dispatchEvent(new Event('beforeprint'))")
    window.emulate_media(media="print")
    stills = window.locator(".stills li")
    said = stills.locator("p").all_inner_texts()
    assert 5 <= len(said) <= 10
    assert said[0] == "r1: too big for r1–r2 (576)"
    expect(stills.first.locator(".verdict")).to_have_text("1500 > 576")
    expect(window.locator(".stage .controls")).to_be_hidden()
    window.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(stills).to_have_count(0)
    assert now(window) == 5


def test_a_run_without_frames_has_no_stage_and_no_plot(opened: Any, tmp_path: Path) -> None:
    window = opened(written(of(Observation(CUT.plan)), tmp_path))
    expect(window.locator(".scene")).to_have_count(0)
    expect(window.locator(".plot")).to_have_count(0)
    expect(window.locator("h1")).to_be_visible()


def test_the_clock_starts_with_the_first_frame(opened: Any, router: Written) -> None:
    """A Send begins before its first packet leaves: until then the clock stands at 0."""
    window = opened(router)
    act = router.motion["acts"][0]
    assert act["marks"][0]["t"] < 0
    seek(window, act["marks"][0]["beat"] + 0.05)
    expect(window.locator(".stage .clock")).to_have_text("0 µs")


def test_what_happens_at_a_node_is_ringed_in_the_node_s_own_shape(opened: Any, router: Written) -> None:
    window = opened(router)
    seek(window, router.motion["acts"][0]["marks"][0]["beat"] + 0.05)
    ring, host = (window.locator(what).bounding_box() for what in (".scene rect.ring", f"{node('client')} > rect"))
    assert ring
    assert host
    edges = [host["x"] - ring["x"], ring["x"] + ring["width"] - host["x"] - host["width"], host["y"] - ring["y"]]
    assert min(edges) > 1
    assert max(edges) - min(edges) < 1


def test_the_flag_flies_at_the_tail_clear_of_what_stops_the_head(opened: Any, router: Written) -> None:
    window = opened(router)
    seek(window, router.motion["acts"][0]["packets"][0]["flights"][0]["came"] + 0.3)
    flag, cross = (window.locator(what).first.bounding_box() for what in (".scene .lost .df", ".scene .cross"))
    assert flag
    assert cross
    assert flag["x"] + flag["width"] < cross["x"]


def test_an_envelope_stands_upright_where_the_network_does(opened: Any, router: Written) -> None:
    window = opened(router, viewport={"width": 400, "height": 800})
    flight = router.motion["acts"][0]["packets"][1]["flights"][0]
    seek(window, (flight["left"] + flight["came"]) / 2)
    envelope = window.locator(f"{packet(1)} .body").bounding_box()
    assert envelope
    assert envelope["width"] > envelope["height"]


def test_space_plays_a_stage_in_sight_without_focus_and_else_scrolls(opened: Any, router: Written) -> None:
    window = opened(router)
    window.evaluate("() => document.activeElement.blur()")
    window.locator("#stage").scroll_into_view_if_needed()
    window.locator(".scene").evaluate("(scene) => scene.scrollIntoView({ block: 'center', behavior: 'instant' })")
    before = window.evaluate("() => scrollY")
    window.keyboard.press(" ")
    expect(window.locator(".stage")).to_have_attribute("data-playing", "on")
    window.keyboard.press(" ")
    at_rest(window)
    assert window.evaluate("() => scrollY") == before
    window.locator("#act-2").evaluate("(act) => act.scrollIntoView({ behavior: 'instant' })")
    before = window.evaluate("() => scrollY")
    window.keyboard.press(" ")
    until(window, f"scrollY > {before}")
    at_rest(window)


def test_the_legend_names_what_there_is_and_nothing_else(opened: Any, tmp_path: Path) -> None:
    window = opened(written(of(CUT), tmp_path))
    legend = window.locator(".stage .legend")
    expect(legend).to_contain_text("fragment")
    for absent in ("DF", "×n", "too big", "TCP"):
        expect(legend).not_to_contain_text(absent)


@pytest.mark.parametrize("width", [1280, 400])
def test_no_words_of_a_plot_are_cut_off(opened: Any, tmp_path: Path, width: int) -> None:
    """Not even of the widest that there may be: a path MTU of five digits."""
    held = [replace(sent, exceptions=tuple(replace(e, mtu=65535) for e in sent.exceptions)) for sent in DESCENTS.outcomes]
    report = written(of(replace(DESCENTS, events=tuple(held))), tmp_path)
    window = opened(report, viewport={"width": width, "height": 900})
    expect(window.locator(".plot text.note.pmtu")).to_have_text("PMTU 65535")
    beyond = window.locator(".plot > svg").evaluate(
        "(plot) => [...plot.querySelectorAll('text')].filter((text) =>"
        " text.getBoundingClientRect().right > plot.getBoundingClientRect().right).map((text) => text.textContent)"
    )
    assert beyond == []


def test_names_and_mtus_over_a_diagram_do_not_lie_on_each_other_on_paper(opened: Any, router: Written) -> None:
    window = opened(router, viewport={"width": 690, "height": 900})
    window.emulate_media(media="print")
    head = window.locator(".row.head").first
    edges = "(all) => all.map((one) => [one.getBBox().y, one.getBBox().y + one.getBBox().height])"
    names, mtus = (head.locator(f"text.{kind}").evaluate_all(edges) for kind in ("name", "mtu"))
    assert max(low for _, low in names) < min(high for high, _ in mtus) + 4  # a box has room above and below its digits


@pytest.mark.parametrize("topology", [fat_tree(4, 1400), tree(2, (1500, 1400, 576)), dumbbell(3, 2, 576), mesh(5, 1400)])
def test_no_node_stands_on_another(opened: Any, tmp_path: Path, topology: Topology) -> None:
    """However many stand in a row: the picture shrinks."""
    host = topology.hosts[0].name
    (link,) = [link for link in topology.links if host in (link.a, link.b)]
    crossing = Crossings(plan(topology))
    crossing.cross(crossing.udp(host, topology.hosts[-1].name, 1500), host, link.b if link.a == host else link.a)
    window = opened(written(of(crossing.observation()), tmp_path))
    boxes = window.locator(".scene .node > :is(rect, circle)").evaluate_all(
        "(all) => all.map((one) => { const { x, y, width, height } = one.getBoundingClientRect(); return [x, y, width, height]; })"
    )
    assert len(boxes) == len(topology.nodes)
    for (x, y, wide, high), (ox, oy, owide, ohigh) in combinations(boxes, 2):
        assert x + wide <= ox or ox + owide <= x or y + high <= oy or oy + ohigh <= y
