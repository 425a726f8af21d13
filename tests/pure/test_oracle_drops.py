"""What random networks showed of link ends that drop: the pieces of one packet stop there, and other packets do not."""

from __future__ import annotations

import pytest

from lab.model.flow import DONT, WANT, PmtuDisc, Udp
from lab.model.topology import IPV4, IPV6, Family
from lab.theory.oracle import Fragmented, Prediction, predict
from tests.chains import Mtu, row


def sent(octets: int, *mtus: Mtu, mode: PmtuDisc = WANT, family: Family = IPV4) -> Prediction:
    return predict(row(*mtus, families=(family,)), Udp("client", "server", mode, family), octets)


@pytest.mark.parametrize("family", [IPV4, IPV6])
def test_a_host_whose_first_fragment_is_dropped_sends_no_more(family: Family) -> None:
    # Of 9000, 9000 and some, only the first leaves; so nobody sees that there would have been more.
    seen = sent(20_000, (9000, 1500), 9000, family=family)
    assert (seen.fragments, seen.black_hole, seen.delivered) == ((), "r1:client", False)


def test_four_octets_decide() -> None:
    # 2968 octets as 1480, 1480 and 8. An end of 1496 takes in 1500; one of 1495 does not, and the small third does not come to it.
    assert sent(2960, (1500, 1496)).fragments == (Fragmented("client", "server", (1500, 1500, 28), (0, 1480, 2960)),)
    assert sent(2960, (1500, 1495)).fragments == ()


def test_a_router_stops_at_the_piece_that_is_dropped() -> None:
    # 3000 octets over 1500: r1 would send 1500, 1500 and 40. Its neighbour's end takes 1004, and so the first ends it.
    seen = sent(2972, 3000, (1500, 1000), 3000, mode=DONT)
    assert (seen.fragments, seen.black_hole) == ((), "r2:r1")


def test_a_router_goes_on_with_the_next_packet() -> None:
    # The host's fragments are packets to r1. Of each 8996 it sends 7996, which is dropped, and not the other 1020.
    seen = sent(20_000, 9000, (8000, 1500), 9000)
    assert seen.fragments == (Fragmented("client", "server", (8996, 8996, 2076), (0, 8976, 17952)),)
    assert seen.black_hole == "r2:r1"


def test_the_last_fragment_may_be_the_largest_and_the_only_one_dropped() -> None:
    # 4354 has room for 4334 octets, 4328 in all fragments but the last. The other end takes in 4351.
    seen = sent(17_310, (4354, 4347), 9000)
    assert seen.fragments == (Fragmented("client", "server", (4348, 4348, 4348, 4354), (0, 4328, 8656, 12984)),)
    assert (seen.black_hole, seen.delivered) == ("r1:client", False)
