"""Predictions, held against what kernel 6.18 was seen to do on chains, and against what must hold on any network."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.model.flow import DO, DONT, INTERFACE, OMIT, PROBE, WANT, Echo, Flow, PmtuDisc, Tcp, Udp
from lab.model.topology import IPV4, IPV6, Family, Topology
from lab.theory.linux import Learned
from lab.theory.oracle import Descent, Fragmented, Path, Prediction, follow, predict
from lab.theory.plan import Plan, plan
from tests.chains import Mtu, cuts, row, told
from tests.strategies import topologies

Mtus = tuple[Mtu, ...]


def forth(*mtus: Mtu, silent: tuple[str, ...] = ()) -> Path:
    return follow(row(*mtus, silent=silent), "client", "server", IPV4)


def udp(planned: Plan, octets: int, mode: PmtuDisc = WANT, family: Family = IPV4) -> Prediction:
    return predict(planned, Udp("client", "server", mode, family), octets)


def echo(planned: Plan, octets: int, mode: PmtuDisc = WANT, family: Family = IPV4) -> Prediction:
    return predict(planned, Echo("client", "server", mode, family), octets)


# --- the path


def test_descents() -> None:
    path = forth(1500, 1400, 1000, 576, 1500)
    assert path.nodes == ("client", "r1", "r2", "r3", "r4", "server")
    assert path.mtus == (1500, 1400, 1000, 576, 1500)
    assert path.descents == (Descent("r1", 1400), Descent("r2", 1000), Descent("r3", 576))
    assert (path.path_mtu, path.black_hole) == (576, None)


def test_a_path_is_one_direction() -> None:
    back = follow(row(1500, 1400, 576, 1500), "server", "client", IPV4)
    assert (back.nodes, back.descents) == (("server", "r3", "r2", "r1", "client"), (Descent("r3", 576),))


@pytest.mark.parametrize(
    ("mtus", "silent", "hole"),
    [
        ((1500, 1400, 1500), ("r1",), "r1"),
        ((1500, 1400, 1300), ("r2",), "r2"),
        ((1500, 1400, 1300), ("r1", "r2"), "r1"),
        ((1400, 1500), ("r1",), None),
        ((1500, (9000, 1500), 1500), (), None),
        (((9000, 1500), 1500), (), "r1:client"),
        (((1504, 1500), 1500), (), None),
        (((1505, 1500), 1500), (), "r1:client"),
        ((9000, (9000, 8000), 9000), (), "r2:r1"),
        ((9000, (9000, 8000), 1500), ("r2",), "r2:r1"),
        ((9000, (9000, 1500)), (), "server:r1"),
        (((9000, 8000), (9000, 1500)), (), "r1:client"),
        ((1400, (9000, 1500), 9000), (), None),
    ],
)
def test_black_holes(mtus: Mtus, silent: tuple[str, ...], hole: str | None) -> None:
    assert forth(*mtus, silent=silent).black_hole == hole


@pytest.mark.parametrize(("to", "error"), [("client", ValueError), ("nobody", KeyError)])
def test_no_path(to: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=to):
        follow(row(1500), "client", to, IPV4)


# --- UDP


@pytest.mark.parametrize("mode", [DO, PROBE])
@pytest.mark.parametrize(
    ("mtus", "pairs"),
    [
        ((1500, 1400, 1000, 576, 1500), (("r1", 1400), ("r2", 1000), ("r3", 576))),
        ((1500, 1400, 1000, 576), (("r1", 1400), ("r2", 1000), ("r3", 576))),
        ((9000, 1500, 9000), (("r1", 1500),)),
        ((1500, 1500, 1500), ()),
        ((1400, 1500), ()),
        ((1500, 1400, 1500, 1300), (("r1", 1400), ("r3", 1300))),
    ],
)
def test_udp_do_hears_every_descent(mode: PmtuDisc, mtus: Mtus, pairs: tuple[tuple[str, int], ...]) -> None:
    seen = udp(row(*mtus), 8972, mode)
    assert (seen.ptbs, seen.lost) == (told(*pairs), len(pairs))
    assert seen.exception == (Learned(pairs[-1][1]) if pairs else None)
    assert seen.pmtu == seen.path.path_mtu
    assert (seen.df, seen.delivered, seen.fragments) == (True, True, ())


def test_udp_do_hears_what_tcp_need_not() -> None:
    flows = Udp("client", "server", DO), Tcp("client", "server")
    assert [len(predict(row(1500, 1400, 1000, 576), flow, 1472).ptbs) for flow in flows] == [3, 0]


def test_a_small_datagram_meets_only_the_descents_below_it() -> None:
    seen = udp(row(1500, 1400, 1000, 576, 1500), 1200, DO)
    assert (seen.ptbs, seen.lost) == (told(("r2", 1000), ("r3", 576)), 2)
    assert udp(row(1500, 1400, 1000, 576, 1500), 548, DO).ptbs == ()
    assert udp(row(1500, 1400, 1000, 576, 1500), 549, DO).ptbs == told(("r3", 576))


def test_udp_want_hears_the_first_descent_and_fragments_from_then_on() -> None:
    seen = udp(row(1500, 1400, 1300, 1500), 1472)
    assert seen.ptbs == told(("r1", 1400))
    assert (seen.lost, seen.exception, seen.delivered, seen.df) == (1, Learned(1400), True, False)
    assert seen.fragments == (
        Fragmented("client", "server", (1396, 124), (0, 1376)),
        Fragmented("r2", "server", (1300, 116, 124), (0, 1280, 1376)),
    )


def test_udp_want_over_two_stages() -> None:
    assert cuts(udp(row(1500, 1400, 576, 1500), 1472)) == {"client": (1396, 124), "r2": (572, 572, 292, 124)}


def test_udp_want_with_df_while_it_fits() -> None:
    seen = udp(row(1500, 1400, 1500), 1372)
    assert (seen.ptbs, seen.lost, seen.df, seen.fragments) == ((), 0, True, ())


@pytest.mark.parametrize("mode", [DONT, WANT, OMIT])
def test_a_datagram_above_the_first_link_learns_nothing_in_ipv4(mode: PmtuDisc) -> None:
    seen = udp(row(1500, 1400, 1500), 1473, mode)
    assert (seen.ptbs, seen.lost, seen.exception, seen.df) == ((), 0, None, False)
    assert cuts(seen) == {"client": (1500, 21), "r1": (1396, 124, 21)}


@pytest.mark.parametrize("mode", [DONT, INTERFACE, OMIT])
def test_without_df_routers_fragment(mode: PmtuDisc) -> None:
    seen = udp(row(1500, 576, 1500), 1472, mode)
    assert (seen.ptbs, seen.lost, seen.exception, seen.df, seen.delivered) == ((), 0, None, False, True)
    assert seen.fragments == (Fragmented("r1", "server", (572, 572, 396), (0, 552, 1104)),)


def test_interface_mode_is_refused_what_its_link_cannot_take() -> None:
    seen = udp(row(1500, 1400, 1500), 1473, INTERFACE)
    assert (seen.ptbs, seen.lost, seen.delivered, seen.df) == ((), 0, False, False)


def test_below_552_want_locks_and_routers_fragment() -> None:
    seen = udp(row(1500, 400, 1500), 524)
    assert (seen.ptbs, seen.lost, seen.exception) == (told(("r1", 400)), 1, Learned(552, locked=True))
    assert (seen.df, cuts(seen), seen.delivered) == (False, {"r1": (396, 176)}, True)


@pytest.mark.parametrize("mode", [DO, PROBE])
def test_below_552_do_never_arrives(mode: PmtuDisc) -> None:
    seen = udp(row(1500, 400, 1500), 1472, mode)
    assert (seen.ptbs, seen.exception, seen.df) == (told(("r1", 400)), Learned(552, locked=True), True)
    assert (seen.lost, seen.delivered, seen.black_hole) == (None, False, None)


def test_ipv6_want_hears_every_descent_below_its_fragments() -> None:
    seen = udp(row(1500, 1400, 1300, 1500, families=(IPV6,)), 1452, WANT, IPV6)
    assert (seen.ptbs, seen.lost, seen.exception) == (told(("r1", 1400), ("r2", 1300)), 2, Learned(1300))
    assert seen.fragments == (Fragmented("client", "server", (1296, 260), (0, 1248)),)
    assert seen.delivered


def test_ipv6_fragments_may_slip_under_a_descent() -> None:
    seen = udp(row(1500, 1406, 1401, 1500, families=(IPV6,)), 1452, WANT, IPV6)
    assert (seen.ptbs, seen.exception) == (told(("r1", 1406)), Learned(1406))


@pytest.mark.parametrize("mode", [INTERFACE, OMIT])
def test_ipv6_modes_that_do_not_believe_lose_for_ever(mode: PmtuDisc) -> None:
    seen = udp(row(1500, 1400, 1500, families=(IPV6,)), 1452, mode, IPV6)
    assert (seen.ptbs, seen.exception, seen.lost, seen.delivered) == (told(("r1", 1400)), None, None, False)


def test_a_later_fragment_teaches_nothing() -> None:
    # 1496 and 1491 octets: the first dies at r1, the second at r2, and only the PTB about the first says whose it was.
    seen = udp(row(1500, 1495, 1485, 1500, families=(IPV6,)), 2883, WANT, IPV6)
    assert seen.ptbs == told(("r1", 1495), ("r2", 1485))
    assert (seen.lost, seen.exception) == (2, Learned(1485))


# --- black holes, for a flow


@pytest.mark.parametrize("mode", [WANT, DO])
def test_a_silent_router_swallows_what_has_df(mode: PmtuDisc) -> None:
    seen = udp(row(1500, 1400, 1300, silent=("r1",)), 1472, mode)
    assert (seen.black_hole, seen.ptbs, seen.lost, seen.delivered, seen.exception) == ("r1", (), None, False, None)


def test_a_silent_router_still_fragments() -> None:
    seen = udp(row(1500, 1400, 1300, silent=("r1",)), 1472, DONT)
    assert (seen.black_hole, seen.delivered, cuts(seen)) == (None, True, {"r1": (1396, 124), "r2": (1300, 116, 124)})


def test_a_link_end_swallows_anything() -> None:
    seen = udp(row((1500, 1300), 1500), 1472, DONT)
    assert (seen.black_hole, seen.lost, seen.delivered) == ("r1:client", None, False)
    assert udp(row((1500, 1300), 1500), 1276, DONT).delivered
    assert not udp(row((1500, 1300), 1500), 1277, DONT).delivered


def test_a_ptb_may_be_lost_as_well() -> None:
    # A packet of 500 octets makes a PTB of 528. It leaves r1 by an end of 9000; the client's end of that link takes 504.
    seen = udp(row((500, 9000), 400, 1500), 472, DO)
    assert (seen.ptbs, seen.black_hole) == (told(("r1", 400)), "client:r1")
    assert (seen.exception, seen.delivered, seen.lost) == (None, False, None)


# --- echo


def test_ipv4_echo_tests_the_way_there_only() -> None:
    seen = echo(row(1500, 1400, 1300, 1500), 1472)
    assert (seen.ptbs, seen.lost, seen.exception) == (told(("r1", 1400)), 1, Learned(1400))
    assert cuts(seen) == {"client": (1396, 124), "r2": (1300, 116, 124)}
    assert cuts(seen, to="client") == {"r3": (1300, 220)}


def test_a_reply_may_be_lost() -> None:
    # The request fits as fragments of 1500; the reply is one packet of 3028, up to the client's end of 1500.
    seen = echo(row((1500, 9000), 9000), 3000)
    assert (seen.black_hole, seen.delivered, seen.lost) == ("client:r1", False, None)


def test_an_ipv6_reply_discovers_its_own_path() -> None:
    seen = echo(row(1500, 1400, 1300, 1500, families=(IPV6,)), 1452, WANT, IPV6)
    assert seen.ptbs == told(("r1", 1400), ("r2", 1300)) + told(("r3", 1300), to="server")
    assert (seen.lost, seen.exception, seen.delivered) == (3, Learned(1300), True)
    assert (cuts(seen), cuts(seen, to="client")) == ({"client": (1296, 260)}, {"server": (1296, 260)})


def test_ipv6_echo_believes_in_any_mode() -> None:
    seen = echo(row(1500, 1400, 1500, families=(IPV6,)), 1452, INTERFACE, IPV6)
    assert (seen.exception, seen.delivered) == (Learned(1400), False)


def test_default_ping_over_68() -> None:
    seen = echo(row(1500, 68, 1500), 56)
    assert (seen.lost, seen.exception) == (1, Learned(552, locked=True))
    assert cuts(seen) == {"r1": (68, 36)}


# --- what holds anywhere


@given(st.lists(st.integers(68, 65535), min_size=1, max_size=8))
def test_descents_fall_to_the_path_mtu(mtus: list[int]) -> None:
    path = forth(*mtus)
    assert path.path_mtu == min(mtus) == min(path.mtus)
    falling = [mtus[0], *(descent.mtu for descent in path.descents)]
    assert all(later < earlier for earlier, later in pairwise(falling))
    assert falling[-1] == path.path_mtu


@given(st.lists(st.integers(552, 9000), min_size=1, max_size=6))
def test_a_source_that_shrinks_loses_one_datagram_a_descent(mtus: list[int]) -> None:
    seen = udp(row(*mtus), mtus[0] - 28, DO)
    assert [(ptb.by, ptb.mtu) for ptb in seen.ptbs] == [(descent.router, descent.mtu) for descent in seen.path.descents]
    assert (seen.lost, seen.pmtu, seen.delivered) == (len(seen.path.descents), min(mtus), True)


@given(st.lists(st.integers(68, 9000), min_size=1, max_size=6), st.integers(0, 12000))
def test_want_loses_at_most_one_in_ipv4(mtus: list[int], octets: int) -> None:
    seen = udp(row(*mtus), octets)
    assert seen.delivered
    assert seen.lost == len(seen.ptbs) == (min(mtus) < octets + 28 <= mtus[0])


@settings(max_examples=50)
@given(topologies(most_routers=5, most_hosts=2, silent=True), st.sampled_from(PmtuDisc), st.integers(0, 70000))
def test_any_flow_has_a_prediction_that_is_of_a_piece(topology: Topology, mode: PmtuDisc, octets: int) -> None:
    planned = plan(topology)
    for family in planned.topology.families:
        for flow in (Udp("h1", "h2", mode, family), Echo("h1", "h2", mode, family), Tcp("h1", "h2", family=family)):
            check_of_a_piece(planned, flow, predict(planned, flow, octets))


def check_of_a_piece(planned: Plan, flow: Flow, seen: Prediction) -> None:
    mtus = {interface.mtu for node in planned.nodes.values() for interface in node.interfaces}
    assert all(ptb.mtu in mtus and ptb.to in (flow.source, flow.to) for ptb in seen.ptbs)
    assert not (seen.delivered and seen.black_hole and not seen.ptbs)
    assert len(set(seen.ptbs)) == len(seen.ptbs)
    if flow.family == IPV6:
        assert all(cut.at in (flow.source, flow.to) for cut in seen.fragments)
        assert not seen.df
    if seen.exception:
        assert seen.exception.mtu <= seen.path.mtus[0]
        assert seen.exception.locked <= (flow.family == IPV4)
    for cut in seen.fragments:
        assert len(cut.sizes) == len(cut.offsets) > 1
        assert list(cut.offsets) == sorted(set(cut.offsets))
