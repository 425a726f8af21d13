"""Output as documents show it, against the output that is seen: what differs from run to run is all that may differ.

A line of `…` alone stands for any lines left out.
"""

from __future__ import annotations

import re

LEFT_OUT = "…"

# A number with two or three places is a time; an address, with its dots on both sides, is not.
_TIME = re.compile(r"(?<![\d.])\d+\.\d{2,3}( ?m?s)?(?![\d.])\b")


def steady(text: str) -> str:
    """The text without what one run does not share with the next: times, frame numbers, and how much was sent by then."""
    text = _TIME.sub("T", text)
    text = re.sub(r"\b(time|expires) \d+(ms|sec)\b", r"\1 T", text)
    # What a host has just learned it keeps for 600 s, less those that this machine took since.
    text = re.sub(r"\bexpires in (600|5\d\d) s\b", "expires in T", text)
    text = re.sub(r"\b\d+ probes in \d+\.\d s\b", "N probes in T", text)
    text = re.sub(r"frames? [\d ,…-]+", "frames", text)
    text = re.sub(r"\b(\d+) segments of|\band \d+ smaller", "N segments", text)
    text = re.sub(r"(T) +\d+", r"\1 N", text)
    return re.sub(r"[ ─]+\n", "\n", re.sub(r" {2,}", "  ", text))


def alike(shown: str, seen: str) -> bool:
    """Whether `seen` is the output that `shown` shows. Both end with a newline, where they are not empty."""
    return re.fullmatch("".join(map(_pattern, steady(shown).splitlines())), steady(seen)) is not None


def _pattern(line: str) -> str:
    return r"(?:.*\n)*" if line.strip() == LEFT_OUT else re.escape(line) + r"\n"
