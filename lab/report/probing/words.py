"""Each verdict of a probe in words: what it is, how it is known, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from lab.model.topology import IPV4
from lab.report.wording import count
from lab.theory.dplpmtud import MAX_PROBES
from lab.theory.linux import IP_HEADER, TCP_HEADER
from lab.theory.probing.exchange import Means
from lab.theory.probing.found import (
    AnnouncedMss,
    BelowIpv6Minimum,
    BlackHole,
    Clamped,
    Lie,
    Loop,
    LostOnTheWayBack,
    LyingPtb,
    NarrowWayBack,
    NoAnswer,
    NotReachable,
    OtherWayBack,
    PathFound,
    SizesUnknown,
    Stale,
    Told,
    TooFar,
    Unsure,
    Verdict,
)

NAMES = {Means.UDP: "UDP", Means.ECHO: "ICMP echo", Means.SYN: "TCP"}
TCP_IP = {family: octets + TCP_HEADER for family, octets in IP_HEADER.items()}


class Words(NamedTuple):
    """A verdict in words: what, how it is known, and what to do about it (empty where nothing needs to be done)."""

    what: str
    evidence: str
    advice: str = ""


def teller(told: Told) -> str:
    """Who told it."""
    return short(told.hop) if told.hop is not None else f"{told.source}, from which no hop answers"


def short(number: int) -> str:
    return f"hop {number}" if number else "this host"


def place(found: PathFound, number: int) -> str:
    """A hop by number, address and rank."""
    if number == 0:
        return "this host"
    hop = found.hops[number - 1]
    return f"hop {number} ({hop.address}{', the destination' if hop.destination else ''})"


def in_words(verdict: Verdict, found: PathFound) -> Words:
    """What an operator should read."""
    match verdict:
        case BlackHole():
            return black_hole(verdict, found)
        case LyingPtb():
            return lying(verdict, found)
        case LostOnTheWayBack(octets):
            return Words(
                f"echo requests of {octets} octets are not answered, though UDP of that size arrives and small ones are",
                "large replies are lost on their way back; or a filter drops large echo requests, which looks the same from here",
                "probe from the other end, towards this host",
            )
        case BelowIpv6Minimum(path_mtu):
            return Words(
                f"an IPv6 path of {path_mtu} octets: no link may take less than 1280 (RFC 8200 §5)",
                "hosts ignore PTBs below 1280, and go on sending packets that vanish",
                "raise that link's MTU to 1280, or have a layer below it fragment",
            )
        case NotReachable(source, words):
            return Words(f"the destination cannot be reached: {words}", f"{source or 'this host'} says so")
        case NoAnswer() | SizesUnknown():
            return no_answer(verdict, found)
        case TooFar(hops):
            return Words(f"the destination answers, but not within {hops} hops", "", "--max-hops takes up to 60")
        case Loop(address, hops):
            return Words(
                f"packets go round in a circle: {address} answers as hops {', '.join(map(str, hops))}", "", "look at its routes"
            )
    return note(verdict, found)


def black_hole(hole: BlackHole, found: PathFound) -> Words:
    after = place(found, hole.after)
    silent = hole.before - hole.after - 1
    between = f" ({count(silent, 'hop')} between them did not answer)" if silent else ""
    ptb = "ICMP type 3 code 4 (fragmentation needed)" if found.family == IPV4 else "ICMPv6 type 2 (packet too big)"
    layer = "look for a switch or a tunnel between the two, or for a link with two MTUs"
    fix = layer if hole.after == 0 else f"have {short(hole.after)} send {ptb}, and let it through to here; else {layer}"
    vanish = f"packets above {hole.passes} octets vanish" if hole.exact else f"packets of {hole.lost} octets and more vanish"
    return Words(
        f"black hole between {after} and {place(found, hole.before)}{between}: {vanish}",
        f"{hole.passes} octets arrive; {hole.lost} did not, in {MAX_PROBES} tries, though a small one did after them; no PTB came",
        f"{fix}. Until then: MTU {found.path_mtu} on the route, MSS {found.mss} by a clamp, or net.ipv4.tcp_mtu_probing=1 for TCP",
    )


def lying(verdict: LyingPtb, found: PathFound) -> Words:
    told, passes = verdict.told, verdict.passes
    who = place(found, told.hop) if told.hop else f"{told.source}, from which no hop answers,"
    behind = f"{passes} octets is the most that gets to {place(found, verdict.before)}"
    forged = "" if told.hop else "find out who sends it: it may be forged, or come from another address of a hop"
    floor = 552 if found.family == IPV4 else 1280
    match verdict.lie:
        case Lie.NO_LESS:
            return Words(
                f"{who} tells MTU {told.mtu} about a packet of {told.about} octets: hosts cannot learn from that", behind, forged
            )
        case Lie.ZERO:
            advice = forged or "replace it: routers have told the MTU since 1990 (RFC 1191 §4)"
            return Words(f"{who} says that {told.about} octets are too big, and not what would fit (MTU 0)", behind, advice)
        case Lie.BELOW_MINIMUM:
            then = (
                "settles for 552, without DF, so routers fragment"
                if floor == 552
                else "does not believe it, and its packets vanish"
            )
            return Words(
                f"{who} tells MTU {told.mtu}, which is below {floor}", f"{behind}; Linux {then}", forged or "raise that MTU"
            )
        case Lie.TOO_MUCH:
            advice = forged or "make the MTU of that link the same at both ends, and of what carries it"
            return Words(
                f"{who} tells MTU {told.mtu}, and packets of that size vanish: a black hole for who believes it", behind, advice
            )
    advice = forged or "look at its routes' MTU; where that is right, somebody forges PTBs in its name"
    return Words(f"{who} tells MTU {told.mtu} about {told.about} octets, and larger packets arrive", behind, advice)


def no_answer(verdict: NoAnswer | SizesUnknown, found: PathFound) -> Words:
    if isinstance(verdict, SizesUnknown):
        known = f"the path MTU is known as far as {place(found, verdict.last)}" if verdict.last else "no size could be measured"
        return Words(f"the destination does not answer UDP, and a SYN has no size to choose: {known}", "", "try --icmp")
    others = {Means.UDP: "--icmp, or --tcp PORT with a port that is open", Means.ECHO: "--udp, or --tcp PORT", Means.SYN: "--icmp"}
    last = f"the last that answers is {place(found, verdict.last)}" if verdict.last else "nobody on the way does, either"
    return Words(
        f"the destination does not answer {NAMES[verdict.means]}",
        f"{last}; what is behind it drops probes or is down",
        f"try {others[verdict.means]}",
    )


def note(verdict: Verdict, found: PathFound) -> Words:
    match verdict:
        case Unsure(hop):
            return Words(
                f"{place(found, hop)} stopped answering small probes, too: a rate limit, or loss; sizes there are not sure", ""
            )
        case Clamped(after, before, sent, arrived):
            where = f"between {place(found, after)} and {place(found, before)}"
            return Words(
                f"the MSS of a SYN is rewritten {where}: {sent} leaves, {arrived} arrives",
                f"TCP towards this host is kept to packets of {arrived + TCP_IP[found.family]} octets; UDP is not",
            )
        case AnnouncedMss(mss, room):
            return Words(
                f"the SYN-ACK announces MSS {mss}, and the path has room for {room}: the far end's link, or a clamp on the way", ""
            )
        case Stale(believed, now):
            return Words(
                f"the kernel believed {believed} octets of this path before, and it takes {now}",
                "a route exception that is not over yet, or the route's own mtu",
                "ip route get shows it; ip route flush cache forgets exceptions",
            )
        case OtherWayBack(there, back):
            return Words(f"{there} hops there, {back} back: the way back is another one, going by the TTL of the answers", "")
        case NarrowWayBack(octets, pieces):
            return Words(
                f"the way back is narrower: echo replies of {octets} octets come in fragments of at most {pieces}",
                "this path MTU holds for what this host sends, and not for what it gets",
            )
    return Words(type(verdict).__name__, "")
