"""What authentication adds to a request, whatever its kind."""

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers, encoded query pairs, cookies and body members that authentication owns.

    They win over what the operation sends under the same name (language.md 6.2).
    """

    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[str, ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    members: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = field(init=False)
    """Names of the headers in lower case."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(name.lower() for name, _ in self.headers))

    @property
    def is_headers(self) -> bool:
        """Whether there is nothing but headers, as for most kinds."""
        return not (self.query or self.cookies or self.members)


NOTHING: Final = Credentials()
