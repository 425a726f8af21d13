"""The page of several kernels in a real browser, without a network: six kernels and the whole catalogue, by mouse and by key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lab.judge.guest import KernelRun, Outcome
from lab.judge.matrix import Matrix, matrix
from lab.judge.traits import TRAITS, Known
from lab.model.kernel import Kernel
from lab.report.html.matrix import matrix_page
from tests.catalogue import BY_FILE
from tests.kernel_runs import FAIL, PASS, SKIP
from tests.world.browser import NARROW, Opened, chromium

pytestmark = pytest.mark.tools("chromium")

VERSIONS = ("5.10.251", "6.1.158", "6.12.118", "6.16.3", "7.0.1", "7.3-rc7")
MOST = 600_000  # octets of a page of six kernels
CLAIMS = (("client holds a path MTU of 1400 towards server", "mtu 1500"), ("nothing larger than 1400 octets crosses r1–r2", "1500"))


def six() -> Matrix:
    """The catalogue on six kernels: one scenario fails on two, one is skipped on the first, and half the traits change once."""
    groups = {scenario.name: path.parent.name for path, scenarios in BY_FILE.items() for scenario in scenarios}
    runs = []
    for number, version in enumerate(VERSIONS):
        special = {
            "half-life": Outcome("half-life", FAIL if number in (2, 3) else PASS, 9, CLAIMS if number in (2, 3) else ()),
            "dnat": Outcome("dnat", SKIP, reason="this kernel has no nf_tables") if not number else Outcome("dnat", PASS, 9),
        }
        outcomes = tuple(special.get(name, Outcome(name, PASS, 9)) for name in groups)
        traits = tuple(
            Known(t.name, t.says, place % 2 == 0 or number > place % 5, "mtu 1300") for place, t in enumerate(TRAITS.values())
        )
        kernel = Kernel(f"debian:{number}", f"{version}-amd64", "vmlinuz", version=version)
        runs.append(
            KernelRun(kernel, outcomes, traits, accelerator="tcg", boot=8.0, first_verdict=9.0, wall=300.0, guest_seconds=280.0)
        )
    return matrix(runs, groups)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from chromium()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "six.html").write_bytes(matrix_page(six()))
    return folder


@pytest.fixture
def page(browser: Browser, folder: Path) -> Iterator[Page]:
    opened = Opened(browser, folder)
    yield opened.open("six")
    assert len(opened.requests) == 1
    opened.close()


def test_a_page_of_six_kernels_is_small(folder: Path) -> None:
    assert (folder / "six.html").stat().st_size < MOST


def test_a_cell_opens_by_click_and_by_key_and_one_at_a_time(page: Page) -> None:
    cells = page.locator("#differs td.fail details")
    first, second = cells.nth(0), cells.nth(1)
    first.locator("summary").click()
    expect(first.locator(".said")).to_be_visible()
    expect(first.locator("li")).to_have_text([f"{claim}: {seen}" for claim, seen in CLAIMS])
    second.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(second.locator(".said")).to_be_visible()
    expect(first.locator(".said")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(second.locator(".said")).to_be_hidden()
    expect(second.locator("summary")).to_be_focused()
    first.locator("summary").click()
    page.locator("h2").first.click()
    expect(first.locator(".said")).to_be_hidden()


def test_no_panel_leaves_the_window(page: Page) -> None:
    for cell in page.locator("#differs tr:has(td.fail) td details, #differs tr:has(td.yes) >> nth=0 >> td details").all():
        cell.locator("summary").click()
        box = cell.locator(".said").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1280


def test_the_names_of_the_kernels_stay_in_sight(page: Page) -> None:
    page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    page.locator("#differs tr.why").last.scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, 300)")
    head = page.locator("#differs thead th").nth(2)
    bar, box = page.locator("nav.bar").bounding_box(), head.bounding_box()
    assert bar is not None
    assert box is not None
    assert 0 < bar["y"] + bar["height"] - box["y"] < 3  # directly below the bar
    expect(head).to_have_text("6.12.118")


def test_rows_narrow_down(page: Page) -> None:
    page.locator("#words").fill("nat dnat")
    shown = page.locator("#all tbody tr:visible")
    named = [row.name for row in six().rows if row.group == "nat" and "dnat" in row.name]
    expect(shown).to_have_count(len(named))
    assert "dnat" in named
    page.locator("#words").fill("")
    page.locator("#trouble").check()
    expect(shown).to_have_count(1)
    expect(shown.locator("th")).to_have_text("half-life")


def test_without_scripts_all_is_there(browser: Browser, folder: Path) -> None:
    opened = Opened(browser, folder, java_script_enabled=False)
    page = opened.open("six")
    cell = page.locator("#differs td.fail details").first
    cell.locator("summary").click()
    assert cell.locator(".said").is_visible()
    page.locator("details.rows > summary", has_text="nat").first.click()
    assert page.get_by_role("rowheader", name="masquerade", exact=True).is_visible()
    opened.context.close()


@pytest.mark.parametrize("width", [NARROW, 800])
def test_nothing_is_cut_off_where_it_is_narrow(browser: Browser, folder: Path, width: int) -> None:
    opened = Opened(browser, folder, width=width)
    page = opened.open("six")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#differs td.fail details").first.locator("summary").click()
    expect(page.locator("#differs td.fail .said").first).to_be_in_viewport(ratio=1)
    opened.close()


def test_light_and_dark_are_told_apart_and_a_button_turns_them(page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.locator("#theme").click()
    assert page.evaluate(ground) != light


def test_paper_has_what_differs(browser: Browser, folder: Path) -> None:
    opened = Opened(browser, folder)
    page = opened.open("six")
    page.emulate_media(media="print")
    expect(page.locator("nav.bar")).to_be_hidden()
    expect(page.get_by_text("ok → FAIL between 6.1.158 and 6.12.118").first).to_be_visible()
    opened.close()
