"""Imports between files: what they bring, what they refuse, what travels along (4)."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from naftiko_runtime.loading.import_files import SourceCache
from naftiko_runtime.loading.load import Loaded, Reading, load_document
from naftiko_runtime.options import Settings
from naftiko_runtime.spec.document import Document

CRM = """
naftiko: 1.0.0-alpha2
binds: [{namespace: crm-env, location: file:///./crm.env, keys: {CRM_TOKEN: TOKEN}}]
consumes:
  - type: http
    namespace: crm
    baseUri: http://up.test
    authentication: {type: bearer, token: "{{CRM_TOKEN}}"}
    resources: [{name: c, path: /c, operations: [{name: list, method: GET}]}]
"""
FLOWS = """
ikanos: 1.0.0-beta5
aggregates: [{namespace: people, display: People, flows: {all: {description: All, call: crm.list}}}]
"""
MAIN = """
ikanos: 1.0.0-beta5
capability:
  consumes: [{from: ./lib/crm.yml, import: crm, as: eu}]
  aggregates: [{from: ./lib/flows.yml, import: people}]
  exposes:
    - type: rest
      namespace: api
      port: 8080
      resources: [{path: /c, operations: [{call: eu.list}]}]
"""


def written(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def load(folder: Path, name: str = "main.yml", **settings: tuple[str, ...]) -> Loaded:
    return load_document(str(folder / name), Settings(**settings))  # type: ignore[arg-type]


def document_of(loaded: Loaded) -> Document:
    assert loaded.document is not None
    return loaded.document


def found(loaded: Loaded) -> list[tuple[str, str]]:
    return [(each.severity, each.code) for each in loaded.found.merged()]


def importing(entry: str, section: str = "consumes") -> str:
    return (
        "naftiko: 1.0.0-alpha2\n"
        f"capability:\n  {section}:\n    - {entry}\n"
        "exposes: [{type: control, port: 9191}]\n"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(
        tmp_path / "home", {"lib/crm.yml": CRM, "lib/flows.yml": FLOWS, "main.yml": MAIN}
    )


def test_an_entry_is_copied_under_its_alias(folder: Path) -> None:
    loaded = load(folder)
    document = document_of(loaded)
    assert found(loaded) == []
    assert [(each.namespace, each.base_uri) for each in document.consumes] == [
        ("eu", "http://up.test")
    ]
    assert document.consumes[0].origin == str(folder / "lib/crm.yml")
    assert document.consumes[0].at("baseUri").file == str(folder / "lib/crm.yml")
    assert document.aggregates[0].functions[0].call == "crm.list"


def test_what_the_entry_refers_to_travels_along_as_a_library(folder: Path) -> None:
    document = document_of(load(folder))
    libraries = {Path(each.origin).name: each for each in document.libraries}
    crm = libraries["crm.yml"]
    assert [each.namespace for each in crm.binds] == ["crm-env"]
    assert [each.namespace for each in crm.consumes] == ["crm"]
    assert crm.folder == str(folder / "lib")
    assert crm.aliases == {"crm": "eu", "people": "people"}
    assert [each.namespace for each in libraries["flows.yml"].aggregates] == ["people"]


def test_all_files_and_their_bytes_are_known(folder: Path) -> None:
    before = load(folder)
    assert before.files == (
        str(folder / "main.yml"),
        str(folder / "lib/crm.yml"),
        str(folder / "lib/flows.yml"),
    )
    (folder / "lib/crm.yml").write_text(CRM.replace("up.test", "other.test"))
    assert load(folder).digest != before.digest
    assert load(folder).digest == load(folder).digest


def test_location_means_the_same_as_from(folder: Path) -> None:
    written(folder, {"main.yml": MAIN.replace("from: ./lib/crm.yml", "location: ./lib/crm.yml")})
    assert document_of(load(folder)).consumes[0].namespace == "eu"


@pytest.mark.parametrize(
    "location",
    ["lib/crm.yml", "file:///./lib/crm.yml", "file://./lib/crm.yml", "ABS", "file://ABS"],
)
def test_a_location_is_a_path_or_a_file_uri(folder: Path, location: str) -> None:
    place = location.replace("ABS", str(folder / "lib/crm.yml"))
    written(folder, {"main.yml": importing(f"{{from: '{place}', import: crm}}")})
    assert document_of(load(folder)).consumes[0].namespace == "crm"


@pytest.mark.parametrize(
    ("entry", "code", "message"),
    [
        ("{from: ./lib/none.yml, import: crm}", "import/not-found", "./lib/none.yml"),
        ("{from: ./lib, import: crm}", "import/not-found", "is a folder"),
        ("{import: crm}", "import/not-found", "names no file"),
        ("{from: ./lib/crm.yml, import: crmm}", "import/unknown-namespace", 'mean "crm"'),
        ("{from: ./lib/broken.yml, import: crm}", "import/unreadable", "2:1"),
        ("{from: ./lib/text.yml, import: crm}", "import/unreadable", "text.yml"),
        ("{from: ./lib/api.yml, import: crm}", "import/openapi", "naftiko import openapi"),
        ("{openapi: ./lib/api.yml}", "import/openapi", "naftiko import openapi"),
        ("{from: ~/crm.yml, import: crm}", "import/scheme", "~/crm.yml"),
        ("{from: './lib/*.yml', import: crm}", "import/scheme", "globs"),
        ("{from: 'git://host/crm.yml', import: crm}", "import/scheme", "git:"),
        ("{from: ../other/crm.yml, import: crm}", "import/outside-folder", "importRoots"),
        ("{from: /etc/hostname, import: crm}", "import/outside-folder", "importRoots"),
        ("{from: ./lib/link.yml, import: crm}", "import/outside-folder", "importRoots"),
        ("{from: 'https://host.test/crm.yml', import: crm}", "import/remote", "--import-host"),
        ("{from: 'http://host.test/crm.yml', import: crm}", "import/remote", "https"),
        ("{from: ./lib/two.yml}", "import/name-missing", "one, two"),
        ("{from: ./main.yml, import: crm}", "import/cycle", "main.yml → main.yml"),
        ("{from: ./lib/a.yml, import: a}", "import/cycle", "a.yml → b.yml → a.yml"),
        ("{from: ./deep/0.yml, import: d}", "import/cycle", "more than 8"),
    ],
)
def test_an_import_that_fails_says_why_and_leaves_the_rest(
    folder: Path, entry: str, code: str, message: str
) -> None:
    entries = "consumes: [{{from: ./{}.yml, import: {}, as: {}}}]"
    written(
        folder,
        {
            "main.yml": importing(entry),
            "lib/broken.yml": "consumes: [\n",
            "lib/text.yml": "just text\n",
            "lib/api.yml": "openapi: 3.1.0\npaths: {}\n",
            "lib/two.yml": "consumes: [{namespace: one}, {namespace: two}]\n",
            "lib/a.yml": entries.format("b", "b", "a"),
            "lib/b.yml": entries.format("a", "a", "b"),
            **{f"deep/{n}.yml": entries.format(n + 1, "d", "d") for n in range(12)},
        },
    )
    (folder / "lib/link.yml").symlink_to("/etc/hostname")
    loaded = load(folder)
    assert found(loaded) == [("error", code)]
    diagnostic = loaded.found.merged()[0]
    assert diagnostic.effect == "unavailable"
    assert diagnostic.place.line == 4
    assert message in diagnostic.message
    document = document_of(loaded)
    assert document.consumes == []
    names = {"a", "d", "crm", "crmm"} & set(document.failed_imports)
    assert all(document.failed_imports[name] == diagnostic for name in names)
    assert bool(names) == ("import:" in entry)


def test_folders_of_the_settings_may_be_imported_from(folder: Path) -> None:
    written(
        folder,
        {
            "main.yml": importing("{from: ../other/crm.yml, import: crm}"),
            "../other/crm.yml": CRM,
        },
    )
    for root in ("../other", str(folder.parent / "other")):
        assert found(load(folder, import_roots=(root,))) == []


def test_a_folder_behind_links_is_the_folder_of_the_document(tmp_path: Path) -> None:
    mounted = written(
        tmp_path / "..2026", {"main.yml": importing("{from: ./crm.yml, import: crm}")}
    )
    (mounted / "crm.yml").write_text(CRM)
    data = tmp_path / "data"
    data.mkdir()
    (data / "..2026").symlink_to(mounted)
    for name in ("main.yml", "crm.yml"):
        (data / name).symlink_to(f"..2026/{name}")
    loaded = load(data)
    assert found(loaded) == [("error", "import/outside-folder")]
    inside = written(
        tmp_path / "real", {"..2026/main.yml": importing("{from: ./crm.yml, import: crm}")}
    )
    written(inside, {"..2026/crm.yml": CRM})
    for name in ("main.yml", "crm.yml"):
        (inside / name).symlink_to(f"..2026/{name}")
    (tmp_path / "way").symlink_to(inside)
    assert found(load(tmp_path / "way")) == []


def test_a_single_entry_needs_no_name(folder: Path) -> None:
    written(folder, {"main.yml": importing("{from: ./lib/crm.yml, as: eu}")})
    loaded = load(folder)
    assert found(loaded) == [("warning", "import/name-missing")]
    assert document_of(loaded).consumes[0].namespace == "eu"


def test_from_beats_location(folder: Path) -> None:
    entry = "{from: ./lib/crm.yml, location: ./lib/none.yml, import: crm, colour: red}"
    written(folder, {"main.yml": importing(entry)})
    assert found(load(folder)) == [
        ("warning", "import/both-keys"),
        ("warning", "dialect/unknown-key"),
    ]


def test_a_bind_with_location_and_keys_stays_a_bind(folder: Path) -> None:
    entry = "{namespace: e, location: ./e.env, keys: {A: A}}"
    written(folder, {"main.yml": importing(entry, "binds")})
    loaded = load(folder)
    assert found(loaded) == []
    assert document_of(loaded).binds[0].location == "./e.env"


@pytest.mark.parametrize("section", ["binds", "consumes", "aggregates", "exposes"])
def test_entries_of_all_sections_can_be_imported(folder: Path, section: str) -> None:
    entry = {
        "binds": "{namespace: n, keys: {A: A}}",
        "consumes": "{namespace: n, baseUri: 'http://up.test'}",
        "aggregates": "{namespace: n, label: N, functions: []}",
        "exposes": "{type: rest, namespace: n, port: 8080, resources: [{path: /}]}",
    }[section]
    source = f"other: 1\ncapability: {{{section}: [{entry}]}}\n"
    text = importing("{from: ./lib/n.yml, import: n, as: m}", section).replace("exposes: [", "x: [")
    written(folder, {"lib/n.yml": source, "main.yml": text})
    document = document_of(load(folder))
    assert [each.namespace for each in getattr(document, section)] == ["m"]


def test_root_entries_of_a_source_come_before_those_under_capability(folder: Path) -> None:
    source = (
        "consumes: {n: {baseUri: 'http://one.test'}}\n"
        "capability: {consumes: [{namespace: n, baseUri: 'http://two.test'}]}\n"
    )
    written(folder, {"lib/n.yml": source, "main.yml": importing("{from: lib/n.yml, import: n}")})
    uris = [each.base_uri for each in document_of(load(folder)).consumes]
    assert uris == ["http://one.test", "http://two.test"]


def test_an_imported_import_is_followed(folder: Path) -> None:
    written(
        folder,
        {
            "lib/world.yml": "consumes: [{from: ./crm.yml, import: crm, as: asia}]\n",
            "main.yml": importing("{from: ./lib/world.yml, import: asia, as: eu}"),
        },
    )
    document = document_of(load(folder))
    assert document.consumes[0].namespace == "eu"
    assert document.consumes[0].origin == str(folder / "lib/crm.yml")
    assert {Path(each.origin).name for each in document.libraries} == {"world.yml", "crm.yml"}


def test_own_references_follow_the_alias(folder: Path) -> None:
    source = """
exposes:
  - type: mcp
    namespace: old
    port: 9090
    tools:
      - name: t
        description: old.x stays in prose
        call: old.call
        with:
          {a: old.x, b: $this.old.x, c: "{{old.x}}/{{$this.old.y}}", d: older.x, e: [old.x], f: old}
"""
    text = importing("{from: lib/n.yml, import: old, as: new}", "exposes").replace(
        "exposes: [{", "x: [{"
    )
    written(folder, {"lib/n.yml": source, "main.yml": text})
    tool = document_of(load(folder)).exposes[0].tools[0]  # type: ignore[union-attr]
    assert tool.with_ == {
        "a": "new.x",
        "b": "$this.new.x",
        "c": "{{new.x}}/{{$this.new.y}}",
        "d": "older.x",
        "e": ["new.x"],
        "f": "old",
    }
    assert tool.description == "old.x stays in prose"
    assert tool.call == "old.call"


def test_a_control_adapter_has_no_name_to_change(folder: Path) -> None:
    source = "exposes: [{type: control, namespace: ops, port: 9191}]\n"
    text = importing("{from: lib/n.yml, import: ops, as: x}", "exposes").replace(
        "exposes: [{", "x: [{"
    )
    written(folder, {"lib/n.yml": source, "main.yml": text})
    loaded = load(folder)
    assert ("warning", "import/alias-ignored") in found(loaded)
    assert document_of(loaded).exposes[0].namespace == "ops"


def test_unknown_keys_of_a_source_are_ignored_in_silence(folder: Path) -> None:
    written(folder, {"lib/crm.yml": CRM.replace("baseUri:", "colour: red\n    baseUri:")})
    assert found(load(folder)) == []


def test_two_imports_of_one_namespace_are_two_entries(folder: Path) -> None:
    text = importing(
        "{from: lib/crm.yml, import: crm}\n    - {from: lib/crm.yml, import: crm, as: b}"
    )
    written(folder, {"main.yml": text})
    document = document_of(load(folder))
    assert [each.namespace for each in document.consumes] == ["crm", "b"]
    assert document.libraries[0].aliases == {}


def test_imported_adapters_of_one_namespace_refuse_the_document(folder: Path) -> None:
    source = "exposes: [{type: rest, namespace: api, port: 8081, resources: [{path: /}]}]\n"
    text = MAIN + "    - {from: lib/n.yml, import: api}\n"
    written(folder, {"lib/n.yml": source, "main.yml": text})
    loaded = load(folder)
    assert found(loaded) == [("error", "adapter/duplicate-namespace")]
    assert loaded.document is None


def test_a_library_file_loads_by_itself(folder: Path) -> None:
    loaded = load(folder, "lib/crm.yml")
    assert found(loaded) == []
    assert document_of(loaded).exposes == []


def test_a_failed_import_of_a_library_is_remembered_there(folder: Path) -> None:
    written(
        folder,
        {
            "lib/flows.yml": FLOWS + "consumes: [{from: ./none.yml, import: crm}]\n",
            "main.yml": importing("{from: ./lib/flows.yml, import: people}", "aggregates"),
        },
    )
    loaded = load(folder)
    assert found(loaded) == []
    assert document_of(loaded).libraries[0].failed_imports["crm"].code == "import/not-found"


def test_a_file_is_parsed_once_for_all_documents_of_a_load(folder: Path) -> None:
    reading = Reading(SourceCache())
    load_document(str(folder / "main.yml"), Settings(), reading=reading)
    (folder / "lib/crm.yml").write_text("broken: [")
    again = load_document(str(folder / "main.yml"), Settings(), reading=reading)
    assert found(again) == []
    assert set(reading.cache.sources) == {
        str(folder / "lib/crm.yml"),
        str(folder / "lib/flows.yml"),
    }


def test_a_remote_file_is_read_from_an_allowed_host_only(folder: Path) -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        if url.endswith("gone.yml"):
            raise OSError("410 Gone")
        return (
            b"consumes: [{from: ./b.yml, import: n}]\n"
            if url.endswith("a.yml")
            else CRM.replace("namespace: crm\n", "namespace: n\n").encode()
        )

    def remote(location: str) -> Loaded:
        written(folder, {"main.yml": importing(f"{{from: '{location}', import: n}}")})
        settings = Settings(import_hosts=("lib.test",))
        reading = Reading(SourceCache(), fetch)
        return load_document(str(folder / "main.yml"), settings, reading=reading)

    assert found(remote("https://lib.test/x/a.yml")) == []
    assert asked == ["https://lib.test/x/a.yml", "https://lib.test/x/b.yml"]
    assert found(remote("https://lib.test/gone.yml")) == [("error", "import/not-found")]
    assert found(remote("https://other.test/a.yml")) == [("error", "import/remote")]
    assert found(remote("http://lib.test/a.yml")) == [("error", "import/remote")]
    assert len(asked) == 3


def test_at_most_two_hundred_files_are_imported(folder: Path) -> None:
    entries = "\n    - ".join(f"{{from: many/{n}.yml, import: n{n}}}" for n in range(202))
    files = {f"many/{n}.yml": f"consumes: [{{namespace: n{n}}}]\n" for n in range(202)}
    written(folder, {**files, "main.yml": importing(entries)})
    loaded = load(folder)
    diagnostic = loaded.found.merged()[0]
    assert (diagnostic.code, diagnostic.count) == ("import/unreadable", 2)
    assert len(document_of(loaded).consumes) == 200


@pytest.mark.parametrize(
    "mistake", ["import: [crm]", "from: {a: b}, import: crm", "as: [x], import: crm"]
)
def test_an_import_of_wrong_kinds_is_an_import_that_fails(folder: Path, mistake: str) -> None:
    written(folder, {"main.yml": importing(f"{{{mistake}, location: ./lib/none.yml}}")})
    assert load(folder).document is not None
