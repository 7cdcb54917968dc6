"""Reads imports from hosts that ``--import-host`` allows (orchestration.md 4.4)."""

from typing import Any, Final
from urllib.parse import urlsplit

_PATIENCE: Final = 10.0
_MOST: Final = 8 * 1024 * 1024


def fetched(url: str) -> bytes:
    """Return what is at an https URL: 10 s, 8 MiB, no other host; raise ``OSError``."""
    # it brings half of the standard library along, for imports that hardly any document has
    import urllib.request  # noqa: PLC0415 - see above

    class SameHost(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *request: Any) -> Any:
            new = urlsplit(request[5])
            if new.scheme != "https" or new.netloc != urlsplit(url).netloc:
                raise OSError(f"it redirects to {new.scheme}://{new.netloc}")
            return super().redirect_request(*request)

    opener = urllib.request.build_opener(SameHost)
    with opener.open(url, timeout=_PATIENCE) as reply:
        data: bytes = reply.read(_MOST + 1)
    if len(data) > _MOST:
        raise OSError(f"it has more than {_MOST} bytes")
    return data
