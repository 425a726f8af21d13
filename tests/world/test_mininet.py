"""Mininet as the builder: the kernel then has the same network, the same is found in it, and as little is left behind."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from pyroute2.netlink.rtnl import RTM_GETLINK, RTM_GETROUTE
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

import lab
from lab.find import find, group_of
from lab.judge.observation import Flushed, Observation, Outcome
from lab.judge.result import ActResult
from lab.model.flow import Tcp
from lab.model.packet import Icmp, Protocol
from lab.model.topology import IPV4, IPV6, Host, Link, Router, Topology
from lab.run import run
from lab.theory.plan import plan
from lab.world import build
from lab.world.build import Builder
from lab.world.errors import Broken
from lab.world.messages import AF, get_addresses
from lab.world.net import Net, Node
from lab.world.netlink import NLM_F_DUMP, Message
from tests.catalogue import BY_FILE
from tests.world.census import adopting_orphans, census, descendants
from tests.world.command import SLOW, TOP, pmtulab, started, until
from tests.world.test_readme import block
from topologies import chain, tree

needs_mininet = pytest.mark.tools("mnexec", "ifconfig", "ip")
BUILDERS: tuple[Builder, Builder] = ("netlink", "mininet")
THREE = chain("client", "r1", "server", mtus=(1500, 1400))

GROUPS = ("path", "tcp", "fragments", "documents")
STORIES = tuple(scenarios[0].name for path, scenarios in BY_FILE.items() if group_of(path) in GROUPS)[::2]
"""One of every second file, as all of them would take two minutes."""

NETWORKS = {
    "a small MTU and a router that sends no PTB": chain("client", "r1", "r2", "server", mtus=(1500, 576, 68), silent=("r2",)),
    "both families": tree(2, ((1500, 1280), 9000), families=(IPV4, IPV6)),
    "IPv6 alone, offloads on": chain("client", "r1", "server", mtus=(65535, 1280), families=(IPV6,), offloads=True),
    "a ring of routers": Topology(
        (Host("a"), Router("r1"), Router("r2"), Router("r3"), Host("b")),
        (Link("a", "r1"), Link("r1", "r2", 1400), Link("r3", "r2"), Link("r3", "r1"), Link("r3", "b", 1400, 1300)),
    ),
}


def kernel_state(node: Node) -> dict[str, Any]:
    """What the kernel says of a node: by netlink, and every sysctl that can be read. Not IFA_BROADCAST: only Mininet sets it."""
    links = node.netlink.ask(Message(ifinfmsg(), RTM_GETLINK, NLM_F_DUMP, "list links"), ifinfmsg)
    addresses = node.netlink.ask(get_addresses(), ifaddrmsg)
    routes = [
        route
        for family in AF.values()
        for route in node.netlink.ask(Message(rtmsg(), RTM_GETROUTE, NLM_F_DUMP, "list routes", family=family), rtmsg)
    ]
    of_link = ("IFLA_IFNAME", "IFLA_MTU", "IFLA_ADDRESS", "IFLA_LINK", "IFLA_OPERSTATE", "IFLA_GSO_MAX_SIZE", "IFLA_TXQLEN")
    of_address = ("IFA_ADDRESS", "IFA_LOCAL", "IFA_LABEL", "IFA_FLAGS")
    of_route = ("RTA_DST", "RTA_GATEWAY", "RTA_OIF", "RTA_PREFSRC", "RTA_PRIORITY", "RTA_TABLE", "RTA_METRICS")
    return {
        "links": told(links, ("index", "flags"), of_link),
        "addresses": told(addresses, ("index", "prefixlen", "scope"), of_address),
        "routes": told(routes, ("family", "dst_len", "proto", "scope", "type"), of_route),
        "sysctls": sorted(node.run(["grep", "-rs", "", "/proc/sys/net"], check=False).stdout.splitlines()),
    }


def told(messages: list[Any], fields: tuple[str, ...], attributes: tuple[str, ...]) -> list[str]:
    return sorted(str([*(m[name] for name in fields), *(m.get_attr(name) for name in attributes)]) for m in messages)


@needs_mininet
@pytest.mark.parametrize("name", NETWORKS)
def test_the_kernel_has_the_same_network(name: str) -> None:
    by: list[dict[str, Any]] = []
    for builder in BUILDERS:
        with lab.open(NETWORKS[name], builder=builder) as net:
            by.append({node.name: kernel_state(node) for node in net})
    netlink, mininet = by
    for node, state in netlink.items():
        for kind, lines in state.items():
            assert mininet[node][kind] == lines, (node, kind)
            assert len(lines) > 1, (node, kind)


@needs_mininet
@pytest.mark.parametrize("name", STORIES)
def test_the_same_is_found(name: str) -> None:
    (scenario,) = find(name)
    netlink, mininet = (run(scenario, builder).result for builder in BUILDERS)
    assert (mininet.verdict, mininet.reason) == (netlink.verdict, netlink.reason)
    assert len(mininet.acts) == len(netlink.acts) == len(scenario.acts)
    for ours, theirs in zip(netlink.acts, mininet.acts, strict=True):
        assert findings(theirs) == findings(ours)
        assert fates(theirs.observation) == fates(ours.observation)
        if is_steady(ours.observation):
            assert crossings(theirs.observation) == crossings(ours.observation)


def is_steady(observation: Observation) -> bool:
    """Whether an act repeats itself to the packet: TCP's does not, as it sends at its own pace."""
    return all(isinstance(e, Flushed | Outcome) and not isinstance(getattr(e, "flow", None), Tcp) for e in observation.events)


