"""The catalogue's numbers are the theory's: what `lab.theory` foresees of a story, and what its scenario claims, agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    ErrorQueued,
    Expectation,
    Fragments,
    IfTrait,
    Leaves,
    Mss,
    MssWithin,
    NothingLearned,
    NoTooBig,
    PathMtu,
    PtbOrder,
    RefusedHere,
    TcpPathMtu,
    TooBig,
    Unanswered,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import FlushRouteCache, ForgePtb, ReadSocket, Search, Send, SendPieces, SendTogether, SetMtu, Wait
from lab.theory.foresee import foresee
from lab.theory.linux import Learned
from lab.theory.oracle import Prediction
from lab.theory.plan import plan
from tests.catalogue import CATALOGUE, of_each_scenario

ROUTER = CATALOGUE["576-router"]

BESIDES = (ReadSocket, Search, SendPieces, SendTogether)
"""Steps that expectations count among the Sends, and of which nothing is foreseen."""

PLAIN = (FlushRouteCache, Send, SetMtu, Wait)

TEACHING = (FlushRouteCache, ForgePtb, SetMtu)
"""Steps that change what a host has learned."""

Foreseen = Sequence[tuple[Send, Prediction]]
"""An act's Sends, and what is foreseen of each."""


def acts(scenario: Scenario) -> Iterator[tuple[Act, Foreseen]]:
    """The acts all of whose Sends the theory follows."""
    stories = [act.story for act in scenario.acts]
    for act, predictions in zip(scenario.acts, foresee(plan(scenario.topology), stories), strict=True):
        sends = [step for step in act.story if isinstance(step, Send)]
        followed = [(send, seen) for send, seen in zip(sends, predictions, strict=True) if seen is not None]
        if sends and len(followed) == len(sends) and not any(isinstance(step, BESIDES) for step in act.story):
            yield act, followed


def differences(act: Act, foreseen: Foreseen) -> list[str]:
    """Where the act's claims differ from what is foreseen of it."""
    found = [
        f"{expectation} where the theory has {theory}"
        for expectation in act.expect
        if (theory := contradiction(expectation, act, foreseen)) is not None
    ]
    told = {(e.by, e.to, e.mtu) for e in act.expect if isinstance(e, TooBig)}
    predicted = {(ptb.by, ptb.to, ptb.mtu) for _, seen in foreseen for ptb in seen.ptbs}
    if told and told != predicted:
        found.append(f"PTBs {told} where the theory has {predicted}")
    return found


def contradiction(expectation: Expectation, act: Act, foreseen: Foreseen) -> object:
    """What the theory says in place of this claim; None where it agrees, or has no say in it."""
    match expectation:
        case PtbOrder(at, order):
            return None if heard(foreseen, at) == order else heard(foreseen, at)
        case NoTooBig(at):
            return heard(foreseen, at) or None
        case PathMtu() | NothingLearned():
            return contradiction_of_learning(expectation, act, foreseen)
        case TcpPathMtu(mtu, at):
            ends = [seen.pmtu for send, seen in transfers(foreseen, at)]
            return None if ends[-1:] == [mtu] else ends or "no transfer"
        case Mss(mss, at):
            ends = [seen.mss for send, seen in transfers(foreseen, at) if seen.mss]
            return None if ends[-1:] == [mss] else ends or "no MSS"
        case AdvertisedMss(mss, by):
            both = [dict(zip((s.flow.source, s.flow.to), seen.advertised or (), strict=False)) for s, seen in foreseen]
            return None if any(each.get(by) == mss for each in both) else both
        case Fragments(by, pieces):
            cuts = [tuple(zip(cut.sizes, cut.offsets, strict=True)) for _, one in foreseen for cut in one.fragments if cut.at == by]
            return None if pieces in cuts else cuts
        case Leaves(_, _, df):
            told = any(seen.ptbs for _, seen in foreseen)
            return None if df in (None, *(seen.df for _, seen in foreseen)) or (df and told) else "the other"
    return contradiction_of_one(expectation, foreseen)


def contradiction_of_one(expectation: Expectation, foreseen: Foreseen) -> object:
    """Of claims about the fate of one Send."""
    send = getattr(expectation, "send", 0)
    if not 0 < send <= len(foreseen):
        return None
    seen = foreseen[send - 1][1]
    match expectation:
        case ErrorQueued(_, mtu, offender) if offender:
            ptbs = tuple((ptb.by, ptb.mtu) for ptb in seen.ptbs)
            return None if (offender, mtu) in ptbs else ptbs
        case Unanswered():
            return "delivery" if seen.delivered else "a PTB" if seen.ptbs else None
        case RefusedHere():
            return "success" if seen.refused is None else None
        case Delivered():
            return None if seen.delivered else "none"
    return None


