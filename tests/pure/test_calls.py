"""Chains of calls beside frames, on traces that kernels have printed, and on what they might."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lab.judge.calls import Call, Means, Passing, Trace
from lab.judge.chains import Aligned, Chain, align
from lab.judge.observation import Frame, Observation
from lab.judge.passings import match
from lab.judge.result import ActResult, Result
from lab.judge.scenario import Scenario
from lab.model.packet import Icmp, Protocol
from lab.model.topology import IPV4, IPV6
from lab.model.wire import decode
from lab.report.calls.json import Unreadable, read_back, told_json
from lab.report.calls.lines import render
from lab.report.calls.telling import tell
from lab.report.html.calls import page
from lab.theory.calls import BEGINNINGS, ERRORS, FRAGMENTS, OUTPUTS, STEPS, Purpose, names
from lab.theory.plan import plan
from lab.world.errors import Broken
from lab.world.tracing.arguments import ARGUMENTS
from lab.world.tracing.lines import events
from tests.traces import RELEASES, recorded, shape
from topologies import chain as in_a_row

PROBED = tuple(release for release in RELEASES if release != "6.18")
TCP = next(frame.octets for frame in recorded("6.18").frames if frame.packet and frame.packet.protocol == Protocol.TCP)
NETWORK = in_a_row("client", "r1", "r2", "server", mtus=(1500, 1280, 1500), families=(IPV4, IPV6))


def chains(release: str, purpose: Purpose, node: str) -> list[Chain]:
    return [chain for chain in recorded(release).aligned.chains if (chain.purpose, chain.node) == (purpose, node)]


def refused(release: str, error: str) -> list[Chain]:
    """Chains at r1 in which a PTB is made."""
    return [chain for chain in chains(release, Purpose.FORWARDING, "r1") if error in shape(chain)]


def test_kernels_of_five_kinds_were_recorded() -> None:
    assert RELEASES == ("5.10", "6.1", "6.12", "6.18", "7.3")


@pytest.mark.parametrize("release", RELEASES)
def test_every_frame_stands_where_its_packet_passed(release: str) -> None:
    assert recorded(release).aligned.unplaced == ()


@pytest.mark.parametrize("release", PROBED)
def test_a_router_speaks_before_it_drops(release: str) -> None:
    """The PTB is on the wire before the packet that it is about is dropped, and both come between its frame and the next."""
    for chain in refused(release, "__icmp_send"):
        assert shape(chain) == ["<", "ip_forward", "__icmp_send", "__ip_append_data", "__ip_finish_output", ">", "kfree_skb"]
        came, left = chain.frames
        assert came.packet is not None
        assert came.packet.df
        assert left.packet is not None
        assert isinstance(left.packet.payload, Icmp)
        assert left.packet.payload.mtu == 1280
        (said,) = (dict(call.values) for call in chain.calls if call.function == "__icmp_send")
        assert (said["type"], said["code"], said["info"]) == (3, 4, 1280)
    assert len(refused(release, "__icmp_send")) == 2  # of the datagram, and of the segment


@pytest.mark.parametrize("release", PROBED)
def test_its_ipv6_sibling_does_so_too(release: str) -> None:
    found = refused(release, "icmp6_send")
    assert len(found) == 2
    for chain in found:
        functions = shape(chain)
        assert functions[:3] == ["<", "ip6_forward", "icmp6_send"]
        assert functions[-2:] == [">", "kfree_skb"]


@pytest.mark.parametrize("release", RELEASES)
def test_a_drop_has_a_reason_where_kernels_give_one(release: str) -> None:
    drops = [
        dict(call.values) for chain in recorded(release).aligned.chains for call in chain.calls if call.function == "kfree_skb"
    ]
    assert len(drops) == 4
    assert {drop["location"] for drop in drops} == {"ip_forward", "ip6_forward"}
    assert {drop.get("reason") for drop in drops} == {None if release == "5.10" else "PKT_TOO_BIG"}


@pytest.mark.parametrize("release", PROBED)
def test_tcp_hears_learns_and_sends_again(release: str) -> None:
    functions = [call.function for chain in chains(release, Purpose.RECEPTION, "client") for call in chain.calls]
    after = functions[functions.index("tcp_v4_mtu_reduced") :]
    wanted = ["tcp_v4_mtu_reduced", "inet_csk_update_pmtu", "__ip_rt_update_pmtu", "update_or_create_fnhe", "tcp_sync_mss"]
    assert after[:6] == [*wanted, "tcp_simple_retransmit"]


@pytest.mark.parametrize("release", PROBED)
def test_the_mss_that_follows_is_what_the_function_returned(release: str) -> None:
    synced = [
        dict(call.values)
        for chain in chains(release, Purpose.RECEPTION, "client")
        for call in chain.calls
        if call.function == "tcp_sync_mss"
    ]
    assert [(values["pmtu"], values["mss"]) for values in synced] == [(1280, 1228), (1280, 1208)]  # 40 and 60, and 12 of timestamps


@pytest.mark.parametrize("release", PROBED)
def test_fragments_are_of_the_call_that_made_them(release: str) -> None:
    (cut,) = (chain for chain in recorded(release).aligned.chains if "ip_do_fragment" in shape(chain))
    assert cut.node == "r1"
    assert shape(cut)[-3:] == ["ip_do_fragment", ">", ">"]
    assert [frame.length for frame in cut.frames[1:]] == [1290, 186]  # 1276 of 1280, by the step of 8, and what is left


@pytest.mark.parametrize("release", PROBED)
def test_a_second_datagram_does_not_leave(release: str) -> None:
    here = [chain for chain in chains(release, Purpose.SENDING, "client") if "ip_local_error" in shape(chain)]
    assert [shape(chain) for chain in here] == [["__ip_append_data", "ip_local_error"]]


@pytest.mark.parametrize(
    ("heard", "by_socket", "learns", "since"),
    [
        ("udp_err", "ipv4_sk_update_pmtu", "__ip_rt_update_pmtu", {"6.1", "6.12", "7.3"}),
        ("icmpv6_notify", "ip6_sk_update_pmtu", "__ip6_rt_update_pmtu", {"6.12", "7.3"}),
    ],
)
def test_newer_kernels_learn_before_they_look_for_a_socket(heard: str, by_socket: str, learns: str, since: set[str]) -> None:
    """And not only because of it (docs/findings.md)."""
    functions = {r: [shape(c) for c in chains(r, Purpose.RECEPTION, "client") if by_socket in shape(c)] for r in PROBED}
    assert all(heard in chain for (chain,) in functions.values())
    assert {r for r, (chain,) in functions.items() if learns in chain[: chain.index(by_socket)]} == since


def test_by_tracepoints_the_ptb_and_the_drop_are_seen() -> None:
    seen = recorded("6.18")
    assert seen.means is Means.TRACEPOINTS
    assert [shape(c) for c in seen.aligned.chains if "icmp_send" in shape(c)] == [["<", "icmp_send", ">", "kfree_skb"]] * 2


def test_another_labs_packets_are_nobodys() -> None:
    """Its packets pass interfaces of the same names; no tap of ours has seen them."""
    seen = recorded("6.18")
    ours = Trace(seen.means, "", tuple(e for e in seen.trace.events if isinstance(e, Call)), clock=seen.clock)
    assert align(ours, seen.frames).chains == ()


@pytest.mark.parametrize("release", PROBED)
def test_calls_in_other_namespaces_are_left_out(release: str) -> None:
    seen = recorded(release)
    others = {inode + 1000: node for inode, node in seen.nodes.items()}
    assert [e for e in events(seen.text, others, 0) if isinstance(e, Call) and e.function != "kfree_skb"] == []
    assert align(Trace(seen.means, "", tuple(events(seen.text, others, seen.offset))), seen.frames).chains == ()


def test_without_a_frame_between_them_two_nodes_are_not_confused() -> None:
    """Two packets at the same moment, and a processor each."""
    calls = tuple(Call(10 + n, n, 5, True, "ip_forward", node, 0x100 + n) for n, node in enumerate(("r1", "r2")))
    assert [chain.node for chain in align(Trace(Means.PROBES, "", calls), ()).chains] == ["r1", "r2"]


def test_order_is_the_traces_own_and_no_clocks() -> None:
    """A tap's time may be later than the call that followed; the frame stands before it all the same."""
    frame = Frame(1, 5_000, "r1", "client", False, b"", 1514, None)
    passed = Passing(1_000, 0, 7, "r1", "client", False, 1514)
    called = Call(2_000, 0, 1, True, "ip_forward", "r1", 7)
    (chain,) = align(Trace(Means.PROBES, "", (passed, called)), (frame,)).chains
    assert chain.entries == [frame, called]


