"""What an observation has beside its frames, as plain data, and back: events, flows, exceptions, TCP's states.

A field that is as usual is left out. Times are nanoseconds since an `epoch`, itself in nanoseconds: small enough for programs whose
numbers are floating-point ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from ipaddress import ip_address
from typing import Any

from lab.judge.observation import (
    Done,
    Event,
    Flushed,
    Observation,
    Outcome,
    QueuedError,
    Ran,
    RouteException,
    Searched,
    TcpState,
)
from lab.model.flow import Echo, Flow, PmtuDisc, Raw, Tcp, Udp
from lab.model.topology import Family

PROTOCOLS: Mapping[str, type[Flow]] = {kind.__name__.lower(): kind for kind in (Udp, Tcp, Echo, Raw)}
STATE = tuple(field.name for field in fields(TcpState))
"""The columns of a TCP state, which is written as a list of numbers."""

Plain = dict[str, Any]


def unusual(value: Any, *without: str) -> Plain:
    """The fields of a dataclass that have no usual value, or another, but for those named. Tuples become lists."""
    found: Plain = {}
    for field in fields(value):
        its = getattr(value, field.name)
        usual = field.default if field.default_factory is MISSING else field.default_factory()
        if field.name not in without and (usual is MISSING or its != usual):
            found[field.name] = int(its) if isinstance(its, Family | PmtuDisc) else its
    return found


def flow_object(flow: Flow) -> Plain:
    return {"protocol": type(flow).__name__.lower()} | unusual(flow)


def flow_of(data: Plain) -> Flow:
    rest = {key: value for key, value in data.items() if key != "protocol"}
    for name, enum in (("family", Family), ("discover", PmtuDisc)):
        if rest.get(name) is not None:
            rest[name] = enum(rest[name])
    return PROTOCOLS[data["protocol"]](**rest)


def exceptions_object(exceptions: Sequence[RouteException]) -> list[Plain]:
    return [unusual(exception) for exception in exceptions]


def exceptions_of(data: Sequence[Plain]) -> tuple[RouteException, ...]:
    """Raises ValueError where one is towards no address, as reports look for whose address it is."""
    return tuple(RouteException(**exception | {"to": str(ip_address(str(exception["to"])))}) for exception in data)


def flows_of_events(events: Sequence[Event]) -> list[Flow]:
    """Each flow once, in the order in which they were first sent over."""
    return list(dict.fromkeys(event.flow for event in events if isinstance(event, Outcome | Searched)))


def event_object(event: Event, flows: Sequence[Flow], programs: Sequence[Ran], epoch: int) -> Plain:
    """An event. Its flow is a number in `flows`, what a program printed is in `programs`, by number."""
    match event:
        case Flushed(time):
            return {"kind": "flushed", "time": time - epoch}
        case Done(time, at, words, mtus):
            return {"kind": "done", "time": time - epoch, "at": at, "words": words} | ({"mtus": dict(mtus)} if mtus else {})
        case Ran():
            span = {"started": event.started - epoch, "ended": event.ended - epoch}
            return {"kind": "ran", "program": next(i for i, ran in enumerate(programs) if ran is event)} | span
        case Searched():
            span = {"started": event.started - epoch, "ended": event.ended - epoch}
            return {"kind": "searched", "flow": flows.index(event.flow)} | span | {"found": event.found, "probes": event.probes}
        case Outcome():
            return {"kind": "sent", "flow": flows.index(event.flow)} | _outcome_object(event, epoch)


def _outcome_object(event: Outcome, epoch: int) -> Plain:
    nested = "flow", "started", "ended", "errors", "sender", "receiver", "exceptions", "samples"
    found: Plain = {"started": event.started - epoch, "ended": event.ended - epoch} | unusual(event, *nested)
    if event.errors:
        found["errors"] = [unusual(error) for error in event.errors]
    if event.exceptions:
        found["exceptions"] = exceptions_object(event.exceptions)
    found |= {name: _numbers(state) for name in ("sender", "receiver") if (state := getattr(event, name))}
    if event.samples:
        found["samples"] = [[time - epoch, *_numbers(state)] for time, state in event.samples]
    return found


def event_of(data: Plain, flows: Sequence[Flow], programs: Sequence[Plain], epoch: int) -> Event:
    """The event. Raises KeyError, IndexError or TypeError for what is none."""
    rest = {key: value for key, value in data.items() if key != "kind"}
    for name in ("time", "started", "ended"):
        if name in rest:
            rest[name] += epoch
    match data["kind"]:
        case "flushed":
            return Flushed(**rest)
        case "done":
            return Done(**rest | {"mtus": tuple(rest.get("mtus", {}).items())})
        case "ran":
            program = programs[rest.pop("program")]
            return Ran(**program, **rest)
        case "searched":
            probes = tuple((octets, answered) for octets, answered in rest["probes"])
            return Searched(**rest | {"flow": flows[rest["flow"]], "probes": probes})
        case "sent":
            rest |= {name: TcpState(*rest[name]) for name in ("sender", "receiver") if name in rest}
            rest["flow"] = flows[rest["flow"]]
            rest["errors"] = tuple(QueuedError(**error) for error in rest.get("errors", ()))
            rest["exceptions"] = exceptions_of(rest.get("exceptions", ()))
            rest["samples"] = tuple((time + epoch, TcpState(*state)) for time, *state in rest.get("samples", ()))
            return Outcome(**rest)
        case other:
            raise KeyError(other)


def observed(observation: Observation) -> Plain:
    """What else an observation has that is not as usual. Counters are not among it."""
    found: Plain = {"exceptions": exceptions_object(observation.exceptions)} if observation.exceptions else {}
    found |= {name: dict(its) for name in ("addresses", "traits", "mtus") if (its := getattr(observation, name))}
    return found


def _numbers(state: TcpState) -> list[int]:
    return [getattr(state, name) for name in STATE]
