"""What a guest told of one kernel: verdicts of scenarios, and answers about the kernel."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.traits import Known
from lab.judge.verdict import Verdict
from lab.model.kernel import Kernel


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scenario on one kernel. `claims` is how many were judged; `failed` are claims that failed, each with what was seen.

    `reason` says why it was skipped, or what broke. `seconds` are the guest's, from the plan to the verdict; `wall` are ours, from
    the result before it.
    """

    scenario: str
    verdict: Verdict
    claims: int = 0
    failed: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    seconds: float = 0.0
    wall: float = 0.0


@dataclass(frozen=True, slots=True)
class KernelRun:
    """One kernel, booted once.

    `stopped` is None where the guest ran to its end; FAIL where it panicked, hung or ran out of time, BROKEN where it never booted.
    `reason` then says which, and `console` is the console's tail. `accelerator` is "kvm" or "tcg" (plain emulation). `boot` is from
    the start of QEMU to the guest's first word, `first_verdict` to its first result (None: there was none), `wall` to its end, all
    in seconds of ours; `guest_seconds` are the guest's own from boot to end, which --warp parts from `wall`.
    """

    kernel: Kernel
    outcomes: tuple[Outcome, ...] = ()
    traits: tuple[Known, ...] = ()
    features: tuple[Known, ...] = ()
    stopped: Verdict | None = None
    reason: str = ""
    console: tuple[str, ...] = ()
    accelerator: str = ""
    boot: float | None = None
    first_verdict: float | None = None
    wall: float = 0.0
    guest_seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """The worst of the outcomes' and of what stopped the guest. Answers claim nothing, but where there are any it has told."""
        verdicts = [outcome.verdict for outcome in self.outcomes]
        verdicts += [self.stopped] if self.stopped else []
        return Verdict.worst(verdicts) if verdicts or not self.traits else Verdict.PASS
