"""What makes a process one of several workers (exposes.md LST-12)."""

import socket
from dataclasses import dataclass, field

from naftiko_runtime.runtime.peers import Peers, Question


@dataclass(frozen=True, slots=True)
class Member:
    """A worker's place in its group; ``lifeline`` is readable when the parent is gone.

    ``told`` is what the others were told before this one was there.
    """

    slot: int
    peers: Peers = field(repr=False)
    inbox: socket.socket = field(repr=False)
    lifeline: int
    told: tuple[Question, ...] = ()