def test_memory_that_is_used_again_is_another_packet() -> None:
    """A PTB came in at this address; what leaves from it next is none of its chain, nor of a call that was given it as it came."""
    came, left = (Frame(n, 1_000 * n, "client", "r1", n == 2, TCP, length, decode(TCP)) for n, length in ((1, 590), (2, 66)))
    seen = (
        Passing(1_000, 0, 7, "client", "r1", False, 590),
        Call(1_500, 0, 1, True, "icmp_unreach", "client", 7),
        Passing(2_000, 0, 7, "client", "r1", True, 66),
        Call(2_500, 1, 1, False, "ip_queue_xmit", "client", 8),
    )
    heard, sent = align(Trace(Means.PROBES, "", seen), (came, left)).chains
    assert heard.entries == [came, seen[1]]
    assert sent.entries == [seen[3]]


def test_what_arrived_begins_no_chain_of_sending() -> None:
    came = Frame(1, 1_000, "client", "r1", False, TCP, 66, decode(TCP))
    seen = Passing(1_000, 0, 7, "client", "r1", False, 66), Call(1_500, 0, 1, False, "ip_queue_xmit", "client", 7)
    (chain,) = align(Trace(Means.PROBES, "", seen), (came,)).chains
    assert chain.entries == [seen[1]]


