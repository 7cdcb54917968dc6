"""The options of commands that load documents, and ``RuntimeOptions`` made of them."""

import argparse
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import urlsplit

from naftiko_runtime.cli.parser import Parser, UsageError
from naftiko_runtime.cli.settings import settings_of
from naftiko_runtime.errors import StartError
from naftiko_runtime.options import Limits, RuntimeOptions

T = TypeVar("T")

_SIZE: Final = re.compile(r"(\d+)\s*(B|KiB|MiB|GiB)?", re.IGNORECASE)
_UNITS: Final = {"b": 1, "kib": 1024, "mib": 1024**2, "gib": 1024**3}
_PORTS: Final = 65535
LEVELS: Final = ("trace", "debug", "info", "warn", "error", "off")


def add_document_options(parser: Parser) -> None:
    """Add what every command that loads documents takes (orchestration.md 6.4)."""
    group = parser.add_argument_group("documents")
    add = group.add_argument
    add(
        "--set",
        action="append",
        metavar="KEY=VALUE",
        help="set vars.NAME, baseUri.NS, authentication.NS, slashes.NS, timeout.NS, bindRoots or "
        "importRoots over the document (repeatable)",
    )
    add(
        "--env-file",
        action="append",
        metavar="FILE",
        help="read variables from FILE; those already set stay (repeatable)",
    )
    add("--strict", action="store_true", help="refuse documents with a warning")
    add("--schemas", metavar="PATH", help="official schemas to check against with --strict")
    add(
        "--import-host",
        action="append",
        metavar="HOST",
        help="allow imports from https://HOST (repeatable)",
    )


def add_upstream_options(parser: Parser) -> None:
    """Add what every command that calls upstreams takes."""
    add = parser.add_argument_group("upstreams").add_argument
    add(
        "--proxy",
        type=_proxy,
        metavar="URL",
        help="call APIs through http://[USER:PASSWORD@]HOST:PORT",
    )
    add("--ca-file", metavar="FILE", help="more certificate authorities of APIs, PEM")
    add("--client-certificate", metavar="FILE", help="certificate and key to show APIs, PEM")


def add_serve_options(parser: Parser) -> None:
    """Add the options of ``serve`` (orchestration.md 6.6)."""
    _add_listeners(parser)
    _add_life(parser)
    _add_access(parser)
    _add_limits(parser)
    logs = parser.add_argument_group("logs")
    logs.add_argument("--log-format", choices=("text", "json"), help="lines or one object a line")
    logs.add_argument("--log-level", type=_level, metavar="LEVEL", help=", ".join(LEVELS))


def _add_listeners(parser: Parser) -> None:
    add = parser.add_argument_group("listeners").add_argument
    add("--host", metavar="ADDR", help="address of every adapter")
    add(
        "--port",
        action="append",
        metavar="[NAMESPACE=]PORT",
        help="port of all adapters but control, or of one; 0 is a free one (repeatable)",
    )
    add("--default-host", metavar="ADDR", help="address of adapters that have none")
    add("--control", metavar="[ADDR:]PORT", help="add a control adapter when no document has one")
    add("--console", action="store_true", help="serve the console page on control adapters")
    add("--stdio", action="store_true", help="speak MCP on stdin and stdout; open no port")
    add(
        "--mount",
        choices=("merge", "namespace"),
        help="REST routes in one table, or each adapter under /<namespace>",
    )
    add("--no-docs", action="store_true", help="serve neither /docs nor /openapi.json")


def _add_life(parser: Parser) -> None:
    add = parser.add_argument_group("life").add_argument
    add(
        "--watch",
        action=argparse.BooleanOptionalAction,
        help="reload when files change (on for folders)",
    )
    add("--workers", type=_whole(1), metavar="N", help="processes that serve (default 1)")
    add(
        "--drain",
        type=_number,
        metavar="SECONDS",
        help="time for running requests at the end (default 20)",
    )
    add("--check", action="store_true", help="load, print what would be served, and exit")


def _add_access(parser: Parser) -> None:
    add = parser.add_argument_group("access").add_argument
    for option, metavar, what in (
        ("--allow-host", "HOST", "a Host that callers may name"),
        ("--allow-origin", "ORIGIN", "an Origin that may call"),
        ("--cors-origin", "ORIGIN", "an Origin that browsers let read answers"),
        ("--trusted-proxy", "CIDR", "a proxy whose Forwarded headers count"),
    ):
        add(option, action="append", metavar=metavar, help=f"{what} (repeatable)")


