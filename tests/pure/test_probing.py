"""The rule of `pmtulab probe`, played on paths that are only numbers, whose truth is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.model.topology import IPV4, IPV6
from lab.theory.linux import MIN_PMTU
from lab.theory.oracle import follow
from lab.theory.plan import plan
from lab.theory.probing.asking import MOST_PACKETS
from lab.theory.probing.exchange import Answer, Ask, Expired, Heard, Means, Probe, Reached, Refused, Rest, TooBig, Unreachable
from lab.theory.probing.found import (
    BelowIpv6Minimum,
    BlackHole,
    Clamped,
    Lie,
    Loop,
    LostOnTheWayBack,
    LyingPtb,
    NarrowWayBack,
    NoAnswer,
    NotReachable,
    OtherWayBack,
    SizesUnknown,
    Stale,
    Told,
    TooFar,
    Unsure,
)
from tests.ways import DESTINATION, Way, explore
from topologies import chain


def told(hop: int, mtu: int, about: int) -> Told:
    return Told(f"h{hop}", hop, mtu, about)


def test_an_honest_path_takes_two_probes_a_hop_and_two_for_each_ptb() -> None:
    way = Way((1500, 1500, 576, 1500))
    found = explore(way)
    assert (found.path_mtu, found.complete, found.first_link, found.verdicts) == (576, True, 1500, ())
    assert [(hop.address, hop.octets) for hop in found.hops] == [("h1", 1500), ("h2", 1500), ("h3", 576), (DESTINATION, 576)]
    assert found.hops[2].told == (told(2, 576, 1500),)
    # The textbook's first, and one to the destination; of each hop a small and a large one; after the PTB 576, and 577 in doubt.
    assert [probe.octets for probe in way.asked] == [65535, 68, 68, 1500, 68, 1500, 68, 1500, 576, 577, 68, 576]


def test_three_descents_are_told_by_three_hops() -> None:
    found = explore(Way((1500, 1450, 1400, 1300)))
    assert found.path_mtu == 1300
    assert [each for hop in found.hops for each in hop.told] == [told(1, 1450, 1500), told(2, 1400, 1450), told(3, 1300, 1400)]


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_black_hole_is_found_where_it_is(at: int) -> None:
    mtus = tuple(1400 if link == at else 1500 for link in range(4))
    found = explore(Way(mtus, silent=(at,)))
    assert found.verdicts == (BlackHole(at, at + 1, 1400, 1401),)
    assert (found.path_mtu, found.complete, found.faulty) == (1400, True, True)


def test_a_black_hole_before_the_first_hop() -> None:
    """A switch in between, that this host's link says nothing of."""
    found = explore(Way((1500, 1500), carries={}, loses=lambda probe: 1400 < probe.octets <= 1500))
    assert found.verdicts == (BlackHole(0, 1, 1400, 1401),)


def test_two_black_holes_are_two() -> None:
    found = explore(Way((1500, 1400, 1300, 1500), silent=(1, 2)))
    assert found.verdicts == (BlackHole(1, 2, 1400, 1401), BlackHole(2, 3, 1300, 1301))


def test_behind_a_hop_that_never_answers_a_black_hole_has_two_places() -> None:
    found = explore(Way((1500, 1400, 1500, 1500), silent=(1,), mute=(2,)))
    assert found.verdicts == (BlackHole(1, 3, 1400, 1401),)


def test_a_hop_that_answers_small_probes_alone_is_no_black_hole() -> None:
    found = explore(Way((1500, 1500, 1500), loses=lambda probe: probe.hop_limit == 1 and probe.octets > 1000))
    assert (found.path_mtu, found.verdicts) == (1500, ())


@pytest.mark.parametrize(
    ("way", "lie", "of", "passes"),
    [
        (Way((1500, 1400, 1500), says={1: 1500}), Lie.NO_LESS, told(1, 1500, 1500), 1400),
        (Way((1500, 1400, 1500), says={1: 9000}), Lie.NO_LESS, told(1, 9000, 1500), 1400),
        (Way((1500, 1400, 1500), says={1: 0}), Lie.ZERO, told(1, 0, 1500), 1400),
        (Way((1500, 400, 1500)), Lie.BELOW_MINIMUM, told(1, 400, 1500), 400),
        (Way((1500, 1400, 1500), carries={1: 1300}), Lie.TOO_MUCH, told(1, 1400, 1500), 1300),
        (Way((1500, 1400, 1500), says={1: 1000}), Lie.TOO_LITTLE, told(1, 1000, 1500), 1400),
    ],
    ids=["equal", "more", "zero", "400", "too-much", "too-little"],
)
def test_a_ptb_that_lies(way: Way, lie: Lie, of: Told, passes: int) -> None:
    found = explore(way)
    assert found.verdicts == (LyingPtb(lie, of, 2, passes),)
    assert (found.path_mtu, found.faulty) == (passes, True)


