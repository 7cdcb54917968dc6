"""The base URI of an imported API (orchestration.md 7.4)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from naftiko_runtime.openapi.import_source import text
from naftiko_runtime.openapi.import_warnings import Warnings

_EXAMPLE: Final = "https://api.example.com"
_VARIABLE: Final = re.compile(r"\{([^{}]+)\}")


def base_uri(
    servers: Sequence[Any], source_url: str | None, namespace: str, warnings: Warnings
) -> str:
    """Return the first server's URL with its variables' defaults, absolute, without final slash."""
    known = [each for each in servers if isinstance(each, Mapping) and text(each.get("url"))]
    if len(known) > 1:
        others = ", ".join(str(each["url"]) for each in known[1:4])
        warnings.add("server", "/servers/1", f"only the first server is used; others: {others}")
    if not known and source_url is None:
        warnings.add("server", "/servers", f"no server is named; {_EXAMPLE} stands for it")
        return _EXAMPLE
    url = _filled(known[0], namespace, warnings) if known else ""
    if urlsplit(url).scheme in ("http", "https"):
        return url.rstrip("/")
    if source_url is not None:
        return urljoin(source_url, url or "/").rstrip("/")
    if url.startswith("//"):
        return f"https:{url}".rstrip("/")
    message = f"the server {url!r} is relative to a place that is not known; {_EXAMPLE} is used"
    warnings.add("server", "/servers/0/url", message)
    return f"{_EXAMPLE}/{url.lstrip('/')}".rstrip("/")


def _filled(server: Mapping[str, Any], namespace: str, warnings: Warnings) -> str:
    variables = server.get("variables")
    known = variables if isinstance(variables, Mapping) else {}

    def default(match: re.Match[str]) -> str:
        name = match[1]
        declared = known.get(name)
        value = declared.get("default") if isinstance(declared, Mapping) else None
        pointer = f"/servers/0/variables/{name}"
        if value is None:
            message = f"{{{name}}} has no default; set baseUri.{namespace}.{name}"
            warnings.add("server-variable", pointer, message)
            return match[0]
        message = f"{{{name}}} is {value}; another one is set with baseUri.{namespace}"
        warnings.add("server-variable", pointer, message)
        return str(value)

    return _VARIABLE.sub(default, str(server["url"]).strip())
