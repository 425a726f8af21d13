"""The pytest plugin as its users have it: suites of their own, run by a pytest of their own, with the network that each says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world.census import adopting_orphans, census, descendants
from tests.world.command import until
from tests.world.suite import BARE, FAILING, HEAD, SECTION, suite
from tests.world.test_cli import FORBIDDEN
from tests.world.test_leaks import expect_as_before

pytest_plugins = ["pytester"]


def test_the_marker_the_fixture_and_the_factory(pytester: pytest.Pytester) -> None:
    done = suite(
        pytester,
        """
@pytest.mark.pmtulab(TUNNEL)
def test_marked(net: Net) -> None:
    send_too_much(net)

@pytest.mark.pmtulab(TUNNEL, taps=False)
def test_marked_with_options(net: Net) -> None:
    assert not net.taps

@pytest.mark.parametrize("topology", [chain("a", "b", mtus=(mtu,)) for mtu in (1500, 9000)], ids=("ethernet", "jumbo"))
def test_parametrized(net: Net, topology, request) -> None:
    assert net["a"].path_mtu("b") == {"ethernet": 1500, "jumbo": 9000}[request.node.callspec.id]
    assert net.plan.topology is topology

class TestOfOneNetwork:
    @pytest.fixture
    def topology(self):
        return chain("left", "right", mtus=(1280,), families=(IPV6,))

    def test_fixture(self, net: Net) -> None:
        assert net["left"].path_mtu("right") == 1280

    @pytest.mark.pmtulab(taps=False)
    def test_fixture_with_options(self, net: Net) -> None:
        assert not net.taps

opened = []

def test_factory(open_net: OpenNet) -> None:
    with open_net(TUNNEL, taps=False) as first:
        second = open_net(chain("x", "y", mtus=(1500,)))
        assert (first["client"].path_mtu("server"), second["x"].path_mtu("y")) == (1500, 1500)
    assert second["x"].run(["true"]).returncode == 0
    opened.append(second["x"].popen(["sleep", "60"]))

def test_the_factory_closed_what_the_test_left_open() -> None:
    assert opened[0].wait(5) == -9

@pytest.mark.pmtulab(TUNNEL)
def test_an_event_loop(net: Net) -> None:
    import asyncio

    class Told(asyncio.DatagramProtocol):
        def __init__(self):
            self.received = asyncio.get_running_loop().create_future()

        def datagram_received(self, octets, address):
            self.received.set_result((octets, address[0]))

    async def talk():
        loop = asyncio.get_running_loop()
        ends = [net[name].socket(socket.AF_INET, socket.SOCK_DGRAM) for name in ("client", "server")]
        for sock in ends:
            sock.setblocking(False)
        ends[1].bind((net.address("server"), 7000))
        sender, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=ends[0])
        receiver, told = await loop.create_datagram_endpoint(Told, sock=ends[1])
        sender.sendto(bytes(1372), (net.address("server"), 7000))
        seen = await asyncio.wait_for(told.received, 5)
        sender.close(), receiver.close()
        return seen

    assert asyncio.run(talk()) == (bytes(1372), net.address("client"))
""",
    )
    done.assert_outcomes(passed=9)
    assert not (pytester.path / "pmtulab-failures").exists()


def test_a_topology_that_is_written_elsewhere(pytester: pytest.Pytester) -> None:
    """In a file beside the test, wherever pytest is started; or in a scenario that comes with the lab."""
    folder = pytester.mkdir("tests")
    (folder / "home.yaml").write_text(
        "families: [ipv4]\nnodes: {laptop: host, router: router, cloud: host}\n"
        "links: [{a: laptop, b: router}, {a: router, b: cloud, mtu: 1492}]\n"
    )
    (folder / "test_named.py").write_text(
        HEAD
        + """
@pytest.mark.pmtulab("home.yaml")
def test_file(net):
    assert net["router"].path_mtu("cloud") == 1492

@pytest.mark.parametrize("topology", ["home.yaml", "576-router"])
def test_names(net, topology, open_net):
    assert list(net.nodes) == list(open_net(topology).nodes)

@pytest.mark.pmtulab("hom.yaml")
def test_no_file(net): pass

@pytest.mark.pmtulab("576-ruoter")
def test_no_scenario(net): pass
"""
    )
    done = pytester.runpytest_subprocess(*BARE)
    done.assert_outcomes(passed=3, errors=2)
    done.stdout.fnmatch_lines(
        ["pmtulab: *tests/hom.yaml: No such file or directory", "pmtulab: there is no scenario '576-ruoter'; near it: 576-router*"]
    )


def test_what_is_wrong_with_a_test_is_said_to_whoever_wrote_it(pytester: pytest.Pytester) -> None:
    done = suite(
        pytester,
        """
def test_missing(net): pass

@pytest.mark.pmtulab(chain("client", "r1", "server", mtus=(20, 70000)))
def test_bad(net): pass

