"""Plays cases on real networks, one after another, in a sandbox that is kept: starting one takes longer than all the rest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from types import TracebackType

from lab.fuzz.compare import Difference, differences
from lab.fuzz.followed import PATIENCE, followed
from lab.fuzz.generate import Case
from lab.model.flow import DONT, Echo
from lab.world.drive import Driver
from lab.world.endpoints import open_endpoint
from lab.world.net import Net
from lab.world.sandbox import Sandbox


@dataclass(slots=True)
class Player:
    """Plays one case at a time. `played` counts networks, `sends` what was sent and compared; `patience` is in seconds."""

    sandbox: Sandbox | None = None
    patience: float = PATIENCE
    played: int = 0
    sends: int = 0

    def play(self, case: Case) -> list[Difference]:
        """Every fact that the theory says otherwise. Raises as Net and Driver do; then the sandbox is a new one next time."""
        self.sandbox = self.sandbox or Sandbox()
        found: list[Difference] = []
        try:
            with Net(case.topology, sandbox=self.sandbox) as net:
                introduce(net)
                driver = Driver(net, counted=False)
                for number, act in enumerate(followed(case, self.patience), 1):
                    found += differences(number, act.predictions, driver.play(act.story))
                    self.sends += len(act.predictions)
                    if found:
                        break
        except BaseException:
            self.close()
            raise
        self.played += 1
        return found

    def close(self) -> None:
        if self.sandbox:
            self.sandbox.close()
            self.sandbox = None

    def __enter__(self) -> Player:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def introduce(net: Net) -> None:
    """Lets all neighbours find each other. A packet that waits for that has left, as far as its sender knows: so of one that a link
    end drops, all fragments leave the first time, and the next time only those before the one that is dropped (ip_do_fragment()).
    """
    hosts = [host.name for host in net.plan.topology.hosts]
    for family in net.plan.topology.families:
        for a, b in combinations(hosts, 2):
            endpoint = open_endpoint(net, Echo(a, b, DONT, family), 0)
            endpoint.send(1, PATIENCE, lambda: False, lambda: None)
            endpoint.close()
    net.capture.take()
