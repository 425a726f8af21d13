"""An aioquic server and client: a file over one stream.

    quic.py serve ADDRESS PORT CERTIFICATE KEY FILE [DATAGRAM]
    quic.py fetch HOST PORT CERTIFICATE FILE [DATAGRAM]

DATAGRAM is aioquic's max_datagram_size: octets of UDP payload, 1200 by default. A client that is not connected after 2 s, or hears
nothing for 2 s, ends with status 1.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aioquic.asyncio.client import connect
from aioquic.asyncio.server import serve
from aioquic.quic.configuration import SMALLEST_MAX_DATAGRAM_SIZE, QuicConfiguration

PROTOCOL = "pmtulab"  # for ALPN (RFC 9001 §8.1)
PATIENCE = 2.0  # seconds


def configuration(datagram: int, *, is_client: bool) -> QuicConfiguration:
    return QuicConfiguration(
        is_client=is_client, alpn_protocols=[PROTOCOL], max_datagram_size=datagram, idle_timeout=PATIENCE, max_data=1 << 24
    )


async def serving(address: str, port: int, certificate: str, key: str, file: Path, datagram: int) -> None:
    """Sends the file on each stream that a client opens."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.write(file.read_bytes())
        writer.write_eof()

    def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers.add(asyncio.ensure_future(answer(reader, writer)))

    answers: set[asyncio.Future[None]] = set()  # the loop itself holds tasks weakly
    ours = configuration(datagram, is_client=False)
    ours.load_cert_chain(certificate, key)
    await serve(address, port, configuration=ours, stream_handler=answering)
    await asyncio.Event().wait()


async def fetching(host: str, port: int, certificate: str, file: Path, datagram: int) -> None:
    ours = configuration(datagram, is_client=True)
    ours.load_verify_locations(certificate)
    async with connect(host, port, configuration=ours) as connection:
        reader, writer = await connection.create_stream()
        writer.write_eof()
        file.write_bytes(await reader.read())


def main() -> int:
    verb, host, port, certificate, *rest = sys.argv[1:]
    datagram = int(rest.pop()) if rest[-1].isdigit() else SMALLEST_MAX_DATAGRAM_SIZE
    if verb == "serve":
        key, file = rest
        asyncio.run(serving(host, int(port), certificate, key, Path(file), datagram))
    try:
        asyncio.run(asyncio.wait_for(fetching(host, int(port), certificate, Path(rest[0]), datagram), 2 * PATIENCE))
    except (ConnectionError, TimeoutError) as error:
        print(f"no connection: {error or 'timed out'}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