@pytest.mark.pmtulab(TUNNEL, tap=False)
def test_unknown_option(net): pass

@pytest.mark.pmtulab(TUNNEL, TUNNEL)
def test_two(net): pass

@pytest.mark.pmtulab(TUNNEL)
@pytest.mark.parametrize("topology", [chain("a", "b", mtus=(1500,))])
def test_two_places(net): pass

@pytest.mark.pmtulab(None)
def test_none(net): pass
""",
    )
    done.assert_outcomes(errors=6)
    done.stdout.fnmatch_lines(
        [
            "*ERROR at setup of test_missing*",
            "pmtulab: this test asks for `net` and does not say what network that is. Mark it:",
            '*@pytest.mark.pmtulab(chain("client", "r1", "server", mtus=(1500, 1400)))*',
            "*ERROR at setup of test_bad*",
            "pmtulab: link 1 (client–r1): MTU 20 is below 68*",
            "link 2 (r1–server): MTU 70000 is above 65535*",
            "*ERROR at setup of test_unknown_option*",
            "pmtulab: the marker takes a topology, taps= and builder=, and not tap",
            "*ERROR at setup of test_two*",
            "pmtulab: the marker takes a topology, taps= and builder=, and not 2 topologies",
            "*ERROR at setup of test_two_places*",
            "pmtulab: this test has a topology in its marker and another in the fixture `topology`: leave one of them out",
            "*ERROR at setup of test_none*",
            "pmtulab: None is no topology*",
        ]
    )
    assert "Traceback" not in done.stdout.str()
    assert SECTION not in done.stdout.str()


def test_the_marker_is_among_the_others(pytester: pytest.Pytester) -> None:
    said = pytester.runpytest_subprocess("--markers").stdout.str()
    assert '@pytest.mark.pmtulab(topology, *, taps=True, builder="netlink"): the network of the fixture `net`' in said


@pytest.mark.tools("unshare", "setpriv")
@pytest.mark.parametrize(
    ("ci", "ini", "outcomes"),
    [
        ("", "", "1 skipped"),
        ("true", "", "1 error"),
        ("true", "pmtulab_forbidden = skip", "1 skipped"),
        ("", "pmtulab_forbidden = fail", "1 error"),
    ],
)
def test_where_namespaces_are_forbidden(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, ini: str, outcomes: str
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makepyfile(test_theirs=HEAD + FAILING)
    pytester.makeini(f"[pytest]\n{ini}")
    done = pytester.run(*FORBIDDEN, sys.executable, "-m", "pytest", "-rs", *BARE)
    said = done.stdout.str()
    assert "does not let pmtulab make its network: user namespace" in said
    assert f"= {outcomes} in " in said
    assert ("pmtulab_forbidden = skip, in pytest's configuration, skips this test" in said) == ("error" in outcomes)


def test_another_word_than_skip_or_fail(pytester: pytest.Pytester) -> None:
    done = suite(pytester, FAILING, ini="pmtulab_forbidden = ignore")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*pmtulab_forbidden = ignore: it is skip or fail"])


def test_where_there_is_no_linux(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
import pytest

@pytest.fixture(autouse=True)
def elsewhere(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
"""
    )
    done = suite(pytester, FAILING, "-rs", ini="pmtulab_forbidden = skip")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["SKIPPED*networks are made of Linux network namespaces, and this is no Linux"])


@pytest.mark.parametrize("jobs", [0, 2])
def test_ctrl_c_leaves_nothing(pytester: pytest.Pytester, tmp_path: Path, jobs: int) -> None:
    """As a terminal does it: to the whole process group, while the test waits for a program."""
    pytester.makepyfile(
        test_theirs=f'{HEAD}\n@pytest.mark.pmtulab(TUNNEL)\ndef test_slow(net):\n    net["client"].run(["sleep", "60"])\n'
    )
    with adopting_orphans():
        before = census(tmp_path)
        command = [sys.executable, "-m", "pytest", *BARE, "-n", str(jobs)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True) as run:
            until(lambda: any("sleep" in process.argv for process in descendants(run.pid)), within=20)
            os.killpg(run.pid, signal.SIGINT)
            said, _ = run.communicate(timeout=20)
        assert run.returncode == pytest.ExitCode.INTERRUPTED, said
        expect_as_before(before, tmp_path)


def test_a_failure_leaves_nothing_but_its_capture(pytester: pytest.Pytester, tmp_path: Path) -> None:
    with adopting_orphans():
        before = census(tmp_path)
        done = suite(
            pytester,
            FAILING
            + """
@pytest.fixture
def service(net):
    net["server"].popen(["sleep", "60"])
    raise OSError("no service")

@pytest.mark.pmtulab(TUNNEL)
def test_in_setup(service): pass
""",
        )
        done.assert_outcomes(failed=1, errors=1)
        expect_as_before(before, tmp_path)
