"""The steps of a story in words, a line each: what is done, by whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from lab.model.flow import Flow, Tcp
from lab.model.story import (
    AddRoute,
    Configure,
    FlushRouteCache,
    ForgePtb,
    ReadCapture,
    ReadSocket,
    Run,
    Search,
    Send,
    SendPieces,
    SendTogether,
    SetMtu,
    Step,
    Sysctl,
    Wait,
)
from lab.report.wording import protocol

KNOWN = {"source", "to", "discover", "family", "number"}  # of a flow: said in other words, or understood


def step_lines(step: Step) -> Iterator[str]:
    """What the step does; a Configure has a line for each command."""
    if isinstance(step, Configure):
        for command in filter(None, map(str.strip, step.commands.splitlines())):
            yield f"configure  {step.at}: {command}"
    else:
        yield words(step)


def words(step: Step) -> str:
    match step:
        case Send(flow, octets):
            return f"send       {octets} octets over {flow_words(flow)}"
        case SendPieces(flow, octets, pieces):
            return f"send       {octets} octets over {flow_words(flow)}, in pieces at {', '.join(str(o) for o, _ in pieces)}"
        case SendTogether(flows, octets):
            return f"send       {octets} octets over each of {len(flows)}: {flow_words(flows[0])}"
        case Search(flow, high):
            return f"search     up to {high} octets of payload over {flow_words(flow)}"
        case FlushRouteCache():
            return "flush      every route cache"
        case SetMtu(a, b):
            return f"set        link {a}–{b} to MTU {'/'.join(map(str, dict.fromkeys(step.mtus)))}"
        case Sysctl(at, name, value):
            return f"set        {at}: {name} = {value}"
        case AddRoute(at, to, via):
            said = [f"mtu {'lock ' * step.locked}{step.mtu}"] if step.mtu else []
            said += [f"advmss {step.advmss}"] if step.advmss else []
            return f"route      {' '.join([f'{at}: to {to}', *([f'via {via}'] if via else []), *said])}"
        case Run(at, command):
            return f"run        {at}: {command if isinstance(command, str) else ' '.join(command[:2])}"
        case ReadCapture(command):
            return f"read       {command}" + (f", of what {step.end} saw" if step.end else "")
        case ReadSocket(flow):
            return f"read       the socket of {flow_words(flow)}"
        case Wait(seconds):
            return f"wait       {seconds:g} s"
        case ForgePtb(by, to, mtu, quote):
            about = type(quote.flow).__name__ if quote.flow else f"protocol {quote.protocol}"
            what = f"MTU {mtu}" if step.kind is None else f"ICMP type {step.kind[0]} code {step.kind[1]}"
            return f"forge      {by} tells {to}: {what}, about {about} to {quote.to}"
        case _:
            return f"{type(step).__name__.lower():<10} {step}"


def flow_words(flow: Flow) -> str:
    """Protocol, mode, ends, and every option that is not as usual."""
    how = [flow.discover.name] if flow.discover is not None else []
    usual = type(flow)(flow.source, flow.to)
    for one in fields(flow):
        value = getattr(flow, one.name)
        if one.name not in KNOWN and value != getattr(usual, one.name):
            how.append(f"{one.name} {value}" if not isinstance(value, bool) else one.name if value else f"no {one.name}")
    kind = protocol(flow) if not isinstance(flow, Tcp) else "TCP"
    return ", ".join([kind, *how, f"{flow.source} to {flow.to}"])