def contradiction_of_learning(expectation: PathMtu | NothingLearned, act: Act, foreseen: Foreseen) -> object:
    """Of claims about what a host holds in the end, where nothing but the Sends can have changed it since."""
    way = expectation.at, expectation.to
    about = [(send, seen) for send, seen in foreseen if way in ((send.flow.source, send.flow.to), (send.flow.to, send.flow.source))]
    if not about or any(isinstance(step, TEACHING) for step in act.story[act.story.index(about[-1][0]) :]):
        return None
    send, seen = about[-1]
    known = seen.exception if send.flow.source == expectation.at else seen.returning
    if isinstance(expectation, NothingLearned):
        return known
    return None if known == Learned(expectation.mtu, expectation.locked) else known or "no exception"


def heard(foreseen: Foreseen, at: str) -> tuple[tuple[str, int], ...]:
    """The PTBs that a host hears, each once."""
    return tuple(dict.fromkeys((ptb.by, ptb.mtu) for _, seen in foreseen for ptb in seen.ptbs if ptb.to == at))


def transfers(foreseen: Foreseen, at: str) -> Foreseen:
    return [(send, seen) for send, seen in foreseen if isinstance(send.flow, Tcp) and send.flow.source == at]


def unsaid(written: Sequence[Act], foreseen: Foreseen) -> Iterator[str]:
    """What has to be among the claims of these acts: what a host learns, from whom, and what TCP makes of it."""
    kinds = {type(side) for act in written for expectation in act.expect for side in sides(expectation)}
    seen = [one for _, one in foreseen]
    ptbs = [ptb for one in seen for ptb in one.ptbs]
    if not kinds & {PathMtu, NothingLearned}:
        yield "whether a path MTU is learned"
    if ptbs and not kinds & {TooBig, PtbOrder, ErrorQueued, PathMtu}:
        yield f"PTBs {ptbs}"
    if any(one.mss for one in seen) and not kinds & {Mss, MssWithin}:
        yield f"MSS {[one.mss for one in seen]}"


def sides(expectation: Expectation) -> tuple[Expectation, ...]:
    return (expectation.then, expectation.otherwise) if isinstance(expectation, IfTrait) else (expectation,)


@of_each_scenario
def test_every_act_that_the_theory_follows_is_as_foreseen(scenario: Scenario) -> None:
    found = [f"{act.title}: {difference}" for act, foreseen in acts(scenario) for difference in differences(act, foreseen)]
    assert not found, "\n" + "\n".join(found)


@of_each_scenario
def test_every_scenario_says_what_matters_of_what_is_foreseen(scenario: Scenario) -> None:
    plain = [sends for act, sends in acts(scenario) if all(isinstance(step, PLAIN) for step in act.story)]
    foreseen = [send for sends in plain for send in sends]
    assert not foreseen or list(unsaid(scenario.acts, foreseen)) == []


def test_a_good_part_of_the_catalogue_is_foreseen() -> None:
    """A theory that followed nothing would agree with everything."""
    foreseen = [send for scenario in CATALOGUE.values() for _, sends in acts(scenario) for send in sends]
    assert len(foreseen) > 500
    assert any(isinstance(send.flow, Tcp) for send, _ in foreseen)


@pytest.mark.parametrize(
    ("act", "wrong"),
    [
        (0, TooBig(by="r1", to="client", mtu=577)),
        (0, TooBig(by="r2", to="client", mtu=576)),
        (0, PathMtu(575, at="client", to="server")),
        (0, PathMtu(576, at="client", to="server", locked=True)),
        (0, PathMtu(576, at="server", to="client")),
        (0, PtbOrder(to="client", order=(("r2", 576),))),
        (0, NothingLearned(at="client", to="server")),
        (0, NoTooBig(to="client", octets=1500)),
        (0, ErrorQueued(send=1, info=576, offender="r2")),
        (0, RefusedHere(send=3)),
        (0, Unanswered(send=1)),
        (1, Mss(523, at="client")),
        (1, Mss(524, at="server")),
        (1, TcpPathMtu(575, at="client")),
        (1, AdvertisedMss(1448, by="client")),
        (1, AdvertisedMss(536, by="server")),
        (1, Leaves(1500, by="client", df=False)),
        (2, Fragments(by="r1", pieces=((576, 0), (576, 556), (388, 1112)))),
        (2, Fragments(by="r2", pieces=((572, 0), (572, 552), (396, 1104)))),
        (2, Leaves(1500, by="client", df=True)),
        (2, PathMtu(576, at="client", to="server")),
    ],
    ids=str,
)
def test_a_wrong_number_is_found_out(act: int, wrong: Expectation) -> None:
    written, foreseen = list(acts(ROUTER))[act]
    assert differences(written, foreseen) == []
    assert differences(replace(written, expect=(*written.expect, wrong)), foreseen)


def test_what_a_scenario_does_not_say_is_found_out() -> None:
    act, foreseen = list(acts(ROUTER))[1]
    for kinds, words in (
        (Mss, ["MSS [524]"]),
        (PathMtu, ["whether a path MTU"]),
        (TooBig | PathMtu, ["whether a path MTU", "PTBs"]),
    ):
        left = tuple(expectation for expectation in act.expect if not isinstance(expectation, kinds))
        found = list(unsaid([replace(act, expect=left)], foreseen))
        assert [each[: len(start)] for each, start in zip(found, words, strict=True)] == words
