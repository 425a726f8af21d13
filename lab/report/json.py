"""A result as JSON, for programs: everything that the terminal shows, and the counters.

SCHEMA is the version of what stands where. It goes up when a key changes its meaning or goes away, not when one is added.
"""

from __future__ import annotations

import json
import re
from typing import Any

from lab.judge.convergence import Convergence
from lab.judge.faults import FAULTS
from lab.judge.result import ActResult, Result
from lab.report.timeline import Row, timeline

SCHEMA = 1

_NUMBERS = re.compile(r"\[\n([\d,\s]+)\]")


def result_json(result: Result, kernel: str) -> str:
    """The document, with a newline at its end. `kernel` is the release that ran. Times are nanoseconds where a key does not say
    seconds, sizes octets; `frames` are frame numbers in capture.pcapng.
    """
    document = {
        "schema": SCHEMA,
        "scenario": result.scenario.name,
        "title": result.scenario.title,
        "verdict": result.verdict.value,
        "reason": result.reason,
        "faults": [{"name": name, "says": FAULTS[name].says} for name in result.faults],
        "seconds": round(result.seconds, 6),
        "kernel": kernel,
        "acts": [_act(act) for act in result.acts],
    }
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    # Lists of numbers on one line. No string is hit, as a newline in a string is written as an escape.
    text = _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)
    # A lone surrogate, which UTF-8 cannot hold, becomes \udcxx: that is JSON's own escape for it.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _act(act: ActResult) -> dict[str, Any]:
    return {
        "title": act.title,
        "timeline": [_row(row) for row in timeline(act.observation)],
        "findings": [
            {
                "claim": finding.claim,
                "verdict": finding.verdict.value,
                "seen": finding.seen,
                "cites": str(finding.cites),
                "frames": list(finding.frames),
            }
            for finding in act.findings
        ],
        "convergence": [_convergence(figures) for figures in act.convergence],
        "programs": [
            {"at": ran.at, "command": ran.command, "status": ran.status, "out": ran.out, "err": ran.err}
            for ran in act.observation.ran
        ],
        "counters": {node: dict(sorted(moved.items())) for node, moved in act.observation.counters.items() if moved},
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "who": row.who,
        "what": row.what,
        "octets": row.octets,
        "df": row.df,
        "time": row.time,
        "note": row.note,
        "frames": list(row.frames),
    }


def _convergence(figures: Convergence) -> dict[str, Any]:
    flow = figures.flow
    return {
        "flow": {"protocol": type(flow).__name__.lower(), "source": flow.source, "to": flow.to, "family": int(flow.family)},
        "lost": figures.lost,
        "ptbs": figures.ptbs,
        "octets": figures.octets,
        "nanoseconds": figures.nanoseconds,
        "round_trips": figures.round_trips,
    }
