"""The page of a run in a real browser, without a network: it loads in silence, answers keys and clicks, and is not blank."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from lab.find import find
from lab.judge.observation import Observation
from lab.judge.result import Result
from lab.report.html.index import entry, index
from lab.report.html.page import page as page_of
from lab.run import run
from tests.observations import transfer
from tests.results import BROKEN, PLAN, SKIPPED, TCP, act_result, failed
from tests.world.browser import NARROW, WIDE, Opened, chromium

pytestmark = pytest.mark.tools("chromium")

MEGABYTE = 1_000_000
INK = """async (png) => {
  const picture = await createImageBitmap(await (await fetch(png)).blob());
  const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  canvas.drawImage(picture, 0, 0);
  const seen = new Map();
  const pixels = new Uint32Array(canvas.getImageData(0, 0, picture.width, picture.height).data.buffer);
  for (const pixel of pixels) seen.set(pixel, (seen.get(pixel) ?? 0) + 1);
  return [1 - Math.max(...seen.values()) / pixels.length, seen.size];
}"""
"""Of a picture: the share of it that has not the commonest colour, and the number of its colours."""


NAMELESS = """[...document.querySelectorAll("button, a, input")]
  .filter((one) => !one.textContent.trim() && !one.ariaLabel && !one.title && !one.labels?.length).map((one) => one.outerHTML)"""


def without_frames() -> Result:
    return replace(failed(), acts=(act_result("nothing at all", Observation(PLAN)),))


def hundred_thousand() -> Result:
    """As many frames, of transfers one after the other."""
    one = transfer(TCP, 1500, 576, 1500)
    span = one.frames[-1].time - one.frames[0].time + 1_000_000
    turns = 100_000 // len(one.frames) + 1
    whole = [replace(frame, time=frame.time + turn * span) for turn in range(turns) for frame in one.frames][:100_000]
    frames = tuple(replace(frame, number=number) for number, frame in enumerate(whole, 1))
    return replace(failed(), acts=(act_result("many transfers", replace(one, frames=frames)),))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of runs: real ones, and those that are made by hand."""
    folder = tmp_path_factory.mktemp("pages")
    results = {name: run(find(name)[0]).result for name in ("576-router", "1280-router-v6")}
    results |= {"failed": failed(), "broken": BROKEN, "skipped": SKIPPED, "empty": without_frames()}
    for name, result in results.items():
        (folder / f"{name}.html").write_bytes(page_of(result, "6.18"))
    entries = [entry(result, "group", f"{name}.html", "6.18") for name, result in results.items()]
    (folder / "index.html").write_bytes(index(entries))
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from chromium()


@pytest.fixture
def window(browser: Browser, folder: Path) -> Iterator[Opened]:
    """1280 pixels wide, light, and still."""
    opened = Opened(browser, folder, reduced_motion="reduce", color_scheme="light")
    yield opened
    opened.close()


NAMES = ("576-router", "1280-router-v6", "failed", "broken", "skipped", "empty", "index")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_loads_alone_and_in_silence(window: Opened, name: str) -> None:
    page = window.open(name)
    for part in ("h1", ".stamp"):
        expect(page.locator(part)).to_be_in_viewport()
    assert window.requests == [(window.folder / f"{name}.html").as_uri()]
    assert (window.folder / f"{name}.html").stat().st_size < MEGABYTE
    assert page.evaluate("document.readyState") == "complete"
    assert page.evaluate(NAMELESS) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_nothing_is_wider_than_the_window(window: Opened, name: str, width: int) -> None:
    page = window.open(name)
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_picture_of_it_is_not_blank(browser: Browser, folder: Path, width: int, colours: Any) -> None:
    opened = Opened(browser, folder, width=width, color_scheme=colours, reduced_motion="reduce")
    page = opened.open("576-router")
    blank = opened.context.new_page()
    shades = []
    for part in ("#top", "#stage", "#plot", "#act-1", "#act-2 [data-view=sequence]"):
        page.locator(part).evaluate("(part) => part.scrollIntoView()")
        picture = page.screenshot()
        ink, shade = blank.evaluate(INK, f"data:image/png;base64,{b64encode(picture).decode()}")
        assert 0.01 < ink < 0.6, part
        assert shade > 30, part
        shades.append(picture)
    assert len(set(shades)) == len(shades)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((part) => part < 60)")
    assert dark == (colours == "dark")
    opened.close()


def test_a_failing_claim_says_what_was_seen(window: Opened) -> None:
    page = window.open("failed")
    failing = page.locator(".claims tr.fail")
    expect(failing).to_have_count(2)
    expect(failing.first.locator(".seen")).to_contain_text("and a second line of what was seen")


@pytest.mark.parametrize(("name", "words"), [("broken", "5 of 10 frames"), ("skipped", "no IPv6"), ("empty", "nothing at all")])
def test_a_run_without_frames_says_why_and_has_no_stage(window: Opened, name: str, words: str) -> None:
    page = window.open(name)
    expect(page.locator("main")).to_contain_text(words)
    expect(page.locator("#stage, #plot")).to_have_count(2)
    expect(page.locator("#stage")).to_be_hidden()
    expect(page.locator("#plot")).to_be_hidden()
    expect(page.locator("nav a[href='#stage']")).to_be_hidden()


def test_it_prints_light_with_claims_and_diagrams_and_without_controls(browser: Browser, folder: Path) -> None:
    opened = Opened(browser, folder, color_scheme="dark")
    page = opened.open("576-router")
    pages = len(re.findall(rb"/Type ?/Page\b(?!s)", page.pdf(format="A4", print_background=False)))
    assert 3 <= pages <= 12
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for control in ("nav", ".stage .controls", ".unfold"):
        expect(page.locator(control).first).to_be_hidden()
    for part in ("h1", "#act-1 .claims", "#act-1 .rows", "#act-1 .counters"):
        expect(page.locator(part)).to_be_visible()
    opened.close()


def test_a_hundred_thousand_frames_open(browser: Browser, tmp_path: Path) -> None:
    written = page_of(hundred_thousand())
    assert len(written) < MEGABYTE
    (tmp_path / "large.html").write_bytes(written)
    opened = Opened(browser, tmp_path)
    page = opened.open("large")
    expect(page.locator(".thinned")).to_contain_text("of 100,000 frames are shown")
    page.locator(".unfold").click()
    page.locator(".row:not([aria-expanded]) .hop").last.click()
    expect(page.locator("#frame-title")).to_have_text(re.compile(r"Frame (99,?\d{3}|100,?000)"))
    opened.close()


def test_the_index_narrows_and_leads_to_each_run(window: Opened) -> None:
    page = window.open("index")
    expect(page.locator("tbody tr")).to_have_count(6)
    assert page.evaluate("[...document.querySelectorAll('.cell')].map((cell) => cell.getBoundingClientRect().x > 0)") == [True] * 6
    page.locator("#trouble").check()
    expect(page.locator("tbody tr:visible")).to_have_count(4)
    page.locator("#words").fill("dropped 5")
    expect(page.locator("tbody tr:visible")).to_have_count(1)
    page.locator("tbody tr:visible a").click()
    expect(page.locator(".stamp")).to_have_text("BROKEN")
