"""`naftiko demo`: the bundled capability in front of the stand-in, in one process."""

import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from anyio.from_thread import start_blocking_portal
from starlette.types import ASGIApp

from naftiko_runtime.compiler.listeners import merge
from naftiko_runtime.demo.checks import Tokens
from naftiko_runtime.demo.dev_server import serve
from naftiko_runtime.demo.guide import Places, guide
from naftiko_runtime.demo.label_studio import label_studio
from naftiko_runtime.demo.sample import fill
from naftiko_runtime.demo.studio import Studio
from naftiko_runtime.options import RuntimeOptions, Settings
from naftiko_runtime.runtime.documents import capabilities, load
from naftiko_runtime.runtime.process import Process, run_process

HOST: Final = "127.0.0.1"
NAME: Final = "label-studio-exports.yaml"
NAMESPACE: Final = "label-studio-subpackage-projects-subpackage-projects-exports"
REST_PORT, MCP_PORT = 8080, 9090
VARIABLE: Final = "LABEL_STUDIO_API_KEY"


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demo serves, in what environment, and how it speaks.

    A port that is None is the document's, or a free one when that is taken. `say` prints a line
    beside the result, `show` the result.
    """

    rest_port: int | None
    mcp_port: int | None
    environ: Mapping[str, str] = field(repr=False)
    say: Callable[[str], None]
    show: Callable[[str], None]


def run_demo(demo: Demo) -> None:
    """Serve until a signal; raises `StartError` when an address cannot be opened."""
    token = secrets.token_hex(20)
    with serving(_stand_in(token)) as upstream:
        places = Places(
            rest=f"http://{HOST}:{free_port(demo.rest_port, REST_PORT)}",
            mcp=f"http://{HOST}:{free_port(demo.mcp_port, MCP_PORT)}/mcp",
            upstream=upstream,
            token=token,
        )
        run_process(_process(demo, places))


def capability_file() -> Path:
    """Return the bundled document: beside this module in a wheel, in `capabilities/` before."""
    bundled = Path(__file__).with_name(NAME)
    return bundled if bundled.exists() else Path(__file__).parents[3] / "capabilities" / NAME


def _stand_in(token: str) -> ASGIApp:
    studio = Studio()
    fill(studio)
    return label_studio(studio, Tokens(token))


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve an upstream from a thread of its own; yield its URL."""
    with start_blocking_portal() as portal:
        running, url = portal.start_task(serve, app)
        try:
            yield url
        finally:
            running.cancel()


def _process(demo: Demo, places: Places) -> Process:
    options = RuntimeOptions(
        settings=Settings(base_uri={NAMESPACE: places.upstream}),
        host=HOST,
        ports={f"{NAMESPACE}-rest": places.rest_port, f"{NAMESPACE}-mcp": places.mcp_port},
        log_level="WARN",
    )
    documents = (load(str(capability_file()), options),)
    merged = merge(capabilities(documents), options)
    environ = {**demo.environ, VARIABLE: f"Token {places.token}"}
    said = after(len(merged.placed), demo.say, lambda: demo.show(guide(places)))
    return Process(documents, merged, options, environ, said)


def after(
    count: int, say: Callable[[str], None], then: Callable[[], None]
) -> Callable[[str], None]:
    """Return what says lines and runs `then` once, after `count` of them."""
    said: list[str] = []

    def wrapped(line: str) -> None:
        said.append(line)
        say(line)
        if len(said) == count:
            then()

    return wrapped


def free_port(asked: int | None, usual: int) -> int:
    """Return the port asked for, else the usual one, or a free one when that is taken."""
    if asked:
        return asked
    for port in (usual, 0):
        with socket.socket() as probe:
            # as the listener does, so that a port in TIME_WAIT counts as free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return usual
