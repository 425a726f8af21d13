"""The pytest plugin: networks as fixtures, one for each test, and what they saw where a test fails.

    import pytest
    from lab.testing import Net, expect_path_mtu
    from topologies import chain

    @pytest.mark.pmtulab(chain("client", "r1", "server", mtus=(1500, 1400)))
    def test_the_client_learns(net: Net) -> None:
        net["client"].run(["ping", "-c1", "-Mdo", "-s1472", "server"], check=False)
        expect_path_mtu(net, "client", "server", 1400)

Every pytest run of everybody who has pmtulab installed imports this module: whatever takes time to import is imported by the
fixture that needs it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from lab.failure import Watch
    from lab.model.topology import Topology
    from lab.run import Builder
    from lab.testing import Net, OpenNet, Written

MARKER = "pmtulab"
FAILURES, FORBIDDEN = "pmtulab_failures", "pmtulab_forbidden"
SECTION = "pmtulab: packets around the failure"
LONGEST_WHY = 80
NO_TOPOLOGY = """pmtulab: this test asks for `net` and does not say what network that is. Mark it:
    @pytest.mark.pmtulab(chain("client", "r1", "server", mtus=(1500, 1400)))  # from topologies import chain
or define or parametrize a fixture `topology`, or ask for `open_net` and open networks in the test."""
TWO_TOPOLOGIES = "pmtulab: this test has a topology in its marker and another in the fixture `topology`: leave one of them out"

_watch: pytest.StashKey[Watch] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(FAILURES, "folder for the captures of failed tests, from the root directory on", default="pmtulab-failures")
    parser.addini(
        FORBIDDEN, "skip or fail, where this machine cannot make a network (default: skip, and fail where CI=true)", default=""
    )


def pytest_configure(config: pytest.Config) -> None:
    says = "the network of the fixture `net`, and whether packets are captured at every link end, and what makes it"
    config.addinivalue_line("markers", f'{MARKER}(topology, *, taps=True, builder="netlink"): {says}')
    if config.getini(FORBIDDEN) not in ("", "skip", "fail"):
        raise pytest.UsageError(f"{FORBIDDEN} = {config.getini(FORBIDDEN)}: it is skip or fail")


@pytest.fixture
def topology(request: pytest.FixtureRequest) -> Written:
    """The network that `net` is: the marker's (@pytest.mark.pmtulab). Define or parametrize it for whole modules."""
    marked = [argument for mark in _marks(request) for argument in mark.args]
    if not marked:
        pytest.fail(NO_TOPOLOGY, pytrace=False)
    return marked[0]  # type: ignore[no-any-return]  # looked at where the network is opened


@pytest.fixture
def net(request: pytest.FixtureRequest, topology: Written, open_net: OpenNet) -> Net:
    """A network that runs, for this test alone: of the marker's topology, or of the fixture `topology`."""
    from lab.failure import BadTopology, Broken
    from lab.find import NoScenario

    options: Mapping[str, Any] = {}
    for mark in _marks(request):
        if mark.args and mark.args[0] is not topology:
            pytest.fail(TWO_TOPOLOGIES, pytrace=False)
        options = mark.kwargs
    try:
        return open_net(topology, **options)
    except (BadTopology, Broken, NoScenario) as error:
        why = str(error)
    pytest.fail(f"pmtulab: {why}", pytrace=False)


@pytest.fixture
def open_net(request: pytest.FixtureRequest) -> Iterator[OpenNet]:
    """Opens networks, as `lab.open` does. They close at the end of the test; a `with` block closes one earlier."""
    if sys.platform != "linux":
        _cannot(request, "networks are made of Linux network namespaces, and this is no Linux")
    from lab.failure import Forbidden, Lacking, Watch

    watch = request.node.stash[_watch] = Watch()

    def open(topology: Written, *, taps: bool = True, builder: Builder = "netlink") -> Net:
        __tracebackhide__ = True
        try:
            return watch.open(_read(topology, request.path.parent), taps=taps, builder=builder)
        except (Forbidden, Lacking) as error:
            why = str(error)
        _cannot(request, why)

    yield open
    watch.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the section to the report of a test that fails, or whose other fixtures do, while its networks still stand."""
    report = yield
    watch = item.stash.get(_watch, None)
    if watch and report.failed and (text := _told(item, call, watch)):
        # What is added to the failure itself goes where that goes, into junit.xml too; not every failure takes it.
        if add := getattr(report.longrepr, "addsection", None):
            add(SECTION, text)
        else:
            report.sections.append((SECTION, text))
    return report


def _told(item: pytest.Item, call: pytest.CallInfo[None], watch: Watch) -> str:
    """The section's text; empty where no network was opened."""
    from lab.failure import folder_of

    config = item.config
    file, _, rest = item.nodeid.partition("::")
    classes = filter(None, rest.removesuffix(item.name).split("::"))
    folder = config.rootpath / config.getini(FAILURES) / folder_of([*file.split("/"), *classes, item.name])
    shown = Path(os.path.relpath(folder, config.invocation_params.dir))
    why = call.excinfo.exconly(tryshort=True).partition("\n")[0] if call.excinfo else "passes, and should not"
    why = why if len(why) <= LONGEST_WHY else f"{why[:LONGEST_WHY]}…"
    try:
        return "\n".join(watch.tell(item.nodeid, why, int(call.stop * 1e9), folder, shown))
    except Exception as error:  # the user's failure is to be reported, whatever becomes of ours
        return f"    BROKEN   this cannot be told: {type(error).__name__}: {error}"


def _read(written: Written, folder: Path) -> Topology:
    """The topology itself. Raises NoScenario (or NoTopology, which is one) where there is none."""
    from lab.find import NoTopology, topology_of
    from lab.model.topology import Topology

    if isinstance(written, Topology):
        return written
    if not isinstance(written, str | Path):
        raise NoTopology(f"{written!r} is no topology: see lab.model.topology.Topology, or topologies.chain")
    name = str(written)
    return topology_of(str(folder / name) if name.endswith((".yaml", ".yml", ".py")) else name)


def _marks(request: pytest.FixtureRequest) -> Iterator[pytest.Mark]:
    """The marker that is closest to the test, if any. Fails where it says what there is not."""
    mark = request.node.get_closest_marker(MARKER)
    if mark:
        unknown = [name for name in mark.kwargs if name not in ("taps", "builder")]
        unknown += [f"{len(mark.args)} topologies"] if len(mark.args) > 1 else []
        if unknown:
            pytest.fail(f"pmtulab: the marker takes a topology, taps= and builder=, and not {', '.join(unknown)}", pytrace=False)
        yield mark


def _cannot(request: pytest.FixtureRequest, why: str) -> NoReturn:
    """What to do where this machine cannot make the network: a skip in CI would hide that nothing was tested."""
    __tracebackhide__ = True
    told = request.config.getini(FORBIDDEN)
    if told == "fail" or (not told and os.environ.get("CI", "").lower() in ("true", "1")):
        pytest.fail(f"pmtulab: {why}\n({FORBIDDEN} = skip, in pytest's configuration, skips this test)", pytrace=False)
    pytest.skip(f"pmtulab: {why}")
