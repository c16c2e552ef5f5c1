import hashlib
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

import pytest
from sdc_core import keys
from sdc_core.errors import Invalid, NotFound, TooLarge, Unavailable
from sdc_core.objects import ObjectStore, local_endpoint, open_store
from sdc_core.settings import Settings
from sdc_core.variants import Manifest
from sdc_web import audit, media
from sdc_web.authors.rights import SYSTEM
from sdc_web.db import Databases
from sdc_web.media import formats, trash
from sdc_web.media.upload import MAX_BYTES, accept, forget_left_over

from signing_in import OWNER

PNG = b"\x89PNG\r\n\x1a\n" + b"not much of a picture" * 10_000
MANIFEST = Manifest(recipe="r1", width=10, height=5, placeholder="", color="#ffffff", variants=())


async def _chunks(parts: Iterable[bytes]) -> AsyncGenerator[bytes]:
    for part in parts:
        yield part


def _split(body: bytes, size: int = 30_000) -> AsyncGenerator[bytes]:
    return _chunks(body[at : at + size] for at in range(0, len(body), size))


@pytest.fixture
async def with_bucket(settings: Settings, fresh_bucket: Callable[[], Awaitable[str]]) -> Settings:
    return settings.model_copy(update={"S3_MEDIA_BUCKET": await fresh_bucket()})


async def test_an_original_is_stored_untouched_and_recorded(
    databases: Databases, object_store: ObjectStore, with_bucket: Settings
) -> None:
    asset, created = await accept(databases.site, SYSTEM, object_store, with_bucket, "a.jpg", _split(PNG), "A field")
    stored = await object_store.get(with_bucket.S3_MEDIA_BUCKET, keys.original(asset.id), max_bytes=len(PNG))
    assert created
    assert stored == PNG
    assert asset.sha256 == hashlib.sha256(PNG).hexdigest()
    assert (asset.content_type, asset.state, asset.alt, asset.size_bytes) == (
        "image/png",
        "pending",
        "A field",
        len(PNG),
    )


async def test_the_same_file_twice_is_the_same_asset(
    databases: Databases, object_store: ObjectStore, with_bucket: Settings
) -> None:
    first, _ = await accept(databases.site, SYSTEM, object_store, with_bucket, "a.png", _split(PNG), "")
    second, created = await accept(databases.site, SYSTEM, object_store, with_bucket, "b.png", _split(PNG, 7), "")
    assert not created
    assert second == first
    assert len([each async for each in object_store.list(with_bucket.S3_MEDIA_BUCKET)]) == 1


async def test_what_lies_in_the_trash_comes_back_with_its_file_and_that_is_told_once(
    databases: Databases, object_store: ObjectStore, with_bucket: Settings, author_id: str
) -> None:
    first, _ = await accept(databases.site, OWNER, object_store, with_bucket, "a.png", _split(PNG), "")
    await trash.put(databases.site, OWNER, [first.id])
    for _ in range(2):
        await accept(databases.site, OWNER, object_store, with_bucket, "b.png", _split(PNG), "")
    async with databases.site.read() as connection:
        told = [(each.action, each.words) for each in await audit.page(connection, OWNER, audit.Filters())]
    assert told[0] == ("media.restored", "a.png, uploaded again")
    assert [action for action, _ in told] == ["media.restored", "media.trashed", "media.uploaded"]


async def test_nothing_is_left_in_the_data_folder(
    databases: Databases, object_store: ObjectStore, with_bucket: Settings
) -> None:
    await accept(databases.site, SYSTEM, object_store, with_bucket, "a.png", _split(PNG), "")
    with pytest.raises(Invalid):
        await accept(databases.site, SYSTEM, object_store, with_bucket, "a.png", _split(b"text"), "")
    assert list((with_bucket.DATA_DIR / "uploads").iterdir()) == []


async def test_a_file_over_the_limit_is_refused_while_it_comes(
    databases: Databases, object_store: ObjectStore, with_bucket: Settings
) -> None:
    taken = 0

    async def endless() -> AsyncGenerator[bytes]:
        nonlocal taken
        while True:
            taken += 1024 * 1024
            yield PNG[:8] + bytes(1024 * 1024 - 8)

    with pytest.raises(TooLarge, match="52 MB"):
        await accept(databases.site, SYSTEM, object_store, with_bucket, "a.png", endless(), "")
    assert taken <= MAX_BYTES + 1024 * 1024


