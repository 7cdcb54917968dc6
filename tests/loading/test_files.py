"""Where the files that a document names are, and which may be read (language.md 2.2)."""

from pathlib import Path

import pytest

from naftiko_runtime.loading.files import DiskFiles
from naftiko_runtime.options import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "secrets").mkdir(parents=True)
    (home / "a.env").write_text("A=1")
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "b.env").write_text("B=1")
    (home / "out.env").symlink_to(tmp_path / "away" / "b.env")
    (home / "in.env").symlink_to("a.env")
    return home


@pytest.mark.parametrize(
    "location", ["a.env", "./a.env", "file:///./a.env", "file://./a.env", "ABS"]
)
def test_a_file_of_the_folder_is_found_however_it_is_written(folder: Path, location: str) -> None:
    place = location.replace("ABS", f"file://{folder}/a.env")
    assert DiskFiles(Settings()).bind(place, str(folder)) == str(folder / "a.env")


def test_links_are_resolved_before_the_folder_is_checked(folder: Path) -> None:
    files = DiskFiles(Settings())
    assert files.bind("in.env", str(folder)) == str(folder / "a.env")
    assert files.bind("out.env", str(folder)) is None


@pytest.mark.parametrize("location", ["../away/b.env", "/etc/passwd", "file:///etc/passwd", "a\0b"])
def test_a_file_outside_the_folder_is_refused(folder: Path, location: str) -> None:
    files = DiskFiles(Settings())
    assert files.bind(location, str(folder)) is None
    assert files.confined(location, str(folder)) is None


def test_bind_roots_allow_other_folders_for_binds_only(folder: Path) -> None:
    away = folder.parent / "away"
    files = DiskFiles(Settings(bind_roots=(str(away),)))
    assert files.bind("../away/b.env", str(folder)) == str(away / "b.env")
    assert files.confined("../away/b.env", str(folder)) is None


def test_binds_of_imported_files_may_lie_in_the_folder_of_the_document(folder: Path) -> None:
    files = DiskFiles(Settings(), str(folder))
    assert files.bind("../a.env", str(folder / "secrets")) == str(folder / "a.env")
    assert DiskFiles(Settings()).bind("../a.env", str(folder / "secrets")) is None


def test_a_folder_is_found_only_when_it_is_there(folder: Path) -> None:
    files = DiskFiles(Settings())
    assert files.folder("file:///./secrets", str(folder)) == str(folder / "secrets")
    assert files.folder("a.env", str(folder)) is None
    assert files.folder("none", str(folder)) is None
    assert files.folder("a\0b", str(folder)) is None


def test_files_and_folders_are_told_apart(folder: Path) -> None:
    files = DiskFiles(Settings())
    assert files.is_file(str(folder / "a.env"))
    assert not files.is_file(str(folder))
    assert files.is_folder(str(folder))
    assert not files.is_folder(str(folder / "a.env"))
    assert not files.is_file("a\0b")
    assert not files.is_folder("a\0b")


def test_a_location_is_an_absolute_path_there_or_not(folder: Path) -> None:
    files = DiskFiles(Settings())
    assert files.locate("file:///srv/a%20b", str(folder)) == "/srv/a b"
    assert files.locate("none.txt", str(folder)) == f"{folder}/none.txt"
