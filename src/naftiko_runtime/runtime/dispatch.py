"""What stands where on a shared listener: paths of the runtime before declared routes (LST-4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from naftiko_runtime.adapters.asgi import App, Receive, Scope, Send

METADATA: Final = b"/.well-known/oauth-protected-resource"
SKILLS: Final = b"/skills"


@dataclass(frozen=True, slots=True)
class Parts:
    """The apps of one listener; ``mcp`` by exact path; ``rest`` answers everything else."""

    rest: App
    mcp: Mapping[str, App] = field(default_factory=dict)
    metadata: App | None = None
    skill: App | None = None


def dispatching(parts: Parts) -> App:
    """Return the app of a listener; the REST app itself when nothing stands before it."""
    if not parts.mcp and parts.metadata is None and parts.skill is None:
        return parts.rest
    exact = {path.encode(): app for path, app in parts.mcp.items()}
    prefixed = [
        (prefix, app)
        for prefix, app in ((METADATA, parts.metadata), (SKILLS, parts.skill))
        if app is not None
    ]

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        path: bytes = scope["raw_path"]
        app = exact.get(path)
        if app is None:
            app = next((app for prefix, app in prefixed if _under(path, prefix)), parts.rest)
        await app(scope, receive, send)

    return dispatch


def _under(path: bytes, prefix: bytes) -> bool:
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in {b"", b"/"}
