"""Stories foreseen: what hosts have learned goes with them from Send to Send, and so do changed MTUs; all as on kernel 6.18."""

from __future__ import annotations

import pytest

from lab.model.flow import DO, DONT, WANT, Echo, Flow, Raw, Tcp, Udp
from lab.model.story import (
    Configure,
    FlushRouteCache,
    ForgePtb,
    Quote,
    ReadCapture,
    Send,
    SendPieces,
    SetMtu,
    Step,
    Sysctl,
    Wait,
)
from lab.model.topology import IPV4, IPV6, Family
from lab.theory.foresee import foresee
from lab.theory.linux import Learned, follows_link
from lab.theory.oracle import Prediction, Start, predict
from tests.chains import Mtu, cuts, row, told

UDP, WANTING = Udp("client", "server", DO), Udp("client", "server", WANT)
TCP, BACK = Tcp("client", "server"), Tcp("server", "client")
FIRST_HOP = ("client", "r1")


def one(*steps: Step, mtus: tuple[Mtu, ...] = (1500, 1400, 1500), family: Family = IPV4) -> list[Prediction | None]:
    (seen,) = foresee(row(*mtus, families=(family,)), [steps])
    return list(seen)


def sure(*steps: Step, mtus: tuple[Mtu, ...] = (1500, 1400, 1500), family: Family = IPV4) -> list[Prediction]:
    seen = one(*steps, mtus=mtus, family=family)
    found = [prediction for prediction in seen if prediction is not None]
    assert len(found) == len(seen)
    return found


# --- an exception and the link that it leaves by


@pytest.mark.parametrize(
    ("known", "old", "new", "then"),
    [
        (Learned(1400), 1500, 1300, Learned(1300)),
        (Learned(1400), 1500, 1400, Learned(1400)),
        (Learned(1400), 1500, 1450, Learned(1400)),
        (Learned(1400), 1500, 9000, Learned(1400)),
        (Learned(1500), 1500, 9000, Learned(9000)),
        (Learned(1300), 1300, 1500, Learned(1500)),
        (Learned(552, True), 1500, 553, Learned(552, True)),
        (Learned(552, True), 1500, 552, Learned(552)),
        (Learned(552, True), 1500, 68, Learned(68)),
        (Learned(552, True), 552, 1500, Learned(552, True)),
        (Learned(552, True), 552, 552, Learned(552, True)),
    ],
)
def test_an_exception_follows_its_link(known: Learned, old: int, new: int, then: Learned) -> None:
    assert follows_link(known, old, new, IPV4) == then
    if not known.locked and min(old, new, known.mtu) >= 1280:
        assert follows_link(known, old, new, IPV6) == then


def test_the_first_hop_shrinks_and_grows_again() -> None:
    shrunk, grown = (SetMtu(*FIRST_HOP, mtu) for mtu in (1300, 1500))
    first, second, third = sure(Send(UDP, 1372), shrunk, Send(UDP, 1272), grown, Send(UDP, 1372))
    assert (first.exception, first.delivered) == (None, True)
    assert (second.exception, second.path.mtus[0]) == (None, 1300)
    assert (third.exception, third.delivered) == (None, True)
    taught, lowered, risen = sure(Send(UDP, 1472), shrunk, Send(UDP, 1272), grown, Send(UDP, 1472))
    assert [seen.exception for seen in (taught, lowered)] == [Learned(1400), Learned(1300)]
    # It was equal to the link, and so goes up with it, and beyond what the path carries: r1 has to say it again.
    assert (risen.ptbs, risen.exception) == (told(("r1", 1400)), Learned(1400))


def test_a_link_further_on_changes_and_nobody_knows() -> None:
    first, second = sure(Send(UDP, 1372), SetMtu("r1", "r2", 1200), Send(UDP, 1372))
    assert (first.delivered, second.delivered) == (True, False)
    assert (second.ptbs, second.exception) == (told(("r1", 1200)), Learned(1200))


def test_an_end_may_be_named_first_or_last() -> None:
    (one_way,), (other_way,) = (
        sure(SetMtu(*ends, *mtus), Send(WANTING, 1372))
        for ends, mtus in ((("r1", "r2"), (1300, 1200)), (("r2", "r1"), (1200, 1300)))
    )
    assert one_way.path.mtus == other_way.path.mtus == (1500, 1300, 1500)
    assert one_way.reverse.mtus == (1500, 1200, 1500)