async def test_no_row_is_written_when_the_store_is_away(databases: Databases, settings: Settings) -> None:
    async with open_store(local_endpoint(settings)) as away:
        with pytest.raises(Unavailable):
            await accept(databases.site, SYSTEM, away, settings, "a.png", _split(PNG), "")
    async with databases.site.read() as connection:
        assert await media.newest(connection, SYSTEM) == []


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00mif1miaf", "image/avif"),
        (b"\x00\x00\x00\x20ftypmif1\x00\x00\x00\x00mif1avifmiaf", "image/avif"),
    ],
)
def test_the_type_is_told_from_the_bytes(head: bytes, content_type: str) -> None:
    assert formats.require_picture(head) == content_type


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"<html>",
        b"%PDF-1.7",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00mp41isom",
        b"\xff\xfb\x90",
        b"BM",
        b"\x00\x00\x00\x00ftyp",
    ],
)
def test_what_browsers_show_as_no_picture_is_refused(head: bytes) -> None:
    with pytest.raises(Invalid, match="JPEG, PNG, WebP, GIF or AVIF"):
        formats.require_picture(head)


@pytest.mark.parametrize("brands", [b"heic\x00\x00\x00\x00heicmif1", b"mif1\x00\x00\x00\x00mif1heic"])
def test_what_an_iphone_takes_is_called_by_its_name_with_what_to_do(brands: bytes) -> None:
    with pytest.raises(Invalid, match=r"HEIC.*Most Compatible"):
        formats.require_picture(b"\x00\x00\x00\x18ftyp" + brands)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\a b.jpg", "a b.jpg"),
        ("nul\x00\n\u202egpj.exe", "nulgpj.exe"),
        ("", "picture"),
        ("x" * 300 + ".jpg", "x" * 196 + ".jpg"),
    ],
)
async def test_a_file_name_is_a_name_and_nothing_more(
    databases: Databases, object_store: ObjectStore, with_bucket: Settings, sent: str, kept: str
) -> None:
    asset, _ = await accept(databases.site, SYSTEM, object_store, with_bucket, sent, _split(PNG), "")
    assert asset.file_name == kept


async def test_ready_and_failed_may_come_again_and_do_nothing(
    databases: Databases, object_store: ObjectStore, with_bucket: Settings
) -> None:
    asset, _ = await accept(databases.site, SYSTEM, object_store, with_bucket, "a.png", _split(PNG), "")
    await media.ready(databases.site, asset.id, MANIFEST)
    await media.ready(databases.site, asset.id, MANIFEST)
    await media.failed(databases.site, asset.id, "too late")
    async with databases.site.read() as connection:
        found = await media.find(connection, asset.id)
    assert found is not None
    assert (found.state, found.reason, found.manifest) == ("ready", "", MANIFEST)


async def test_a_failed_asset_says_why_and_may_become_ready_later(
    databases: Databases, object_store: ObjectStore, with_bucket: Settings
) -> None:
    asset, _ = await accept(databases.site, SYSTEM, object_store, with_bucket, "a.png", _split(PNG), "")
    await media.failed(databases.site, asset.id, "It is broken.")
    async with databases.site.read() as connection:
        found = await media.find(connection, asset.id)
    assert found is not None
    assert (found.state, found.reason) == ("failed", "It is broken.")
    await media.ready(databases.site, asset.id, MANIFEST)
    async with databases.site.read() as connection:
        found = await media.find(connection, asset.id)
    assert found is not None
    assert found.state == "ready"


async def test_news_of_an_unknown_asset_is_not_found(databases: Databases) -> None:
    with pytest.raises(NotFound):
        await media.ready(databases.site, "01NOTHING", MANIFEST)
    with pytest.raises(NotFound):
        await media.failed(databases.site, "01NOTHING", "x")
    with pytest.raises(NotFound):
        await media.set_alt(databases.site, OWNER, "01NOTHING", "x")


def test_what_a_killed_upload_left_is_deleted_and_a_running_one_is_not(settings: Settings) -> None:
    folder = settings.DATA_DIR / "uploads"
    folder.mkdir(parents=True)
    old, running, other = folder / "upload-old", folder / "upload-running", folder / "other"
    for file in (old, running, other):
        file.write_bytes(b"x")
    for file in (old, other):
        os.utime(file, (0, 0))
    assert forget_left_over(settings) == 1
    assert sorted(folder.iterdir()) == [other, running]
