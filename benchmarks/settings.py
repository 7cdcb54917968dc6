"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """``seconds`` for each round of load; ``large`` bytes are downloaded, a third is uploaded."""

    rounds: int = 5
    seconds: float = 3.0
    large: int = 3 * 1024**3
    idle_connections: int = 10_000
    capabilities: tuple[int, ...] = (1, 100, 1000)
    starts: int = 5


QUICK = Effort(
    rounds=1, seconds=1.0, large=3 * 1024**2, idle_connections=50, capabilities=(1, 3), starts=1
)
