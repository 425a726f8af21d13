"""A report answers clicks and keys: claims lead to frames, frames to fields, fields to octets, and each of them back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lab.find import find
from lab.report.html.page import page as page_of
from lab.run import run
from tests.world.browser import Opened, chromium

pytestmark = pytest.mark.tools("chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from chromium()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "576-router.html").write_bytes(page_of(run(find("576-router")[0]).result, "6.18"))
    return folder


@pytest.fixture
def page(browser: Browser, folder: Path) -> Iterator[Page]:
    """The 576 router's report, 1280 pixels wide, light, and still."""
    opened = Opened(browser, folder, reduced_motion="reduce", color_scheme="light")
    yield opened.open("576-router")
    opened.close()


def test_the_frame_that_claim_1_cites_is_highlighted_on_click(page: Page) -> None:
    link = page.locator("#act-1 .claims tbody tr").first.locator("[data-frames]")
    number = link.inner_text()
    link.click()
    row = page.locator(".row[aria-current=true]")
    expect(row).to_have_count(1)
    expect(row).to_be_in_viewport()
    expect(row.locator(".number")).to_have_text(number)
    expect(row.locator(".hop.on")).to_have_count(1)
    assert "1472 octets" in row.inner_text()
    assert "too big for r1–r2 (576)" in row.inner_text()


def test_a_claim_that_cites_a_folded_frame_unfolds_it(page: Page) -> None:
    cited = page.locator("#act-2 .claims tr", has_text="r1 drops packets of 1500 octets").locator("[data-frames]").first
    cited.click()
    row = page.locator("#act-2 .row[aria-current=true]")
    expect(row).to_be_in_viewport()
    assert "inner" in (row.get_attribute("class") or "")
    assert cited.inner_text() in (row.get_attribute("aria-label") or "")


def test_keys_step_through_packets_and_open_a_frame(page: Page) -> None:
    tree = page.get_by_role("tree", name="Frames of act 1")
    tree.locator(".row").first.focus()
    seen = []
    for _ in range(4):
        seen.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        page.keyboard.press("ArrowDown")
    assert len(set(seen)) == 4
    assert "UDP, 1472 octets of payload" in seen[2]
    page.keyboard.press("ArrowUp")
    expect(page.locator("#frame")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator("#frame-title")).to_have_text(re.compile(r"Frame \d+"))
    first = page.locator("#frame-title").inner_text()
    page.keyboard.press("ArrowUp")  # the frame follows
    expect(page.locator("#frame-title")).not_to_have_text(first)
    page.keyboard.press("Enter")  # and once more: into its fields
    expect(page.locator("#fields button").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#fields .on .name")).to_have_text("destination")
    expect(page.locator("#hex .line > .octet.on")).to_have_count(6)
    page.keyboard.press("Escape")
    expect(page.locator("#frame")).to_be_hidden()
    expect(tree.locator(".row:focus")).to_have_count(1)


def test_groups_unfold_and_fold_by_keys(page: Page) -> None:
    tree = page.get_by_role("tree", name="Frames of act 2")
    group = tree.locator(".row[aria-expanded]", has_text="ICMP frag-needed")
    group.focus()
    before = tree.locator(".row").count()
    page.keyboard.press("ArrowRight")
    expect(group).to_have_attribute("aria-expanded", "true")
    expect(tree.locator(".row.inner")).to_have_count(10)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(tree.locator(".row")).to_have_count(before)
    expect(group).to_be_focused()


def test_every_frame_can_be_found_in_the_diagram(page: Page) -> None:
    for button in page.locator(".unfold").all():
        button.click()
    found = page.evaluate("[...document.querySelectorAll('.row:not([aria-expanded]) .hop')].flatMap((hop) => hop.pmtulabFrames)")
    held = page.evaluate("Object.keys(pmtulab.run.acts).length")
    assert sorted(found) == list(range(1, len(found) + 1))
    assert (held, len(found) > 500) == (3, True)


def test_a_field_and_its_octets_show_each_other(page: Page) -> None:
    page.locator("#act-1 .row.icmp .hop").first.click()
    mtu = page.locator("#fields .field", has_text="icmp.mtu")
    expect(mtu.locator(".value")).to_have_text("576")
    mtu.click()
    marked = page.locator("#hex .line > .octet.on")
    expect(marked).to_have_text(["02", "40"])  # 576 = 2 × 256 + 4 × 16
    page.locator("#hex .line > .octet").nth(14).click()
    expect(page.locator("#fields .on code")).to_have_text(["ip.hdr_len"])
    expect(page.locator("#fields .layer")).to_have_text(
        [re.compile(title) for title in ("Ethernet", "IPv4", "ICMP", "quoted IPv4", "quoted UDP", "payload")]
    )
    title = page.locator("#frame-title").inner_text()
    page.locator("#frame-after").click()
    expect(page.locator("#frame-title")).to_have_text(f"Frame {int(title.split()[1]) + 1}")


def test_the_stage_steps_through_the_run(page: Page) -> None:
    said, beats = [], []
    page.locator(".stage").focus()
    for _ in range(5):
        beats.append(float(page.locator(".scrub input").input_value()))
        said.append(page.locator(".stage .caption").inner_text())
        page.keyboard.press("ArrowRight")
    assert beats == sorted(set(beats))
    assert len(set(said)) >= 3


def test_colours_turn_by_button_and_by_key(page: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.locator("#theme").click()
    assert page.evaluate(background) != light
    expect(page.locator("#theme")).to_have_text("Light")
    page.keyboard.press("d")
    assert page.evaluate(background) == light


def test_a_question_mark_lists_the_keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("3")
    expect(page.locator("#act-3 h2")).to_be_in_viewport()
