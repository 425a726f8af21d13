"""Links with a delay: netem's message; and what a kernel with netem does, or one without says."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from pyroute2.netlink.rtnl.tcmsg import tcmsg

from lab.model.exchange import dump
from lab.model.flow import DO, Udp
from lab.model.story import Send
from lab.model.topology import IPV4, IPV6, Family
from lab.world.delay import LIMIT, delayed
from lab.world.drive import Driver
from lab.world.errors import Lacking
from lab.world.features import has
from lab.world.net import Net
from tests.world.command import pmtulab
from topologies import chain

NETWORK = chain("client", "r1", "server", mtus=(1500, 1400), delays=(20, 30))
REASON = "this kernel has no netem (CONFIG_NET_SCH_NETEM), and links with a delay need it"


def has_netem() -> bool:
    with Net(chain("a", "b", mtus=(1500,)), taps=False) as net:
        return has(net["a"], "netem")


def test_the_message_says_ticks_of_64_nanoseconds() -> None:
    octets = delayed(11, "client:r1", 20).octets
    message = tcmsg(octets)
    message.decode()
    assert (message["index"], message["parent"], message.get_attr("TCA_KIND")) == (11, 0xFFFFFFFF, "netem")
    # struct tc_netem_qopt: latency, limit, loss, gap, duplicate, jitter.
    assert struct.unpack("=6I", octets[-24:]) == (20_000_000 // 64, LIMIT, 0, 0, 0, 0)


@pytest.mark.parametrize("family", [IPV4, IPV6])
def test_nothing_is_sooner_than_the_links_allow_or_it_is_said_that_there_is_no_netem(family: Family) -> None:
    network = replace(NETWORK, families=(family,))
    if not has_netem():
        with pytest.raises(Lacking, match=re.escape(REASON)):
            Net(network)
        return
    flow = Udp("client", "server", DO, family)
    with Net(network) as net:
        seen = Driver(net).play((Send(flow, 100), Send(flow, 1400), Send(flow, 100)))
    arrived, refused, again = (outcome.ended - outcome.started for outcome in seen.outcomes)
    assert min(arrived, again) >= 50_000_000
    assert refused >= 40_000_000
    assert [error.info for error in seen.outcomes[1].errors] == [1400]
    # The tap at the sending end sees it only when netem gives it out.
    sent = next(frame for frame in seen.sent_by("client") if frame.packet and frame.packet.octets > 1400)
    assert sent.time - seen.outcomes[1].started >= 20_000_000
    assert seen.given(sent) >= seen.outcomes[1].started


def test_up_and_run_say_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "far.yaml").write_text(dump(NETWORK))
    made = pmtulab("up", "far.yaml", cwd=tmp_path)
    ran = pmtulab("run", "converges-at-once", cwd=tmp_path)
    if has_netem():
        assert pmtulab("down", "far", cwd=tmp_path).returncode == 0
        assert (made.returncode, ran.returncode) == (0, 0)
        return
    assert (made.returncode, made.stdout, made.stderr) == (125, "", f"{REASON}\n")
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[-1].startswith(f"SKIP converges-at-once: {REASON} ")
