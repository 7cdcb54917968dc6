"""Compiles script steps: their files, language and limits (orchestration.md 2.16 to 2.22)."""

import re
from typing import Final, Literal

from naftiko_runtime.compiler.caller import Caller
from naftiko_runtime.compiler.step_calls import continues
from naftiko_runtime.compiler.tables import Tables
from naftiko_runtime.plan.function import Script, ScriptStep
from naftiko_runtime.spec.control import ControlAdapter, ScriptingSettings
from naftiko_runtime.spec.document import Document
from naftiko_runtime.spec.functions import Step

Language = Literal["javascript", "python"]
_LANGUAGES: Final[dict[str, Language]] = {
    "javascript": "javascript",
    "js": "javascript",
    "python": "python",
    "py": "python",
}
_EXTENSIONS: Final[dict[str, Language]] = {
    ".js": "javascript",
    ".mjs": "javascript",
    ".py": "python",
}
_SEGMENT: Final = re.compile(r"[A-Za-z0-9._-]+")
_DEFAULT_TIMEOUT: Final = 60_000


def script_step(tables: Tables, caller: Caller, step: Step, name: str) -> ScriptStep:
    """Return a script step; raise ``Unresolved`` by 2.16 to 2.18."""
    settings = scripting_of(tables.world.document)
    if step.file is None:
        message = f"{caller.label}: script step {name!r} has no file"
        raise tables.world.around.unresolved("script/incomplete", step.place, message)
    language = _language(tables, caller, step, settings)
    location = step.location or settings.default_location or "."
    files = tuple(
        _file(tables, caller, step, location, file)
        for file in (*(step.dependencies or ()), step.file)
    )
    timeout = (settings.timeout or _DEFAULT_TIMEOUT) / 1000
    places = step.within("with")
    arguments = tuple(
        (key, caller.value(value, places.get(key, step.at("with"))))
        for key, value in (step.with_ or {}).items()
    )
    script = Script(language, files, timeout)
    return ScriptStep(name, script, arguments, continues(tables.world.found, step))


def scripting_of(document: Document) -> ScriptingSettings:
    """Return the scripting settings of the first control adapter."""
    for adapter in document.exposes:
        if isinstance(adapter, ControlAdapter):
            return adapter.management.scripting or ScriptingSettings()
    return ScriptingSettings()


def _language(tables: Tables, caller: Caller, step: Step, settings: ScriptingSettings) -> Language:
    unresolved = tables.world.around.unresolved
    written = step.language or settings.default_language
    if written is None:
        extension = f".{(step.file or '').rpartition('.')[2]}"
        if extension not in _EXTENSIONS:
            message = f"{caller.label}: {step.file} has no language; write javascript or python"
            raise unresolved("script/incomplete", step.place, message)
        return _missing_engine(tables, caller, step, _EXTENSIONS[extension])
    language = _LANGUAGES.get(written.lower())
    if language is None:
        message = (
            f"{caller.label}: language {written!r} is not supported; javascript and python are"
        )
        raise unresolved("script/unsupported-language", step.at("language"), message)
    return _missing_engine(tables, caller, step, language)


def _missing_engine(tables: Tables, caller: Caller, step: Step, language: Language) -> Language:
    missing = tables.world.missing_extras.get(language)
    if missing is not None:
        message = f"{caller.label}: {language} scripts need {missing}"
        raise tables.world.around.unresolved("script/engine-missing", step.place, message)
    return language


def _file(tables: Tables, caller: Caller, step: Step, location: str, file: str) -> str:
    world = tables.world
    place = step.at("file")
    segments = file.split("/")
    if any(not _SEGMENT.fullmatch(segment) or segment in (".", "..") for segment in segments):
        message = f"{caller.label}: {file!r} is no safe file name"
        raise world.around.unresolved("script/unsafe-path", place, message)
    folder = world.files.folder(location, world.folder_of(caller.origin))
    path = world.files.confined(file, folder) if folder is not None else None
    if folder is not None and path is None:
        message = f"{caller.label}: {file!r} lies outside {location}"
        raise world.around.unresolved("script/unsafe-path", place, message)
    if path is None or not world.files.is_file(path):
        message = f"{caller.label}: there is no script {file!r} in {location}"
        raise world.around.unresolved("script/not-found", place, message)
    return path
