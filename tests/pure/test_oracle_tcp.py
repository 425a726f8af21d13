"""Predictions for TCP, held against what kernel 6.18 was seen to do on chains."""

from __future__ import annotations

import pytest

from lab.model.flow import Tcp
from lab.model.topology import IPV4, IPV6, Family
from lab.theory.linux import Learned
from lab.theory.oracle import Prediction, predict
from lab.theory.plan import Plan
from tests.chains import Mtu, cuts, row, told


def tcp(planned: Plan, family: Family = IPV4, timestamps: bool = True, octets: int = 200_000) -> Prediction:
    return predict(planned, Tcp("client", "server", timestamps, family), octets)


# The middle link's MTU: the path MTU learned, snd_mss with timestamps and without, and how r1 cuts a full segment.
MIDDLE = [
    (1492, Learned(1492), 1440, 1452, None),
    (1400, Learned(1400), 1348, 1360, None),
    (1280, Learned(1280), 1228, 1240, None),
    (576, Learned(576), 524, 536, None),
    (552, Learned(552), 500, 512, None),
    (551, Learned(552, locked=True), 500, 512, (548, 24)),
    (400, Learned(552, locked=True), 500, 512, (396, 176)),
    (296, Learned(552, locked=True), 500, 512, (292, 280)),
    (68, Learned(552, locked=True), 500, 512, (68,) * 11 + (24,)),
]


@pytest.mark.parametrize(("mtu", "exception", "with_timestamps", "without", "cut"), MIDDLE)
def test_tcp_over_a_small_middle_link(
    mtu: int, exception: Learned, with_timestamps: int, without: int, cut: tuple[int, ...] | None
) -> None:
    seen = tcp(row(1500, mtu, 1500))
    assert seen.ptbs == told(("r1", mtu))
    assert (seen.exception, seen.pmtu, seen.mss) == (exception, exception.mtu, with_timestamps)
    assert (seen.df, seen.lost, seen.delivered, seen.advertised) == (cut is None, None, True, (1460, 1460))
    assert cuts(seen) == ({} if cut is None else {"r1": cut})
    assert tcp(row(1500, mtu, 1500), timestamps=False).mss == without


@pytest.mark.parametrize(("mtu", "mss"), [(1492, 1420), (1400, 1328), (1280, 1208)])
def test_tcp_in_ipv6(mtu: int, mss: int) -> None:
    seen = tcp(row(1500, mtu, 1500, families=(IPV6,)), IPV6)
    assert (seen.ptbs, seen.exception, seen.mss) == (told(("r1", mtu)), Learned(mtu), mss)
    assert (seen.advertised, seen.df, seen.delivered) == ((1440, 1440), False, True)


@pytest.mark.parametrize(("family", "mss"), [(IPV4, 1448), (IPV6, 1428)])
def test_tcp_from_jumbo(family: Family, mss: int) -> None:
    seen = tcp(row(9000, 1500, 9000, families=(family,)), family)
    assert (seen.ptbs, seen.exception, seen.mss, seen.lost) == (told(("r1", 1500)), Learned(1500), mss, None)


def test_tcp_of_many_steps() -> None:
    seen = tcp(row(9000, 5000, 4000, 3000, 1500, 9000))
    assert seen.ptbs == told(("r1", 5000), ("r2", 4000), ("r3", 3000), ("r4", 1500))
    assert seen.mss == 1448


@pytest.mark.parametrize(("mtus", "mss"), [((1500, 1400, 1000, 576), 524), ((1500, 1400), 1348), ((1400, 1500), 1348)])
def test_tcp_hears_nothing_where_the_ends_announce_the_least(mtus: tuple[Mtu, ...], mss: int) -> None:
    seen = tcp(row(*mtus))
    assert (seen.ptbs, seen.lost, seen.exception, seen.mss, seen.df) == ((), 0, None, mss, True)


def test_a_promised_mss_of_256_may_be_too_much() -> None:
    seen = tcp(row(1500, 256))
    assert seen.advertised == (1460, 256)
    assert (seen.ptbs, seen.exception, seen.mss) == (told(("r1", 256)), Learned(552, locked=True), 244)
    assert cuts(seen) == {"r1": (252, 64)}


@pytest.mark.parametrize(("mtu", "cut"), [(68, (68, 40)), (80, (76, 32))])
def test_a_host_may_exceed_its_own_link_and_tell_itself(mtu: int, cut: tuple[int, ...]) -> None:
    seen = tcp(row(mtu), timestamps=False)
    assert (seen.ptbs, seen.exception, seen.mss) == ((), Learned(mtu, locked=True), 48)
    assert (cuts(seen), seen.delivered) == ({"client": cut}, True)


def test_a_short_stream_fits() -> None:
    assert tcp(row(1500, 1400, 1500), octets=1348).ptbs == ()
    assert tcp(row(1500, 1400, 1500), octets=1349).ptbs == told(("r1", 1400))


def test_tcp_in_a_black_hole() -> None:
    seen = tcp(row(1500, 1400, 1500, silent=("r1",)))
    assert (seen.black_hole, seen.ptbs, seen.lost, seen.delivered, seen.mss) == ("r1", (), None, False, 1448)


def test_where_windows_decide_no_mss_is_predicted() -> None:
    assert tcp(row(65535)).mss is None
    assert tcp(row(21897)).mss == 21845