def findings(act: ActResult) -> list[tuple[object, ...]]:
    """Claims and verdicts; and what was seen, where it is not TCP's."""
    steady = is_steady(act.observation)
    return [(finding.claim, finding.verdict, finding.seen if steady else "") for finding in act.findings]


def fates(observation: Observation) -> list[tuple[object, ...]]:
    """What became of each Send, and what its sender believed then."""
    return [
        (o.flow, o.octets, o.errno, o.errors, o.delivered, o.intact, o.mtu, [(e.to, e.mtu, e.locked) for e in o.exceptions])
        for o in observation.outcomes
    ]


def crossings(observation: Observation) -> dict[str, list[tuple[object, ...]]]:
    """By link end, in order, each packet but those that find neighbours: its size, and what it says of fragments and MTUs."""
    by_end: dict[str, list[tuple[object, ...]]] = {}
    for frame in observation.frames:
        packet = frame.packet
        if packet and (not isinstance(packet.payload, Icmp) or packet.payload.too_big or packet.payload.identifier is not None):
            mtu = packet.payload.mtu if isinstance(packet.payload, Icmp) else None
            said = (Protocol(packet.protocol).name, packet.octets, packet.df, packet.fragment_offset, packet.more_fragments, mtu)
            by_end.setdefault(frame.end, []).append((frame.sent, *said))
    return by_end


