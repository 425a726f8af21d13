"""Sends a file over UDP, in datagrams as large as the path takes.

    parcel receive FILE
    parcel send FILE HOST

Each datagram says where in the file it belongs and how long the file is; the receiver answers with how much it has.
"""

from __future__ import annotations

import errno
import socket
import struct
import sys
from pathlib import Path

PORT = 7070
HEADER = struct.Struct("!II")  # where the octets that follow begin, and how many the whole file has
IP_AND_UDP = 28  # octets of headers
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU = 10, 2, 14  # ip(7)
BASE = 1200  # octets that pass everywhere, or nearly (BASE_PLPMTU, RFC 8899 §5.1.2)
PATIENCE = 0.1  # seconds
SUSPICIOUS, HOPELESS = 2, 20  # answers that did not come, one after another


def send(octets: bytes, host: str) -> None:
    """Raises TimeoutError where the receiver no longer answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        sock.connect((host, PORT))
        sock.settimeout(PATIENCE)
        at, unanswered, room = 0, 0, room_on(sock)
        while at < len(octets):
            try:
                sock.send(HEADER.pack(at, len(octets)) + octets[at : at + room])
                at, unanswered = HEADER.unpack(sock.recv(HEADER.size))[0], 0
            except TimeoutError:
                unanswered += 1
                if unanswered == HOPELESS:
                    raise
                if unanswered == SUSPICIOUS:
                    room = min(room, BASE)  # a router may drop what is too big and tell nobody
            except OSError as error:
                if error.errno != errno.EMSGSIZE:
                    raise
                room = room_on(sock)  # a router has told


def room_on(sock: socket.socket) -> int:
    """Octets of the file that a datagram takes, as far as the kernel knows the path."""
    return sock.getsockopt(socket.IPPROTO_IP, IP_MTU) - IP_AND_UDP - HEADER.size


def receive() -> bytes:
    """The next file that comes, whole."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", PORT))
        print("ready", flush=True)
        octets, whole = b"", 1
        while len(octets) < whole:
            datagram, sender = sock.recvfrom(65535)
            at, whole = HEADER.unpack_from(datagram)
            if at == len(octets):
                octets += datagram[HEADER.size :]
            sock.sendto(HEADER.pack(len(octets), whole), sender)
        return octets


def main() -> None:
    match sys.argv[1:]:
        case ["send", file, host]:
            send(Path(file).read_bytes(), host)
        case ["receive", file]:
            Path(file).write_bytes(receive())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
