"""Keeps secrets out of what is emitted: every form of every resolved secret becomes ``***``."""

import base64
import json
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

from naftiko_runtime.values import Json

MASK: Final = "***"
_SHORTEST: Final = 4
_FEW: Final = 200
"""Forms that are looked for one after the other; measured, more are found sooner by their start."""
_TOKENS: Final = 1000
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")


class Redactor:
    """Knows all resolved secrets of 4 characters or more (exposes.md OBS-8).

    Texts are short and hold no secret as a rule, so what counts is how soon that is known. A few
    forms are looked for one after the other; many by the first four characters, which every form
    has: then the cost does not grow with the number of secrets, and learning one is cheap.
    """

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._tokens: dict[str, None] = {}
        self._forms: Counter[str] = Counter()
        self._encoded: set[str] = set()
        self._by_start: dict[str, dict[int, set[str]]] = {}

    def learn(self, secret: str) -> None:
        """Remember one secret for good, from any thread; shorter ones would mask plain words."""
        if len(secret) >= _SHORTEST and secret not in self._secrets:
            self._secrets.add(secret)
            self._add(secret)

    def learn_token(self, token: str) -> None:
        """Remember a fetched token, which others will replace: the oldest are forgotten."""
        if len(token) < _SHORTEST or token in self._tokens:
            return
        self._tokens[token] = None
        self._add(token)
        if len(self._tokens) > _TOKENS:
            oldest = next(iter(self._tokens))
            del self._tokens[oldest]
            self._remove(oldest)

    def _add(self, secret: str) -> None:
        encoded = set(_base64_forms(secret))
        self._encoded |= encoded
        for form in _text_forms(secret) | encoded:
            by_length = self._by_start.setdefault(form[:_SHORTEST], {})
            by_length.setdefault(len(form), set()).add(form)
            self._forms[form] += 1

    def _remove(self, secret: str) -> None:
        for form in _text_forms(secret) | set(_base64_forms(secret)):
            self._forms[form] -= 1
            if not self._forms[form]:
                del self._forms[form]
                self._encoded.discard(form)
                self._by_start[form[:_SHORTEST]][len(form)].discard(form)

    def scrub(self, text: str) -> str:
        """Return the text with every form of every secret replaced by ``***``."""
        if not self._forms or not self._suspicious(text):
            return text
        return "".join(self._pieces(text))

    def holds(self, text: str) -> bool:
        """Whether a text has any form of any secret."""
        return bool(self._forms) and self._suspicious(text) and any(self._found(text))

    def _suspicious(self, text: str) -> bool:
        if len(self._forms) > _FEW:
            return True
        for form in tuple(self._forms):  # noqa: SIM110 - any() costs twice as much
            if form in text:
                return True
        return False

    def _pieces(self, text: str) -> Iterator[str]:
        """Yield the parts between secrets and the masks."""
        end = 0
        for start, stop in self._found(text):
            if start >= end:
                yield text[end:start]
                yield MASK
            end = max(end, stop)
        yield text[end:]

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where secrets stand, by place.

        The characters before and behind a base64 form hold bits of the secret as well.
        """
        starts = self._by_start
        last = len(text) - _SHORTEST + 1
        for place in [i for i in range(last) if text[i : i + _SHORTEST] in starts]:
            by_length = starts[text[place : place + _SHORTEST]]
            for length in sorted(by_length, reverse=True):
                if text[place : place + length] in by_length[length]:
                    yield self._widened(text, place, text[place : place + length])
                    break

    def _widened(self, text: str, start: int, form: str) -> tuple[int, int]:
        stop = start + len(form)
        if form in self._encoded:
            start -= start > 0 and text[start - 1] in _BASE64
            stop += stop < len(text) and text[stop] in _BASE64
        return start, stop


def stand_in(secret: str) -> str:
    """Return a secret, or a longer text of its kind where it is too short to be looked for.

    For requests that are shown and never sent. A number stays one that can also be a port.
    """
    if len(secret) >= _SHORTEST:
        return secret
    if _NUMBER.fullmatch(secret):
        return str(10_000 + secrets.randbelow(50_000))
    return f"s{secrets.token_hex(16)}"


def scrubbed(value: Json, scrub: Callable[[str], str]) -> Json:
    """Return a JSON value with all its texts scrubbed, names of members too.

    Only texts: a secret ``8080`` or ``true`` must not be cut out of what is no text, since the rest
    would be no JSON.
    """
    match value:
        case str():
            return scrub(value)
        case list() | tuple():
            return [scrubbed(each, scrub) for each in value]
        case dict():
            return {scrub(str(name)): scrubbed(each, scrub) for name, each in value.items()}
        case _:
            return value


def _text_forms(secret: str) -> set[str]:
    """Return the secret as it is, percent-encoded, in a JSON text, and as Python shows it."""
    encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    lowered = {re.sub(r"%[0-9A-F]{2}", lambda hexes: hexes[0].lower(), form) for form in encoded}
    shown = {
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    }
    return {secret} | encoded | lowered | shown


def _base64_forms(secret: str) -> Iterator[str]:
    """Yield what the secret looks like inside base64, wherever in the encoded bytes it stands.

    The first character may mix with bits before it and the last with bits after it: both are left
    out, so that a match needs no knowledge of the neighbours (``user:secret``).
    """
    data = secret.encode()
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + data).decode()
        first = -(-offset * 8 // 6)
        last = (offset + len(data)) * 8 // 6
        yield text[first:last]
        yield text[first:last].translate(_URL_SAFE)


_URL_SAFE: Final = str.maketrans("+/", "-_")
