"""Steps that change a network, run tools in it, or let time pass: each does in the kernel what it says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from errno import EACCES
from pathlib import Path

import pytest

import lab
from lab.find import find
from lab.judge.observation import Done, Observation, Ran
from lab.judge.scenario import Act
from lab.judge.verdict import Verdict
from lab.model.flow import DO, Udp
from lab.model.story import AddRoute, Configure, FlushRouteCache, ReadCapture, Run, Send, SetMtu, Step, Sysctl, Wait
from lab.model.topology import IPV4, IPV6
from lab.run import run
from lab.world.drive import Driver
from lab.world.errors import Broken, Lacking
from lab.world.net import Net
from lab.world.programs import substituted
from topologies import chain

LARGE = Send(Udp("client", "server", discover=DO), 1472)


@pytest.fixture
def net() -> Iterator[Net]:
    with lab.open(chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(IPV4, IPV6))) as net:
        yield net


def play(net: Net, *story: Step) -> Observation:
    return Driver(net).play(story)


def held(observation: Observation, node: str = "client") -> list[tuple[int, bool]]:
    return [(exception.mtu, exception.locked) for exception in observation.exceptions if exception.node == node]


def test_a_links_mtu_changes_at_both_ends_or_differs(net: Net) -> None:
    play(net, SetMtu("r2", "server", 1300))
    assert (net["r2"].path_mtu("server"), net["server"].path_mtu("r2")) == (1300, 1300)
    play(net, SetMtu("server", "r2", 1350, mtu_b=1340))
    assert (net["r2"].path_mtu("server"), net["server"].path_mtu("r2")) == (1340, 1350)


def test_an_mtu_that_no_link_has_is_refused_with_its_end(net: Net) -> None:
    with pytest.raises(Broken, match="client: set the MTU of client:r1 to 67"):
        play(net, SetMtu("client", "r1", 67))


def test_an_exception_follows_the_first_hop_and_is_not_listed_as_it_was(net: Net) -> None:
    """The kernel lists the cached route, and that is made anew only when it is looked up (fnhe_dump_bucket())."""
    assert held(play(net, LARGE)) == [(1400, False)]
    assert held(play(net, SetMtu("client", "r1", 1300))) == [(1300, False)]


def test_an_exception_that_nobody_has_asked_for_is_seen(net: Net) -> None:
    """ping sends once, is told, and ends: the kernel makes no route of the exception, and so lists none."""
    assert held(play(net, Run("client", "ping -4 -c 1 -W 1 -M do -s 1472 server"))) == [(1400, False)]


def test_later_acts_know_the_mtus_that_earlier_ones_have_set(net: Net) -> None:
    driver = Driver(net)
    first = driver.play((SetMtu("r1", "r2", 1300, 1350), SetMtu("r1", "r2", 1200)))
    end, other = net.plan.nodes["r1"].interface("r2"), net.plan.nodes["r2"].interface("r1")
    times = [event.time for event in first.events if isinstance(event, Done)]
    assert [first.mtu(end, time) for time in (times[0] - 1, *times)] == [1400, 1300, 1200]
    assert [first.mtu(other, time) for time in times] == [1350, 1200]
    second = driver.play((Wait(0),))
    assert second.mtu(end, 0) == 1200
    assert second.mtu(net.plan.nodes["client"].interface("r1"), 0) == 1500


def test_sysctls_are_named_as_people_name_them(net: Net) -> None:
    observation = play(net, Sysctl("client", "net.ipv4.tcp_mtu_probing", 2))
    assert net["client"].sysctl("net/ipv4/tcp_mtu_probing") == "2"
    assert [(e.at, e.words) for e in observation.events if isinstance(e, Done)] == [("client", "net.ipv4.tcp_mtu_probing = 2")]
    with pytest.raises(Broken, match=r"client: sysctl net\.ipv4\.tcp_mtu_probing=maybe: Invalid argument"):
        play(net, Sysctl("client", "net.ipv4.tcp_mtu_probing", "maybe"))


def test_a_sysctl_that_is_not_there_may_be_there_for_root(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    step = Sysctl("client", "net.ipv6.route.no_such_thing", 1)
    for uid, error in ((0, Broken), (1000, Lacking)):
        monkeypatch.setattr("os.geteuid", lambda uid=uid: uid)
        with pytest.raises(error, match=r"sysctl net\.ipv6\.route\.no_such_thing"):
            play(net, step)


def test_a_host_route_has_its_metrics(net: Net) -> None:
    play(net, AddRoute("client", "server", mtu=1300, locked=True, advmss=1000))
    (line,) = net["client"].run(["ip", "route", "show", "10.0.2.2"]).stdout.splitlines()
    assert line.split() == ["10.0.2.2", "via", "10.0.0.2", "dev", "r1", "proto", "static", "mtu", "lock", "1300", "advmss", "1000"]
    play(net, AddRoute("client", "server", mtu=1200, family=IPV6), AddRoute("client", "server"))
    (line,) = net["client"].run(["ip", "-6", "route", "show", "fd00:0:0:2::2"]).stdout.splitlines()
    assert "via fd00::2 dev r1" in line
    assert "mtu 1200" in line
    assert net["client"].run(["ip", "route", "show", "10.0.2.2"]).stdout.split()[-2:] == ["proto", "static"]


def test_a_route_may_go_by_way_of_another_neighbour(net: Net) -> None:
    play(net, AddRoute("r1", "server", via="client"))
    assert net["r1"].run(["ip", "route", "get", "10.0.2.2"]).stdout.startswith("10.0.2.2 via 10.0.0.1 dev client")


def test_what_a_command_changes_is_there_and_its_addresses_are_known(net: Net) -> None:
    observation = play(net, Configure("server", "ip address add 192.0.2.1/32 dev lo\n\nip address add 192.0.2.2/32 dev lo"))
    assert [observation.owner(f"192.0.2.{n}") for n in (1, 2, 3)] == ["server", "server", None]
    assert (observation.owner("10.0.2.2"), observation.owner("10.0.0.1")) == ("server", "client")


def test_a_command_that_fails_breaks_the_run_in_its_own_words(net: Net) -> None:
    with pytest.raises(Broken, match=r"client: ip link set nowhere up: .*nowhere"):
        play(net, Configure("client", "ip link set lo up\nip link set nowhere up"))


def test_a_programs_output_and_status_are_what_it_gave(net: Net) -> None:
    words = ("sh", "-c", "echo out $$0; echo err >&2; exit 3", "$server")
    (ran,) = play(net, Run("client", words)).ran
    assert (ran.at, ran.status, ran.out, ran.err) == ("client", 3, "out 10.0.2.2\n", "err\n")


def test_a_program_is_in_its_node(net: Net) -> None:
    (ran,) = play(net, Run("r1", "ip -brief link show")).ran
    assert {line.split("@")[0].split()[0] for line in ran.out.splitlines()} == {"lo", "client", "r2"}


def test_a_program_without_end_is_ended(net: Net) -> None:
    started = time.monotonic()
    (ran,) = play(net, Run("client", "sleep 60", within=0.2)).ran
    assert (ran.status, ran.err) == (None, "did not end within 0.2 s")
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("step", [Run("client", "no-such-tool"), Configure("client", "no-such-tool"), ReadCapture("no-such-tool")])
def test_a_program_that_is_not_installed_is_lacking(net: Net, step: Step) -> None:
    with pytest.raises(Lacking, match="no-such-tool is not installed"):
        play(net, step)


def test_a_path_that_may_not_be_entered_hides_no_other_cause(net: Net, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As an ordinary user may have it: execvp() then says EACCES for a program that is nowhere."""
    (tmp_path / "no-such-tool").write_text("not a program")
    for path, error, words in ((tmp_path / "no-such-tool", Lacking, "is not installed"), (tmp_path, Broken, "cannot be run")):
        monkeypatch.setattr("lab.world.programs.environment", lambda path=path: {"PATH": str(path)})
        (tmp_path / "no-such-tool").chmod(0o644 if error is Lacking else 0o755)
        monkeypatch.setattr(type(net["client"]), "run", refused)
        with pytest.raises(error, match=f"no-such-tool {words}"):
            play(net, Run("client", "no-such-tool"))