def test_ipv6_below_1280_is_not_foreseen() -> None:
    flow = Udp("client", "server", DO, IPV6)
    assert [seen is None for seen in one(Send(flow, 900), SetMtu("r1", "r2", 1279), Send(flow, 900), family=IPV6)] == [False, True]


# --- what is learned, and by whom


def test_one_datagram_is_foreseen_and_no_more() -> None:
    lost, refused, fits = sure(Send(UDP, 1472), Send(UDP, 1472), Send(UDP, 1372))
    assert (lost.lost, lost.ptbs, lost.delivered, lost.refused) == (1, told(("r1", 1400)), False, None)
    assert (refused.lost, refused.ptbs, refused.refused, refused.exception) == (0, (), 1400, Learned(1400))
    assert (fits.delivered, fits.df, fits.exception) == (True, True, Learned(1400))


def test_what_one_flow_learns_another_knows() -> None:
    _, stream, whole = sure(Send(UDP, 1472), Send(TCP, 65536), Send(WANTING, 1472))
    assert (stream.ptbs, stream.mss, stream.advertised) == ((), 1348, (1360, 1460))
    assert cuts(whole) == {"client": (1396, 124)}


def test_a_lock_takes_df_away_until_the_first_hop_is_as_small() -> None:
    locked, still, unlocked = sure(
        *(Send(WANTING, 1472), Send(WANTING, 500), SetMtu(*FIRST_HOP, 552), Send(WANTING, 500)), mtus=(1500, 551, 1500)
    )
    assert (locked.exception, still.df, unlocked.df) == (Learned(552, locked=True), False, True)
    assert unlocked.exception == Learned(552)


def test_the_least_mss_is_cut_where_a_lock_is_too_small_for_it() -> None:
    """Seen: 88 octets over a path MTU that was locked at 80, when the link that had locked it had grown again."""
    plain = Tcp("client", "server", timestamps=False)
    at_80, later = sure(SetMtu(*FIRST_HOP, 80), Send(plain, 3200), SetMtu(*FIRST_HOP, 1500), Send(plain, 3200), mtus=(1500, 1500))
    for seen in (at_80, later):
        assert (seen.exception, seen.df, seen.mss) == (Learned(80, locked=True), False, 48)
        assert cuts(seen) == {"client": (76, 32)}


def test_ipv6_replies_teach_the_host_that_answers() -> None:
    request = Send(Echo("client", "server", WANT, IPV6), 1452)
    asked, answered, after = sure(request, request, Send(Tcp("server", "client", family=IPV6), 5000), family=IPV6)
    assert (asked.ptbs, asked.returning) == (told(("r1", 1400)), None)
    assert (answered.ptbs, answered.returning) == (told(("r2", 1400), to="server"), Learned(1400))
    assert (after.ptbs, after.exception, after.advertised) == ((), Learned(1400), (1340, 1340))


def test_a_flush_forgets_everything() -> None:
    _, again = sure(Send(UDP, 1472), FlushRouteCache(), Send(UDP, 1472))
    assert (again.ptbs, again.refused) == (told(("r1", 1400)), None)


def test_acts_share_what_is_learned() -> None:
    first, second = foresee(row(1500, 1400, 1500), [(Send(UDP, 1472),), (Send(UDP, 1472),)])
    assert [seen and seen.refused for seen in (*first, *second)] == [None, 1400]


def test_a_start_is_taken_up() -> None:
    planned = row(1500, 1400, 1500)
    known = predict(planned, TCP, 9000, Start(Learned(1300), Learned(1200)))
    assert (known.advertised, known.mss, known.exception, known.returning) == ((1260, 1160), 1148, Learned(1300), Learned(1200))
    assert predict(planned, TCP, 9000, Start(announced=(900, 800))).mss == 788


# --- TCP


def test_a_connection_keeps_what_was_announced() -> None:
    far_end = SetMtu("server", "r2", 1200)
    _, same = sure(Send(TCP, 9000), far_end, Send(TCP, 9000), mtus=(1500, 1500, 1500))
    assert (same.advertised, same.ptbs, same.mss) == ((1460, 1460), told(("r2", 1200)), 1148)
    _, another = sure(Send(TCP, 9000), far_end, Send(Tcp("client", "server", number=2), 9000), mtus=(1500, 1500, 1500))
    assert (another.advertised, another.ptbs, another.mss) == ((1460, 1160), (), 1148)


