"""What was traced, put into words: chains that are alike are folded, and each step of the documents is looked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from errno import EMSGSIZE
from itertools import groupby
from operator import itemgetter

from lab.judge.calls import Call, Means, Trace
from lab.judge.chains import Aligned, Chain
from lab.judge.observation import Frame, Observation
from lab.judge.result import Result
from lab.judge.verdict import Verdict
from lab.model.packet import Packet, TcpFlag, TcpHeader
from lab.model.topology import IPV4, Family
from lab.report.calls.told import CALL, IN, OUT, Block, Line, Seen, Told, ToldAct
from lab.report.journeys import matters
from lab.report.wording import packet_words
from lab.theory.calls import DROP, STEPS, Step
from lab.theory.linux import IP_HEADER

RECENT = 12
"""A chain joins one of so many last blocks: a flight of TCP makes about as many kinds of chains in turn, at all nodes."""

WITH_SIZE = ("ip_forward", "ip6_forward", "__ip_finish_output", "ip6_finish_output", "ip_do_fragment", "ip6_fragment")
"""Functions that are given a whole packet, whose size says something."""

PROMISES = {
    Means.PROBES: "only what the lab's own network namespaces called: each call's is compared with theirs",
    Means.TRACEPOINTS: (
        "only packets that the lab's taps saw; another network's, at the same moment, of the same length and at an interface of the"
        " same name, could be taken for one of them"
    ),
}


def tell(result: Result, trace: Trace | None, aligned: Aligned, why: str = "") -> Told:
    """All of it. `why` says why there are no probes. Raises nothing."""
    observations = [act.observation for act in result.acts]
    starts = [_start(observation) for observation in observations]
    acts = []
    for number, act in enumerate(result.acts):
        until = starts[number + 1] if number + 1 < len(starts) else None
        its = [c for c in aligned.chains if (number == 0 or c.time >= starts[number]) and (until is None or c.time < until)]
        acts.append(ToldAct(act.title, blocks(its, act.observation)))
    return Told(
        result.scenario.name,
        result.scenario.title,
        trace.release if trace else "",
        _means(trace, why),
        PROMISES[trace.means] if trace else "",
        _clock(trace, aligned),
        result.verdict,
        result.reason or _failed(result),
        tuple(acts),
        tuple(_steps(trace, aligned, observations)) if trace else (),
    )


def _failed(result: Result) -> str:
    """The claims that failed, each with what was seen; nothing where none did."""
    return "; ".join(f"{finding.claim}: {finding.seen}" for finding in result.findings if finding.verdict is Verdict.FAIL)


def _start(observation: Observation) -> int:
    """When an act began: with its first event, or the first frame before."""
    moments = [getattr(event, "started", getattr(event, "time", 0)) for event in observation.events]
    return min([*moments, *(frame.time for frame in observation.frames)], default=0)


def _means(trace: Trace | None, why: str) -> str:
    if trace is None:
        return "nothing was traced"
    if trace.means is Means.TRACEPOINTS:
        return f"tracepoints icmp:icmp_send and skb:kfree_skb, as function calls cannot be traced here: {why}"
    return "kprobe events at the functions themselves, with their arguments"


def _clock(trace: Trace | None, aligned: Aligned) -> str:
    if trace is None:
        return ""
    order = f"frames stand where their packets passed in the trace, at most {aligned.apart / 1000:.0f} µs from the taps' own time"
    unplaced = f"; {len(aligned.unplaced)} frames passed unseen by it" if aligned.unplaced else ""
    return f"{order}; the two clocks are within {trace.clock / 1000:.1f} µs{unplaced}"


def blocks(chains: Sequence[Chain], observation: Observation) -> tuple[Block, ...]:
    """Chains as blocks, in the order of time; each joins one of the last that is like it. A link's housekeeping is left out."""
    chains = [chain for chain in chains if not _housekeeping(chain)]
    begun = min((chain.time for chain in chains), default=0)
    made: list[_Open] = []
    for chain in chains:
        told = [(_likeness(entry, line), line) for entry in chain.entries for line in [_line(entry, observation, begun)]]
        runs = [(kind, [line for _, line in run]) for kind, run in groupby(told, key=itemgetter(0))]
        # Alike one after another are the segments that an interface has made of one.
        lines = tuple(replace(run[0], number=len(run)) for _, run in runs)
        likeness = chain.purpose, chain.node, tuple(kind for kind, _ in runs)
        size = max((line.octets for line in lines), default=0)
        recent = (block for block in reversed(made[-RECENT:]) if block.likeness == likeness)
        if known := next(recent, None):
            known.joined(size)
        else:
            made.append(_Open(likeness, Block(chain.purpose.value, chain.node, lines, 1, size, size)))
    return tuple(block.block for block in made)


def _housekeeping(chain: Chain) -> bool:
    """Whether all its packets are neighbours' and groups' affairs."""
    frames = chain.frames
    return bool(frames) and not any(
        matters(frame.packet) or (frame.packet and isinstance(frame.packet.payload, TcpHeader)) for frame in frames
    )


