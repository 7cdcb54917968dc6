"""Ten thousand callers who keep their connections and say nothing, beside a hundred who ask."""

import socket
from contextlib import ExitStack

from load import Load, wrk
from report import Outcome, Row, Target
from servers import LIST, Place, naftiko, nginx
from settings import Effort

_ACTIVE = 100


def idle(place: Place, effort: Effort) -> Outcome:
    """Each idle connection has had one answer; all are still open at the end."""
    server = naftiko(place, "naftiko", nginx(place).upstream.url).ready().server
    before = server.memory()
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    request = f"GET {LIST} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with ExitStack() as stack:
        connections = []
        for _ in range(effort.idle_connections):
            connection = stack.enter_context(socket.create_connection(address, timeout=30))
            connection.sendall(request)
            if not connection.recv(65536).startswith(b"HTTP/1.1 200 "):
                return Outcome("Idle connections", missing="a connection was not answered")
            connections.append(connection)
        opened = server.memory()
        active = wrk(Load(f"{server.url}{LIST}", connections=_ACTIVE), effort.seconds, server)
        used = server.memory("VmHWM")
        kept = sum(_is_open(each) for each in connections)
    rows = [
        Row("memory before", [before], "MB"),
        Row("memory with idle connections", [opened], "MB"),
        Row("for each idle connection", [(opened - before) * 1024 / effort.idle_connections], "KB"),
        Row("served to the active ones", [active.rate], "req/s", f"p99 {active.p99:.0f} ms"),
    ]
    targets = [
        Target("memory at its peak, MB", used, 400, "at most"),
        Target("idle connections still open", kept, effort.idle_connections),
    ]
    title = f"{effort.idle_connections:,} idle connections and {_ACTIVE} active"
    return Outcome(title, rows, targets)


def _is_open(connection: socket.socket) -> bool:
    """Tell whether the server has neither closed nor reset a connection."""
    connection.settimeout(0)
    try:
        # the rest of the first answer may wait here; what a closed connection gives is nothing
        return bool(connection.recv(65536))
    except BlockingIOError:
        return True
    except OSError:
        return False
