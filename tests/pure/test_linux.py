"""Linux's policy, held against what kernel 6.18 was seen to do: every number below was measured, none worked out by the code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.model.flow import DO, DONT, INTERFACE, OMIT, PROBE, WANT, PmtuDisc
from lab.model.topology import IPV4, IPV6, Family
from lab.theory import linux
from lab.theory.linux import Fragment, InFragments, Learned, Local, Refused, Whole

# A link's MTU, then for each family the MSS of the SYN, and snd_mss with timestamps and without.
MSS = {
    68: ((256, 36, 48), None),
    100: ((256, 48, 60), None),
    256: ((256, 204, 216), None),
    296: ((256, 244, 256), None),
    552: ((512, 500, 512), None),
    576: ((536, 524, 536), None),
    1280: ((1240, 1228, 1240), (1220, 1208, 1220)),
    1400: ((1360, 1348, 1360), (1340, 1328, 1340)),
    1492: ((1452, 1440, 1452), (1432, 1420, 1432)),
    1500: ((1460, 1448, 1460), (1440, 1428, 1440)),
    9000: ((8960, 8948, 8960), (8940, 8928, 8940)),
}
MSS_ROWS = [(mtu, family, *row) for mtu, rows in MSS.items() for family, row in zip(Family, rows, strict=True) if row]


@pytest.mark.parametrize(("mtu", "family", "syn", "with_timestamps", "without"), MSS_ROWS)
def test_mss_on_one_link(mtu: int, family: Family, syn: int, with_timestamps: int, without: int) -> None:
    assert linux.advertised_mss(mtu, family) == syn
    assert linux.send_mss(mtu, syn, family, timestamps=True) == with_timestamps
    assert linux.send_mss(mtu, syn, family, timestamps=False) == without


@pytest.mark.parametrize(
    ("mtu", "family", "syn"), [(65535, IPV4, 65495), (65536, IPV4, 65495), (65535, IPV6, 65475), (65536, IPV6, 65476)]
)
def test_half_the_window_bounds_a_large_mss(mtu: int, family: Family, syn: int) -> None:
    assert linux.advertised_mss(mtu, family) == syn
    assert linux.send_mss(mtu, syn, family, timestamps=True, window=43690) == 21845
    assert linux.send_mss(mtu, syn, family, timestamps=True, window=65483) == 32741
    assert linux.send_mss(mtu, syn, family, timestamps=True) == syn - 12


def test_a_window_of_at_most_536_is_used_whole() -> None:
    assert linux.send_mss(1500, 1460, IPV4, timestamps=True, window=536) == 536
    assert linux.send_mss(1500, 1460, IPV4, timestamps=True, window=538) == 269


@pytest.mark.parametrize(("pmtu", "peer", "mss"), [(1500, 1000, 988), (1300, 1460, 1248), (1279, 1460, 1227)])
def test_the_lesser_of_peer_and_path_decides(pmtu: int, peer: int, mss: int) -> None:
    assert linux.send_mss(pmtu, peer, IPV4, timestamps=True) == mss


@pytest.mark.parametrize(
    ("rto", "retries1", "timeout"), [(0.204, 3, 5), (0.304, 3, 4), (0.215, 3, 4), (0.204, 1, 3), (0.204, 0, 2), (0.052, 0, 3)]
)
def test_the_timeout_at_which_a_black_hole_is_suspected(rto: float, retries1: int, timeout: int) -> None:
    assert linux.blackhole_timeout(rto, retries1) == timeout


def test_the_steps_down_a_black_hole() -> None:
    assert [linux.black_hole_mss(n) for n in range(1, 8)] == [1024, 512, 256, 128, 64, 48, 48]
    assert [linux.black_hole_mss(n, 1340, 600) for n in (1, 2, 3)] == [1340, 670, 600]
    assert [linux.segment_octets(linux.black_hole_mss(n), IPV4, timestamps=True) for n in (1, 2, 3, 4)] == [1076, 564, 308, 180]
    assert linux.segment_octets(1024, IPV6, timestamps=True) == 1096


def test_segment_octets() -> None:
    assert linux.segment_octets(1448, IPV4, timestamps=True) == 1500
    assert linux.segment_octets(1440, IPV6, timestamps=False) == 1500


# IPv4: the packet, the MTU, and the fragments.
CUTS = [
    (1500, 576, (572, 572, 396)),
    (1400, 576, (572, 572, 296)),
    (577, 576, (572, 25)),
    (1500, 552, (548, 548, 444)),
    (1500, 551, (548, 548, 444)),
    (1500, 1400, (1396, 124)),
    (1500, 1280, (1276, 244)),
    (1500, 508, (508, 508, 508, 36)),
    (1500, 68, (68,) * 30 + (60,)),
    (9000, 1280, (1276,) * 7 + (208,)),
    (552, 551, (548, 24)),
    (1500, 1492, (1492, 28)),
    (1500, 1498, (1492, 28)),
    (1500, 1499, (1492, 28)),
    (1500, 1480, (1476, 44)),
    (1500, 1476, (1476, 44)),
    (1500, 1450, (1444, 76)),
    (1500, 1420, (1420, 100)),
    (1500, 1006, (1004, 516)),
    (1500, 296, (292,) * 5 + (140,)),
    (9000, 1500, (1500,) * 6 + (120,)),
    (9000, 576, (572,) * 16 + (168,)),
    (2790, 1406, (1404, 1406)),
    (552, 296, (292, 280)),
    (552, 68, (68,) * 11 + (24,)),
]


def sizes(pieces: tuple[Fragment, ...]) -> tuple[int, ...]:
    return tuple(piece.octets for piece in pieces)


@pytest.mark.parametrize(("total", "mtu", "expected"), CUTS)
def test_fragment_sizes(total: int, mtu: int, expected: tuple[int, ...]) -> None:
    assert sizes(linux.fragments(total, mtu)) == expected


def test_fragment_offsets() -> None:
    assert linux.fragments(1500, 576) == (Fragment(572, 0), Fragment(572, 552), Fragment(396, 1104))


@pytest.mark.parametrize(("second", "expected"), [(576, (572, 572, 292, 124)), (1300, (1300, 116, 124))])
def test_fragments_cut_again(second: int, expected: tuple[int, ...]) -> None:
    pieces = tuple(piece for fragment in linux.fragments(1500, 1400) for piece in linux.refragment(fragment, second))
    assert sizes(pieces) == expected
    check_tiles(pieces, 1480, 20)


@pytest.mark.parametrize(
    ("total", "mtu", "expected"),
    # The last two: IPv6 keeps even the last fragment's payload to a multiple of 8, 1352 here, where 1358 would fit.
    [
        (1500, 1400, (1400, 156)),
        (1500, 1280, (1280, 276)),
        (1501, 1500, (1496, 61)),
        (1394, 1393, (1392, 58)),
        (2748, 1406, (1400, 1400, 52)),
    ],
)
def test_ipv6_fragments_at_the_source(total: int, mtu: int, expected: tuple[int, ...]) -> None:
    assert sizes(linux.fragments(total, mtu, IPV6)) == expected


def check_tiles(pieces: tuple[Fragment, ...], payload: int, headers: int) -> None:
    at = 0
    for piece in pieces:
        assert piece.offset == at
        assert piece == pieces[-1] or (piece.octets - headers) % 8 == 0
        assert piece.octets > headers
        at += piece.octets - headers
    assert at == payload


@given(st.integers(69, 65535), st.integers(68, 65535))
def test_ipv4_fragments_tile_the_datagram(total: int, mtu: int) -> None:
    pieces = linux.fragments(total, mtu)
    assert max(sizes(pieces)) <= mtu
    check_tiles(pieces, total - 20, 20)


@given(st.integers(1281, 65575), st.integers(1280, 65535))
def test_ipv6_fragments_tile_the_datagram(total: int, mtu: int) -> None:
    pieces = linux.fragments(total, mtu, IPV6)
    assert max(sizes(pieces)) <= mtu
    if total <= mtu:
        assert pieces == (Fragment(total, 0),)
    else:
        check_tiles(pieces, total - 40, 48)


@given(st.integers(69, 65535), st.integers(68, 65535), st.integers(68, 65535))
def test_fragments_cut_twice_tile_the_datagram(total: int, first: int, second: int) -> None:
    pieces = tuple(piece for fragment in linux.fragments(total, first) for piece in linux.refragment(fragment, second))
    assert max(sizes(pieces)) <= min(first, second)
    check_tiles(pieces, total - 20, 20)


@pytest.mark.parametrize(("mtu", "family"), [(27, IPV4), (55, IPV6)])
def test_no_room_for_a_fragment(mtu: int, family: Family) -> None:
    with pytest.raises(ValueError, match="no room"):
        linux.fragments(1500, mtu, family)
    assert linux.fragments(1500, mtu + 1, family)


IN_1500_1401 = InFragments((Fragment(1500, 0), Fragment(21, 1480)))
IN_1400 = InFragments((Fragment(1396, 0), Fragment(124, 1376)))

# IPv4, path MTU 1400 of an interface of 1500: what becomes of packets of 1400, 1500 and 1501 octets.
IPV4_MODES: dict[PmtuDisc, tuple[Local, Local, Local]] = {
    DONT: (Whole(False), IN_1400, InFragments((Fragment(1396, 0), Fragment(125, 1376)))),
    WANT: (Whole(True), IN_1400, InFragments((Fragment(1396, 0), Fragment(125, 1376)))),
    DO: (Whole(True), Refused(1400), Refused(1400)),
    PROBE: (Whole(True), Whole(True), Refused(1500)),
    INTERFACE: (Whole(False), Whole(False), Refused(1500)),
    OMIT: (Whole(False), Whole(False), IN_1500_1401),
}


@pytest.mark.parametrize("mode", PmtuDisc)
def test_ipv4_modes(mode: PmtuDisc) -> None:
    assert tuple(linux.local(mode, octets, 1500, 1400) for octets in (1400, 1500, 1501)) == IPV4_MODES[mode]


@pytest.mark.parametrize("mode", PmtuDisc)
def test_ipv4_modes_before_anything_is_learned(mode: PmtuDisc) -> None:
    larger = linux.local(mode, 1501, 1500, 1500)
    assert larger == (Refused(1500) if mode in (DO, PROBE, INTERFACE) else IN_1500_1401)


@pytest.mark.parametrize("mode", PmtuDisc)
def test_a_locked_path_mtu_takes_df_from_want_alone(mode: PmtuDisc) -> None:
    df = mode in (DO, PROBE)
    assert linux.local(mode, 552, 1500, 552, locked=True) == Whole(df)
    assert linux.df(mode, locked=True) == df
    assert linux.df(mode, locked=False) == (df or mode == WANT)


IPV6_1400 = InFragments((Fragment(1400, 0), Fragment(156, 1352)))

# IPv6, as above, for packets of 1500 and 1501 octets.
IPV6_MODES: dict[PmtuDisc, tuple[Local, Local]] = {
    DONT: (IPV6_1400, InFragments((Fragment(1400, 0), Fragment(157, 1352)))),
    WANT: (IPV6_1400, InFragments((Fragment(1400, 0), Fragment(157, 1352)))),
    DO: (Refused(1400), Refused(1400)),
    PROBE: (Whole(False), Refused(1500)),
    INTERFACE: (Whole(False), Refused(1500)),
    OMIT: (Whole(False), InFragments((Fragment(1496, 0), Fragment(61, 1448)))),
}


@pytest.mark.parametrize("mode", PmtuDisc)
def test_ipv6_modes(mode: PmtuDisc) -> None:
    assert tuple(linux.local(mode, octets, 1500, 1400, family=IPV6) for octets in (1500, 1501)) == IPV6_MODES[mode]


@pytest.mark.parametrize("mode", PmtuDisc)
def test_more_than_an_ip_packet_holds_is_refused(mode: PmtuDisc) -> None:
    assert linux.local(mode, 65535, 65535, 65535) == Whole(linux.df(mode, locked=False))
    assert linux.local(mode, 65536, 65535, 65535) == Refused(65535)
    assert linux.local(mode, 65576, 65535, 65535, family=IPV6) == Refused(65535)


def test_ipv6_fragments_up_to_65575() -> None:
    assert isinstance(linux.local(WANT, 65575, 1500, 1500, family=IPV6), InFragments)


@pytest.mark.parametrize("mode", PmtuDisc)
def test_which_udp_modes_believe(mode: PmtuDisc) -> None:
    assert linux.udp_believes(mode) == (mode not in (INTERFACE, OMIT))


@pytest.mark.parametrize("told", [0, 1, 67, 68, 296, 551])
def test_below_552_is_locked(told: int) -> None:
    assert linux.learned(1500, told, IPV4) == Learned(552, locked=True)
    assert linux.learned(400, min(told, 399), IPV4) == Learned(400, locked=True)


@pytest.mark.parametrize("told", [552, 576, 1279, 1499, 1500])
def test_ipv4_believes_down_to_552_and_stores_an_equal_one(told: int) -> None:
    assert linux.learned(1500, told, IPV4) == Learned(told)


@pytest.mark.parametrize("told", [1501, 9000, 65535])
def test_a_larger_mtu_is_ignored(told: int) -> None:
    assert linux.learned(1500, told, IPV4) is None
    assert linux.learned(1500, told, IPV6) is None


def test_a_locked_path_mtu_stays() -> None:
    assert linux.learned(552, 300, IPV4, locked=True) is None


@pytest.mark.parametrize(("told", "mtu"), [(0, None), (68, None), (1279, None), (1280, 1280), (1499, 1499), (1500, None)])
def test_ipv6_ignores_below_1280_and_what_is_no_news(told: int, mtu: int | None) -> None:
    assert linux.learned(1500, told, IPV6) == (mtu and Learned(mtu))


@pytest.mark.parametrize(
    ("original", "family", "return_mtu", "size", "quoted"),
    [
        (1500, IPV4, 1500, 576, 548),
        (1500, IPV4, 300, 300, 272),
        (552, IPV4, 1500, 576, 548),
        (500, IPV4, 1500, 528, 500),
        (1500, IPV6, 1500, 1280, 1232),
        (1300, IPV6, 1280, 1280, 1232),
    ],
)
def test_the_size_of_a_ptb(original: int, family: Family, return_mtu: int, size: int, quoted: int) -> None:
    assert linux.ptb_octets(original, family, return_mtu) == size
    assert linux.quoted_octets(original, family, return_mtu) == quoted


@pytest.mark.parametrize(("octets", "carried"), [(1500, True), (1501, True), (1504, True), (1505, False), (9000, False)])
def test_veth_takes_four_octets_more(octets: int, carried: bool) -> None:
    assert linux.carries(octets, 1500) is carried