def refused(*_: object, **__: object) -> None:
    raise PermissionError(EACCES, "Permission denied")


def test_and_skips_the_scenario_with_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.world.programs.environment", lambda: {"PATH": ""})
    (scenario,) = find("576-router")
    act = Act("a ping", (Run("client", "tracepath server"),), scenario.acts[0].expect)
    result = run(replace(scenario, acts=(scenario.acts[0], act))).result
    assert (result.verdict, result.reason) == (
        Verdict.SKIP,
        "tracepath is not installed (Debian, Ubuntu: apt-get install iputils-tracepath)",
    )
    assert len(result.acts) == 1


@pytest.mark.tools("tcpdump")
def test_a_tool_reads_what_the_taps_have_seen_in_this_act(net: Net) -> None:
    driver = Driver(net)
    driver.play((LARGE,))
    observation = driver.play((FlushRouteCache(), LARGE, ReadCapture("tcpdump -n -r - icmp", end="client:r1")))
    (ran,) = observation.ran
    assert isinstance(ran, Ran)
    assert ran.at is None
    (line,) = ran.out.splitlines()
    assert "10.0.0.2 > 10.0.0.1: ICMP 10.0.2.2 unreachable - need to frag (mtu 1400), length 556" in line
    assert observation.frames  # reading takes nothing away


def test_waiting_takes_the_time_it_says(net: Net) -> None:
    started = time.monotonic()
    play(net, Wait(0.3))
    assert time.monotonic() - started >= 0.3


def test_names_stand_for_addresses(net: Net) -> None:
    text = "$server $r1.client ${r2.server} $client.ipv6 $r1.client.ipv6 $$HOME $r1.client.mac"
    mac = net.plan.nodes["r1"].interface("client").mac
    assert substituted(net, text) == f"10.0.2.2 10.0.0.2 10.0.2.1 fd00::1 fd00::2 $HOME {mac}"


@pytest.mark.parametrize("text", ["$nobody", "$client.server", "$client.r1.r2", "$ "])
def test_a_name_that_stands_for_nothing_breaks_the_run(net: Net, text: str) -> None:
    with pytest.raises(Broken, match="names what is not in this network"):
        substituted(net, text)
