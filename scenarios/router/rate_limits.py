"""A router limits the rate of its ICMP errors, and makes one exception: PTBs.

    client ──1500── r1 ──1400── server

    client ──1500── r1 ──1500── r2 ──1400── server

A router should send no more ICMP errors than it can spare the time for (RFC 1812 §4.3.2.8, RFC 4443 §2.4). Linux gives each
destination six at once and then one every `icmp_ratelimit`, set to 10 s here; time exceeded shows it. Discovery depends on PTBs,
and so there are as many as there are packets that need one. IPv4 exempts code 4 of type 3 whatever the limits
(icmpv4_xrlim_allow()). IPv6 does it by a default that can be changed: its ratemask has every type of error but 2
(icmpv6_xrlim_allow()). The limit of all errors together (icmp_msgs_per_sec) is each network namespace's own since 6.12, and PTBs
are exempt from it, too (icmp_global_allow()).

The client's socket goes on sending at the interface's MTU (IP_PMTUDISC_PROBE), although it has heard.
"""

from lab.judge.expect import Counts, Dropped, Exits, Expectation, IfTrait, PathMtu, Prints, TooBig, Unanswered
from lab.judge.scenario import Act, Scenario
from lab.model.flow import PROBE, Udp
from lab.model.story import Run, Send, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

MANY = 60


def withheld(counter: str, times: int) -> Expectation:
    """r1 counts the errors that it withholds, where it counts them at all."""
    counted, not_counted = (Counts(at="r1", counters=((counter, by),)) for by in (times, 0))
    return IfTrait("withheld-errors-counted", then=counted, otherwise=not_counted)


def limited(family: Family) -> Act:
    setting, group = ("net.ipv4.icmp_ratelimit", "Icmp") if family == IPV4 else ("net.ipv6.icmp.ratelimit", "Icmp6")
    return Act(
        "20 echo requests that live for one hop",
        story=(Sysctl("r1", setting, 10_000), Run("client", "ping -c20 -i0.002 -W0.1 -t1 $server")),
        expect=(
            Counts(at="r1", counters=((f"{group}.OutTimeExcds", 6),)),
            withheld(f"{group}.OutRateLimitHost", 14),
            Prints("20 packets transmitted, 0 received, +6 errors", "ping(8)"),
        ),
    )


def strict(router: str) -> tuple[Run, ...]:
    """No error at all, in a second: any other number is not kept to, as each error is charged 0, 1 or 2, by chance."""
    settings = ("icmp_ratelimit=0", "icmp_msgs_per_sec=0")
    return tuple(Run(router, f"sysctl -w net.ipv4.{setting}") for setting in settings)


def exempt(flow: Udp, full: int, *first: Run, by: str = "r1") -> Act:
    counted = ("Icmp.OutDestUnreachs", "Icmp.OutRateLimitHost")
    if flow.family == IPV6:
        counted = ("Icmp6.OutPktTooBigs", "Icmp6.OutRateLimitHost")
    return Act(
        f"{MANY} datagrams that are too large",
        story=(*first, *(Send(flow, full) for _ in range(MANY))),
        expect=(
            Dropped(1500, at=by),
            TooBig(by=by, to="client", mtu=1400, times=MANY),
            Counts(at=by, counters=tuple(zip(counted, (MANY, 0), strict=True))),
            PathMtu(1400, at="client", to="server"),
        ),
    )


def unmasked(flow: Udp, full: int) -> Act:
    return Act(
        "two more, with type 2 in the ratemask",
        story=(Sysctl("r1", "net.ipv6.icmp.ratemask", "0-127"), Send(flow, full), Send(flow, full)),
        expect=(
            Dropped(1500, at="r1"),
            Unanswered(send=1),
            Unanswered(send=2),
            Counts(at="r1", counters=(("Icmp6.OutPktTooBigs", 0),)),
            withheld("Icmp6.OutRateLimitHost", 2),
            PathMtu(1400, at="client", to="server"),  # still the one from before
        ),
    )


flow, flow6 = Udp("client", "server", discover=PROBE), Udp("client", "server", discover=PROBE, family=IPV6)

scenarios = (
    Scenario(
        name="rate-limits",
        title="A router's errors are limited, but not its PTBs",
        topology=chain("client", "r1", "server", mtus=(1500, 1400)),
        acts=(limited(IPV4), exempt(flow, 1472)),
        covers=("bugs/17",),
    ),
    Scenario(
        name="rate-limits-global",
        title="The limit of all errors together is each router's own, and does not count PTBs",
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1500, 1400)),
        acts=(
            Act(
                "echo requests that live for one hop, and for two",
                story=(*strict("r1"), *(Run("client", f"ping -c6 -i0.002 -W0.1 -t{hops} $server") for hops in (1, 2))),
                expect=(
                    *(Exits(0, "sysctl(8)", run=run) for run in (1, 2)),
                    Counts(at="r1", counters=(("Icmp.OutTimeExcds", 0), ("Icmp.OutRateLimitGlobal", 6))),
                    Prints("6 packets transmitted, 0 received, 100% packet loss", "ping(8)", run=3),
                    Prints("+6 errors", "ping(8)", run=4),
                ),
            ),
            exempt(flow, 1472, *strict("r2"), by="r2"),
        ),
        needs=("icmp-budget-per-namespace",),
        covers=("bugs/18",),
    ),
    Scenario(
        name="rate-limits-v6",
        title="A router's errors are limited, but not its PTBs, unless its ratemask is changed, IPv6",
        topology=chain("client", "r1", "server", mtus=(1500, 1400), families=(IPV6,)),
        acts=(limited(IPV6), exempt(flow6, 1452), unmasked(flow6, 1452)),
    ),
)