@dataclass(slots=True)
class _Open:
    """A block that more chains may join."""

    likeness: object
    block: Block

    def joined(self, size: int) -> None:
        block = self.block
        self.block = replace(block, number=block.number + 1, least=min(block.least, size), most=max(block.most, size))


def _likeness(entry: Call | Frame, line: Line) -> object:
    """What chains must have in common to be told as one: everything but the sizes of packets."""
    if isinstance(entry, Call):
        return line.name, line.words
    packet = entry.packet
    segment = isinstance(packet.payload, TcpHeader) and not packet.payload.flags & TcpFlag.SYN if packet else False
    return line.kind, line.name, "TCP" if segment else line.words


def _line(entry: Call | Frame, observation: Observation, begun: int) -> Line:
    if isinstance(entry, Call):
        values = dict(entry.values)
        octets = int(values.get("len", 0)) if entry.function in WITH_SIZE else int(values.get("length", 0))
        return Line(CALL, entry.function, call_words(entry, observation), entry.time - begun, octets)
    packet = entry.packet
    words, octets = (frame_words(packet), packet.octets) if packet else (f"{entry.length} octets, no IP", 0)
    return Line(OUT if entry.sent else IN, entry.interface, words, entry.time - begun, octets, entry.number)


def frame_words(packet: Packet) -> str:
    """A packet in few words, with its DF bit; of a fragment that it is one."""
    octets = packet.octets - IP_HEADER[packet.family]
    words = f"fragment at {packet.fragment_offset}" if packet.is_fragment else packet_words(packet, octets)
    return f"{words}, DF" if packet.df else words


def call_words(call: Call, observation: Observation | None = None) -> str:
    """The arguments of a call that say something, in the words of the protocols: "mtu 576", "type 3 code 4, mtu 576"."""
    values = dict(call.values)
    words = []
    if "location" in values:
        words.append(f"{values.get('reason', 'no reason is told')}, in {values['location']}")
    if "type" in values:
        words.append(f"type {values['type']} code {values['code']}")
    if values.get("err"):
        words.append("EMSGSIZE" if values["err"] == EMSGSIZE else f"error {values['err']}")
    if to := str(values.get("daddr", "")):
        words.append(f"towards {(observation and observation.owner(to)) or to}")
    told = next((values[name] for name in ("info", "mtu", "pmtu") if name in values), None)
    if told is not None:
        words.append(f"mtu {told}")
    if values.get("lock"):
        words.append("locked")
    if "mss" in values:
        words.append(f"MSS {values['mss']}")
    return ", ".join(words)


def _steps(trace: Trace, aligned: Aligned, observations: Sequence[Observation]) -> Iterator[Seen]:
    """Every step of the families that the network has, or whose chains were seen."""
    calls = list(_called(aligned.chains))
    families = {family for observation in observations for family in observation.plan.topology.families}
    for step in STEPS:
        if step.family not in families:
            continue
        its = [
            (call, chain)
            for call, chain, family in calls
            if call.function in step.now and family is step.family and (chain.purpose is step.purpose or len(_purposes(step)) == 1)
        ]
        first = its[0] if its else None
        words = call_words(first[0], next(iter(observations), None)) if first else ""
        frames = first[1].frames if first else ()
        now = first[0].function if first else _known_now(step, trace.absent)
        why = "" if its else _why(step, trace.absent)
        frame = frames[0].number if frames else 0
        yield Seen(
            *(step.purpose.value, f"IPv{step.family.value}", step.then, now, step.article, step.does),
            *(len(its), words, frame, why),
        )


def _purposes(step: Step) -> set[str]:
    """The purposes that a step's function has in its family."""
    return {other.purpose.value for other in STEPS if other.family is step.family and set(other.now) & set(step.now)}


def _known_now(step: Step, absent: Mapping[str, str]) -> str:
    return next((name for name in step.now if name not in absent), step.now[0] if step.now else "")


def _why(step: Step, absent: Mapping[str, str]) -> str:
    """Why a step cannot be seen, and what stands for it; empty where it can."""
    stands = f"; see {step.stands}" if step.stands else ""
    if not step.now:
        return f"inlined{stands}"
    whys = Counter(absent[name] for name in step.now if name in absent)
    if sum(whys.values()) < len(step.now):
        return ""
    named = [why for why in whys if why != "not in this kernel"] or list(whys)
    return f"{named[0]}{stands}"


def _called(chains: Iterable[Chain]) -> Iterator[tuple[Call, Chain, Family]]:
    for chain in chains:
        family = _family(chain)
        yield from ((call, chain, family) for call in chain.calls)


def _family(chain: Chain) -> Family:
    """A chain's family: that of a function that only one has, else its frames'."""
    for call in chain.calls:
        families = {step.family for step in STEPS if call.function in step.now}
        if len(families) == 1 and call.function != DROP:
            return families.pop()
    return next((frame.packet.family for frame in chain.frames if frame.packet), IPV4)
