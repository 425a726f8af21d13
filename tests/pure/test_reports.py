"""Results made by hand as text, KTAP, JUnit, JSON and pcapng."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import click
import pytest

from lab.judge.convergence import Convergence
from lab.judge.observation import Observation
from lab.judge.result import ActResult, Result
from lab.judge.verdict import Finding, Verdict
from lab.model.flow import Echo
from lab.model.pcapng import Statistics, load
from lab.report.evidence import capture
from lab.report.json import SCHEMA, result_json
from lab.report.junit import junit
from lab.report.ktap import ktap
from lab.report.terminal import converged, one_line, render
from lab.report.timeline import timeline
from tests import golden_files
from tests.crossings import Crossings, fragments
from tests.results import (
    BROKEN,
    NASTY,
    PLAN,
    SCENARIO,
    SKIPPED,
    TCP,
    TOO_BIG,
    UDP,
    WAY,
    act_result,
    failed,
    judged,
    passed,
)


def test_the_report_of_a_run_that_passed() -> None:
    golden_files.check("reports/passed.txt", render(passed(), False, "out/576-router"))


def test_the_report_of_a_run_that_failed() -> None:
    golden_files.check("reports/failed.txt", render(failed(), False, None))


def test_colour_changes_nothing_but_colour() -> None:
    coloured = render(failed(), True, "out/576-router")
    assert click.unstyle(coloured) == render(failed(), False, "out/576-router")
    assert click.style("FAIL", fg="red", bold=True) + "  client's MSS" in coloured
    assert click.style("ok  ", fg="green") + "  r1 drops" in coloured
    assert click.style("ip_forward()   frames 30, 32, 34", dim=True) in coloured


def test_a_datagram_in_fragments_has_a_time_and_a_frame_but_no_size_of_its_own() -> None:
    act = Crossings(PLAN)
    for piece in fragments(act.udp("client", "server", 972, df=False), (572, 448)):
        act.cross(piece, *WAY)
    text = render(Result(SCENARIO, (act_result("an act", act.observation()),), 0.1), False, None)
    assert "\n    client → server  UDP, 972 octets of payload                 0.00      1  delivered\n" in text
    assert "\n    client ⇉ r1      2 fragments: 572, 448 octets at 0, 552\n" in text


def test_cited_frames_are_cut_short_after_four_runs_or_where_room_ends() -> None:
    def cited(*frames: int) -> str:
        finding = Finding("a claim", Verdict.PASS, "", TOO_BIG, frames)
        act = ActResult("an act", Observation(PLAN), (finding,), ())
        return render(Result(SCENARIO, (act,), 0.1), False, None).split("§4  ")[1].splitlines()[0]

    assert cited(7) == "frame 7"
    assert cited(1, 3, 5, 7) == "frames 1, 3, 5, 7"
    assert cited(1, 3, 5, 7, 9) == "frames 1, 3, 5, 7, …"
    assert cited(*range(141, 146), *range(1121, 1126), 1201, 1203) == "frames 141-145, …"


def test_lines_are_not_too_long_for_a_terminal() -> None:
    assert max(map(len, render(failed(), False, "out/576-router").splitlines())) <= 110


def test_a_run_without_frames_says_so() -> None:
    act = ActResult("an act", Observation(PLAN), (Finding("a claim", Verdict.FAIL, "no frame", TOO_BIG),), ())
    text = render(Result(SCENARIO, (act,), 0.1), False, None)
    assert "    nothing was seen\n" in text
    assert "    FAIL  a claim  RFC 1191 §4\n          seen: no frame\n" in text
    assert text.endswith("\nFAIL 576-router: 1 of 1 claim failed in 0.10 s\n")


@pytest.mark.parametrize(
    ("result", "last"),
    [
        (BROKEN, "BROKEN 576-router: the tap at r1:r2 dropped 5 of 10 frames"),
        (SKIPPED, "SKIP 576-router: this kernel has no IPv6"),
        (Result(SCENARIO, (), 0.1), "BROKEN 576-router: no claim in 0.10 s"),
        (judged(Verdict.PASS), "PASS 576-router: 1 claim in 0.50 s"),
        (judged(Verdict.PASS, Verdict.SKIP), "SKIP 576-router: 1 of 2 claims skipped in 0.50 s"),
        (judged(Verdict.FAIL, Verdict.BROKEN), "BROKEN 576-router: 1 of 2 claims broken in 0.50 s"),
        (replace(judged(Verdict.FAIL), stopped=Verdict.BROKEN, reason="two\nlines"), "BROKEN 576-router: two\\nlines"),
    ],
)
def test_the_last_line_says_the_verdict_and_why(result: Result, last: str) -> None:
    assert render(result, False, None).splitlines()[-1] == last


def test_one_line_names_the_first_claim_that_failed() -> None:
    name = "576-router" + 20 * " "
    assert one_line(failed()) == f"FAIL    {name}2 of 8 claims failed in 0.12 s: client's MSS becomes 536"
    assert one_line(passed()) == f"PASS    {name}5 claims in 0.12 s"
    assert one_line(BROKEN) == f"BROKEN  {name}the tap at r1:r2 dropped 5 of 10 frames"
    assert click.unstyle(one_line(failed(), colour=True)) == one_line(failed())


def test_convergence_in_words() -> None:
    assert converged(Convergence(UDP, 1, 1, 576, 400_000, 2)) == (
        "converged: 1 datagram lost, 1 PTB, 576 octets through after 0.40 ms (2 round trips)"
    )
    assert converged(Convergence(UDP, 0, 0, 576, 90_000, 1)) == (
        "converged: nothing lost, 576 octets through after 0.09 ms (1 round trip)"
    )
    assert converged(Convergence(TCP, 13, 0, None, None, None)) == "not converged: 13 segments lost, no PTB, never delivered"
    echo = Convergence(Echo("client", "server"), 2, 2, None, None, None)
    assert converged(echo, " (ICMP echo)") == "not converged (ICMP echo): 2 echo requests lost, 2 PTBs, never delivered"


def test_flows_of_one_act_are_told_apart() -> None:
    act = passed().acts[0]
    both = replace(act, convergence=(*act.convergence, Convergence(TCP, 0, 0, 576, 1000, 1)))
    text = render(Result(SCENARIO, (both,), 0.1), False, None)
    assert "converged (UDP, client → server): 1 datagram lost" in text
    assert "converged (TCP, client → server): nothing lost" in text


def test_ktap_and_junit_of_several_runs() -> None:
    results = [passed(), failed(), judged(Verdict.PASS, Verdict.BROKEN), BROKEN, SKIPPED]
    golden_files.check("reports/runs.ktap", ktap(results))
    golden_files.check("reports/runs.xml", junit(results))


def test_ktap_reads_back() -> None:
    lines = ktap([failed(), BROKEN, SKIPPED, judged(Verdict.PASS, claim=NASTY)]).splitlines()
    result = re.compile(r"( *)(ok|not ok) (\d+) ([^#]*)(?: # (SKIP|ERROR) .*)?")
    found = [match.groups() for line in lines if (match := result.fullmatch(line))]
    outer = [(ok, number, directive) for indent, ok, number, _, directive in found if not indent]
    assert outer == [("not ok", "1", None), ("not ok", "2", "ERROR"), ("ok", "3", "SKIP"), ("ok", "4", None)]
    inner = [(ok, int(number)) for indent, ok, number, _, _ in found if indent]
    verdicts = ["ok"] * 4 + ["not ok"] * 2 + ["ok"] * 2
    assert inner == [*zip(verdicts, range(1, 9), strict=True), ("ok", 1)]
    assert lines[:2] == ["KTAP version 1", "1..4"]
    others = [line.strip() for line in lines if not result.fullmatch(line)]
    assert all(line.startswith(("KTAP version 1", "1..", "# ")) for line in others)


def test_junit_reads_back() -> None:
    results = [failed(), BROKEN, SKIPPED, judged(Verdict.FAIL, claim=NASTY, seen=NASTY)]
    suites = fromstring(junit(results).encode())
    assert [(s.get("tests"), s.get("failures"), s.get("errors"), s.get("skipped")) for s in suites] == [
        ("8", "2", "0", "1"),
        ("1", "0", "1", "0"),
        ("1", "0", "0", "1"),
        ("1", "1", "0", "0"),
    ]
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors"), suites.get("skipped")) == ("11", "3", "1", "2")
    case = suites[0].findall("testcase")[4]
    assert (case.get("classname"), case.get("name")) == ("576-router", "act 2 (a TCP transfer): client's MSS becomes 536")
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == "524"
    assert failure.text == "524\nand a second line of what was seen\nRFC 1191 §6.4"
    assert suites[1][0].find("error") is not None
    nasty = suites[3][0]
    assert str(nasty.get("name")).endswith('a "claim" <b> & \\x00\\x1b[31m\\ud800 # 5\\nand more')
    assert suites[0].get("time") == "0.123"


def test_a_run_that_broke_keeps_its_findings_in_junit_and_says_why_it_broke() -> None:
    broke = replace(judged(Verdict.PASS), stopped=Verdict.BROKEN, reason="the lab is gone")
    cases = fromstring(junit([broke])).findall("testsuite/testcase")
    assert [(case.get("name"), [e.get("message") for e in case]) for case in cases] == [
        ("act 1 (an act): a claim", []),
        ("the run", ["the lab is gone"]),
    ]


def test_json_gives_what_went_in() -> None:
    result = replace(failed(), reason="no reason")
    document = json.loads(result_json(result, "6.18.44"))
    of_the_run = "acts", "topology", "tcp_state", "epoch"  # tests/pure/test_reread.py reads these back
    assert {key: document[key] for key in document if key not in of_the_run} == {
        "schema": SCHEMA,
        "scenario": "576-router",
        "title": "A 576-octet link behind an Ethernet first hop",
        "verdict": "fail",
        "stopped": None,
        "reason": "no reason",
        "faults": [],
        "seconds": 0.1234,
        "kernel": "6.18.44",
    }
    for act, read in zip(result.acts, document["acts"], strict=True):
        assert read["title"] == act.title
        findings = [Finding(f["claim"], Verdict(f["verdict"]), f["seen"], TOO_BIG, tuple(f["frames"])) for f in read["findings"]]
        assert findings == [replace(finding, cites=TOO_BIG) for finding in act.findings]
        assert [f["cites"] for f in read["findings"]] == [str(finding.cites) for finding in act.findings]
        rows = [(row.who, row.what, row.octets, row.df, row.time, row.note, list(row.frames)) for row in timeline(act.observation)]
        assert [tuple(row.values()) for row in read["timeline"]] == rows
        assert [c["nanoseconds"] for c in read["convergence"]] == [c.nanoseconds for c in act.convergence]
    assert document["acts"][0]["counters"] == {"r1": {"Ip.FragFails": 1}}
    assert document["acts"][1]["convergence"][0]["flow"] == {"protocol": "tcp", "source": "client", "to": "server", "family": 4}


def test_json_takes_any_text() -> None:
    text = result_json(judged(Verdict.FAIL, claim=NASTY, seen="[\n1,\n2]"), "")
    finding = json.loads(text.encode("utf-8"))["acts"][0]["findings"][0]
    assert (finding["claim"], finding["seen"]) == (NASTY, "[\n1,\n2]")


def test_json_is_made_to_be_read() -> None:
    text = result_json(passed(), "6.18.44")
    assert '"frames": [30, 32, 34]' in text
    assert '"who": "client → server"' in text
    assert json.loads(result_json(BROKEN, ""))["acts"] == []


TAPS = {end.end: (100 + end.index, end.index % 2) for ends in PLAN.links for end in ends}


def test_the_capture_holds_every_frame_under_its_number() -> None:
    result = passed()
    read = load(capture(result, TAPS, "6.18.44"))
    frames = [frame for act in result.acts for frame in act.observation.frames]
    assert len(read.frames) == len(frames) > 100
    for frame, captured in zip(frames, read.frames, strict=True):
        assert (captured.octets, captured.time_ns, captured.length) == (frame.octets, frame.time, frame.length)
        assert (read.interfaces[captured.interface].name, captured.outbound) == (frame.end, frame.sent)


def test_the_capture_names_link_ends_and_what_their_taps_counted() -> None:
    read = load(capture(passed(), TAPS, "6.18.44"))
    ends = [(interface.name, interface.description) for interface in read.interfaces]
    assert ends[:3] == [("client:r1", "MTU 1500"), ("r1:client", "MTU 1500"), ("r1:r2", "MTU 576")]
    assert read.statistics == tuple(Statistics(*TAPS[name]) for name, _ in ends)
    assert (read.system, read.application) == ("Linux 6.18.44", "pmtulab")
    assert read.comment == "PASS 576-router: A 576-octet link behind an Ethernet first hop"


def test_findings_are_comments_on_the_frames_that_they_cite() -> None:
    one, *others = passed().acts
    bad = Finding("a bad claim", Verdict.FAIL, "", TOO_BIG, (3, 4, 3))
    read = load(capture(replace(passed(), acts=(replace(one, findings=(*one.findings, bad)), *others)), TAPS))
    comments = {number: frame.comments for number, frame in enumerate(read.frames, 1) if frame.comments}
    assert comments[3] == ("ok: r1 tells client that the next-hop MTU is 576", "FAIL: a bad claim")
    assert comments[4] == ("FAIL: a bad claim",)
    assert set(comments) == {3, 4, 30, 32, 34, *range(43, 48), 50, 60, 62, 64, 66, 103}


def test_a_capture_without_all_taps_has_no_statistics_and_without_acts_no_frames() -> None:
    assert load(capture(passed(), {"client:r1": (1, 0)})).statistics == ()
    read = load(capture(BROKEN, {}))
    assert (read.interfaces, read.frames) == ((), ())
    assert read.comment.endswith("(the tap at r1:r2 dropped 5 of 10 frames)")


def test_frames_that_are_not_numbered_in_a_row_are_no_capture() -> None:
    result = passed()
    with pytest.raises(ValueError, match="frame 11 comes as number 1: frames are missing"):
        capture(replace(result, acts=result.acts[1:]), TAPS)
