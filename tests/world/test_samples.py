"""TCP's state at the sender is sampled while it sends: what changed, when, and not more than there is room for."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lab.judge.observation import Outcome
from lab.model.flow import Tcp
from lab.model.story import KIB, Send, SendTogether
from lab.theory.plan import plan
from lab.world import streams
from lab.world.drive import Driver
from lab.world.net import Net
from topologies import chain

PLAN = plan(chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500)))
FLOWS = Tcp("client", "server"), Tcp("client", "server", number=2)


def sent(*steps: Send | SendTogether) -> tuple[Outcome, ...]:
    with Net(PLAN) as net:
        return Driver(net).play(steps).outcomes


def test_the_samples_of_a_transfer_go_from_its_first_state_to_its_last() -> None:
    (outcome,) = sent(Send(FLOWS[0], 256 * KIB))
    times = [time for time, _ in outcome.samples]
    states = [state for _, state in outcome.samples]
    assert outcome.started <= times[0] <= times[-1] <= outcome.ended
    assert times == sorted(times)
    assert (states[0].mss, states[0].pmtu) == (1448, 1500)
    assert (states[-1].mss, states[-1].pmtu) == (524, 576)
    assert states[-1] == outcome.sender
    assert all(before != after for before, after in pairwise(states))


def test_each_send_and_each_flow_has_samples_of_its_own() -> None:
    first, second, *together = sent(Send(FLOWS[0], 400), Send(FLOWS[0], 64 * KIB), SendTogether(FLOWS, 64 * KIB))
    assert first.samples[-1][0] < second.samples[0][0]
    assert second.samples[0][1].mss == first.samples[-1][1].mss == 1448
    assert second.samples[-1][1].mss == 524
    assert [outcome.flow for outcome in together] == list(FLOWS)
    assert all(outcome.samples[-1][1] == outcome.sender for outcome in together)


def test_a_long_transfer_has_no_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of MSS or path MTU is kept all the same."""
    monkeypatch.setattr(streams, "SAMPLES", 1)
    (outcome,) = sent(Send(FLOWS[0], 512 * KIB))
    assert [state.pmtu for _, state in outcome.samples] == [1500, 576]
