"""Expectations that depend on a trait of the running kernel."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.expect.base import Expectation, Seen
from lab.judge.observation import Observation
from lab.judge.verdict import Finding, Verdict
from lab.model.rfc import Citation
from lab.model.topology import Family


@dataclass(frozen=True, slots=True)
class IfTrait(Expectation):
    """`then` where this kernel has the trait, `otherwise` where it has not; that is probed, never read off its version."""

    trait: str
    then: Expectation
    otherwise: Expectation

    def claim(self) -> str:
        return f"{self.then.claim()} (with trait {self.trait}); {self.otherwise.claim()} (without)"

    def cites(self, family: Family) -> Citation:
        return self.then.cites(family)

    def see(self, observation: Observation) -> Seen:
        if self.trait not in observation.traits:
            return Seen(False, f"trait {self.trait} was not probed")
        return self._which(observation).see(observation)

    def judge(self, observation: Observation) -> Finding:
        """As the expectation that applies judges, in its words."""
        if self.trait not in observation.traits:
            return Finding(self.claim(), Verdict.BROKEN, f"trait {self.trait} was not probed", self.then.cites(Family.IPV4))
        return self._which(observation).judge(observation)

    def _which(self, observation: Observation) -> Expectation:
        return self.then if observation.traits[self.trait] else self.otherwise
