"""What makes a process one of several workers (exposes.md LST-12)."""

import socket
from dataclasses import dataclass, field

from naftiko_runtime.runtime.peers import Peers


@dataclass(frozen=True, slots=True)
class Member:
    """A worker's place in its group; ``lifeline`` is readable when the parent is gone."""

    slot: int
    peers: Peers = field(repr=False)
    inbox: socket.socket = field(repr=False)
    lifeline: int
