"""Questions between the workers of one process group, over loopback (exposes.md LST-12).

Each worker and the parent has an inbox: a listening socket that outlives the worker, so that the
one that replaces it is reached at the same place. Nobody is listened to who does not know the key.
"""

import asyncio
import hmac
import pickle
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from naftiko_runtime.runtime.sockets import bind

_LENGTH: Final = 8
_PATIENCE: Final = 30.0


class Question(NamedTuple):
    """What is asked, by name, and with what."""

    name: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Peers:
    """Where everybody is: the ports of the workers' inboxes by slot, and the parent's."""

    ports: tuple[int, ...]
    parent: int
    key: bytes = field(repr=False)


Answering = Callable[[Question], Awaitable[Any]]
Streaming = Callable[[Question], AsyncIterator[Any]]


def inbox() -> socket.socket:
    """Return a listening socket for questions."""
    return bind("127.0.0.1", 0).sockets[0]


def port_of(listening: socket.socket) -> int:
    """Return the port of an inbox."""
    return int(listening.getsockname()[1])


def packed(value: object) -> bytes:
    """Return a value with its length before it."""
    data = pickle.dumps(value)
    return len(data).to_bytes(_LENGTH, "big") + data


async def answer_questions(
    listening: socket.socket, key: bytes, answer: Answering, stream: Streaming
) -> None:
    """Answer questions until cancelled; ``stream`` is asked for the name ``logs``."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not hmac.compare_digest(await reader.readexactly(len(key)), key):
                return
            question = Question(*await _read(reader))
            if question.name == "logs":
                async for each in stream(question):
                    writer.write(packed(each))
                    await writer.drain()
            else:
                writer.write(packed(await answer(question)))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            # who asked went away
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, sock=listening.dup())
    async with server:
        await server.serve_forever()


async def ask(port: int, key: bytes, question: Question) -> Any:
    """Return the answer of one; raise ``OSError`` or ``TimeoutError`` when there is none."""
    async with asyncio.timeout(_PATIENCE):
        async for answer in answers(port, key, question):
            return answer
    raise ConnectionError("the question was not answered")


async def answers(port: int, key: bytes, question: Question) -> AsyncIterator[Any]:
    """Yield what one answers, until it ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(key + packed(tuple(question)))
        while True:
            try:
                yield await _read(reader)
            except asyncio.IncompleteReadError:
                return
    finally:
        writer.close()


async def ask_all(peers: Peers, question: Question) -> list[Any]:
    """Return the answers of all workers; one that is just being replaced has none."""
    asked = (ask(port, peers.key, question) for port in peers.ports)
    found = await asyncio.gather(*asked, return_exceptions=True)
    return [each for each in found if not isinstance(each, BaseException)]


async def _read(reader: asyncio.StreamReader) -> Any:
    length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
    # only who knows the key of this group gets here
    return pickle.loads(await reader.readexactly(length))  # noqa: S301 - see above


def ask_now(port: int, key: bytes, question: Question) -> Any:
    """Ask without a loop, as the parent does; raise ``OSError`` when there is no answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as connection:
        connection.sendall(key + packed(tuple(question)))
        return received(connection)


def received(connection: socket.socket) -> Any:
    """Return the next value of a connection; raise ``OSError`` when it ends before."""
    length = int.from_bytes(exactly(connection, _LENGTH), "big")
    return pickle.loads(exactly(connection, length))  # noqa: S301 - of this group, see ``_read``


def exactly(connection: socket.socket, count: int) -> bytes:
    """Return so many bytes; raise ``OSError`` when the connection ends before."""
    data = bytearray()
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise ConnectionError("the other side went away")
        data += piece
    return bytes(data)