def test_a_packet_is_handed_over_to_the_neighbour_alone() -> None:
    """By tracepoints: what comes in by another interface is another network's, though it has the same address."""
    left, came = Frame(1, 1_000, "r1", "client", True, TCP, 66, None), Frame(2, 1_000, "client", "r1", False, TCP, 66, None)
    sent = Passing(1_000, 0, 7, None, "client", True, 66)
    here, elsewhere = (Passing(2_000, 0, 7, None, name, False, 66) for name in ("r1", "r2"))
    assert match(Means.TRACEPOINTS, (sent, here), (left, came), 0) == {sent: left, here: came}
    assert match(Means.TRACEPOINTS, (sent, elsewhere), (left, came), 0) == {sent: left}


def test_a_frame_far_from_any_packet_is_said_to_be_unplaced() -> None:
    frame = Frame(1, 5_000_000_000, "r1", "client", False, b"", 1514, None)
    passed = (Passing(1_000, 0, 7, "r1", "client", False, 1514), Passing(6_000_000_000, 0, 8, "r1", "client", True, 99))
    assert align(Trace(Means.PROBES, "", passed), (frame,)).unplaced == (frame,)


def test_loss_is_noticed_in_the_text() -> None:
    with pytest.raises(Broken, match="the kernel's trace says 'CPU:1"):
        events("CPU:1 [LOST 12 EVENTS]\n", {}, 0)


def test_what_is_no_line_of_a_trace_is_not_passed_over() -> None:
    with pytest.raises(Broken, match="cannot be read"):
        events("ip_forward was called\n", {}, 0)


def test_a_program_may_be_called_anything() -> None:
    line = "  a] [-7 000-12    [003] ..s1.  1.000002: ip_forward: (ip_forward+0x0/0x730) ns=9 skb=0xff len=1500"
    (call,) = events(line, {9: "r1"}, 0)
    assert isinstance(call, Call)
    assert (call.task, call.cpu, call.softirq, call.skb, call.values) == (12, 3, True, 255, (("len", 1500),))


def test_every_step_has_a_way_to_be_seen() -> None:
    """Arguments to fetch, a tracepoint, or what stands for it."""
    tracepoints = {"kfree_skb", "icmp_send"}
    assert set(names()) - tracepoints == set(ARGUMENTS)
    assert all(step.now or step.stands for step in STEPS)
    assert {*BEGINNINGS, *ERRORS, *FRAGMENTS, *OUTPUTS} <= set(names())


def told_of(release: str) -> tuple[Result, Aligned]:
    seen = recorded(release)
    act = ActResult("all of it", Observation(plan(NETWORK), seen.frames), (), ())
    return Result(Scenario("recorded", "A trace", NETWORK, ()), (act,), 1.0), seen.aligned


def test_a_trace_crosses_as_json() -> None:
    result, aligned = told_of("6.12")
    told = tell(result, recorded("6.12").trace, aligned)
    assert read_back(json.loads(told_json(told))) == told


@pytest.mark.parametrize("broken", [{}, {"schema": 99}, {"schema": 1}, [], {"schema": 1, "verdict": "pass", "acts": [{}]}])
def test_what_is_no_trace_is_refused(broken: object) -> None:
    with pytest.raises(Unreadable):
        read_back(broken)  # type: ignore[arg-type]  # the point


def test_the_report_and_the_page_say_the_same() -> None:
    result, aligned = told_of("6.12")
    told = tell(result, replace(recorded("6.12").trace, absent={"ip_fragment": "compiled as ip_fragment.constprop.0"}), aligned)
    report, paper = render(told, colour=False), page(told).decode()
    for words in ("type 3 code 4, mtu 1280", "PKT_TOO_BIG, in ip_forward", "MSS 1228", "compiled as ip_fragment.constprop.0"):
        assert words in report
        assert words in paper
    assert "towards server, mtu 1280" in report


def test_chains_that_are_alike_are_one_block() -> None:
    """And what hosts and routers say of themselves to each other is left out."""
    result, aligned = told_of("6.12")
    (act,) = tell(result, recorded("6.12").trace, aligned).acts
    own = [chain for chain in aligned.chains if shape(chain) == ["ip6_finish_output", ">"]]
    assert sum(block.number for block in act.blocks) == len(aligned.chains) - len(own)
    assert len(act.blocks) < len(aligned.chains)
