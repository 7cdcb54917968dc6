"""A tree of path segments; walking it yields the best match first (exposes.md REST-3)."""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from naftiko_runtime.adapters.rest.segments import (
    Mixture,
    RawPath,
    Rest,
    literal_of,
    mixture_of,
)
from naftiko_runtime.plan.exposure import RouteHole, Segment

E = TypeVar("E")


class Node(Generic[E]):
    """What may follow a path: literal before mixture before placeholder before the whole rest."""

    __slots__ = ("ends", "literals", "mixtures", "placeholder", "rest", "slash_ends")

    def __init__(self) -> None:
        self.literals: dict[str, Node[E]] = {}
        self.mixtures: list[tuple[Mixture, Node[E]]] = []
        self.placeholder: Node[E] | None = None
        self.rest: Node[E] | None = None
        self.ends: tuple[E, ...] = ()
        self.slash_ends: tuple[E, ...] = ()

    def add(self, segments: Sequence[Segment], ends: tuple[E, ...], *, slash: bool) -> None:
        """Put what ends a template where the template leads."""
        node = self
        for segment in segments:
            node = node._below(segment)
        takes_all = bool(segments) and any(
            isinstance(part, RouteHole) and part.rest for part in segments[-1]
        )
        if slash or takes_all:
            node.slash_ends = ends
        if not slash or takes_all:
            node.ends = ends

    def sort(self) -> None:
        """Order mixtures by their literal characters, most first; equal ones stay as added."""
        self.mixtures.sort(key=lambda branch: -branch[0].weight)
        for node in self._children():
            node.sort()

    def first(self, path: RawPath) -> tuple[tuple[E, ...], tuple[str, ...]] | None:
        """Return what ``walk`` yields first, when literals and placeholders alone lead there.

        None says nothing: it may still be found by walking.
        """
        node = self
        values: list[str] = []
        for segment in path.segments:
            following = node.literals.get(segment)
            if following is None:
                following = node.placeholder
                if following is None or node.mixtures or not segment:
                    return None
                values.append(segment)
            node = following
        ends = node.slash_ends if path.slash else node.ends
        return (ends, tuple(values)) if ends else None

    def walk(self, path: RawPath) -> Iterator[tuple[tuple[E, ...], tuple[str | Rest, ...]]]:
        """Yield the ends of all matching templates with their placeholders' values, best first."""
        waiting: list[tuple[Node[E], int, tuple[str | Rest, ...]]] = [(self, 0, ())]
        length = len(path.segments)
        while waiting:
            node, at, values = waiting.pop()
            if at < length:
                node.enter(path, at, values, waiting)
                continue
            ends = node.slash_ends if path.slash else node.ends
            if ends:
                yield ends, values

    def enter(
        self,
        path: RawPath,
        at: int,
        values: tuple[str | Rest, ...],
        waiting: "list[tuple[Node[E], int, tuple[str | Rest, ...]]]",
    ) -> None:
        """Add the branches that take the segment, the best one last because it is popped first."""
        segment = path.segments[at]
        if self.rest is not None and path.remaining(at):
            waiting.append((self.rest, len(path.segments), (*values, Rest(at))))
        if self.placeholder is not None and segment:
            waiting.append((self.placeholder, at + 1, (*values, segment)))
        for mixture, node in reversed(self.mixtures):
            found = mixture.match(segment)
            if found is not None:
                waiting.append((node, at + 1, (*values, *found)))
        literal = self.literals.get(segment)
        if literal is not None:
            waiting.append((literal, at + 1, values))

    def _below(self, segment: Segment) -> "Node[E]":
        literal = literal_of(segment)
        if literal is not None:
            return self.literals.setdefault(literal, Node())
        if len(segment) == 1 and isinstance(segment[0], RouteHole):
            return self._rest() if segment[0].rest else self._placeholder()
        mixture = mixture_of(segment)
        for known, node in self.mixtures:
            if known == mixture:
                return node
        self.mixtures.append((mixture, Node()))
        return self.mixtures[-1][1]

    def _placeholder(self) -> "Node[E]":
        if self.placeholder is None:
            self.placeholder = Node()
        return self.placeholder

    def _rest(self) -> "Node[E]":
        if self.rest is None:
            self.rest = Node()
        return self.rest

    def _children(self) -> "Iterator[Node[E]]":
        yield from self.literals.values()
        yield from (node for _, node in self.mixtures)
        if self.placeholder is not None:
            yield self.placeholder
