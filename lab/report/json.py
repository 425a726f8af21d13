"""A result as JSON, for programs: everything that the terminal shows, the counters, and all of an observation but its frames.

With capture.pcapng beside it, it is the whole run: lab.report.reread makes the result of both again.
SCHEMA is the version of what stands where. It goes up when a key changes its meaning or goes away, not when one is added.
"""

from __future__ import annotations

import json
import re
from typing import Any

from lab.judge.convergence import Convergence
from lab.judge.faults import FAULTS
from lab.judge.result import ActResult, Result
from lab.model.exchange import as_object
from lab.model.rfc import Kernel
from lab.report.plain import STATE, event_object, flow_object, flows_of_events, observed
from lab.report.timeline import Row, timeline

SCHEMA = 1
SECOND = 1_000_000_000

_NUMBERS = re.compile(r"\[\n([\d,\s-]+)\]")


def result_json(result: Result, kernel: str) -> str:
    """The document, with a newline at its end. `kernel` is the release that ran.

    Times are nanoseconds where a key does not say seconds, sizes octets. `frames` are frame numbers in capture.pcapng; of an act,
    how many of them it has. Times of events count from `epoch`; `sender`, `receiver` and `samples` are TCP's states, in the order
    of `tcp_state`, samples with their time before it.
    """
    epoch = _epoch(result)
    document = {
        "schema": SCHEMA,
        "scenario": result.scenario.name,
        "title": result.scenario.title,
        "verdict": result.verdict.value,
        "stopped": result.stopped.value if result.stopped else None,
        "reason": result.reason,
        "faults": [{"name": name, "says": FAULTS[name].says} for name in result.faults],
        "seconds": round(result.seconds, 6),
        "kernel": kernel,
        "topology": as_object(result.scenario.topology),
        "tcp_state": list(STATE),
        "epoch": epoch,
        "acts": [_act(act, epoch) for act in result.acts],
    }
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    # Lists of numbers on one line. No string is hit, as a newline in a string is written as an escape.
    text = _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)
    # A lone surrogate, which UTF-8 cannot hold, becomes \udcxx: that is JSON's own escape for it.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _epoch(result: Result) -> int:
    """The second in which the run began, in nanoseconds since 1970."""
    times = [event.started if hasattr(event, "started") else event.time for act in result.acts for event in act.observation.events]
    times += [act.observation.frames[0].time for act in result.acts if act.observation.frames]
    return min(times, default=0) // SECOND * SECOND


def _act(act: ActResult, epoch: int) -> dict[str, Any]:
    observation = act.observation
    flows = flows_of_events(observation.events)
    return {
        "title": act.title,
        "frames": len(observation.frames),
        "timeline": [_row(row) for row in timeline(observation)],
        "findings": [
            {
                "claim": finding.claim,
                "verdict": finding.verdict.value,
                "seen": finding.seen,
                "cites": str(finding.cites),
                **({"file": finding.cites.file} if isinstance(finding.cites, Kernel) else {}),
                "frames": list(finding.frames),
            }
            for finding in act.findings
        ],
        "convergence": [_convergence(figures) for figures in act.convergence],
        "programs": [
            {"at": ran.at, "command": ran.command, "status": ran.status, "out": ran.out, "err": ran.err} for ran in observation.ran
        ],
        "counters": {node: dict(sorted(moved.items())) for node, moved in observation.counters.items() if moved},
        "observed": observed(observation),
        "flows": [flow_object(flow) for flow in flows],
        "events": [event_object(event, flows, observation.ran, epoch) for event in observation.events],
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
