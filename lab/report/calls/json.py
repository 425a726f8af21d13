"""A trace as JSON, and read back: what a guest hands over, and what programs take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lab.judge.verdict import Verdict
from lab.report.calls.told import Block, Line, Seen, Told, ToldAct

SCHEMA = 1
"""The version of what stands where. It goes up when a key changes its meaning or goes away, not when one is added."""


class Unreadable(ValueError):
    """This is no trace of ours. The message says what is wrong."""


def told_json(told: Told) -> str:
    """With a newline at the end. Times are ns since their act began."""
    document = {"schema": SCHEMA, **asdict(told), "verdict": told.verdict.value}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def read_back(document: Mapping[str, Any]) -> Told:
    """What told_json() was given. Raises Unreadable."""
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise Unreadable("this is no trace of pmtulab's, or one of another version: trace the scenario again")
    try:
        rest = {name: value for name, value in document.items() if name != "schema"}
        rest["verdict"] = Verdict(rest["verdict"])
        rest["acts"] = tuple(ToldAct(act["title"], tuple(_block(block) for block in act["blocks"])) for act in rest["acts"])
        rest["steps"] = tuple(Seen(**step) for step in rest["steps"])
        return Told(**rest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"the trace is not as it was written: {type(error).__name__}: {error}") from error


def _block(block: Mapping[str, Any]) -> Block:
    return Block(**{**block, "lines": tuple(Line(**line) for line in block["lines"])})
