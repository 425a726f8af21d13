"""What has to stand before anything is measured: links that carry, a clock that stamps, and TCP without noise of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from threading import Thread

import pytest
from pyroute2.netlink.rtnl import RTM_NEWLINK
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

import lab
from lab.doctor import TOOLS
from lab.model.flow import Tcp
from lab.model.topology import IPV6
from lab.theory.plan import Interface, plan
from lab.world import build, tap
from lab.world.endpoints import open_endpoint
from lab.world.errors import Broken
from lab.world.messages import IFF_UP, get_route, up
from lab.world.net import Net
from lab.world.netlink import Message, Netlink
from tests.world.command import TOP
from topologies import chain

NETWORK = chain("client", "r1", "server", mtus=(1500, 1400))


@pytest.fixture
def net() -> Iterator[Net]:
    with lab.open(NETWORK) as net:
        yield net


def netlink_of(net: Net, node: str) -> Netlink:
    return net[node]._built.netlink


def test_every_end_is_up_once_a_network_is_open(net: Net) -> None:
    ends = [end for ends in net.plan.links for end in ends]
    assert [end.end for end in ends if not build.is_up(netlink_of(net, end.node), end)] == []


def test_an_end_is_down_while_its_peer_is(net: Net) -> None:
    """The instrument proved: what is waited for is what the kernel says, and a carrier comes from the other end."""
    (client, r1), _ = net.plan.links
    down = Message(ifinfmsg(), RTM_NEWLINK, 0, "set r1:client down", index=r1.index, flags=0, change=IFF_UP)
    netlink_of(net, "r1").do([down])
    assert not build.is_up(netlink_of(net, "client"), client)
    netlink_of(net, "r1").do([up(r1.index, r1.end)])
    assert build.is_up(netlink_of(net, "client"), client)


def test_ends_that_stay_down_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "LINKS_UP_WITHIN", 0.05)

    def down_at_r1(_: Netlink, interface: Interface) -> bool:
        return interface.node != "r1"

    monkeypatch.setattr(build, "is_up", down_at_r1)
    with pytest.raises(Broken, match=r"did not come up within 0 s: r1:client, r1:server$"):
        Net(plan(NETWORK))


def test_every_address_can_be_asked_for_once_a_network_is_open() -> None:
    with lab.open(chain("client", "r1", "server", mtus=(1500, 1400), families=(IPV6,))) as net:
        for name, node in net.plan.nodes.items():
            wanted = set(build.solicited(node))
            assert len(wanted) == 2 * len(node.interfaces)  # an address and a link-local one
            assert wanted <= build.joined(netlink_of(net, name))


def test_nodes_that_join_no_group_are_named_and_others_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "LINKS_UP_WITHIN", 0.05)
    monkeypatch.setattr(build, "is_up", lambda *_: True)
    monkeypatch.setattr(build, "joined", lambda _: set())
    with pytest.raises(Broken, match=r"did not join their groups within 0 s: client, r1, server$"):
        Net(plan(chain("client", "r1", "server", mtus=(1500, 1400), families=(IPV6,))))
    Net(plan(NETWORK)).close()


def test_a_clock_that_stamps_when_read_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap, "CLOCK_WITHIN", 0.05)
    monkeypatch.setattr(tap, "stamp", lambda _: 1 << 63)  # after any look at the clock
    with pytest.raises(Broken, match="client: this kernel does not stamp packets as they come"):
        Net(plan(NETWORK))


def test_a_flow_of_the_labs_sends_no_loss_probes(net: Net) -> None:
    before = net["client"].sysctl("net/ipv4/tcp_early_retrans")
    open_endpoint(net, Tcp("client", "server"), 1).close()
    assert (before, net["client"].sysctl("net/ipv4/tcp_early_retrans")) == ("3", "0")


def test_threads_may_ask_one_node_at_once(net: Net) -> None:
    """A request and its answers belong together: else one thread reads what another waits for."""
    netlink = netlink_of(net, "client")
    wrong: list[object] = []

    def ask(node: str) -> None:
        address = net.address(node)
        for _ in range(200):
            (route,) = netlink.ask(get_route(address, net.plan.topology.families[0]), rtmsg)
            if route.get_attr("RTA_DST") != address:
                wrong.append(route)

    threads = [Thread(target=ask, args=(node,)) for node in ("r1", "server", "r1", "server")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert not any(thread.is_alive() for thread in threads)


def test_doctor_and_make_look_for_the_same_tools() -> None:
    written = (TOP / "Makefile").read_text().split("\nTOOLS :=")[1].split("\n#")[0]
    assert dict(re.findall(r"(\S+):(\S+)", written)) == TOOLS
