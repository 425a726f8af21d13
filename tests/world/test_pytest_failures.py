"""What a failed test's report has of its networks, wherever it fails; and the captures that are kept."""

from __future__ import annotations

import re
import subprocess
from xml.etree import ElementTree

import pytest

from lab.model.pcapng import load
from tests.world.suite import FAILING, SECTION, suite

pytest_plugins = ["pytester"]


def expect_section(text: str) -> None:
    """What test_wrong's section says, in this order and between other lines."""
    wanted = (
        r"    client ──1500── r1 ──1400── server",
        r"    client → server  UDP, 1472 octets of payload +1500  DF +0\.00 +\d+  lost",
        r"    r1 ✗             too big for r1–server \(1400\)",
        r"    r1 → client      ICMP frag-needed, next-hop MTU 1400 +576 +\d\.\d\d +\d+",
        r"    test ✗           AssertionError: assert 1400 == 1300",
        r"    held     client: server mtu 1400, expires in (600|5\d\d) s",
        r"    counted  r1: Ip\.FragFails \+1, Icmp\.OutDestUnreachs \+1",
    )
    assert re.search(".*?".join(f"^{line}" for line in wanted), text, re.MULTILINE | re.DOTALL), text


@pytest.mark.parametrize("jobs", [0, 2])
def test_a_failure_shows_its_packets_and_keeps_the_capture(pytester: pytest.Pytester, jobs: int) -> None:
    """In one process, and with xdist: then by way of the workers, in the terminal as in junit.xml."""
    done = suite(
        pytester,
        FAILING
        + """
@pytest.mark.pmtulab(TUNNEL)
@pytest.mark.parametrize("number", range(3))
def test_right(net: Net, number: int) -> None:
    assert net["client"].path_mtu("server") == 1500
    send_too_much(net)
""",
        *("-n", str(jobs), "--junitxml=junit.xml"),
    )
    done.assert_outcomes(passed=3, failed=1)
    shown = done.stdout.str().partition(SECTION)[2]
    expect_section(shown)
    folder = pytester.path / "pmtulab-failures/test_theirs.py/test_wrong"
    assert f"    kept     {folder.relative_to(pytester.path)}/capture.pcapng (" in shown
    capture = load((folder / "capture.pcapng").read_bytes())
    assert capture.comment == "FAIL test_theirs.py::test_wrong: AssertionError: assert 1400 == 1300"
    assert [end.name for end in capture.interfaces] == ["client:r1", "r1:client", "r1:server", "server:r1"]
    assert [statistics.dropped for statistics in capture.statistics] == [0] * 4
    assert 14 + 1500 in {frame.length for frame in capture.frames}
    assert [path.name for path in (pytester.path / "pmtulab-failures").rglob("*") if path.is_file()] == ["capture.pcapng"]
    (failure,) = ElementTree.parse(pytester.path / "junit.xml").iter("failure")
    expect_section(failure.text or "")


