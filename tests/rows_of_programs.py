"""Claims about programs, and claims that depend on a trait of the kernel, each with what must make it fail."""

from __future__ import annotations

from dataclasses import replace

from lab.judge.expect import Exits, IfTrait, PathMtu, Prints, PrintsLines
from lab.judge.observation import Observation
from tests.observations import START, Change, holding
from tests.scenes import MODERN, OLD, TOOLS, Row


def program(run: int, **changes: object) -> Change:
    """The n-th program's end, changed."""

    def change(observation: Observation) -> Observation:
        ran = observation.ran[run - 1]
        events = (replace(ran, **changes) if event is ran else event for event in observation.events)  # type: ignore[arg-type]
        return replace(observation, events=tuple(events))

    return change


ROWS = (
    Row(
        Prints("Message too  LONG, mtu=576", "ping(8)"),
        TOOLS,
        {"another number": program(1, err="message too long, mtu=577"), "nothing": program(1, err="")},
    ),
    Row(
        PrintsLines(0, "ip-route(8)", run=2),
        TOOLS,
        {"a line": program(2, out="one\n"), "failure": program(2, status=1)},
    ),
    Row(
        Exits(1, "ping(8)", within=2.0),
        TOOLS,
        {
            "success": program(1, status=0),
            "no end": program(1, status=None),
            "too late": program(1, ended=START + 2_000_000_001),
        },
    ),
    Row(
        Exits(1, "ping(8)", within=1.0, beyond=2),  # which takes two seconds itself
        TOOLS,
        {
            "too late": program(1, ended=START + 3_000_000_001),
            "the other is quicker": program(2, ended=START + 999_999_999),
        },
    ),
    Row(
        IfTrait("modern", then=PathMtu(576, "client", "server"), otherwise=PathMtu(577, "client", "server")),
        MODERN,
        {"it is not": lambda o: replace(o, traits={"modern": False}), "one octet more": holding(mtu=577)},
    ),
    Row(
        IfTrait("modern", then=PathMtu(577, "client", "server"), otherwise=PathMtu(576, "client", "server")),
        OLD,
        {"it is": lambda o: replace(o, traits={"modern": True}), "one octet more": holding(mtu=577)},
    ),
)
