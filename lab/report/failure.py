"""What a failed test shows of its network: packets around the failure, what hosts have learned, and counters that moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.judge.observation import Observation
from lab.report.columns import HEADINGS, INDENT, Columns
from lab.report.picture import addresses_line, picture
from lab.report.timeline import Row, timeline
from lab.report.wording import exception_words

FAILED = "test ✗"
"""Who a timeline says that failed: an event of that node is the failure."""

ROWS_BEFORE, ROWS_AFTER = 30, 10

TELLING = (
    *(f"{ip}.{name}" for ip in ("Ip", "Ip6") for name in ("FragFails", "FragOKs", "FragCreates", "ReasmFails", "OutNoRoutes")),
    *("Icmp.OutDestUnreachs", "Icmp6.OutPktTooBigs"),
    *(f"TcpExt.{name}" for name in ("TCPTimeouts", "TCPMTUPFail", "TCPMTUPSuccess")),
    *("Tcp.RetransSegs", "Udp.NoPorts", "Udp6.NoPorts", "Udp.InErrors", "Udp6.InErrors"),
)
"""Counters that say something of packets that were too big, or did not arrive. All of them are 0 where a node begins."""


def failure_lines(observation: Observation, tapped: bool, cut: bool = False) -> Iterator[str]:
    """The section, line by line. `tapped` is false where no tap was there to see packets.

    `cut` is true where there were more, and the observation has the last of them.
    """
    indent = " " * INDENT
    for line in picture(observation.plan.topology).splitlines():
        yield indent + line
        yield f"{indent}{addresses_line(observation.plan, line)}".rstrip()
    rows = timeline(observation)
    if not tapped:
        yield f"{indent}packets are not known, as this network has no taps"
    elif not any(row.frames for row in rows):
        yield f"{indent}no packet was seen"
    if cut:
        yield f"{indent}… what came before is not kept: a test's last frames are, as many as have room"
    yield from _table(rows)
    yield ""
    if not observation.exceptions:
        yield f"{indent}held     no route exception"
    for exception in observation.exceptions:
        yield f"{indent}held     {exception.node}: {exception_words(exception, observation.owner(exception.to) or exception.to)}"
    for node, counters in observation.counters.items():
        if moved := [f"{name} +{counters[name]}" for name in TELLING if counters.get(name)]:
            yield f"{indent}counted  {node}: {', '.join(moved)}"


def _table(rows: Sequence[Row]) -> Iterator[str]:
    """The rows around the failure, and how many are left out."""
    failure = next((number for number, row in enumerate(rows) if row.who == FAILED), len(rows))
    first, last = max(0, failure - ROWS_BEFORE), failure + 1 + ROWS_AFTER
    columns = Columns(rows[first:last])
    title = f"{' ' * INDENT}… {first} rows before these" if first else ""
    if title or any(row.frames for row in rows):
        yield title + columns.gap(title) + HEADINGS
    yield from (columns.line(row).rstrip() for row in rows[first:last])
    if len(rows) > last:
        yield f"{' ' * INDENT}… {len(rows) - last} rows after these"
