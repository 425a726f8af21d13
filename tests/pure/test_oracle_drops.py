"""What random networks showed of link ends that drop: the pieces of one packet stop there, and other packets do not."""

from __future__ import annotations

import pytest

from lab.model.flow import WANT, Udp
from lab.model.topology import IPV4, IPV6, Family
from lab.theory.oracle import Fragmented, Prediction, predict
from tests.chains import Mtu, row


def want(octets: int, *mtus: Mtu, family: Family = IPV4) -> Prediction:
    return predict(row(*mtus, families=(family,)), Udp("client", "server", WANT, family), octets)


@pytest.mark.parametrize("family", [IPV4, IPV6])
def test_a_host_whose_first_fragment_is_dropped_sends_no_more(family: Family) -> None:
    # Of 9000, 9000 and some, only the first leaves; so nobody sees that there would have been more.
    seen = want(20_000, (9000, 1500), 9000, family=family)
    assert (seen.fragments, seen.black_hole, seen.delivered) == ((), "r1:client", False)


def test_a_host_whose_third_fragment_is_dropped_has_sent_it() -> None:
    # 1500, 1500 and the rest of 20 octets: all of them arrive. An end that drops the first lets no later one go.
    assert want(2960, (1500, 1496)).fragments == (Fragmented("client", "server", (1500, 1500, 28), (0, 1480, 2960)),)
    assert want(2960, (1500, 1495)).fragments == ()


def test_a_router_stops_at_the_piece_that_is_dropped() -> None:
    # 3000 octets over 1500: r1 would send 1500, 1500 and 40. Its neighbour's end takes 1004, and so the first ends it.
    seen = want(2972, 3000, (1500, 1000), 3000)
    assert (seen.fragments, seen.black_hole) == ((), "r2:r1")


def test_a_router_goes_on_with_the_next_packet() -> None:
    # The host's own fragments are packets to r1: of each, r1 sends the pieces up to the first that is dropped.
    seen = want(20_000, 9000, (8000, 1500), 9000)
    assert seen.fragments == (Fragmented("client", "server", (8996, 8996, 2076), (0, 8976, 17952)),)
    assert seen.black_hole == "r2:r1"
