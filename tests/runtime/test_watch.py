"""What counts as a change of a document: exposes.md LST-11."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from naftiko_runtime.runtime.watch import Watched, changes

pytestmark = pytest.mark.anyio

Notices = Callable[[Callable[[], object]], Awaitable[None]]


@asynccontextmanager
async def watching(watched: Watched) -> AsyncIterator[Notices]:
    """Give a function that makes a change again and again until it is noticed."""
    stopped, noticed = asyncio.Event(), asyncio.Event()

    async def watch() -> None:
        async for _ in changes(lambda: watched, stopped):
            noticed.set()

    async def notices(change: Callable[[], object]) -> None:
        noticed.clear()
        # the watch begins in a thread, and what happens before that is not seen
        while not noticed.is_set():
            change()
            with suppress(TimeoutError):
                await asyncio.wait_for(noticed.wait(), 1)

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(watch())
        yield notices
        stopped.set()


def files(*paths: Path) -> Watched:
    return Watched(frozenset(map(str, paths)))


async def test_a_file_that_is_written(tmp_path: Path) -> None:
    document = tmp_path / "a.yml"
    document.write_text("1")
    async with watching(files(document)) as notices:
        await notices(lambda: document.write_text("2"))


async def test_a_file_that_an_editor_replaces(tmp_path: Path) -> None:
    document, draft = tmp_path / "a.yml", tmp_path / ".a.yml.swp"
    document.write_text("1")

    def save() -> None:
        draft.write_text("2")
        draft.replace(document)

    async with watching(files(document)) as notices:
        await notices(save)
        await notices(save)


async def test_a_file_that_goes_and_comes_back(tmp_path: Path) -> None:
    document = tmp_path / "a.yml"
    document.write_text("1")

    def toggle() -> None:
        if document.exists():
            document.unlink()
        else:
            document.write_text("2")

    async with watching(files(document)) as notices:
        await notices(toggle)
        await notices(toggle)


async def test_what_changed_before_the_watch_began(tmp_path: Path) -> None:
    document = tmp_path / "a.yml"
    document.write_text("1")
    async with watching(files(document)) as notices:
        await notices(lambda: None)


async def test_a_swapped_folder_link_as_kubernetes_mounts_it(tmp_path: Path) -> None:
    versions = [tmp_path / f"..v{number}" for number in range(2)]
    for version in versions:
        version.mkdir()
        (version / "capability.yaml").write_text(version.name)
    data, draft = tmp_path / "..data", tmp_path / "..data_tmp"
    data.symlink_to(versions[0].name)
    (tmp_path / "capability.yaml").symlink_to("..data/capability.yaml")
    number = 0

    def swap() -> None:
        nonlocal number
        number += 1
        draft.symlink_to(versions[number % 2].name)
        draft.replace(data)

    async with watching(files(tmp_path / "capability.yaml")) as notices:
        await notices(swap)
        await notices(swap)


async def test_a_document_behind_a_link_elsewhere(tmp_path: Path) -> None:
    real = tmp_path / "real" / "a.yml"
    real.parent.mkdir()
    real.write_text("1")
    link = tmp_path / "here" / "b.yml"
    link.parent.mkdir()
    link.symlink_to(Path("..", "real", "a.yml"))
    async with watching(files(link)) as notices:
        await notices(lambda: real.write_text("2"))


async def test_a_new_document_in_a_folder(tmp_path: Path) -> None:
    watched = Watched(frozenset(), frozenset({str(tmp_path)}))
    async with watching(watched) as notices:
        await notices((tmp_path / "new.yaml").touch)
