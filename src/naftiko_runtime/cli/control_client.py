"""Talks to a running process's control port, for ``health``, ``status`` and their like (6.14)."""

import argparse
import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from naftiko_runtime.cli.output import Console
from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.errors import NaftikoError
from naftiko_runtime.values import Json

_TIMEOUT: Final = 10.0
_PORT: Final = 9191
_HINT: Final = """is there a control adapter? A document declares one under "exposes":
  - type: control
    namespace: ops
    port: 9191
    management: {health: true, info: true}"""


class ControlError(NaftikoError):
    """The control port cannot be reached or answers something else: exit 1."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the control port."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class ControlPort:
    """Where the control port is and how to be let in."""

    origin: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def ask(
        self, path: str, *expected: int, method: str = "GET", body: Json | None = None
    ) -> Answer:
        """Return the answer, whose status must be ``expected`` (200); raise ``ControlError``."""
        url = self.origin + path
        content = None if body is None else json.dumps(body).encode()
        headers = {**self.headers, **({"Content-Type": "application/json"} if content else {})}
        request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310 - http only
        answer = self._sent(request, url)
        if answer.status not in (expected or (200,)):
            raise ControlError(f"{url} answered {answer.status}{_detail(answer)}")
        return answer

    def _sent(self, request: urllib.request.Request, url: str) -> Answer:
        # the environment's proxies are for the world outside, not for this port
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_TIMEOUT) as reply:
                return Answer(reply.status, reply.read().decode())
        except urllib.error.HTTPError as exc:
            with exc:
                return Answer(exc.code, exc.read().decode(errors="replace"))
        except (urllib.error.URLError, TimeoutError, ConnectionError) as exc:
            raise ControlError(_unreachable(url, exc)) from exc


def _unreachable(url: str, exc: Exception) -> str:
    reason = getattr(exc, "reason", exc)
    if isinstance(reason, ConnectionRefusedError):
        return f"{url}: connection refused; {_HINT}"
    return f"{url}: {str(reason).lower() or type(reason).__name__}"


def _detail(answer: Answer) -> str:
    try:
        detail = answer.json.get("detail")
    except (ValueError, AttributeError):
        return ""
    return f": {detail}" if detail else ""


def add_control_options(parser: Parser) -> None:
    """Add how to find the control port and how to authenticate."""
    add = parser.add_argument_group("control port").add_argument
    for option, what in (
        ("--address", "address of the control port"),
        ("--port", f"its port (default: the document here, else {_PORT})"),
        ("--user", "authenticate as USER:PASSWORD"),
        ("--token", "authenticate with a bearer token"),
    ):
        parser.without_environment(add(option, metavar=option[2:].upper(), help=what))
    add("--header", action="append", metavar="'NAME: VALUE'", help="send a header (repeatable)")
    add("--json", action="store_true", help="print the answer as JSON")


def control_port(arguments: argparse.Namespace, console: Console) -> ControlPort:
    """Return the control port that the options, the environment or a document here name."""
    given = vars(arguments)
    environ = console.environ
    declared = _declared(Path.cwd()) if _needs_document(given, environ) else (None, None)
    host = given.get("address") or _first(environ, "CONTROL_ADDRESS") or declared[0]
    port = given.get("port") or _first(environ, "CONTROL_PORT") or declared[1] or _PORT
    if not str(port).isdecimal():
        raise UsageError(f"{port!r} is no port")
    name = host or "127.0.0.1"
    return ControlPort(
        f"http://{f'[{name}]' if ':' in name else name}:{port}", _headers(given, environ)
    )


def _needs_document(given: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    return not (given.get("port") or _first(environ, "CONTROL_PORT"))


def _first(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(f"NAFTIKO_{name}") or environ.get(f"IKANOS_{name}")


def _headers(given: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for text in given.get("header", ()):
        name, separator, value = text.partition(":")
        if not separator:
            raise UsageError(f"--header {text!r} is not 'NAME: VALUE'")
        headers[name.strip()] = value.strip()
    if "user" in given:
        headers["Authorization"] = f"Basic {base64.b64encode(given['user'].encode()).decode()}"
    token = given.get("token") or environ.get("NAFTIKO_CONTROL_TOKEN")
    if token and "Authorization" not in headers:
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _declared(folder: Path) -> tuple[str | None, int | None]:
    """Return address and port of the control adapter of the document in a folder, if any."""
    # the loader is only needed for this, and it is the slow part of the command
    from naftiko_runtime.options import RuntimeOptions  # noqa: PLC0415 - see above
    from naftiko_runtime.plan.exposure import ControlExposure  # noqa: PLC0415 - see above
    from naftiko_runtime.runtime.documents import (  # noqa: PLC0415 - see above
        capabilities,
        document_files,
        load_all,
    )

    documents = load_all(document_files((), folder), RuntimeOptions())
    for capability in capabilities(documents):
        for exposure in capability.exposures:
            if isinstance(exposure, ControlExposure):
                return exposure.address.host, exposure.address.port
    return None, None