@pytest.mark.parametrize("released", [None, Probe, Rest], ids=["with its answer", "a question sooner", "long before"])
@pytest.mark.parametrize("always", [False, True], ids=["once", "always"])
def test_a_forged_ptb_is_refuted_by_what_arrives(always: bool, released: type[Ask] | None) -> None:
    """From an address that is none of a hop; about the first full-sized packet, or about all that are larger than it says."""

    def forged(probe: Probe) -> TooBig | None:
        first = probe.octets == 1500 and probe.hop_limit == 1
        return TooBig(probe.number, "evil", mtu=600) if first or (always and probe.octets > 600) else None

    way = Way((1500, 1500), forged=forged)
    kept: list[Answer] = []

    def hear(ask: Ask) -> Heard:
        """Where an answer comes beside a PTB, it may come later."""
        answers = way.hear(ask).answers
        before = tuple(kept) if released and isinstance(ask, released) else ()
        kept[:] = kept[len(before) :]
        if released and answers and isinstance(answers[0], TooBig):
            kept.extend(answers[1:])
            answers = answers[:1]
        return Heard((*before, *answers))

    found = explore(way, hear=hear)
    evil = Told("evil", None, 600, 1500)
    assert [(v.lie, v.told, v.passes) for v in found.verdicts if isinstance(v, LyingPtb)] == [(Lie.TOO_LITTLE, evil, 1500)]
    assert ([hop.octets for hop in found.hops], found.path_mtu) == ([1500, 1500], 1500)


def test_a_ptb_about_what_was_never_sent_changes_nothing() -> None:
    """Of the first packet the kernel refuses to send anything; whoever forges a PTB about it can know that it is coming."""
    way = Way((1500, 1400, 1500))

    def hear(ask: Ask) -> Heard:
        answers = way.hear(ask).answers
        refused = any(isinstance(answer, Refused) for answer in answers)
        return Heard((TooBig(1, "evil", mtu=600), *answers) if refused else answers)

    assert (explore(way, hear=hear).path_mtu, explore(way, hear=hear).first_link) == (1400, 1500)


def test_two_of_three_probes_may_be_lost() -> None:
    """Of each size, to each hop."""
    tries: Counter[tuple[int, int]] = Counter()

    def loses(probe: Probe) -> bool:
        tries[probe.octets, probe.hop_limit] += 1
        return probe.octets > 68 and tries[probe.octets, probe.hop_limit] % 3 != 0

    found = explore(Way((1500, 1400, 1500), loses=loses))
    assert (found.path_mtu, found.verdicts) == (1400, ())
    assert found.hops[1].told == (told(1, 1400, 1500),)


def test_an_ipv6_path_below_1280() -> None:
    found = explore(Way((1500, 1000, 1500)), family=IPV6)
    assert found.verdicts == (LyingPtb(Lie.BELOW_MINIMUM, told(1, 1000, 1500), 2, 1000), BelowIpv6Minimum(1000))


@pytest.mark.parametrize(("family", "largest"), [(IPV4, 65535), (IPV6, 65575)])
def test_a_link_that_takes_the_largest_packet_there_is(family: object, largest: int) -> None:
    found = explore(Way((largest,)), family=IPV4 if family is IPV4 else IPV6)
    assert (found.path_mtu, found.first_link, found.packets) == (largest, largest, 3)


def test_replies_that_do_not_come_back() -> None:
    """Known from UDP of that size, which arrives; by whichever means the probe is made."""
    way = Way((1500, 1500), back=1000)
    assert explore(way, Means.ECHO).verdicts == (LostOnTheWayBack(1500),)
    assert explore(way, Means.UDP, echo=True).verdicts == (LostOnTheWayBack(1500),)
    assert explore(way, Means.UDP).verdicts == ()


def test_large_echoes_that_nothing_else_vouches_for_are_a_black_hole() -> None:
    assert explore(Way((1500, 1500), back=1000, deaf=(Means.UDP,)), Means.ECHO).verdicts == (BlackHole(1, 2, 1000, 1001),)


def test_replies_in_pieces() -> None:
    assert explore(Way((1500, 1500), pieces=572), Means.ECHO).verdicts == (NarrowWayBack(1500, 572),)


