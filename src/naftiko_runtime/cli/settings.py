"""``--set KEY=VALUE`` and ``--env-file``: what the command line says over the documents."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from naftiko_runtime.cli.parser import UsageError
from naftiko_runtime.diagnostics import Found
from naftiko_runtime.engine import dotenv
from naftiko_runtime.loading.source import parse
from naftiko_runtime.names import suggestion
from naftiko_runtime.options import Settings
from naftiko_runtime.tree import plain
from naftiko_runtime.values import Json

_SCOPED: Final = ("vars", "baseUri", "authentication", "slashes", "timeout")
_PLAIN: Final = ("bindRoots", "importRoots")


def settings_of(pairs: Iterable[str], import_hosts: Iterable[str] = ()) -> Settings:
    """Return the settings of language.md 2.8; raise ``UsageError`` for what none of them is."""
    draft = _Draft()
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator:
            raise UsageError(f"--set {pair!r} is not KEY=VALUE")
        _set(draft, key.strip(), value)
    return Settings(
        variables=draft.variables,
        base_uri=draft.base_uri,
        base_placeholders=draft.base_placeholders,
        authentication=draft.authentication,
        slashes=draft.slashes,
        timeout=draft.timeout,
        bind_roots=draft.bind_roots,
        import_roots=draft.import_roots,
        import_hosts=tuple(import_hosts),
    )


@dataclass(slots=True)
class _Draft:
    variables: dict[str, str] = field(default_factory=dict)
    base_uri: dict[str, str] = field(default_factory=dict)
    base_placeholders: dict[tuple[str, str], str] = field(default_factory=dict)
    authentication: dict[str, Json] = field(default_factory=dict)
    slashes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    timeout: dict[str, float] = field(default_factory=dict)
    bind_roots: tuple[str, ...] = ()
    import_roots: tuple[str, ...] = ()


def _set(draft: _Draft, key: str, value: str) -> None:
    kind, _, name = key.partition(".")
    if kind in _SCOPED and not name:
        raise UsageError(f"--set {key} needs a name: {key}.NAME=VALUE")
    match kind:
        case "vars":
            draft.variables[name] = value
        case "baseUri":
            _set_base(draft, name, value)
        case "authentication":
            draft.authentication[name] = _mapping(key, value)
        case "slashes":
            draft.slashes[name] = _texts(key, value)
        case "timeout":
            draft.timeout[name] = _seconds(key, value)
        case _:
            _set_plain(draft, key, value)


def _set_plain(draft: _Draft, key: str, value: str) -> None:
    match key:
        case "bindRoots":
            draft.bind_roots = _texts(key, value)
        case "importRoots":
            draft.import_roots = _texts(key, value)
        case _:
            known = ", ".join([*(f"{kind}.NAME" for kind in _SCOPED), *_PLAIN])
            hint = suggestion(key.partition(".")[0], [*_SCOPED, *_PLAIN])
            raise UsageError(f"--set {key}: unknown{hint or f'; known: {known}'}")


def _set_base(draft: _Draft, name: str, value: str) -> None:
    namespace, dot, placeholder = name.rpartition(".")
    # a namespace may hold dots too, so a whole URI tells the two forms apart
    if dot and "://" not in value:
        draft.base_placeholders[namespace, placeholder] = value
    else:
        draft.base_uri[name] = value


def _yaml(key: str, value: str) -> Json:
    found = Found()
    tree = parse(value.encode(), f"--set {key}", found)
    if tree is None or found.refused:
        raise UsageError(f"--set {key}: the value is not YAML")
    return plain(tree)


def _mapping(key: str, value: str) -> Json:
    block = _yaml(key, value)
    if not isinstance(block, dict):
        raise UsageError(f"--set {key}: the value must be a map such as '{{type: bearer, …}}'")
    return block


def _texts(key: str, value: str) -> tuple[str, ...]:
    entries = _yaml(key, value)
    return tuple(str(entry) for entry in (entries if isinstance(entries, list) else [entries]))


def _seconds(key: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0
    if not seconds > 0:
        raise UsageError(f"--set {key}: {value!r} is no number of seconds above 0")
    return seconds


def environment(files: Iterable[str], environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the process's variables and, beneath them, those of env files; the first file wins.

    Raises ``UsageError`` for a file that cannot be read.
    """
    merged: dict[str, str] = {}
    for file in files:
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise UsageError(f"--env-file {file}: {_reason(exc)}") from exc
        merged = {**dotenv.parse(text), **merged}
    return {**merged, **environ}


def _reason(exc: OSError | UnicodeDecodeError) -> str:
    return (exc.strerror or "not readable").lower() if isinstance(exc, OSError) else "not UTF-8"
