"""Which formats need a package that is not installed (language.md 7.15)."""

from importlib.util import find_spec
from typing import Final

_NEEDED: Final = {
    "avro": ("fastavro",),
    "protobuf": ("google.protobuf", "grpc_tools"),
}


def missing_extra(name: str) -> str | None:
    """Return what to install before answers of a format can be read, None when all is there."""
    if all(_is_there(module) for module in _NEEDED.get(name, ())):
        return None
    return f"pip install naftiko-runtime[{name}]"


def missing_extras() -> dict[str, str]:
    """Return ``missing_extra`` of every format that lacks one."""
    return {name: install for name in _NEEDED if (install := missing_extra(name)) is not None}


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package above it is missing
        return False
