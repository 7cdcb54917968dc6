"""New connections to upstreams: directly or through a proxy, with TLS where the scheme says so."""

import asyncio
import base64
import ssl
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import unquote, urlsplit

import certifi

from naftiko_runtime.engine.http1_connection import Connection
from naftiko_runtime.engine.origins import Origin
from naftiko_runtime.errors import StartError, UpstreamTimeout, UpstreamUnreachable
from naftiko_runtime.options import RuntimeOptions

_PROXY_PORT: Final = 80
_OK: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy; ``credentials`` is the value of Proxy-Authorization."""

    host: str
    port: int
    credentials: str | None

    @classmethod
    def parse(cls, url: str) -> "Proxy":
        """Read ``http://[user:password@]host:port``; raise ``StartError`` for anything else."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            # the parser's own words repeat what may be a password with a slash in it
            raise StartError("--proxy: its port is not a number from 1 to 65535") from None
        if parts.scheme != "http" or not parts.hostname:
            raise StartError("--proxy: must be http://[user:password@]host:port")
        credentials = None
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            credentials = "Basic " + base64.b64encode(pair.encode()).decode()
        return cls(parts.hostname, port or _PROXY_PORT, credentials)


class Dialer:
    """Opens connections by the options of the process."""

    def __init__(self, options: RuntimeOptions) -> None:
        self._options = options
        self._limits = options.limits
        self.proxy = Proxy.parse(options.proxy) if options.proxy else None
        if options.ca_file or options.client_certificate:
            self._tls  # noqa: B018 -- unreadable files are known at start; else made when needed

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return client_tls(self._options)

    async def dial(self, origin: Origin) -> Connection:
        """Open a connection; raise ``UpstreamUnreachable`` or ``UpstreamTimeout``."""
        limit = self._limits.connect_timeout
        try:
            async with asyncio.timeout(limit):
                return await self._open(origin)
        except TimeoutError as error:
            raise UpstreamTimeout(f"{origin}: no connection within {limit:g} s") from error
        except OSError as error:
            # ssl.SSLError is one, too; its text names the reason and no secret
            raise UpstreamUnreachable(f"{origin}: {reason(error)}") from error

    async def _open(self, origin: Origin) -> Connection:
        connection = Connection(str(origin), self._limits.gap_timeout)
        proxy = self.proxy
        target = proxy or origin
        secure = origin.is_secure and proxy is None
        await asyncio.get_running_loop().create_connection(
            lambda: connection,
            target.host,
            target.port,
            ssl=self._tls if secure else None,
            server_hostname=origin.host if secure else None,
        )
        if proxy is not None and origin.is_secure:
            try:
                await self._tunnel(connection, origin, proxy)
            except BaseException:
                connection.abort()
                raise
        return connection

    async def _tunnel(self, connection: Connection, origin: Origin, proxy: Proxy) -> None:
        name = f"[{origin.host}]" if ":" in origin.host else origin.host
        lines = [f"CONNECT {name}:{origin.port} HTTP/1.1", f"Host: {name}:{origin.port}"]
        if proxy.credentials:
            lines.append(f"Proxy-Authorization: {proxy.credentials}")
        head = "\r\n".join((*lines, "", "")).encode()
        answer = await connection.exchange(head, None, self._limits.connect_timeout, headless=True)
        if answer.status not in _OK:
            raise UpstreamUnreachable(f"{origin}: the proxy answered {answer.status}")
        loop = asyncio.get_running_loop()
        transport = await loop.start_tls(
            connection.transport, connection, self._tls, server_hostname=origin.host
        )
        assert transport is not None  # noqa: S101 -- None is what a closed loop would give
        connection.attach(transport)


def client_tls(options: RuntimeOptions) -> ssl.SSLContext:
    """Return the TLS settings for upstreams; raise ``StartError`` for unreadable files.

    The system's authorities count; where it has none, those of ``certifi``.
    """
    paths = ssl.get_default_verify_paths()
    context = ssl.create_default_context()
    if paths.cafile is None and paths.capath is None:
        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    try:
        if options.ca_file:
            context.load_verify_locations(options.ca_file)
        if options.client_certificate:
            context.load_cert_chain(options.client_certificate)
    except OSError as error:
        raise StartError(f"TLS files for upstreams: {reason(error)}") from error
    return context


def reason(error: OSError) -> str:
    """Return what went wrong in a few words, without addresses and object names."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        # OpenSSL's own errors have a reason, those that asyncio makes have none
        return f"TLS failed: {getattr(error, 'reason', None) or 'connection closed'}"
    return error.strerror or str(error) or type(error).__name__
