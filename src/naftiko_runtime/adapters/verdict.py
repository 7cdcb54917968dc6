"""What a check of credentials comes to."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from naftiko_runtime.adapters.asgi import Scope
from naftiko_runtime.adapters.problems import Problem, unauthorized


@dataclass(frozen=True, slots=True)
class Verdict:
    """``scope`` without the credential, or a ``refusal``; ``guessed`` when a credential was wrong.

    A request without any credential guesses nothing, so it slows nobody down.
    """

    scope: Scope = field(default_factory=dict)
    refusal: Problem | None = None
    guessed: bool = False


def refused(challenges: Iterable[str], *, guessed: bool) -> Verdict:
    """Refuse with 401 and these challenges."""
    return Verdict(refusal=unauthorized(challenges), guessed=guessed)
