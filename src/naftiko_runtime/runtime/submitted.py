"""What a text would do if it replaced a running document (exposes.md CTL-7)."""

import asyncio
from pathlib import Path
from typing import Final

from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.runtime.documents import Document, load
from naftiko_runtime.runtime.reload import fixed_changes
from naftiko_runtime.runtime.reloading import Reloader
from naftiko_runtime.values import Json

_NAMELESS: Final = "submitted.yml"


async def check_text(reloader: Reloader, text: str, file: str | None) -> Json:
    """Return the answer of CTL-7; nothing is changed and no variable is read."""
    library = reloader.library
    content = text.encode()
    replaced = _named(library.documents, file)
    path = replaced.file if replaced is not None else file or _NAMELESS
    fresh = await asyncio.to_thread(load, path, library.options, text=content)
    if replaced is None and fresh.capability is not None:
        replaced = _labelled(library.documents, fresh.capability)
    stdio = library.options.stdio
    held = () if fresh.capability is None else _held(fresh.capability, replaced, stdio)
    return {
        "valid": fresh.capability is not None,
        "reloadable": fresh.capability is not None and not held,
        "structuralChanges": list(held),
        "warnings": sum(each.severity == "warning" for each in fresh.diagnostics),
        "diagnostics": [each.as_json() for each in fresh.diagnostics],
    }


def _named(documents: tuple[Document, ...], file: str | None) -> Document | None:
    """Return the running document of that name, with or without its folder."""
    if file is None:
        return None
    fits = [each for each in documents if file in (each.file, Path(each.file).name)]
    return fits[0] if fits else None


def _labelled(documents: tuple[Document, ...], plan: Capability) -> Document | None:
    same = (each for each in documents if each.capability and each.capability.label == plan.label)
    return next(same, None)


def _held(plan: Capability, replaced: Document | None, stdio: bool) -> tuple[str, ...]:  # noqa: FBT001 - an option's name
    before = (
        () if replaced is None or replaced.capability is None else replaced.capability.exposures
    )
    changed = fixed_changes(before, plan.exposures, stdio=stdio)
    return tuple(exposure.namespace for exposure, _ in changed)