def test_a_connection_heeds_its_interface_at_once() -> None:
    """Seen: segments of 1300 octets, and of 9000, from the first one on."""
    mtus = (1500, 9000, 9000)
    _, lower, higher = sure(
        Send(TCP, 9000), SetMtu(*FIRST_HOP, 1300), Send(TCP, 9000), SetMtu(*FIRST_HOP, 9000), Send(TCP, 9000), mtus=mtus
    )
    assert [(seen.mss, seen.pmtu, seen.ptbs, seen.lost) for seen in (lower, higher)] == [(1248, 1300, (), 0), (8948, 9000, (), 0)]


@pytest.mark.parametrize(
    ("before", "change", "followed"),
    [
        (700, FlushRouteCache(), True),  # there was nothing to forget
        (9000, FlushRouteCache(), False),
        (700, SetMtu(*FIRST_HOP, 1300), True),  # the interface is all that it goes by
        (9000, SetMtu(*FIRST_HOP, 1300), False),
        (9000, SetMtu(*FIRST_HOP, 1450), True),  # 1400 was learned, and holds
        (700, Send(UDP, 1472), False),
        (9000, Send(UDP, 1472), True),
    ],
)
def test_a_connection_that_is_behind_is_not_foreseen(before: int, change: Step, followed: bool) -> None:
    *until, last = one(Send(TCP, before), change, Send(TCP, 700))
    assert None not in until
    assert (last is not None) == followed


@pytest.mark.parametrize(
    ("mtus", "octets", "followed"),
    [
        ((1500, (1400, 1500), 1500), 5000, True),
        ((1500, 79, 1500), 100, False),  # the ACKs' own size decides
        ((1500, 80, 1500), 100, True),
        ((65535, 65535, 40000), 21845, True),
        ((65535, 65535, 40000), 21846, False),  # the windows decide
        ((1500, (1500, 1400), 1500), 1448, True),
        ((1500, (1500, 1400), 1500), 1449, False),  # what is not in the full segment slips through
    ],
)
def test_what_windows_and_chance_decide_is_not_foreseen(mtus: tuple[Mtu, ...], octets: int, followed: bool) -> None:
    assert [seen is not None for seen in one(Send(TCP, octets), mtus=mtus)] == [followed]


def test_segments_sent_again_make_the_future_dark() -> None:
    swallowed = Send(TCP, 1448)
    hole = (1500, (1500, 1400), 1500)
    assert None not in one(swallowed, Send(UDP, 100), mtus=hole)
    assert one(swallowed, Send(TCP, 100), mtus=hole)[-1] is None
    for change in (FlushRouteCache(), SetMtu("r1", "r2", 1500)):
        assert one(swallowed, change, Send(UDP, 100), mtus=hole)[-1] is None


# --- what is not followed


@pytest.mark.parametrize(
    ("step", "after", "flushed"),
    [
        (ReadCapture("tcpdump -n -r -"), True, True),
        (Wait(300.0), True, True),
        (Wait(301.0), False, True),
        (Send(Raw("client", "server"), 100), False, True),
        (SendPieces(UDP, 100, ((0, 108),)), False, True),
        (ForgePtb("r1", "client", 1000, Quote("server")), False, True),
        (Sysctl("client", "net.ipv4.ip_no_pmtu_disc", 1), False, False),
        (Configure("client", "ip link set r1 mtu 1000"), False, False),
    ],
)
def test_what_is_not_followed(step: Step, after: bool, flushed: bool) -> None:
    seen = one(Send(UDP, 100), step, Send(UDP, 100), FlushRouteCache(), Send(UDP, 100))
    last = seen[-2:]
    assert [prediction is not None for prediction in last] == [after, flushed]


@pytest.mark.parametrize(
    ("flow", "followed"),
    [
        (Udp("client", "server", DONT, number=3), True),
        (Udp("client", "server", connected=False), True),
        (Udp("client", "server", recverr=False), False),
        (Udp("client", "server", segment=1000), False),
        (Udp("client", "server", address="10.0.1.1"), False),
        (Tcp("client", "server", number=3), True),
        (Tcp("client", "server", maxseg=1000), False),
        (Tcp("client", "server", discover=DO), False),
        (Echo("client", "server", DO), True),
        (Echo("client", "server", address="10.0.1.1"), False),
    ],
)
def test_flows_with_options_of_their_own(flow: Flow, followed: bool) -> None:
    assert [seen is not None for seen in one(Send(flow, 100))] == [followed]