def test_the_way_back_is_longer() -> None:
    way = Way((1500, 1500))

    def hear(ask: Ask) -> Heard:
        return Heard(tuple(replace(a, hop_limit=60) if isinstance(a, Reached) else a for a in way.hear(ask).answers))

    found = explore(way, hear=hear)
    assert (found.verdicts, found.hops[1].back) == ((OtherWayBack(2, 5),), 5)


def test_a_clamp_is_between_two_hops() -> None:
    found = explore(Way((1500, 1500, 1500, 1500), clamps={2: 1360}), Means.SYN)
    assert (found.verdicts, found.path_mtu, found.faulty) == ((Clamped(2, 3, 1460, 1360),), 1500, False)


def test_a_syn_that_announces_less_is_no_clamp() -> None:
    """Once a PTB is learned, this host's own SYNs announce what it leaves room for (tcp_advertise_mss())."""
    way = Way((1500, 1400, 1500, 1500))

    def hear(ask: Ask) -> Heard:
        learned = any(probe.octets == 1400 for probe in way.asked)
        answers = way.hear(ask).answers
        return Heard(tuple(replace(a, mss=(1360, 1360)) if learned and isinstance(a, Expired) and a.mss else a for a in answers))

    found = explore(way, Means.SYN, hear=hear)
    assert (found.path_mtu, found.verdicts) == (1400, ())


def test_what_the_kernel_believed_is_held_against_what_is() -> None:
    assert explore(Way((1500, 1500)), believed=900).verdicts == (Stale(900, 1500),)
    assert explore(Way((1500, 900)), believed=900).verdicts == ()
    assert explore(Way((1500, 1500)), believed=1500).verdicts == ()


def test_a_destination_that_is_silent() -> None:
    found = explore(Way((1500, 1400, 1500), deaf=(Means.UDP,)))
    assert (found.path_mtu, found.measured, found.complete) == (1400, 2, False)
    assert found.verdicts == (NoAnswer(Means.UDP, 2),)
    assert len(found.hops) == 2 + 4


def test_a_destination_that_answers_syns_alone() -> None:
    found = explore(Way((1500, 1400, 1500), deaf=(Means.UDP,)), Means.SYN)
    assert (found.path_mtu, found.measured, found.complete) == (1400, 2, False)
    assert (found.verdicts, found.faulty) == ((SizesUnknown(2),), False)
    # The textbook's and the hello; of h1 a SYN and a large one; of h2 two more for the PTB; of the destination a SYN and one round.
    assert found.packets == 2 + 2 + 4 + 1 + 4


def test_a_destination_that_is_too_far() -> None:
    assert explore(Way((1500,) * 6), hops=4).verdicts == (TooFar(4),)


def test_packets_that_go_round() -> None:
    def hear(ask: Ask) -> Heard:
        return Heard((Expired(ask.number, f"h{ask.hop_limit % 2}"),) if isinstance(ask, Probe) else ())

    assert explore(Way((1500,)), hear=hear).verdicts == (Loop("h1", (1, 3, 5)),)


@pytest.mark.parametrize("source", ["h1", None])
def test_who_says_that_there_is_no_way(source: str | None) -> None:
    way = Way((1500, 1500, 1500))

    def hear(ask: Ask) -> Heard:
        if isinstance(ask, Probe) and (ask.hop_limit > 1 or source is None):
            return Heard((Unreachable(ask.number, source, words="no route"),))
        return way.hear(ask)

    assert explore(way, hear=hear).verdicts == (NotReachable(source, "no route"),)


@pytest.mark.parametrize("every", [1.0, 4.0])
@pytest.mark.parametrize("at", [1, 2])
def test_routers_that_limit_their_errors_are_no_black_holes(at: int, every: float) -> None:
    """One a second, as Linux does, or fewer; also where there is a real black hole to be found out."""
    hidden = Way((1500, 1400, 1500, 1500), silent=(1,), limited=(1, 2, 3, 4), every=every)
    assert [v for v in explore(hidden).verdicts if v.fault] == [BlackHole(1, 2, 1400, 1401)]
    honest = Way((1500, 1500, 1500), limited=(1, 2, 3), tokens={at: (0.0, 0.0)})
    assert (explore(honest).path_mtu, explore(honest).verdicts) == (1500, ())


def test_a_hop_that_falls_silent_proves_nothing() -> None:
    """Not even its answers to small probes go on: it is asked ever more slowly, and nothing is concluded."""
    way = Way((1500, 1500, 1500), loses=lambda probe: probe.hop_limit == 1 and probe.number > 3)
    rests = []

    def hear(ask: Ask) -> Heard:
        rests.extend([ask.seconds] if isinstance(ask, Rest) else [])
        return way.hear(ask)

    found = explore(way, hear=hear)
    assert (found.path_mtu, found.verdicts, found.hops[0].octets) == (1500, (Unsure(1),), None)
    assert rests == [1.0] * 4 + [3.0] * 4


