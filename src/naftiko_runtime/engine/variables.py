"""Values of variables: read when a call first needs one, kept until the next reload.

A value is a ``Secret`` from reading on; this module also knows all of them, so that whatever is
emitted can be scrubbed (exposes.md OBS-8).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, assert_never

import yaml

from naftiko_runtime.engine import dotenv
from naftiko_runtime.errors import Misconfigured
from naftiko_runtime.expressions.reference import (
    Environment,
    FileEntry,
    NoSource,
    Setting,
    Source,
    Variable,
)
from naftiko_runtime.secret import Secret
from naftiko_runtime.values import ABSENT, Absent

Learn = Callable[[str], None]
Alias = Callable[[str], str]

_LINES: Final = (".env", ".properties")
_YAML: Final = (".yaml", ".yml")
_NULL: Final = "tag:yaml.org,2002:null"


class Variables:
    """Reads variables from their sources; ``environ`` is the environment after ``--env-file``.

    ``learn`` is told every secret, so that what is emitted can be scrubbed (exposes.md OBS-8);
    ``learn_token`` those that are fetched, without end while the process lives. ``alias`` gives
    what is used in place of a value, where nothing is sent.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        learn: Learn = lambda _: None,
        learn_token: Learn = lambda _: None,
        alias: Alias = str,
    ) -> None:
        self._environ = environ
        self._learn = learn
        self._learn_token = learn_token
        self._alias = alias
        self._known: dict[Variable, Secret] = {}
        self._complete: dict[int, tuple[Variable, ...]] = {}
        self._secrets: set[str] = set()

    def refreshed(self) -> "Variables":
        """Return variables that are read anew (language.md 2.5)."""
        return Variables(self._environ, self._learn, self._learn_token, self._alias)

    def environment(self, name: str) -> str | Absent:
        """Return an environment variable as it is, for an input that is one (10.4)."""
        return self._environ.get(name, ABSENT)

    def presence(self, variable: Variable) -> bool:
        """Tell whether a variable has a value now, without keeping it (language.md 2.5)."""
        return variable in self._known or self._read(variable) is not None

    def text(self, variable: Variable) -> str:
        """Return a value; raise ``Misconfigured`` when there is none (language.md 2.6)."""
        known = self._known.get(variable)
        if known is not None:
            return known.reveal()
        found = self._read(variable)
        if found is None:
            raise missing((variable,))
        self._known[variable] = found
        self.remember(found.reveal())
        return found.reveal()

    def require(self, variables: tuple[Variable, ...]) -> None:
        """Raise one ``Misconfigured`` that names all of a plan's variables without a value."""
        if not variables or id(variables) in self._complete:
            return
        absent = [variable for variable in variables if not self.presence(variable)]
        if absent:
            raise missing(absent)
        self._complete[id(variables)] = variables  # kept, so that its id stays its own

    def remember(self, secret: str) -> None:
        """Note a value that must never be shown."""
        if secret:
            self._secrets.add(secret)
            self._learn(secret)

    def remember_token(self, token: str) -> None:
        """Note a token that was fetched and will be replaced."""
        self._learn_token(token)

    def secrets(self) -> frozenset[str]:
        """Return everything secret that was resolved so far."""
        return frozenset(self._secrets)

    def _read(self, variable: Variable) -> Secret | None:
        for source in variable.sources:
            value = self._value(source)
            if value:
                return Secret(self._alias(value))
        return None

    def _value(self, source: Source) -> str | None:
        match source:
            case Setting(value=secret):
                return secret.reveal()
            case Environment(name=name):
                return self._environ.get(name)
            case FileEntry(path=path, key=key):
                return file_entry(Path(path), key)
            case NoSource():
                return None
            case other:
                assert_never(other)


def missing(variables: Iterable[Variable]) -> Misconfigured:
    """Return the problem of variables without a value: what each is called and where it goes."""
    known = tuple(variables)
    detail = "; ".join(f"{variable.name} has no value: {_remedy(variable)}" for variable in known)
    return Misconfigured(detail, [variable.name for variable in known])


def _remedy(variable: Variable) -> str:
    for source in variable.sources:
        match source:
            case Environment(name=name):
                return f"set the environment variable {name}"
            case FileEntry(path=path, key=key):
                return f"give {key} in {Path(path).name}"
            case NoSource(reason=reason):
                return reason
            case Setting():
                continue
            case other:
                assert_never(other)
    return f"give --set vars.{variable.name}=VALUE"


def file_entry(path: Path, key: str) -> str | None:
    """Return one entry of a bind's file or folder, or None (language.md 2.2).

    An unreadable source is a missing one (2.6), as is a map or list where a scalar is wanted.
    """
    try:
        if path.is_dir():
            if Path(key).name != key:
                return None
            return _without_newline((path / key).read_text("utf-8"))
        return _entry_of(path, key)
    except (OSError, ValueError, yaml.YAMLError):
        return None


def _entry_of(path: Path, key: str) -> str | None:
    text = path.read_text("utf-8-sig")
    name = path.name.lower()
    if name.endswith(_LINES):
        return dotenv.parse(text).get(key)
    if name.endswith(".json"):
        return _json_entry(text, key)
    return _yaml_entry(text, key) if name.endswith(_YAML) else None


def _json_entry(text: str, key: str) -> str | None:
    members = json.loads(text, parse_int=str, parse_float=str)
    value = members.get(key) if isinstance(members, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def _yaml_entry(text: str, key: str) -> str | None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return None
    for name, value in root.value:
        if name.value == key and isinstance(value, yaml.ScalarNode) and value.tag != _NULL:
            return str(value.value)
    return None


def _without_newline(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
