"""Netlink, in few messages: pyroute2 packs and unpacks them, and a socket that was opened in the node carries them in batches.

pyroute2's own sockets are not used, as each brings an event loop, a fork to reach another namespace, and a round trip a message.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterable, Iterator
from socket import socket
from typing import Any

from lab.world.errors import Broken

SOL_NETLINK, NETLINK_EXT_ACK, NETLINK_CAP_ACK = 270, 11, 10
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP, NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x1, 0x4, 0x300, 0x100, 0x200, 0x400
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLMSGERR_ATTR_MSG = 1
HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence number, port
LARGEST_BATCH = 1 << 15  # well under the send buffer that every kernel gives
LARGEST_READ = 1 << 17


class Message:
    """A message ready to send, and in words what it asks for, in case the kernel refuses it.

    `answered` is false for the few that the kernel never acknowledges (NFNL_MSG_BATCH_END, before 6.10). They begin and end a
    transaction: where one is refused, the kernel looks at none of the others (nfnetlink_rcv_batch()).
    """

    __slots__ = ("answered", "octets", "what")
    answered: bool

    def __init__(self, message: Any, type: int, asks: int, what: str, attrs: Iterable[tuple[str, Any]] = (), **fields: Any) -> None:
        header = message["header"]
        header["type"], header["flags"] = type, asks | NLM_F_REQUEST
        for name, value in fields.items():
            message[name] = value
        message["attrs"] = list(attrs)
        message.encode()
        self.octets: bytearray = message.data
        self.what = what
        self.answered = True

    @classmethod
    def raw(cls, body: bytes, type: int, asks: int, what: str) -> Message:
        """A message whose body is packed already."""
        message = cls.__new__(cls)
        message.octets = bytearray(HEADER.pack(HEADER.size + len(body), type, asks | NLM_F_REQUEST, 0, 0) + body)
        message.what, message.answered = what, True
        return message

    def again(self, what: str, *values: tuple[int, bytes]) -> Message:
        """A copy that asks for something else, with each value written at its offset in octets."""
        other = Message.__new__(Message)
        other.octets = self.octets.copy()
        for offset, value in values:
            other.octets[offset : offset + len(value)] = value
        other.what, other.answered = what, self.answered
        return other


class Netlink:
    """A netlink socket in some node. Any thread may use it: a request and its answers are one turn."""

    def __init__(self, sock: socket, where: str) -> None:
        self.where = where
        self.socket = sock
        self._sequence = 0
        self._turn = threading.Lock()
        sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        sock.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)

    def do(self, messages: Iterable[Message]) -> None:
        """Sends them all and waits until the last is done. Raises Broken with everything that the kernel refused, in words."""
        batch: list[Message] = []
        size = 0
        for message in messages:
            if size + len(message.octets) > LARGEST_BATCH:
                self._do_batch(batch)
                batch, size = [], 0
            batch.append(message)
            size += len(message.octets)
        if batch:
            self._do_batch(batch)

    def _do_batch(self, batch: list[Message]) -> None:
        with self._turn:
            self._take_turn(batch)

    def _take_turn(self, batch: list[Message]) -> None:
        # Only the last asks for an acknowledgement: the kernel works in order, and reports what it refuses in any case.
        first = self._sequence + 1
        last = first
        for number, message in enumerate(batch, first):
            struct.pack_into("=I", message.octets, 8, number)
            if message.answered:
                last = number
        self._sequence += len(batch)
        asking = batch[last - first].octets
        (flags,) = struct.unpack_from("=H", asking, 6)
        struct.pack_into("=H", asking, 6, flags | NLM_F_ACK)
        self.socket.send(b"".join(m.octets for m in batch))
        refused = []
        acknowledged = False
        while not acknowledged:
            for type, flags, sequence, body in split(self.socket.recv(LARGEST_READ)):
                if type == NLMSG_ERROR and first <= sequence <= last:
                    error = struct.unpack_from("=i", body)[0]
                    if error:
                        why = explanation(flags, body)
                        refused.append(f"{batch[sequence - first].what}: {os.strerror(-error)}" + (f" ({why})" if why else ""))
                    acknowledged |= sequence == last or (error != 0 and not batch[sequence - first].answered)
        if refused:
            raise Broken("\n".join(f"{self.where}: {line}" for line in refused))

    def attempt(self, message: Message) -> int | None:
        """Sends one message, and gives the errno with which the kernel refuses it; None where it does not."""
        with self._turn:
            self._sequence += 1
            (flags,) = struct.unpack_from("=H", message.octets, 6)
            struct.pack_into("=H", message.octets, 6, flags | NLM_F_ACK)
            struct.pack_into("=I", message.octets, 8, self._sequence)
            self.socket.send(message.octets)
            while True:
                for type, _, sequence, body in split(self.socket.recv(LARGEST_READ)):
                    if type == NLMSG_ERROR and sequence == self._sequence:
                        return -struct.unpack_from("=i", body)[0] or None

    def ask(self, message: Message, answer: type[Any]) -> list[Any]:
        """Sends a request or a dump; the answers decoded by pyroute2. Raises OSError with what the kernel said."""
        answers = []
        for octets in self.ask_raw(message):
            decoded = answer(octets)
            decoded.decode()
            answers.append(decoded)
        return answers

    def ask_raw(self, message: Message) -> list[bytes]:
        """The same, each answer whole and as it came."""
        with self._turn:
            return self._answers(message)

    def _answers(self, message: Message) -> list[bytes]:
        self._sequence += 1
        struct.pack_into("=I", message.octets, 8, self._sequence)
        (flags,) = struct.unpack_from("=H", message.octets, 6)
        is_dump = flags & NLM_F_DUMP == NLM_F_DUMP
        self.socket.send(message.octets)
        answers: list[bytes] = []
        while True:
            for type, _, sequence, body in split(self.socket.recv(LARGEST_READ)):
                if sequence != self._sequence:
                    continue
                if type == NLMSG_ERROR:
                    error = struct.unpack_from("=i", body)[0]
                    raise OSError(-error, os.strerror(-error), f"{self.where}: {message.what}")
                if type == NLMSG_DONE:
                    return answers
                answers.append(HEADER.pack(HEADER.size + len(body), type, 0, sequence, 0) + body)
                if not is_dump:
                    return answers

    def close(self) -> None:
        self.socket.close()


def split(octets: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Type, flags, sequence number and body of each message in what one read gave."""
    offset = 0
    while offset < len(octets):
        length, type, flags, sequence, _ = HEADER.unpack_from(octets, offset)
        yield type, flags, sequence, octets[offset + HEADER.size : offset + length]
        offset += (length + 3) & ~3


def explanation(flags: int, body: bytes) -> str:
    """The kernel's own words in an error (NLMSGERR_ATTR_MSG), or nothing."""
    if not flags & NLM_F_ACK_TLVS:
        return ""
    offset = 4 + HEADER.size
    if not flags & NLM_F_CAPPED:
        (original,) = struct.unpack_from("=I", body, 4)
        offset = 4 + ((original + 3) & ~3)
    words = attribute(body, offset, NLMSGERR_ATTR_MSG)
    return words.rstrip(b"\0").decode(errors="replace") if words else ""


def attribute(octets: bytes, offset: int, wanted: int) -> bytes | None:
    """The value of one attribute among those that begin at `offset`, without decoding the others."""
    while offset + 4 <= len(octets):
        length, type = struct.unpack_from("=HH", octets, offset)
        if type == wanted:
            return octets[offset + 4 : offset + length]
        if length < 4:
            return None
        offset += (length + 3) & ~3
    return None
