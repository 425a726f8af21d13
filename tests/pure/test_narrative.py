"""The stage's time: order is kept where one thing can have caused another, trains are trains, and silence is a pause."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lab.report.html.narrative import APART, CROSSING, IDLE, LONGEST_PAUSE, PAUSE, QUICKEST, Moment, clock, narrate, pace

NODES = ("a", "b", "c")


def crossing(left: int, came: int, start: str = "a", end: str = "b", speed: float = 1.0) -> tuple[Moment, Moment]:
    flight = object()
    return (
        Moment(left, start, crossing=flight, begins=True, way=(start, end), pace=speed),
        Moment(came, end, crossing=flight, way=(start, end), pace=speed),
    )


def played(*moments: Moment) -> list[float]:
    narrate(sorted(moments, key=lambda moment: moment.time))
    return [round(moment.beat, 6) for moment in moments]


@st.composite
def networks(draw: st.DrawFn) -> list[Moment]:
    """Crossings between any nodes, at any times, with marks at nodes and everywhere."""
    moments: list[Moment] = []
    for _ in range(draw(st.integers(1, 12))):
        start, end = draw(st.permutations(NODES))[:2]
        left = draw(st.integers(0, 40)) * 1_000_000
        came = left + draw(st.integers(1, 9)) * 1_000_000
        moments += crossing(left, came, start, end, pace(draw(st.integers(0, 9))))
    for _ in range(draw(st.integers(0, 4))):
        moments.append(Moment(draw(st.integers(0, 40)) * 1_000_000, draw(st.sampled_from((*NODES, None))), 0.5))
    return sorted(moments, key=lambda moment: moment.time)


@given(networks())
def test_order_is_kept_at_every_node(moments: list[Moment]) -> None:
    over = narrate(moments)
    for node in NODES:
        beats = [moment.beat for moment in moments if moment.node in (node, None)]
        assert beats == sorted(beats)
    assert all(moment.beat <= over for moment in moments)


@given(networks())
def test_a_packet_arrives_a_crossing_after_it_left(moments: list[Moment]) -> None:
    narrate(moments)
    left = {id(moment.crossing): moment.beat for moment in moments if moment.begins}
    for moment in moments:
        if moment.crossing is not None and not moment.begins:
            assert moment.beat >= left[id(moment.crossing)] + CROSSING * moment.pace - 1e-9


@given(networks())
def test_what_the_lab_does_parts_before_from_after(moments: list[Moment]) -> None:
    narrate(moments)
    for i, moment in enumerate(moments):
        if moment.node is None:
            assert all(earlier.beat <= moment.beat for earlier in moments[:i])
            assert all(later.beat >= moment.beat + moment.takes for later in moments[i + 1 :])


@given(networks())
def test_the_clock_never_goes_back(moments: list[Moment]) -> None:
    narrate(moments)
    points = clock(moments, moments[0].time)
    assert points == sorted(points)
    assert [beat for beat, _ in points] == sorted({beat for beat, _ in points})
    assert all(later >= earlier for (_, earlier), (_, later) in pairwise(points))


def test_what_is_sent_at_once_is_a_train() -> None:
    flights = [crossing(n, 1000 + n) for n in range(10)]
    beats = played(*(moment for flight in flights for moment in flight))
    assert beats[0::2] == [round(APART * n, 6) for n in range(10)]
    assert beats[1::2] == [round(CROSSING + APART * n, 6) for n in range(10)]


def test_an_answer_waits_for_what_it_answers() -> None:
    assert played(*crossing(0, 10), *crossing(20, 30, "b", "a")) == [0, 1, 1, 2]


def test_what_a_node_does_meanwhile_comes_before() -> None:
    """b sends while a packet is on its way to it: it does not wait for it."""
    assert played(*crossing(0, 10), *crossing(5, 15, "b", "a")) == [0, 1, 0, 1]


def test_a_drop_takes_its_time_before_the_router_goes_on() -> None:
    left, came = crossing(0, 10)
    came.takes = 1.2
    back = crossing(20, 30, "b", "a")
    assert played(left, came, *back) == [0, 1, 2.2, 3.2]


def test_silence_is_a_pause_that_grows_with_its_logarithm() -> None:
    pauses = []
    for silence in (IDLE, 2 * IDLE, 10 * IDLE, 100 * IDLE, 10**6 * IDLE):
        beats = played(*crossing(0, 10), *crossing(10 + silence, 20 + silence))
        pauses.append(round(beats[2] - beats[1], 3))
    assert pauses[0] <= 0  # none
    assert pauses[1:] == [round(PAUSE * 1.30103, 3), PAUSE * 2, PAUSE * 3, LONGEST_PAUSE]


def test_repetitions_go_by_faster() -> None:
    paces = [pace(times) for times in range(8)]
    assert paces[0] == 1
    assert paces == sorted(paces, reverse=True)
    assert paces[-1] == QUICKEST
    assert played(*crossing(0, 10, speed=QUICKEST)) == [0, QUICKEST]


def test_silence_lets_what_is_under_way_arrive() -> None:
    """The far end of a train has to come in before the pause begins."""
    train = [moment for n in range(5) for moment in crossing(n, 1000 + n)]
    later = crossing(10 * IDLE, 10 * IDLE + 5)
    beats = played(*train, *later)
    assert beats[-2] > max(beats[:-2])


def test_nothing_at_all() -> None:
    assert narrate([]) == 0
    assert clock([], 0) == []
