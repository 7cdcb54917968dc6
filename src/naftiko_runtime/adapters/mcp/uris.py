"""URIs of resources: as shown, and what a requested URI says about a template's variables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from naftiko_runtime.plan.exposure import ResourceExposure, UriHole

_MODES: Final = {False: "[^/]+", True: ".+"}


@dataclass(frozen=True, slots=True)
class UriMatcher:
    """Tells whether a URI belongs to a resource, and the values of its variables (MCP-25)."""

    pattern: re.Pattern[str]
    names: tuple[str, ...]

    def values(self, uri: str) -> Mapping[str, str] | None:
        """Return the percent-decoded variables, None when the URI is another one."""
        found = self.pattern.fullmatch(uri)
        if found is None:
            return None
        return dict(zip(self.names, map(unquote, found.groups()), strict=True))


def shown_uri(resource: ResourceExposure) -> str:
    """Return the URI as it is listed: holes are ``{x}`` and ``{+x}``."""
    return "".join(
        piece if isinstance(piece, str) else "{" + ("+" if piece.rest else "") + piece.name + "}"
        for piece in resource.pieces
    )


def matcher_of(resource: ResourceExposure) -> UriMatcher:
    """Return the matcher of a resource's URI; a variable matches one or more characters."""
    pieces = resource.pieces
    pattern = "".join(
        re.escape(piece) if isinstance(piece, str) else f"({_MODES[piece.rest]})"
        for piece in pieces
    )
    names = tuple(piece.name for piece in pieces if isinstance(piece, UriHole))
    return UriMatcher(re.compile(pattern, re.DOTALL), names)
