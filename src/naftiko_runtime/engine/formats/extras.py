"""Which formats and scripts need a package that is not installed.

The compiler asks for it (language.md 7.15, orchestration.md 2.18).
"""

from importlib.util import find_spec
from typing import Final

_NEEDED: Final = {
    "avro": ("fastavro",),
    "protobuf": ("google.protobuf", "grpc_tools"),
    "javascript": ("quickjs",),
    "python": ("pydantic_monty",),
}
_EXTRAS: Final = {"javascript": "scripts", "python": "scripts"}


def missing_extra(name: str) -> str | None:
    """Return what to install before a format or language works, None when all is there."""
    if all(_is_there(module) for module in _NEEDED.get(name, ())):
        return None
    return f"pip install naftiko-runtime[{_EXTRAS.get(name, name)}]"


def missing_extras() -> dict[str, str]:
    """Return ``missing_extra`` of every format and language that lacks one."""
    return {name: install for name in _NEEDED if (install := missing_extra(name)) is not None}


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package above it is missing
        return False
