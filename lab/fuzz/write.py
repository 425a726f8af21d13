"""A case as a scenario file. Its claims are what the theory says, so it fails until theory and kernel agree, and passes then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import IntEnum
from typing import Any

from lab.fuzz.compare import Difference
from lab.fuzz.followed import Followed, followed
from lab.fuzz.generate import HEADERS, Case
from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    ErrorQueued,
    Expectation,
    Fragments,
    Leaves,
    Mss,
    NothingLearned,
    PathMtu,
    TcpPathMtu,
    TooBig,
    Unanswered,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.topology import IPV4, Family, Topology
from lab.report.picture import picture

WIDTH = 132


def scenario_text(name: str, case: Case, found: Sequence[Difference]) -> str:
    """The whole file; `found` goes into its docstring."""
    scenario = scenario_of(name, case)
    drawn = "\n".join(f"    {line}" for line in picture(case.topology).splitlines())
    told = "\n".join(f"* {difference}" for difference in found)
    imports: dict[str, set[str]] = defaultdict(set)
    code = written(scenario, imports, "scenario = ")
    lines = [f"from {module} import {', '.join(sorted(names, key=_import_order))}" for module, names in sorted(imports.items())]
    intro = f'"""{scenario.title}.\n\n{drawn}\n\nThe fuzzer saw it so:\n\n{told}\n"""'
    if any(len(line) > WIDTH for line in intro.splitlines()):
        intro += "  # noqa: E501"
    return "\n".join([intro, "", *lines, "", f"scenario = {code}", ""])


def scenario_of(name: str, case: Case) -> Scenario:
    """The case as far as it is foreseen, with a claim for each fact that an expectation can state."""
    acts = (Act(f"act {number}", act.story, claims(case, act)) for number, act in enumerate(followed(case), 1))
    return Scenario(name, "A random network of which theory and kernel disagree", case.topology, tuple(acts))


def claims(case: Case, act: Followed) -> tuple[Expectation, ...]:
    """What the theory says of one act."""
    found = [*_of_ptbs(act), *(claim for number in range(len(act.sends)) for claim in _of_send(act, number)), *_of_cuts(act)]
    flow, last = act.sends[-1].flow, act.predictions[-1]
    if isinstance(flow, Tcp) and last.advertised:
        found += [AdvertisedMss(mss, by=by) for mss, by in zip(last.advertised, (flow.source, flow.to), strict=True)]
        found += [Mss(last.mss, at=flow.source)] if last.mss is not None else []
        found.append(TcpPathMtu(last.pmtu, at=flow.source))
    # Where a network has both families, an expectation cannot say which of them an exception is of.
    if len(case.topology.families) == 1 and any(prediction.refused is None for prediction in act.predictions):
        if last.exception:
            found.append(PathMtu(last.exception.mtu, at=flow.source, to=flow.to, locked=last.exception.locked))
        else:
            found.append(NothingLearned(at=flow.source, to=flow.to))
    return tuple(dict.fromkeys(found))


def _of_ptbs(act: Followed) -> Iterator[Expectation]:
    said: dict[tuple[str, str], set[int]] = defaultdict(set)
    for send, prediction in zip(act.sends, act.predictions, strict=True):
        # Over TCP, only the first and the last are sure to come.
        sure = (*prediction.ptbs[:1], *prediction.ptbs[-1:]) if isinstance(send.flow, Tcp) else prediction.ptbs
        for ptb in sure:
            said[ptb.by, ptb.to].add(ptb.mtu)
    yield from (TooBig(by=by, to=to, mtu=next(iter(mtus))) for (by, to), mtus in said.items() if len(mtus) == 1)


def _of_send(act: Followed, number: int) -> Iterator[Expectation]:
    send, prediction = act.sends[number], act.predictions[number]
    flow = send.flow
    if prediction.refused is not None:
        yield ErrorQueued(send=number + 1, info=prediction.refused, offender=None)
        return
    if not isinstance(flow, Tcp) and all(cut.at != flow.source for cut in prediction.fragments):
        size = HEADERS[flow.family] + send.octets
        same = [p.df for s, p in zip(act.sends, act.predictions, strict=True) if s.octets == send.octets]
        if len(set(same)) == 1:
            yield Leaves(size, by=flow.source, df=prediction.df if flow.family == IPV4 else None)
    if prediction.delivered:
        yield Delivered(send.octets, to=flow.to, send=number + 1)
    # A link end that drops what its own neighbour sends may show in send()'s errno (ENOBUFS).
    elif not prediction.ptbs and prediction.black_hole not in (None, f"{prediction.path.nodes[1]}:{flow.source}"):
        yield Unanswered(send=number + 1)


def _of_cuts(act: Followed) -> Iterator[Expectation]:
    """Of TCP's segments the last is cut otherwise, and where a piece is lost, how many follow is not the same each time."""
    made: dict[str, set[tuple[tuple[int, int], ...]]] = defaultdict(set)
    for prediction in act.predictions:
        if not prediction.advertised and not prediction.black_hole:
            for cut in prediction.fragments:
                made[cut.at].add(tuple(zip(cut.sizes, cut.offsets, strict=True)))
    yield from (Fragments(by=at, pieces=next(iter(pieces))) for at, pieces in made.items() if len(pieces) == 1)


def written(value: Any, imports: dict[str, set[str]], lead: str = "", indent: int = 0) -> str:
    """The value as Python source, laid out as ruff does it; the names that it needs are added to `imports`, by module.

    `lead` stands before it on its line, `indent` is how far that is indented.
    """
    parts = _parts(value, imports)
    if parts is None:
        return _literal(value, imports)
    opening, members = parts
    whole = ", ".join(f"{name}{written(member, imports)}" for name, member in members)
    comma = "," if opening == "(" and len(members) == 1 else ""
    if indent + len(lead) + len(opening) + len(whole) + 3 <= WIDTH:
        return f"{opening}{whole}{comma})"
    room = " " * (indent + 4)
    lines = [f"{room}{name}{written(member, imports, name, indent + 4)},\n" for name, member in members]
    return f"{opening}\n{''.join(lines)}{' ' * indent})"


def _parts(value: Any, imports: dict[str, set[str]]) -> tuple[str, list[tuple[str, Any]]] | None:
    """How a dataclass or a tuple opens, and its members, each with what stands before it. Defaults are left out."""
    if isinstance(value, tuple):
        return "(", [("", member) for member in value]
    if not is_dataclass(value):
        return None
    kind = type(value)
    imports["lab.judge.expect" if isinstance(value, Expectation) else kind.__module__].add(kind.__name__)
    members = []
    for number, each in enumerate(fields(value)):
        member = getattr(value, each.name)
        if each.default is MISSING or member != each.default:
            keyword = each.default is not MISSING or _is_named(value, number, member)
            members.append((f"{each.name}=" if keyword else "", member))
    return f"{kind.__name__}(", members


def _is_named(value: Any, number: int, member: Any) -> bool:
    """Whether an argument is written with its name, although it could do without."""
    if isinstance(value, Expectation):
        return number > 0 or not isinstance(member, int)
    return isinstance(value, Scenario | Topology) or (isinstance(value, Act) and number > 0)


def _literal(value: Any, imports: dict[str, set[str]]) -> str:
    if isinstance(value, IntEnum):
        name = f"IPV{value.value}" if isinstance(value, Family) else value.name
        imports[type(value).__module__].add(name)
        return name
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _import_order(name: str) -> tuple[bool, str]:
    """Constants before classes, as ruff sorts them."""
    return not name.isupper(), name