def _add_limits(parser: Parser) -> None:
    add = parser.add_argument_group("limits").add_argument
    add("--max-body", type=_size, metavar="SIZE", help="request body that is read (32MiB)")
    add("--max-binary", type=_size, metavar="SIZE", help="binary answer that is decoded (10MiB)")
    add("--max-concurrency", type=_whole(1), metavar="N", help="requests per listener (1000)")
    add("--max-scripts", type=_whole(1), metavar="N", help="scripts at once (4)")
    add("--sequential-steps", action="store_true", help="never run steps at the same time")
    add("--mcp-max-result", type=_size, metavar="SIZE", help="text of a tool result (200000B)")
    add("--mcp-page", type=_whole(0), metavar="N", help="entries of an MCP list page (500)")


def runtime_options(arguments: argparse.Namespace) -> RuntimeOptions:
    """Return the options of a process; raise ``UsageError`` for values that cannot be."""
    given = vars(arguments)
    port, ports = _ports(given.get("port", ()))
    options = RuntimeOptions(
        settings=settings_of(given.get("set", ()), given.get("import_host", ())),
        limits=_limits(given),
        port=port,
        ports=ports,
        control=_control(given.get("control")),
        docs=not given.get("no_docs", False),
        allow_hosts=tuple(given.get("allow_host", ())),
        allow_origins=tuple(given.get("allow_origin", ())),
        cors_origins=tuple(given.get("cors_origin", ())),
        trusted_proxies=tuple(given.get("trusted_proxy", ())),
        **{name: given[name] for name in _AS_GIVEN if name in given},
    )
    if options.ca_file or options.client_certificate:
        _check_tls(options)
    return options


_AS_GIVEN: Final = (
    "strict", "schemas", "schema", "host", "default_host", "console", "stdio", "watch", "workers",
    "mount", "sequential_steps", "log_level", "log_format", "proxy", "ca_file",
    "client_certificate",
)  # fmt: skip
_LIMITS: Final = {
    "max_body": "body",
    "max_binary": "binary",
    "max_concurrency": "concurrency",
    "max_scripts": "scripts",
    "mcp_max_result": "mcp_result",
    "mcp_page": "mcp_page",
    "drain": "drain",
}


def _limits(given: Mapping[str, object]) -> Limits:
    values = {name: given[option] for option, name in _LIMITS.items() if option in given}
    return Limits(**values)  # type: ignore[arg-type] # each was converted by its option's type


def _check_tls(options: RuntimeOptions) -> None:
    """Refuse files that cannot be used before anything starts: workers would die of them."""
    # TLS is slow to import, and most command lines name no files
    from naftiko_runtime.engine.http1_dial import client_tls  # noqa: PLC0415 - see above

    try:
        client_tls(options)
    except StartError as exc:
        raise UsageError(f"--ca-file, --client-certificate: {exc}") from exc


def _proxy(url: str) -> str | None:
    """Return the URL of a proxy, none for no text; what is said of a wrong one never repeats it."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        is_bare = not any((parts.path.strip("/"), parts.query, parts.fragment))
        is_right = is_bare and parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise argparse.ArgumentTypeError("must be http://[USER:PASSWORD@]HOST:PORT")
    return url


def _ports(texts: tuple[str, ...]) -> tuple[int | None, dict[str, int]]:
    """Return the port of all adapters and those of single ones (exposes.md LST-2)."""
    everywhere: int | None = None
    named: dict[str, int] = {}
    for text in texts:
        namespace, _, port = text.rpartition("=")
        if namespace:
            named[namespace] = _port("--port", port)
        else:
            everywhere = _port("--port", port)
    return everywhere, named


def _control(text: str | None) -> tuple[str | None, int] | None:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    return host or None, _port("--control", port)


def _port(option: str, text: str) -> int:
    if not text.isdecimal() or int(text) > _PORTS:
        raise UsageError(f"{option}: {text!r} is no port; it is a number up to {_PORTS}")
    return int(text)


def _size(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 500KiB, 32MiB or bytes")
    return int(found[1]) * _UNITS[(found[2] or "B").lower()]


def _whole(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")
        return int(text)

    return whole


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return number


def _level(text: str) -> str:
    if text.casefold() not in LEVELS:
        raise argparse.ArgumentTypeError(f"{text!r} is no level; use {', '.join(LEVELS)}")
    return text.upper()