def test_answers_that_come_late_count() -> None:
    """Each after the time that is waited for it: with the answer to the next probe, or in a rest."""
    way = Way((1500, 1400, 1300, 1500), silent=(2,))
    late: list[Answer] = []

    def hear(ask: Ask) -> Heard:
        answers = way.hear(ask).answers
        if any(isinstance(answer, Refused) for answer in answers):
            return Heard(answers)
        before, late[:] = tuple(late), answers
        return Heard(before)

    found = explore(way, hear=hear)
    assert (found.path_mtu, found.verdicts) == (1300, (BlackHole(2, 3, 1300, 1301),))
    assert [each for hop in found.hops for each in hop.told] == [told(1, 1400, 1500)]


def test_errors_that_quote_too_little_are_about_the_last_probe() -> None:
    way = Way((1500, 1400, 1300, 1500), silent=(2,))
    found = explore(way, hear=lambda ask: Heard(tuple(replace(answer, to=None) for answer in way.hear(ask).answers)))
    assert (found.path_mtu, found.verdicts) == (1300, (BlackHole(2, 3, 1300, 1301),))


@st.composite
def ways(draw: st.DrawFn) -> Way:
    """Chains of honest and silent routers, with losses, but never three in a row."""
    mtus = draw(
        st.lists(st.sampled_from([68, 296, 576, 1280, 1400, 1492, 1500, 9000]) | st.integers(68, 9000), min_size=1, max_size=6)
    )
    silent = [node for node in range(1, len(mtus)) if draw(st.booleans())][:3]
    lost = draw(st.sets(st.integers(1, 200), max_size=40))
    lost = {number for number in lost if not {number - 1, number - 2} <= lost}
    return Way(tuple(mtus), silent=silent, loses=lambda probe: probe.number in lost)


@given(way=ways())
def test_what_is_found_is_what_the_oracle_knows(way: Way) -> None:
    names = ("client", *(f"r{i}" for i in range(1, len(way.mtus))), "server")
    path = follow(plan(chain(*names, mtus=way.mtus, silent=[f"r{i}" for i in way.silent])), "client", "server", IPV4)
    found = explore(way)
    descents = [(int(descent.router[1:]), descent.mtu) for descent in path.descents]
    assert (found.path_mtu, found.complete, found.first_link) == (path.path_mtu, True, way.mtus[0])
    holes = [(hole.after, hole.passes) for hole in found.verdicts if isinstance(hole, BlackHole)]
    assert holes == [(node, mtu) for node, mtu in descents if node in way.silent]
    assert [(each.hop, each.mtu) for hop in found.hops for each in hop.told] == [d for d in descents if d[0] not in way.silent]
    lies = [(verdict.told.hop, verdict.lie) for verdict in found.verdicts if isinstance(verdict, LyingPtb)]
    assert lies == [(node, Lie.BELOW_MINIMUM) for node, mtu in descents if mtu < MIN_PMTU and node not in way.silent]
    assert path.black_hole == (f"r{holes[0][0]}" if holes else None)
    # Each hole takes a search of at most 14 sizes, each with three probes and a small one.
    assert found.packets <= 2 + len(way.mtus) * 12 + len(holes) * (14 * 4 + 10) + 40


ANSWERS = st.one_of(
    st.none(),
    st.builds(Reached, st.just(0), st.just(DESTINATION)),
    st.builds(Expired, st.just(0), st.sampled_from(["h1", "h2", "h3", "h4", "h5", "h6", "h7"])),
    st.builds(TooBig, st.just(0), st.sampled_from(["h1", "evil"]), mtu=st.integers(0, 70000)),
    st.builds(Unreachable, st.just(0), st.just("h1"), words=st.just("no")),
)


@given(said=st.lists(ANSWERS, max_size=60), means=st.sampled_from(Means), tail=ANSWERS)
def test_whatever_comes_back_it_ends(said: list[Answer | None], means: Means, tail: Answer | None) -> None:
    """Answers that make no sense: still there is an end, and never more than MOST_PACKETS."""
    pending = iter(said)

    def hear(ask: Ask) -> Heard:
        answer = None if isinstance(ask, Rest) else next(pending, tail)
        return Heard((replace(answer, to=ask.number),) if answer and isinstance(ask, Probe) else ())

    found = explore(Way((1500,)), means, echo=True, hear=hear)
    assert found.packets <= MOST_PACKETS
