"""A scenario that was run: each act's observation and findings, and one verdict over all."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.convergence import Convergence
from lab.judge.observation import Observation
from lab.judge.scenario import Scenario
from lab.judge.verdict import Finding, Verdict


@dataclass(frozen=True, slots=True)
class ActResult:
    """One act: what was seen, what it means, and how each of its flows converged."""

    title: str
    observation: Observation
    findings: tuple[Finding, ...]
    convergence: tuple[Convergence, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """A run of one scenario. `seconds` is from the plan to the verdict.

    `reason` says why there are fewer acts than the scenario has: with `stopped` BROKEN the lab failed, with SKIP this machine or
    kernel lacks something. `stopped` is None for a run that reached its end. `faults` are those that were injected
    (lab.judge.faults): then no verdict says anything about the kernel.
    """

    scenario: Scenario
    acts: tuple[ActResult, ...]
    seconds: float
    stopped: Verdict | None = None
    reason: str = ""
    faults: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for act in self.acts for finding in act.findings)

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings' and of what stopped the run: a SKIP does not hide a FAIL found before it."""
        verdicts = [finding.verdict for finding in self.findings]
        return Verdict.worst([*verdicts, self.stopped] if self.stopped else verdicts)
