"""What passes between a guest and who booted it: read as it was sent, and no more of it than a sound guest sends."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.world.guests.messages import LONGEST, Garbled, Message, received, send

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5)
FIELDS = st.dictionaries(st.sampled_from(["release", "scenario", "name", "reason", "holds"]), JSON, max_size=3)
MESSAGES = st.lists(st.builds(Message, st.text(max_size=8), FIELDS, st.binary(max_size=64)), max_size=4)


class Stingy(io.BytesIO):
    """An unbuffered file that takes three octets at a time."""

    def write(self, octets: Any) -> int:
        return super().write(bytes(octets)[:3])


def written(*messages: Message) -> bytes:
    out = Stingy()
    for message in messages:
        send(out, message.kind, message.octets, **message.fields)
    return out.getvalue()


@given(MESSAGES)
def test_messages_are_read_as_they_were_sent(messages: list[Message]) -> None:
    assert [*received(io.BytesIO(written(*messages)))] == messages


@given(MESSAGES, st.data())
def test_what_was_cut_off_is_not_given(messages: list[Message], data: st.DataObject) -> None:
    """Those before it are."""
    sent = written(*messages)
    end = data.draw(st.integers(0, len(sent)))
    ends = [len(written(*messages[: number + 1])) for number in range(len(messages))]
    assert [*received(io.BytesIO(sent[:end]))] == messages[: sum(at <= end for at in ends)]


@pytest.mark.parametrize(
    "line",
    [
        b"Kernel panic\n",
        b"\xff\xfe\n",
        b"[1]\n",
        b"7\n",
        b"{}\n",
        b'{"kind": "bye"}\n',
        b'{"kind": 1, "octets": 0}\n',
        b'{"kind": "file", "octets": "9"}\n',
        b'{"kind": "file", "octets": -1}\n',
        b'{"kind": "file", "octets": 1e99}\n',
        b'{"kind": "file", "octets": %d}\n' % ((1 << 30) + 1),
        b'{"kind": "bye", "octets": 0, "uptime": NaN}\n',
        b'{"kind": "bye", "octets": 0, "reason": "\\ud800"}\n',
        b"[" * 100_000 + b"\n",
    ],
    ids=lambda line: line[:40].decode(errors="replace"),
)
def test_what_is_no_message_is_told_so(line: bytes) -> None:
    sound = Message("hello", {"release": "9.9"})
    source = received(io.BytesIO(written(sound) + line))
    assert next(source) == sound
    with pytest.raises(Garbled, match="no message: "):
        next(source)


def test_a_line_without_an_end_is_not_read_to_its_end() -> None:
    """A kernel that writes over its own memory may send one for as long as it runs."""
    endless = io.BytesIO(b"x" * (LONGEST + 4096))
    with pytest.raises(Garbled):
        next(received(endless))
    assert endless.tell() == LONGEST
