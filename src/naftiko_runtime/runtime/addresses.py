"""Where the adapters of a document are served now, which its plan alone cannot say."""

from collections.abc import Iterator, Mapping
from typing import Final

from naftiko_runtime.plan.capability import Capability
from naftiko_runtime.plan.exposure import Exposure
from naftiko_runtime.plan.listener import ListenerKey, Merged
from naftiko_runtime.runtime.listeners import Listener
from naftiko_runtime.runtime.states import every

STDIO: Final = "stdio"


def address_of(
    plan: Capability, exposure: Exposure, merged: Merged, listeners: Mapping[ListenerKey, Listener]
) -> str | None:
    """Return ``HOST:PORT`` as bound, ``stdio``, or None for an adapter that is not served.

    Options change addresses and ports, port 0 becomes a free one, and a control adapter stays
    where it was when its document changes.
    """
    same = list(_same_kind(plan, exposure, merged))
    exact = [key for key, each in same if each.place == exposure.place]
    named = [key for key, each in same if each.namespace == exposure.namespace]
    for key in (*exact, *named):
        if key is None:
            return STDIO
        if key in listeners:
            return listeners[key].bound.shown
    return None


def _same_kind(
    plan: Capability, exposure: Exposure, merged: Merged
) -> Iterator[tuple[ListenerKey | None, Exposure]]:
    for key, placed in every(merged):
        if placed.file == plan.file and type(placed.exposure) is type(exposure):
            yield key, placed.exposure
