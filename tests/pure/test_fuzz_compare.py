"""The fuzzer's comparison: an observation that is as foreseen gives nothing, and each fact that is otherwise is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.fuzz.compare import alone, differences, told_to_tcp
from lab.judge.observation import Observation
from lab.model.flow import DO, Echo, Tcp, Udp
from lab.model.story import Send
from lab.model.topology import IPV4, IPV6
from lab.theory.foresee import foresee
from lab.theory.oracle import Prediction, follow
from tests.chains import row, told
from tests.observations import datagrams, transfer

UDP = Udp("client", "server", DO)


def foreseen(seen: Observation, *mtus: int) -> tuple[Prediction | None, ...]:
    flow = seen.outcomes[0].flow
    ((*predictions,),) = foresee(row(*mtus, families=(flow.family,)), [[Send(o.flow, o.octets) for o in seen.outcomes]])
    return tuple(predictions)


@pytest.mark.parametrize("flow", [UDP, Udp("client", "server", DO, IPV6), Echo("client", "server", DO)], ids=str)
def test_what_is_as_foreseen_gives_nothing(flow: Udp | Echo) -> None:
    mtus = (1500, 1400, 1300)
    seen = datagrams(flow, *mtus)
    assert len(seen.outcomes) == 4
    assert [str(each) for each in differences(1, foreseen(seen, *mtus), seen)] == []


def test_every_fact_that_is_otherwise_is_named() -> None:
    seen = datagrams(UDP, 1500, 576, 1500)
    first = seen.outcomes[0]
    others = {
        "delivered": replace(first, delivered=1472),
        "refused": replace(first, errno=90),
        "exceptions": replace(first, exceptions=()),
    }
    predictions = foreseen(seen, 1500, 576, 1500)
    for what, wrong in others.items():
        found = differences(3, predictions, replace(seen, events=(wrong, *seen.events[1:])))
        assert [(each.act, each.send, each.what) for each in found] == [(3, 1, what)]
    lowered = foreseen(seen, 1500, 572, 1500)
    assert {each.what for each in differences(1, lowered, seen)} >= {"PTBs", "exceptions", "refused", "delivered"}
    assert "PTBs" in {each.what for each in differences(1, predictions, replace(seen, frames=()))}
    assert "path" in {each.what for each in differences(1, predictions, replace(seen, frames=()))}


def test_what_routers_or_the_destination_hold_is_compared() -> None:
    seen = datagrams(UDP, 1500, 576, 1500)
    predictions = foreseen(seen, 1500, 576, 1500)
    (held,) = seen.exceptions
    at_r1 = replace(seen, exceptions=(held, replace(held, node="r1")))
    back = str(seen.plan.address("client", IPV4))
    at_server = replace(seen, exceptions=(held, replace(held, node="server", to=back)))
    assert [each.what for each in differences(1, predictions, at_r1)] == ["exceptions at routers"]
    assert [each.what for each in differences(1, predictions, at_server)] == ["exceptions at the destination"]


def test_an_exception_that_is_listed_twice_is_one() -> None:
    seen = datagrams(UDP, 1500, 576, 1500)
    twice = tuple(replace(o, exceptions=o.exceptions * 2) for o in seen.outcomes)
    assert differences(1, foreseen(seen, 1500, 576, 1500), replace(seen, events=twice)) == []


def test_what_is_not_foreseen_is_passed_over() -> None:
    seen = datagrams(UDP, 1500, 576, 1500)
    assert differences(1, (None,) * len(seen.outcomes), replace(seen, frames=())) == []


def test_the_frames_of_one_send_are_its_own() -> None:
    seen = datagrams(UDP, 1500, 576, 1500)
    parts = [alone(seen, number) for number in range(len(seen.outcomes))]
    assert [part.outcomes for part in parts] == [(outcome,) for outcome in seen.outcomes]
    assert sum(len(part.frames) for part in parts) == len(seen.frames)
    assert [len(part.frames) > 0 for part in parts] == [True, False, True]


def test_tcp_may_hear_less_or_more_between_the_first_and_the_last() -> None:
    path = follow(row(9000, 5000, 4000, 3000, 1500), "client", "server", IPV4)
    (seen,) = foresee(row(9000, 5000, 4000, 3000, 9000), [[Send(Tcp("client", "server"), 65536)]])
    (prediction,) = seen
    assert prediction
    first, second, third = prediction.ptbs
    assert path.nodes == prediction.path.nodes
    for heard in ((first, second, third), (first, third), (first, third, second)):
        assert told_to_tcp(prediction, heard) == prediction.ptbs
    for wrong in ((), (first,), (second, third), (first, *told(("r4", 1500)), third)):
        assert told_to_tcp(prediction, wrong) == wrong


def test_a_transfer_is_as_foreseen() -> None:
    seen = transfer(Tcp("client", "server"), 1500, 576, 1500)
    assert [str(each) for each in differences(1, foreseen(seen, 1500, 576, 1500), seen)] == []
