"""Imports and exports that the CMS was asked for, done by a real child into a real site and a real object store."""

import asyncio
import os
import signal
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from sdc_core import clock
from sdc_core.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from sdc_core.settings import Settings
from sdc_core.sqlite import execute, fetch_value
from sdc_web import audit, transfers
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.hooks.expiry import expire
from sdc_web.transfers import Transfer, Wishes, folders, keeping, reports, rounds

import photograph
from signing_in import OWNER

pytestmark = pytest.mark.timeout(300)
LIMIT_S = 120.0
COUNT = 12
ALL = {"published": COUNT, "posts": COUNT, "pictures": COUNT, "redirects": COUNT}
SQL_STATE = "UPDATE transfers SET state = :state WHERE id = :id"
Send = Callable[..., Awaitable[Transfer]]


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Posts with a picture and an old address each."""
    file = tmp_path / "fog.zip"
    with zipfile.ZipFile(file, "w") as opened:
        for number in range(COUNT):
            picture = photograph.take(tmp_path / f"{number}.jpg", width=40 + number, height=30)
            opened.write(picture, f"{number}.jpg")
            words = f"---\ntitle: Fog {number}\naliases: [/old-{number}]\n---\n![fog]({number}.jpg)\n"
            opened.writestr(f"fog-{number:02}.md", words)
    return file


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.fixture
def send(databases: Databases, settings: Settings, author_id: str) -> Send:
    """Sends a file, as the page does."""
    assert author_id

    async def sent(file: Path | bytes, name: str = "fog.zip", wishes: Wishes | None = None) -> Transfer:
        content = file if isinstance(file, bytes) else await asyncio.to_thread(file.read_bytes)
        async with transfers.receiving(pieces(content), settings) as received:
            return await transfers.keep(databases, OWNER, settings, received, name, wishes or Wishes())

    return sent


async def until(databases: Databases, transfer: Transfer, *states: str) -> Transfer:
    """The transfer once it is in one of these states."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            found = await transfers.one(databases, OWNER, transfer.id, "import", "export", "copy")
            if found.state in states:
                return found
            assert found.is_under_way, (found.state, found.words)
            await asyncio.sleep(0.05)


async def counted(databases: Databases, *tables: str) -> list[object]:
    async with databases.site.read() as connection:
        return [await fetch_value(connection, f"SELECT count(*) FROM {each}") for each in tables]  # noqa: S608


async def taken(databases: Databases) -> bool:
    return (await counted(databases, "posts"))[0] != 0