@needs_mininet
def test_the_command_builds_with_mininet(tmp_path: Path) -> None:
    done = pmtulab("run", "576-router", "1280-router-v6", "-j", "2", "--builder", "mininet", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 pass"), done.stdout + done.stderr


def test_mininet_is_kept_from_the_limits_of_the_machine() -> None:
    """Else it raises them with its first network: of files, of sockets' buffers, of neighbours (fixLimits())."""
    script = """
import mininet.net, lab.world.mininet
mininet.net.fixLimits = lambda: print("raised")
mininet.net.Mininet(controller=None, build=False)
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], cwd=TOP, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_mininet
def test_a_lab_that_stands_needs_no_mininet() -> None:
    with adopting_orphans(), lab.open(THREE, builder="mininet") as net:
        until(lambda: not any("mininet:" in word for p in descendants(os.getpid()) for word in p.argv))
        assert net["client"].run(["true"]).returncode == 0


@needs_mininet
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("node", ["client", "server"])
def test_a_signal_while_mininet_builds_leaves_nothing(tmp_path: Path, node: str, number: int) -> None:
    """From the first node's shell on, and from the last's."""
    (tmp_path / "slow.py").write_text(SLOW)
    with adopting_orphans():
        before = census(tmp_path)
        arguments = ("run", "slow.py", "--builder", "mininet")
        with started(*arguments, cwd=tmp_path, TMPDIR=str(tmp_path)) as command:
            until(lambda: any(f"mininet:{node}" in process.argv for process in descendants(command.pid)))
            command.send_signal(number)
            _, said = command.communicate(timeout=10)
            assert said.strip() == ("interrupted: nothing is left behind" if number == signal.SIGINT else "")
        until(lambda: not set(census(tmp_path).besides(before)) - {"temporary"})


def test_what_is_missing_is_said_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for program in ("bash", "ifconfig", "ip"):
        (tmp_path / program).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    mnexec = "mnexec: apt-get install --no-install-recommends mininet iproute2 (Debian, Ubuntu)"
    with pytest.raises(Broken) as refused:
        Net(THREE, builder="mininet")
    assert str(refused.value) == f"the builder mininet needs {mnexec}"
    monkeypatch.setattr(build, "find_spec", lambda _: None)
    with pytest.raises(Broken) as refused:
        Net(THREE, builder="mininet")
    assert str(refused.value) == f"the builder mininet needs Mininet: pip install 'pmtulab[mininet]'; {mnexec}"


@needs_mininet
def test_what_the_kernel_refuses_is_said_with_the_command() -> None:
    planned = plan(THREE)
    client = planned.nodes["client"]
    astray = dataclasses.replace(client, routes=(dataclasses.replace(client.routes[0], via=IPv4Address("192.0.2.1")),))
    wrong = dataclasses.replace(planned, nodes={**planned.nodes, "client": astray})
    command = "ip -4 route add 0.0.0.0/0 via 192.0.2.1 dev r1 proto static"
    with pytest.raises(Broken, match=f"^client: {re.escape(command)}: .*gateway"):
        Net(wrong, builder="mininet")


@needs_mininet
def test_a_mininet_whose_shell_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mnexec").symlink_to("/bin/false")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(build, "MININET_WITHIN", (0.7, 0.1))
    with pytest.raises(Broken, match=r"^Mininet did not have the network within 1 s$"):
        Net(THREE, builder="mininet")


@needs_mininet
def test_a_mininet_that_fails_breaks_the_lab(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mininet.py").write_text("raise ImportError('made by a test')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Broken, match="its last words, if any, are above"):
        Net(THREE, builder="mininet")
    assert "made by a test" in capfd.readouterr().err


@pytest.mark.tools("mnexec", "ifconfig", "ip", "ping", "unshare")
def test_mininets_own_command_opens_the_network(tmp_path: Path) -> None:
    """As the README shows it; without PYTHONPATH, and in a namespace where nothing of the machine can be changed."""
    (tmp_path / "rm").symlink_to("/bin/true")  # where `mn` fails, it removes what looks like its own from /tmp
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env["PATH"] = f"{tmp_path}:{Path(sys.executable).parent}:{env['PATH']}"
    first, *shown = block("mn").splitlines()
    typed = [line.removeprefix("mininet> ") + "\n" for line in shown if line.startswith("mininet> ")]
    done = subprocess.run(
        first.removeprefix("$ ").split(),
        cwd=TOP,
        env=env,
        input="".join(typed),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    said = iter(done.stdout.replace("mininet> ", "").splitlines())
    lost = [line for line in shown if not line.startswith("mininet> ") and line not in said]
    assert not lost, done.stdout
    assert any("mtu = 576" in line for line in shown)
