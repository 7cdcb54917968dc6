"""All settings of a process with their defaults, in one place.

The command line fills ``RuntimeOptions``; nothing else reads the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from naftiko_runtime.values import Json

MiB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``--set KEY=VALUE`` says over the document (language.md 2.8).

    ``authentication``, ``slashes``, ``timeout`` and ``base_uri`` are keyed by a namespace or a
    glob on it; ``base_placeholders`` by ``(namespace or glob, placeholder)``.
    """

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    base_uri: Mapping[str, str] = field(default_factory=dict)
    base_placeholders: Mapping[tuple[str, str], str] = field(default_factory=dict)
    authentication: Mapping[str, Json] = field(default_factory=dict, repr=False)
    slashes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timeout: Mapping[str, float] = field(default_factory=dict)
    bind_roots: tuple[str, ...] = ()
    import_roots: tuple[str, ...] = ()
    import_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of exposes.md COM-4 and language.md 4.23; sizes in bytes, times in seconds."""

    body: int = 32 * MiB
    mcp_body: int = 4 * MiB
    headers: int = 64 * 1024
    parsed: int = 32 * MiB
    binary: int = 10 * MiB
    mcp_result: int = 200_000
    mcp_page: int = 500
    concurrency: int = 1000
    scripts: int = 4
    drain: float = 20.0
    keep_alive: int = 75
    connect_timeout: float = 10.0
    head_timeout: float = 300.0
    gap_timeout: float = 60.0
    pool: int = 200
    """Connections kept per upstream."""


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """Everything ``naftiko serve`` can be told (exposes.md, orchestration.md 6)."""

    settings: Settings = Settings()
    limits: Limits = Limits()
    strict: bool = False
    schemas: str | None = None
    """Official schema, or a folder of them, that documents are checked against (1.10)."""
    schema: str | None = None
    """The version whose schema counts instead of the declared one."""
    host: str | None = None
    default_host: str | None = None
    port: int | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    control: tuple[str | None, int] | None = None
    console: bool = False
    stdio: bool = False
    watch: bool | None = None
    workers: int = 1
    mount: Literal["merge", "namespace"] = "merge"
    allow_hosts: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    docs: bool = True
    sequential_steps: bool = False
    log_level: str = "INFO"
    log_format: Literal["text", "json"] = "text"
    proxy: str | None = field(default=None, repr=False)
    """Proxy for upstream requests, maybe with a password; the environment's are not used."""
    ca_file: str | None = None
    """Additional certificate authorities for upstreams, PEM."""
    client_certificate: str | None = None
    """Client certificate and key for upstreams, PEM."""
