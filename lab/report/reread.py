"""A result read back from what a run leaves on disk: result.json and capture.pcapng.

Frames come from the capture, all else from the document, so that a report can be made again without the run. What a scenario claims
comes back as findings: its expectations and its stories do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lab.judge.convergence import Convergence
from lab.judge.faults import FAULTS
from lab.judge.observation import Frame, Observation
from lab.judge.result import ActResult, Result
from lab.judge.scenario import Act, Scenario
from lab.judge.verdict import Finding, Verdict
from lab.model.exchange import of_object
from lab.model.flow import Flow
from lab.model.packet import Packet
from lab.model.pcapng import Capture
from lab.model.rfc import Citation, Kernel, Manual, Rfc
from lab.model.topology import Family
from lab.model.wire import decode
from lab.report.json import SCHEMA
from lab.report.plain import PROTOCOLS, event_of, exceptions_of, flow_of
from lab.report.typed import misfits
from lab.theory.plan import Plan, plan


class Unreadable(ValueError):
    """The files are no run of ours, or not of one. The message says what is wrong with them."""


def reread(document: Mapping[str, Any], capture: Capture) -> Result:
    """The result. Raises Unreadable."""
    if not isinstance(document, Mapping) or "schema" not in document:
        raise Unreadable("result.json is not a result of pmtulab's")
    if document["schema"] != SCHEMA:
        raise Unreadable(f"result.json has schema {document['schema']}, and this is for {SCHEMA}: run the scenario again")
    if "topology" not in document:
        raise Unreadable("result.json comes from an older pmtulab, and has no topology: run the scenario again")
    try:
        return _result(document, capture)
    except Unreadable:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"result.json is not as it was written: {type(error).__name__}: {error}") from error


def _result(document: Mapping[str, Any], capture: Capture) -> Result:
    topology = of_object(document["topology"])
    planned = plan(topology)
    frames = _frames(capture)
    acts = tuple(_act(act, planned, frames, document["epoch"]) for act in document["acts"])
    if next(frames, None) is not None:
        raise Unreadable("capture.pcapng has more frames than result.json: they are not of one run")
    scenario = Scenario(document["scenario"], document["title"], topology, tuple(Act(act.title, (), ()) for act in acts))
    stopped = Verdict(document["stopped"]) if document["stopped"] else None
    faults = tuple(FAULTS[fault["name"]].name for fault in document["faults"])
    result = Result(scenario, acts, document["seconds"], stopped, document["reason"], faults)
    if wrong := next(_wrong(result), ""):
        raise TypeError(wrong)
    return result


def _wrong(result: Result) -> Iterator[str]:
    """What was read and is not of its kind. The topology, the plan and the frames were made here, and the acts of the scenario."""
    yield from misfits(result, Result, "result", "scenario", "acts")
    yield from misfits(result.scenario, Scenario, "scenario", "topology", "acts")
    for number, act in enumerate(result.acts, 1):
        yield from misfits(act, ActResult, f"act {number}", "observation")
        yield from misfits(act.observation, Observation, f"act {number}", "plan", "frames")


def _frames(capture: Capture) -> Iterator[Frame]:
    """All frames of the run, in order. Both ends of a link see the same octets: they are decoded once."""
    ends = [interface.name.split(":") for interface in capture.interfaces]
    decoded: dict[bytes, Packet | None] = {}
    for number, seen in enumerate(capture.frames, 1):
        if seen.octets not in decoded:
            decoded[seen.octets] = decode(seen.octets)
        node, interface = ends[seen.interface]
        packet = decoded[seen.octets]
        yield Frame(number, seen.time_ns, node, interface, seen.outbound, seen.octets, seen.length, packet)


def _act(act: Mapping[str, Any], planned: Plan, frames: Iterator[Frame], epoch: int) -> ActResult:
    its = tuple(frame for _, frame in zip(range(act["frames"]), frames, strict=False))
    if len(its) < act["frames"]:
        raise Unreadable("capture.pcapng has fewer frames than result.json: they are not of one run")
    flows = [flow_of(flow) for flow in act["flows"]]
    seen = act["observed"]
    observation = Observation(
        planned,
        its,
        tuple(event_of(event, flows, act["programs"], epoch) for event in act["events"]),
        counters=act["counters"],
        exceptions=exceptions_of(seen.get("exceptions", ())),
        addresses=seen.get("addresses", {}),
        traits=seen.get("traits", {}),
        mtus=seen.get("mtus", {}),
    )
    findings = tuple(_finding(finding) for finding in act["findings"])
    return ActResult(act["title"], observation, findings, tuple(_convergence(figures, flows) for figures in act["convergence"]))


def _finding(data: Mapping[str, Any]) -> Finding:
    cites = _citation(data["cites"], data.get("file", ""))
    return Finding(data["claim"], Verdict(data["verdict"]), data["seen"], cites, tuple(data["frames"]))


def _citation(written: str, file: str) -> Citation:
    return Kernel.written(written, file) if file else Rfc.written(written) or Manual(written)


def _convergence(data: Mapping[str, Any], flows: Sequence[Flow]) -> Convergence:
    """Figures of a flow: the first like it that was sent over, as they are told together."""
    said = data["flow"]
    kind, family = PROTOCOLS[said["protocol"]], Family(said["family"])
    alike = (f for f in flows if type(f) is kind and (f.source, f.to, f.family) == (said["source"], said["to"], family))
    flow = next(alike, None) or kind(said["source"], said["to"], family=family)
    return Convergence(flow, data["lost"], data["ptbs"], data["octets"], data["nanoseconds"], data["round_trips"])
