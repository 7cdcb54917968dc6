"""Takes an upload and answers with its size; says nothing until all of it is here."""

import asyncio
import sys

import uvloop

CHUNKED_END = b"0\r\n\r\n"


class Sink(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.head, self.missing, self.size = b"", -1, 0

    def data_received(self, data: bytes) -> None:
        if self.missing < 0:
            self.head += data
            head, found, data = self.head.partition(b"\r\n\r\n")
            if not found:
                return
            lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
            self.missing = next(int(value) for name, _, value in lines if name == b"content-length")
        self.missing -= len(data)
        self.size += len(data)
        if self.missing <= 0:
            body = b'{"size": %d}' % self.size
            self.transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                % (len(body), body)
            )
            self.head, self.missing, self.size = b"", -1, 0


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


uvloop.run(main())
