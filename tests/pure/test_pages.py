"""How pages of docs/ are read and written anew, and what may differ between two runs."""

from __future__ import annotations

import pytest

from tests.pages import Command, File, may_fail, parts, rewritten, tools
from tests.shown import alike, steady

PAGE = """\
# A page
<!-- tools: ping tshark -->

<!-- file: my.py -->
```python
x = 1

```

```console
$ one --with \\
  two
first
second
$ silent
```

```text
$ not a command
```
"""
ONE = Command("one --with \\\n  two", "first\nsecond\n", 12, 14)
SILENT = Command("silent", "", 15, 15)


def test_commands_and_files_are_read_in_order() -> None:
    assert list(parts(PAGE)) == [File("my.py", "x = 1\n\n"), ONE, SILENT]
    assert tools(PAGE) == ("ping", "tshark")


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("```console\noutput\n```\n", "line 2: no command stands above this output"),
        ("\n```console\n$ a\n", "line 2: this block has no end"),
    ],
)
def test_a_block_that_cannot_be_read_is_said(page: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        list(parts(page))


def test_a_page_is_written_anew() -> None:
    page = rewritten(PAGE, {ONE: "only\n", SILENT: "a\nb\n"})
    assert [(part.text, part.shown) for part in parts(page) if isinstance(part, Command)] == [
        (ONE.text, "only\n"),
        ("silent", "a\nb\n"),
    ]
    assert rewritten(page, {}) == page
    assert rewritten(PAGE, {ONE: ONE.shown}) == PAGE


def test_a_command_may_fail_where_its_status_is_shown() -> None:
    texts = ("false", "echo $?", "true", "echo $? again")
    assert may_fail([Command(text, "", 0, 0) for text in texts]) == {0}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PASS in 0.09 s\n", "PASS in 1.12 s\n"),
        ("1448 octets   576  DF     0.02      7\n", "1448 octets   576  DF    12.31     19\n"),
        ("cites frames 41-45, 61-65\n", "cites frame 9\n"),
        ("time=0.045 ms\n", "time=0.10 ms\n"),
        (" 1:  10.0.0.2   0.062ms \n", " 1:  10.0.0.2   0.1ms \n".replace("0.1", "0.112")),
        ("0% packet loss, time 0ms\n", "0% packet loss, time 12ms\n"),
        ("expires 599sec mtu 1400\n", "expires 9sec mtu 1400\n"),
        ("mtu 576, expires in 600 s\n", "mtu 576, expires in 598 s\n"),
        ("1 fault found: 43 probes in 2.1 s\n", "1 fault found: 45 probes in 12.9 s\n"),
        ("122 segments of 524 octets and 4 smaller\n", "120 segments of 524 octets and 6 smaller\n"),
        ("client ──1500── r1 ─────\n", "client ──1500── r1 ──\n"),
    ],
)
def test_what_may_differ(one: str, other: str) -> None:
    assert steady(one) == steady(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mtu 1400\n", "mtu 1401\n"),
        ("10.0.0.10\n", "10.0.0.11\n"),
        ("10.10.10.10\n", "10.10.10.12\n"),
        ("seq=1 ttl=64\n", "seq=1 ttl=63\n"),
        ("expires in 600 s\n", "expires in 60 s\n"),
        ("1 received\n", "0 received\n"),
        ("net.ipv4.tcp_rmem = 4096\n", "net.ipv4.tcp_rmem = 4097\n"),
    ],
)
def test_what_may_not(one: str, other: str) -> None:
    assert steady(one) != steady(other)


@pytest.mark.parametrize("shown", ["a\nb\nc\n", "…\n", "a\n…\n", "…\nc\n", "a\n…\nc\n", "a\n…\nb\nc\n"])
def test_lines_may_be_left_out(shown: str) -> None:
    assert alike(shown, "a\nb\nc\n")


@pytest.mark.parametrize("shown", ["", "a\nb\n", "b\n…\n", "…\nb\n", "a\n…\nd\n", "a …\nb\nc\n", "a\nb\nc.*\n"])
def test_but_not_otherwise(shown: str) -> None:
    assert not alike(shown, "a\nb\nc\n")