async def eventually(came: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            if await came():
                return
            await asyncio.sleep(0.01)


async def told(databases: Databases) -> list[str]:
    async with databases.site.read() as connection:
        entries = await audit.page(connection, OWNER, audit.Filters())
    return [each.action for each in reversed(entries) if each.action.partition(".")[0] in ("import", "export")]


def child_of(transfer: Transfer) -> int:
    """The process that does it."""
    assert transfer.state == "running"
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"sdc_web.transfers.child" in command and str(os.getpid()).encode() in command:
                return int(process.name)
    raise AssertionError("no child of this process")


@pytest.mark.usefixtures("app")
async def test_what_was_sent_is_looked_at_first_and_taken_once_it_is_started(
    databases: Databases, settings: Settings, archive: Path, send: Send
) -> None:
    looked = await until(databases, await send(archive), "looked_at")
    assert (looked.counted, looked.done, looked.total) == (ALL, COUNT, COUNT)
    assert await counted(databases, "posts", "media_assets", "redirects") == [0, 0, 0]
    first = reports.page(folders.report(settings, looked.id, "look"), "", 0)
    assert [each.file for each in first.entries] == [f"fog-{number:02}.md" for number in range(COUNT)]
    await transfers.run(databases, OWNER, looked.id, "take")
    done = await until(databases, looked, "done")
    assert done.counted == ALL
    assert await counted(databases, "posts", "media_assets", "redirects") == [COUNT, COUNT, COUNT]
    assert (done.file, list(folders.of(settings, done.id).glob("file*"))) == ("", [])
    whole = reports.page(folders.report(settings, done.id, "take"), "", 0)
    assert whole.entries[7].address == "/posts/fog-07"
    assert await told(databases) == ["import.uploaded", "import.started"]
    with pytest.raises(Conflict, match="not here any more"):
        await transfers.run(databases, OWNER, done.id, "take")


@pytest.mark.usefixtures("app")
async def test_a_child_that_is_killed_is_told_of_and_what_it_left_is_done_by_the_next_start(
    databases: Databases, archive: Path, send: Send
) -> None:
    transfer = await until(databases, await send(archive), "looked_at")
    await transfers.run(databases, OWNER, transfer.id, "take")
    await eventually(lambda: taken(databases))
    os.kill(child_of(await until(databases, transfer, "running")), signal.SIGKILL)
    failed = await until(databases, transfer, "failed")
    assert "without a word (signal 9)" in failed.words
    (begun,) = await counted(databases, "posts")
    assert isinstance(begun, int)
    assert 0 < begun < COUNT
    await transfers.run(databases, OWNER, transfer.id, "take")
    done = await until(databases, transfer, "done")
    assert (done.counted["unchanged"], done.counted["published"]) == (begun, COUNT - begun)
    assert await counted(databases, "posts", "media_assets", "redirects") == [COUNT, COUNT, COUNT]


@pytest.mark.usefixtures("app")
async def test_one_that_is_cancelled_stops_and_goes_on_when_it_is_started_again(
    databases: Databases, archive: Path, send: Send
) -> None:
    transfer = await until(databases, await send(archive), "looked_at")
    await transfers.run(databases, OWNER, transfer.id, "take")
    running = await until(databases, transfer, "running")
    waiting = await send(archive)
    await transfers.cancel(databases, OWNER, waiting.id, "import")
    assert (await transfers.one(databases, OWNER, waiting.id, "import")).state == "cancelled"
    await transfers.cancel(databases, OWNER, running.id, "import")
    cancelled = await until(databases, transfer, "cancelled")
    assert cancelled.may_start
    with pytest.raises(Conflict, match="over already"):
        await transfers.cancel(databases, OWNER, transfer.id, "import")
    with pytest.raises(Conflict, match="looked at first"):
        await transfers.run(databases, OWNER, waiting.id, "take")
    await transfers.run(databases, OWNER, transfer.id, "take")
    await until(databases, transfer, "done")
    assert await counted(databases, "posts") == [COUNT]


@pytest.mark.usefixtures("app")
async def test_one_that_takes_too_long_is_stopped_in_words(
    databases: Databases, archive: Path, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rounds.DEADLINES_S, "look", 0.01)
    failed = await until(databases, await send(archive), "failed")
    assert "it took longer than" in failed.words
    assert failed.may_look
    assert not failed.may_start


async def test_of_several_processes_one_works_and_the_next_tells_what_was_interrupted(
    databases: Databases, settings: Settings, send: Send, archive: Path
) -> None:
    transfer = await send(archive)
    async with rounds._turn(settings) as lock:
        assert lock is not None
        async with rounds._turn(settings) as second:
            assert second is None
    async with databases.ttl.transaction() as connection:
        await execute(connection, SQL_STATE, {"state": "running", "id": transfer.id})
    async with asyncio.TaskGroup() as group:
        loop = group.create_task(rounds.run(databases, settings))
        found = await until(databases, transfer, "interrupted")
        loop.cancel()
    assert (found.may_look, found.may_start) == (True, False)


async def test_only_so_many_wait_and_only_so_many_files_are_kept(
    databases: Databases, settings: Settings, send: Send, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [await send(archive) for _ in range(keeping.MOST_UNDER_WAY)]
    with pytest.raises(Conflict, match="wait already"):
        await send(archive)
    assert len(list(folders.root(settings).iterdir())) == keeping.MOST_UNDER_WAY
    for each in sent:
        await transfers.cancel(databases, OWNER, each.id, "import")
    monkeypatch.setattr(keeping, "MOST_FILES", 3)
    with pytest.raises(Conflict, match="files of 3 are kept"):
        await transfers.require_place(databases, OWNER)
    await transfers.remove(databases, OWNER, settings, sent[0].id, "import")
    assert not folders.of(settings, sent[0].id).exists()
    await transfers.require_place(databases, OWNER)
    with pytest.raises(NotFound):
        await transfers.one(databases, OWNER, sent[0].id, "import")


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"# Fog", b"\x1f\x8b\x08", b"PK", b"%PDF-1.7"])
async def test_what_is_nothing_to_import_is_refused_and_not_kept(
    databases: Databases, settings: Settings, send: Send, content: bytes
) -> None:
    with pytest.raises(Invalid, match="nothing to import"):
        await send(content)
    assert await transfers.listing(databases, OWNER, "import") == []
    assert not folders.root(settings).exists()


