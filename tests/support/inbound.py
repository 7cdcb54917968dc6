"""What all answers made for tests have in common."""

from naftiko_runtime.engine.exchange import joined


class FakeInbound:
    """An ``Inbound`` but for ``status``, ``headers`` and ``chunks``; its body is never ready."""

    headers: tuple[tuple[str, str], ...]

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        return [(name.encode(), value.encode()) for name, value in self.headers]

    def header(self, name: str) -> str | None:
        return joined(self.headers, name)

    def ready(self) -> bytes | None:
        return None
