"""Verdicts: a claim, what was seen, the evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from lab.model.rfc import Citation


class Verdict(Enum):
    """PASS: seen as claimed. FAIL: seen otherwise, or not seen. SKIP: this kernel or machine lacks it. BROKEN: the lab failed."""

    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"
    BROKEN = "broken"

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """BROKEN before FAIL before SKIP before PASS; BROKEN of none at all, as silence is never a PASS."""
        order = (cls.BROKEN, cls.FAIL, cls.SKIP, cls.PASS)
        return min(verdicts, key=order.index, default=cls.BROKEN)


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim judged: what was seen in its place, the frames that show it (numbers in the capture), and what the claim rests on."""

    claim: str
    verdict: Verdict
    seen: str
    cites: Citation
    frames: tuple[int, ...] = ()