async def test_a_file_that_is_too_large_or_would_fill_the_disk_is_refused_and_not_kept(
    settings: Settings, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MAX_BYTES", 2 * 1024 * 1024)
    with pytest.raises(TooLarge, match=r"larger than 2\.1 MB"):
        await send(bytes(3 * 1024 * 1024))
    monkeypatch.setattr(keeping, "LEFT_FREE_BYTES", 1 << 60)
    with pytest.raises(TooLarge, match="MB left"):
        await send(b"{}")
    assert list((settings.DATA_DIR / "uploads").iterdir()) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/x.zip", "a\\..\\b.zip", "\0\n\u202e.zip", "", "é" * 500])
async def test_a_name_from_outside_is_told_and_becomes_no_path(
    settings: Settings, send: Send, archive: Path, name: str
) -> None:
    transfer = await send(archive, name)
    assert 0 < len(transfer.name) <= keeping.MAX_NAME
    assert "/" not in transfer.name
    held = [each.relative_to(folders.root(settings)).as_posix() for each in folders.root(settings).rglob("*.*")]
    assert held == [f"{transfer.id}/file/sent.zip"]


async def test_an_old_site_that_is_no_address_is_refused(send: Send, archive: Path) -> None:
    with pytest.raises(Invalid, match="name the old site by its address"):
        await send(archive, wishes=Wishes(old_site="file:///etc/passwd"))


@pytest.mark.parametrize("role", ["author", "viewer"])
async def test_it_is_for_owners_alone(databases: Databases, send: Send, archive: Path, role: str) -> None:
    transfer = await send(archive)
    other = Actor(id="01K000000000000000000000EV", name="eve", role="author" if role == "author" else "viewer")
    for asked in (
        transfers.listing(databases, other, "import"),
        transfers.one(databases, other, transfer.id, "import"),
        transfers.run(databases, other, transfer.id, "take"),
        transfers.cancel(databases, other, transfer.id, "import"),
        transfers.begin(databases, other, "export"),
    ):
        with pytest.raises(Forbidden):
            await asked
    assert (await transfers.one(databases, OWNER, transfer.id, "import")).state == "waiting"


async def test_files_go_when_their_time_is_over_and_rows_later(
    databases: Databases, settings: Settings, send: Send, archive: Path
) -> None:
    transfer = await send(archive)
    stray = folders.of(settings, "01STRAY")
    stray.mkdir()
    os.utime(stray, (0, 0))
    await transfers.cancel(databases, OWNER, transfer.id, "import")
    with clock.frozen(clock.now_us() + 8 * clock.DAY_US):
        await rounds.tidy(databases, settings)
    assert (await transfers.one(databases, OWNER, transfer.id, "import")).file == ""
    assert (folders.of(settings, transfer.id).is_dir(), stray.exists()) == (True, False)
    assert list(folders.of(settings, transfer.id).iterdir()) == []
    later_us = clock.now_us() + 31 * clock.DAY_US
    assert await expire(databases.ttl, later_us) == 1
    with clock.frozen(later_us):
        await rounds.tidy(databases, settings)
    assert not folders.of(settings, transfer.id).exists()


@pytest.mark.usefixtures("app")
async def test_an_export_is_made_and_read_back_as_nothing_new(
    databases: Databases, settings: Settings, archive: Path, send: Send
) -> None:
    transfer = await until(databases, await send(archive), "looked_at")
    await transfers.run(databases, OWNER, transfer.id, "take")
    await until(databases, transfer, "done")
    made = await until(databases, await transfers.begin(databases, OWNER, "export"), "done")
    assert (made.counted["texts"], made.counted["pictures"], made.counted["left out"]) == (COUNT, COUNT, 1)
    whole, file = await transfers.downloaded(databases, OWNER, settings, made.id)
    assert whole.size_bytes == file.stat().st_size
    again = await until(databases, await send(file, whole.name), "looked_at")
    assert set(again.counted) == {"unchanged"}
    assert (await told(databases))[2:] == ["export.begun", "export.downloaded", "import.uploaded"]
    with clock.frozen(clock.now_us() + 2 * clock.DAY_US):
        await rounds.tidy(databases, settings)
    with pytest.raises(NotFound, match="kept for a day"):
        await transfers.downloaded(databases, OWNER, settings, made.id)


@pytest.mark.usefixtures("app")
async def test_an_export_for_which_the_store_is_away_leaves_no_file(
    databases: Databases, settings: Settings, archive: Path, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer = await until(databases, await send(archive), "looked_at")
    await transfers.run(databases, OWNER, transfer.id, "take")
    await until(databases, transfer, "done")
    away = settings.model_copy(update={"S3_ENDPOINT_URL": "http://127.0.0.1:9"})
    monkeypatch.setattr(rounds, "plain", lambda _: rounds_plain(away))
    failed = await until(databases, await transfers.begin(databases, OWNER, "export"), "failed")
    assert "object store" in failed.words
    assert [each.name for each in folders.of(settings, failed.id).iterdir()] == ["write.ndjson"]


rounds_plain = rounds.plain


@pytest.mark.usefixtures("app")
async def test_a_site_that_does_not_answer_is_no_copy(databases: Databases, author_id: str) -> None:
    assert author_id
    failed = await until(databases, await transfers.begin(databases, OWNER, "copy"), "failed")
    assert "the site does not answer" in failed.words


def test_a_report_is_bounded_and_a_line_that_was_cut_off_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MAX_BYTES", 2_000)
    monkeypatch.setattr(reports, "MAX_LINE_BYTES", 500)
    file = tmp_path / "look.ndjson"
    writer = reports.Writer(file)
    writer.write([reports.Entry(file="a", outcome="published", notes=("x" * 1_000,))])
    writer.write([reports.Entry(file=f"{number}", outcome="skipped") for number in range(200)])
    writer.close()
    assert file.stat().st_size <= 2_000
    with file.open("ab") as opened:
        opened.write(b'{"file":"cut')
    first, *rest = reports.page(file, "", 0).entries
    assert (first.reason, first.notes) == (reports.CUT, ())
    assert [each.file for each in rest] == [f"{number}" for number in range(len(rest))]
    assert reports.page(tmp_path / "none", "", 0).entries == []
    assert b"".join(reports.as_json(tmp_path / "none")) == b"[]\n"