@pytest.mark.tools("tshark")
def test_tshark_reads_what_is_kept(pytester: pytest.Pytester) -> None:
    suite(pytester, FAILING).assert_outcomes(failed=1)
    capture = "pmtulab-failures/test_theirs.py/test_wrong/capture.pcapng"
    command = ["tshark", "-n", "-r", capture, "-Y", "icmp.type==3 && icmp.code==4", "-T", "fields", "-e", "icmp.mtu"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["1400", "1400"]


@pytest.mark.tools("ip")
def test_what_fails_elsewhere_is_told_as_well(pytester: pytest.Pytester) -> None:
    """In a `with` block, after it, in another fixture, of a second network, without taps, against expectation."""
    done = suite(
        pytester,
        """
def test_in_a_block(open_net):
    with open_net(TUNNEL) as net:
        send_too_much(net)
        assert 0

def test_after_it(open_net):
    with open_net(TUNNEL) as net:
        send_too_much(net)
        net.capture.take()
    assert 0

@pytest.fixture
def service(net):
    send_too_much(net)
    raise OSError("no service")

@pytest.mark.pmtulab(TUNNEL)
def test_in_a_fixture(service): pass

def test_of_two_networks(open_net):
    for _ in range(2):
        send_too_much(open_net(TUNNEL))
    assert 0

@pytest.mark.pmtulab(TUNNEL, taps=False)
def test_without_taps(net):
    net["client"].run(["sh", "-c", "echo to say; exit 3"], check=False)
    net["client"].popen(["true"]).wait()
    assert 0

@pytest.mark.xfail(strict=True)
@pytest.mark.pmtulab(TUNNEL)
def test_against_expectation(net):
    send_too_much(net)

@pytest.mark.pmtulab(chain("client", "sw", "r1", "server", mtus=(1500, 1500, 1400), bridges=("sw",)))
def test_across_a_bridge_until_a_link_is_gone(net):
    send_too_much(net)
    net["r1"].run(["ip", "link", "delete", "server"])
    assert 0

@pytest.mark.pmtulab(TUNNEL)
def test_that_broke_the_lab(net):
    net.sandbox._process.kill()
    assert net.sandbox._process.wait() and 0
""",
        ini="pmtulab_failures = out/of tests",
    )
    done.assert_outcomes(failed=7, errors=1)
    said = dict(
        re.findall(r"^_+ (?:ERROR at setup of )?(test_\w+) _+$(.*?)(?=^[_=]+ )", done.stdout.str(), re.MULTILINE | re.DOTALL)
    )
    for name in (
        *("test_in_a_block", "test_after_it", "test_in_a_fixture", "test_against_expectation"),
        "test_across_a_bridge_until_a_link_is_gone",
    ):
        assert said[name].count("too big for r1–server (1400)") == 1, said[name]
        assert f"kept     out/of tests/test_theirs.py/{name}/capture.pcapng" in said[name]
        assert load((pytester.path / f"out/of tests/test_theirs.py/{name}/capture.pcapng").read_bytes()).frames
    assert said["test_of_two_networks"].count("too big for r1–server (1400)") == 2
    assert "test_of_two_networks/capture-2.pcapng (" in said["test_of_two_networks"]
    for line in ("packets are not known", "$ sh -c 'echo to say; exit 3'", "│ to say", "exit status 3", "client  $ true"):
        assert line in said["test_without_taps"]
    assert "kept" not in said["test_without_taps"]
    assert "BROKEN   this cannot be told: Broken: the lab's holder process" in said["test_that_broke_the_lab"]


def test_the_names_of_tests_become_names_of_folders(pytester: pytest.Pytester) -> None:
    """Neither a blank, a colon nor a slash of an id leads anywhere else, and a long one is cut."""
    done = suite(
        pytester,
        """
@pytest.mark.parametrize("address", ["fd00::1", "../../x y", "n" * 300, "m" * 300], ids=str)
class TestA:
    @pytest.mark.pmtulab(TUNNEL)
    def test_b(self, net, address):
        send_too_much(net)
        assert 0
""",
    )
    done.assert_outcomes(failed=4)
    root = pytester.path / "pmtulab-failures/test_theirs.py/TestA"
    kept = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.pcapng"))
    assert len(kept) == 4
    assert {"test_b[fd00%3A%3A1]/capture.pcapng", "test_b[..%2F..%2Fx%20y]/capture.pcapng"} < set(kept)
    assert all(len(name.partition("/")[0]) < 255 for name in kept)


@pytest.mark.parametrize(
    ("in_the_way", "said"),
    [
        ("pmtulab-failures", "cannot make pmtulab-failures/test_theirs.py/test_wrong: Not a directory"),
        ("pmtulab-failures/test_theirs.py/test_wrong/capture.pcapng/x", "cannot keep */test_wrong/capture.pcapng: Is a directory"),
    ],
)
def test_a_disk_that_refuses_the_capture_is_said(pytester: pytest.Pytester, in_the_way: str, said: str) -> None:
    """The section is told all the same."""
    file = pytester.path / in_the_way
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("in the way")
    done = suite(pytester, FAILING)
    done.assert_outcomes(failed=1)
    expect_section(done.stdout.str())
    done.stdout.fnmatch_lines([f"    kept     nothing: {said}"])
