"""Results made by hand: a run that passed, one that failed, and those that could not be judged."""

from __future__ import annotations

from dataclasses import replace
from errno import EMSGSIZE

from lab.judge.convergence import converge
from lab.judge.observation import Flushed, Observation, QueuedError, TcpState
from lab.judge.result import ActResult, Result
from lab.judge.scenario import Act, Scenario
from lab.judge.verdict import Finding, Verdict
from lab.model.flow import DO, DONT, Flow, Tcp, Udp
from lab.model.packet import TcpFlag
from lab.model.rfc import Kernel, Rfc
from lab.theory.plan import plan
from tests.crossings import Crossings, fragments
from topologies import chain

WAY = ("client", "r1", "r2", "server")
TOPOLOGY = chain(*WAY, mtus=(1500, 576, 1500))
PLAN = plan(TOPOLOGY)
SCENARIO = Scenario("576-router", "A 576-octet link behind an Ethernet first hop", TOPOLOGY, (Act("", (), ()),) * 3)
UDP, TCP, CARELESS = Udp("client", "server", DO), Tcp("client", "server"), Udp("client", "server", DONT)
TOO_BIG = Rfc(1191, "4")
NASTY = 'a "claim" <b> & \x00\x1b[31m\ud800 # 5\nand more'


def datagrams() -> Observation:
    act = Crossings(PLAN)
    lost = act.cross(act.udp("client", "server", 1472), "client", "r1")
    act.cross(act.ptb("r1", lost, 576), "r1", "client")
    act.sent(UDP, 1472, exceptions=act.exception(576), errors=(QueuedError(EMSGSIZE, "ICMP", 3, 4, 576, "10.0.0.2"),))
    local = (QueuedError(EMSGSIZE, "LOCAL", 0, 0, 576, None),)
    act.sent(UDP, 1472, errno=EMSGSIZE, exceptions=act.exception(576), errors=local)
    act.cross(act.udp("client", "server", 548), *WAY)
    act.sent(UDP, 548, delivered=548, exceptions=act.exception(576))
    return replace(act.observation(), counters={"r1": {"Ip.FragFails": 1}, "r2": {}})


def transfer(first: int) -> Observation:
    act = Crossings(PLAN, first=first)
    act.events.append(Flushed(act.tick()))
    act.cross(act.tcp("client", "server", 0, TcpFlag.SYN, mss=1460), *WAY)
    act.cross(act.tcp("server", "client", 0, TcpFlag.SYN | TcpFlag.ACK, mss=1460), *WAY[::-1])
    act.cross(act.tcp("client", "server", 0), *WAY)
    flight = [act.cross(act.tcp("client", "server", 1448), "client", "r1") for _ in range(3)]
    for lost in flight:
        act.cross(act.ptb("r1", lost, 576), "r1", "client")
    for octets in (*[524] * 8, 152):
        act.cross(act.tcp("client", "server", octets), *WAY)
    act.sent(TCP, 4344, delivered=4344, exceptions=act.exception(576), sender=TcpState(524, 1448, 576, 2**31 - 1, 10, 9))
    return act.observation()


def careless(first: int) -> Observation:
    act = Crossings(PLAN, first=first)
    whole = act.cross(act.udp("client", "server", 1472, df=False), "client", "r1")
    for piece in fragments(replace(whole, hop_limit=63), (572, 572, 396)):
        act.cross(piece, "r1", "r2", "server")
    act.sent(CARELESS, 1472, delivered=1472)
    return act.observation()


def act_result(title: str, observation: Observation, *findings: Finding) -> ActResult:
    flows: dict[Flow, None] = dict.fromkeys(outcome.flow for outcome in observation.outcomes)
    return ActResult(title, observation, findings, tuple(converge(observation, flow) for flow in flows))


def passed() -> Result:
    first = datagrams()
    second = transfer(len(first.frames) + 1)
    third = careless(len(first.frames) + len(second.frames) + 1)
    ok = Verdict.PASS
    return Result(
        SCENARIO,
        (
            act_result(
                "a datagram with DF",
                first,
                Finding("r1 tells client that the next-hop MTU is 576", ok, "3", TOO_BIG, (3,)),
                Finding("client holds a path MTU of 576 towards server", ok, "mtu 576", Rfc(1191, "6.2")),
            ),
            act_result(
                "a TCP transfer",
                second,
                Finding("r1 drops packets of 1500 octets", ok, "3", Kernel("ip_forward", "net/ipv4/ip_forward.c"), (30, 32, 34)),
                Finding("nothing larger than 576 octets crosses r1–r2", ok, "576", TOO_BIG, (*range(43, 48), 50, 60, 62, 64, 66)),
            ),
            act_result("a datagram without DF", third, Finding("1472 octets reach server intact", ok, "1472", TOO_BIG, (103,))),
        ),
        0.1234,
    )


def failed() -> Result:
    result = passed()
    one, two, three = result.acts
    wrong = Finding("client's MSS becomes 536", Verdict.FAIL, "524\nand a second line of what was seen", Rfc(1191, "6.4"))
    nothing = Finding("r2 tells client that the next-hop MTU is 576", Verdict.FAIL, "", TOO_BIG)
    lacking = Finding("the PTB says who sent it", Verdict.SKIP, "this kernel has no such extension", TOO_BIG)
    acts = (one, replace(two, findings=(*two.findings, wrong, nothing)), replace(three, findings=(*three.findings, lacking)))
    return replace(result, acts=acts)


def judged(*verdicts: Verdict, claim: str = "a claim", seen: str = "something") -> Result:
    findings = tuple(Finding(claim, verdict, seen, TOO_BIG, (1,)) for verdict in verdicts)
    return Result(SCENARIO, (act_result("an act", datagrams(), *findings),), 0.5)


BROKEN = Result(SCENARIO, (), 0.01, Verdict.BROKEN, "the tap at r1:r2 dropped 5 of 10 frames")
SKIPPED = Result(SCENARIO, (), 0.01, Verdict.SKIP, "this kernel has no IPv6")
