from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import httpx
import msgspec
import pytest
from msgspec.structs import replace
from sdc_core import clock, keys
from sdc_core.answers.images import Otherwise
from sdc_core.errors import Conflict, Forbidden, Invalid, NotFound
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.variants import FIRST_RECIPE, Manifest, StoredVariant
from sdc_web import audit, media
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.media import files, orders, removal, trash
from sdc_web.media.upload import accept, received

from signing_in import BROWSER, OWNER

PNG = b"\x89PNG\r\n\x1a\n" + bytes(300)
JPEG = b"\xff\xd8\xff\xe0" + bytes(300)
WEBP = StoredVariant(name="480.webp", width=480, height=320, format="webp", size_bytes=7)
AS_JPEG = StoredVariant(name="960.jpg", width=960, height=640, format="jpeg", size_bytes=9)
DRAWN = Manifest(recipe="r1", width=480, height=320, placeholder="", color="", variants=(WEBP,))
TAKEN = replace(DRAWN, width=960, height=640, variants=(AS_JPEG,))
SOMEBODY_ELSE = Actor(id="01K000000000000000000000EB", name="eve", role="author")


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


Replace = Callable[[str, bytes], Awaitable[files.Replacement]]


@pytest.fixture
def put(databases: Databases, object_store: ObjectStore, settings: Settings) -> Replace:
    """Sends a file that is to take the place of an asset's."""

    async def send(asset_id: str, body: bytes) -> files.Replacement:
        async with received(_chunks(body), settings) as file:
            new = await files.replace(databases.site, OWNER, object_store, settings, asset_id, file, "b.jpg")
        return msgspec.convert(new, files.Replacement)

    return send


@pytest.fixture
async def asset(databases: Databases, object_store: ObjectStore, settings: Settings, author_id: str) -> media.Asset:
    """A drawing that is ready."""
    made, _ = await accept(databases.site, OWNER, object_store, settings, "a.png", _chunks(PNG), "A cup")
    await media.ready(databases.site, made.id, DRAWN)
    return made


async def _chunks(body: bytes) -> AsyncGenerator[bytes]:
    yield body


async def find(databases: Databases, asset_id: str) -> media.Asset:
    async with databases.site.read() as connection:
        found = await media.find_anywhere(connection, asset_id)
    assert found is not None
    return found


async def in_trash(databases: Databases) -> list[media.Asset]:
    async with databases.site.read() as connection:
        return await trash.listed(connection, OWNER, 10)


async def test_the_present_file_stays_until_the_new_one_is_ready(
    databases: Databases, asset: media.Asset, put: Replace
) -> None:
    new = await put(asset.id, JPEG)
    waiting = await find(databases, asset.id)
    await media.ready(databases.site, new.file_id, TAKEN)
    taken = await find(databases, asset.id)
    assert (waiting.manifest, waiting.content_type) == (DRAWN, "image/png")
    assert (taken.manifest, taken.content_type, taken.kind) == (TAKEN, "image/jpeg", "photograph")
    assert (taken.id, taken.alt, taken.stored_id, taken.size_bytes) == (asset.id, "A cup", new.file_id, len(JPEG))


async def test_the_worker_is_asked_for_the_new_file_until_it_is_made(
    databases: Databases, asset: media.Asset, put: Replace
) -> None:
    new = await put(asset.id, JPEG)
    later_us = clock.now_us() + clock.DAY_US // 24
    async with databases.site.transaction() as connection:
        (due,) = await orders.due(connection, later_us)
        await orders.ordered(connection, due.stored_id, later_us)
        assert await orders.due(connection, later_us) == []
    assert due == media.File(stored_id=new.file_id, sha256=new.sha256)
    await media.ready(databases.site, new.file_id, TAKEN)
    async with databases.site.read() as connection:
        assert await orders.due(connection, later_us + clock.DAY_US) == []


async def test_a_repeated_word_of_the_worker_changes_nothing(
    databases: Databases, asset: media.Asset, put: Replace
) -> None:
    new = await put(asset.id, JPEG)
    await media.ready(databases.site, new.file_id, TAKEN)
    taken = await find(databases, asset.id)
    await media.ready(databases.site, new.file_id, TAKEN)
    await media.ready(databases.site, asset.id, DRAWN)
    await media.failed(databases.site, new.file_id, "too late")
    assert await find(databases, asset.id) == taken
    assert len(await in_trash(databases)) == 1


async def test_a_file_that_cannot_be_made_changes_nothing_and_is_tried_again(
    databases: Databases, asset: media.Asset, put: Replace
) -> None:
    before = await find(databases, asset.id)
    new = await put(asset.id, JPEG)
    await media.failed(databases.site, new.file_id, "It is damaged.")
    async with databases.site.read() as connection:
        waiting = await files.waiting_for(connection, asset.id)
    assert waiting is not None
    assert (waiting.state, waiting.reason) == ("failed", "It is damaged.")
    assert await find(databases, asset.id) == before
    again = await files.try_again(databases.site, OWNER, asset.id)
    assert again == media.File(stored_id=new.file_id, sha256=new.sha256)
    await media.ready(databases.site, new.file_id, TAKEN)
    assert (await find(databases, asset.id)).manifest == TAKEN


async def test_of_two_at_once_the_later_one_counts_and_the_other_is_cleared_away(
    databases: Databases, asset: media.Asset, put: Replace
) -> None:
    first = await put(asset.id, JPEG)
    second = await put(asset.id, JPEG + b"2")
    with pytest.raises(NotFound):
        await media.ready(databases.site, first.file_id, TAKEN)
    await media.ready(databases.site, second.file_id, TAKEN)
    assert (await find(databases, asset.id)).stored_id == second.file_id
    async with databases.site.read() as connection:
        assert [each.asset_id for each in await removal.removals(connection)] == [first.file_id]


async def test_the_former_file_is_in_the_trash_and_comes_back(
    databases: Databases, asset: media.Asset, put: Replace
) -> None:
    new = await put(asset.id, JPEG)
    await media.ready(databases.site, new.file_id, TAKEN)
    (former,) = await in_trash(databases)
    assert (former.file_name, former.stored_id, former.manifest) == ("a.png", asset.id, DRAWN)
    await files.undo(databases.site, OWNER, asset.id)
    back = await find(databases, asset.id)
    assert (back.manifest, back.stored_id, back.sha256, back.file_name) == (DRAWN, asset.id, asset.sha256, "a.png")
    (other,) = await in_trash(databases)
    assert (other.stored_id, other.manifest) == (new.file_id, TAKEN)
    await files.undo(databases.site, OWNER, asset.id)
    assert (await find(databases, asset.id)).manifest == TAKEN


async def test_the_former_file_may_become_a_picture_of_its_own(
    databases: Databases, asset: media.Asset, put: Replace
) -> None:
    await media.ready(databases.site, (await put(asset.id, JPEG)).file_id, TAKEN)
    (former,) = await in_trash(databases)
    await trash.bring_back(databases.site, OWNER, [former.id])
    with pytest.raises(NotFound):
        await files.undo(databases.site, OWNER, asset.id)
    assert (await find(databases, former.id)).trashed_at_us is None


async def test_a_file_that_the_library_has_is_refused(
    databases: Databases, object_store: ObjectStore, settings: Settings, asset: media.Asset, put: Replace
) -> None:
    with pytest.raises(Invalid, match="the very file that it has"):
        await put(asset.id, PNG)
    other, _ = await accept(databases.site, OWNER, object_store, settings, "other.jpg", _chunks(JPEG), "")
    with pytest.raises(Conflict, match=r"in the library already, as “other\.jpg”"):
        await put(asset.id, JPEG)
    await trash.put(databases.site, OWNER, [other.id])
    with pytest.raises(Conflict, match="in the trash already"):
        await put(asset.id, JPEG)


async def test_a_file_that_was_uploaded_meanwhile_is_not_taken_twice(
    databases: Databases, object_store: ObjectStore, settings: Settings, asset: media.Asset, put: Replace
) -> None:
    new = await put(asset.id, JPEG)
    await accept(databases.site, OWNER, object_store, settings, "other.jpg", _chunks(JPEG), "")
    await media.ready(databases.site, new.file_id, TAKEN)
    async with databases.site.read() as connection:
        waiting = await files.waiting_for(connection, asset.id)
    assert waiting is not None
    assert "uploaded meanwhile" in waiting.reason
    assert (await find(databases, asset.id)).manifest == DRAWN


async def test_giving_up_and_deleting_clear_the_waiting_file_away(
    databases: Databases, asset: media.Asset, put: Replace
) -> None:
    first = await put(asset.id, JPEG)
    assert await files.give_up(databases.site, OWNER, asset.id)
    assert not await files.give_up(databases.site, OWNER, asset.id)
    second = await put(asset.id, JPEG)
    await removal.remove(databases.site, OWNER, asset.id)
    async with databases.site.read() as connection:
        cleared = {each.asset_id for each in await removal.removals(connection)}
    assert cleared == {first.file_id, second.file_id, asset.id}


async def test_only_its_author_or_an_owner_changes_the_file(
    databases: Databases, object_store: ObjectStore, settings: Settings, asset: media.Asset
) -> None:
    for change in (files.give_up, files.try_again, files.undo):
        with pytest.raises(Forbidden, match="another author's"):
            await change(databases.site, SOMEBODY_ELSE, asset.id)
    async with received(_chunks(JPEG), settings) as file:
        with pytest.raises(Forbidden):
            await files.replace(databases.site, SOMEBODY_ELSE, object_store, settings, asset.id, file, "b.jpg")


async def test_a_failed_asset_is_tried_again_and_one_that_is_well_is_not(
    databases: Databases, object_store: ObjectStore, settings: Settings, author_id: str
) -> None:
    made, _ = await accept(databases.site, OWNER, object_store, settings, "a.png", _chunks(PNG), "")
    assert await files.try_again(databases.site, OWNER, made.id) is None
    await media.failed(databases.site, made.id, "It is damaged.")
    assert await files.try_again(databases.site, OWNER, made.id) == media.File(stored_id=made.id, sha256=made.sha256)
    again = await find(databases, made.id)
    assert (again.state, again.reason) == ("pending", "")


@pytest.mark.parametrize("meanwhile", ["uploaded as well", "deleted"])
async def test_a_file_that_comes_too_late_to_take_a_place_leaves_nothing_in_the_store(
    databases: Databases,
    object_store: ObjectStore,
    settings: Settings,
    asset: media.Asset,
    put: Replace,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: str,
) -> None:
    store_away = ObjectStore.put_file

    async def slowly(store: ObjectStore, bucket: str, key: str, path: Path, *, content_type: str) -> str:
        monkeypatch.setattr(ObjectStore, "put_file", store_away)
        if meanwhile == "deleted":
            await removal.remove(databases.site, OWNER, asset.id)
        else:
            await accept(databases.site, OWNER, object_store, settings, "b.jpg", _chunks(JPEG), "")
        return await store_away(store, bucket, key, path, content_type=content_type)

    monkeypatch.setattr(ObjectStore, "put_file", slowly)
    with pytest.raises((Conflict, NotFound)):
        await put(asset.id, JPEG)
    stored = [info.key async for info in object_store.list(settings.S3_MEDIA_BUCKET, keys.ORIGINALS)]
    assert len(stored) == (1 if meanwhile == "deleted" else 2)


async def test_a_picture_that_is_ready_is_made_anew_and_shown_meanwhile(
    databases: Databases, object_store: ObjectStore, settings: Settings, asset: media.Asset
) -> None:
    bucket = settings.S3_MEDIA_BUCKET
    await object_store.put(bucket, keys.manifest(asset.id), b"{}", content_type="application/json")
    with pytest.raises(Forbidden, match="another author's"):
        await files.make_anew(databases.site, SOMEBODY_ELSE, object_store, bucket, asset.id)
    assert await object_store.head(bucket, keys.manifest(asset.id))
    assert await files.make_anew(databases.site, OWNER, object_store, bucket, asset.id)
    assert await object_store.head(bucket, keys.manifest(asset.id)) is None
    assert (await find(databases, asset.id)).state == "ready"
    async with databases.site.read() as connection:
        (newest, *_) = await audit.page(connection, OWNER, audit.Filters(), 9)
    assert (newest.action, newest.subject_id) == ("media.made_anew", asset.id)


async def test_what_failed_is_tried_again_instead_and_what_is_being_made_is_left(
    databases: Databases, object_store: ObjectStore, settings: Settings, author_id: str
) -> None:
    made, _ = await accept(databases.site, OWNER, object_store, settings, "a.png", _chunks(PNG), "")
    bucket = settings.S3_MEDIA_BUCKET
    assert await files.make_anew(databases.site, OWNER, object_store, bucket, made.id) is None
    await media.failed(databases.site, made.id, "It is damaged.")
    assert await files.make_anew(databases.site, OWNER, object_store, bucket, made.id)
    assert (await find(databases, made.id)).state == "pending"


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("480.webp", "960.jpg"), ("960.jpg", "960.jpg"), ("99999999999.webp", "960.jpg"), ("x.y.z", "960.jpg")],
)
async def test_old_addresses_lead_to_what_is_shown_now(
    client: httpx.AsyncClient, databases: Databases, asset: media.Asset, put: Replace, asked: str, shown: str
) -> None:
    new = await put(asset.id, JPEG)
    await media.ready(databases.site, new.file_id, TAKEN)
    answer = await client.get(f"/media/{asset.id}/{asked}", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (302, f"/media/{new.file_id}/{shown}?r=r1")
    assert answer.headers["cache-control"] == "no-cache"


async def test_of_a_chain_of_files_each_address_leads_to_the_last(
    client: httpx.AsyncClient, databases: Databases, object_store: ObjectStore, settings: Settings,
    asset: media.Asset, put: Replace,
) -> None:  # fmt: skip
    second = await put(asset.id, JPEG)
    await media.ready(databases.site, second.file_id, TAKEN)
    third = await put(asset.id, JPEG + b"3")
    await media.ready(databases.site, third.file_id, TAKEN)
    for former in (asset.id, second.file_id):
        answer = await client.get(f"/media/{former}/960.jpg")
        assert answer.headers["location"] == f"/media/{third.file_id}/960.jpg?r=r1"
    key = keys.variant(third.file_id, "r1", "960.jpg")
    await object_store.put(settings.S3_MEDIA_BUCKET, key, b"the third", content_type="image/jpeg")
    assert (await client.get(f"/media/{third.file_id}/960.jpg?r=r1")).content == b"the third"


async def test_of_what_is_in_the_trash_readers_get_nothing(
    client: httpx.AsyncClient, databases: Databases, asset: media.Asset
) -> None:
    await trash.put(databases.site, OWNER, [asset.id])
    assert (await client.get(f"/media/{asset.id}/480.webp")).status_code == 404


async def test_a_first_size_is_shown_while_the_others_are_made_and_never_after_them(
    databases: Databases, object_store: ObjectStore, settings: Settings, author_id: str
) -> None:
    made, _ = await accept(databases.site, OWNER, object_store, settings, "b.jpg", _chunks(JPEG), "A cup")
    first = replace(TAKEN, recipe=FIRST_RECIPE)
    await media.ready(databases.site, made.id, first)
    shown = await find(databases, made.id)
    assert (shown.state, shown.manifest) == ("pending", first)
    for manifest in (TAKEN, first):
        await media.ready(databases.site, made.id, manifest)
    shown = await find(databases, made.id)
    assert (shown.state, shown.manifest) == ("ready", TAKEN)


async def test_a_first_size_of_another_file_takes_no_place(
    databases: Databases, asset: media.Asset, put: Replace
) -> None:
    second = await put(asset.id, JPEG)
    await media.ready(databases.site, second.file_id, replace(TAKEN, recipe=FIRST_RECIPE))
    assert (await find(databases, asset.id)).manifest == DRAWN


async def test_an_address_of_a_former_recipe_leads_to_what_is_nearest(
    client: httpx.AsyncClient, asset: media.Asset
) -> None:
    answer = await client.get(f"/media/{asset.id}/960.jpg?r=r0")
    assert (answer.status_code, answer.headers["location"]) == (302, f"/media/{asset.id}/480.webp?r=r1")
    assert (await client.get(f"/media/{asset.id}/960.jpg?r=r1")).status_code == 404


async def test_what_is_shown_otherwise_is_all_that_has_ended_and_is_not_of_the_recipe(
    databases: Databases,
    object_store: ObjectStore,
    settings: Settings,
    asset: media.Asset,
    put: Replace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed, waits = [
        (await accept(databases.site, OWNER, object_store, settings, "b.jpg", _chunks(JPEG + end), "A cup"))[0]
        for end in (b"failed", b"waits")
    ]
    await media.failed(databases.site, failed.id, "It is damaged.")
    await media.ready(databases.site, waits.id, replace(TAKEN, recipe=FIRST_RECIPE))
    taken = (await put(asset.id, JPEG)).file_id
    await media.ready(databases.site, taken, replace(TAKEN, recipe="r2"))
    async with databases.site.read() as connection:
        assert (await orders.otherwise(connection, "r1")).files == tuple(sorted((failed.id, taken)))
        assert (await orders.otherwise(connection, "r2")).files == tuple(sorted((asset.id, failed.id)))
        monkeypatch.setattr(orders, "MOST_NAMED", 1)
        assert await orders.otherwise(connection, "r2") == Otherwise(files=(asset.id,), more=True)


async def test_a_picture_whose_recipe_the_store_has_no_more_is_shown_by_the_one_that_it_has(
    client: httpx.AsyncClient, object_store: ObjectStore, settings: Settings, asset: media.Asset
) -> None:
    bucket = settings.S3_MEDIA_BUCKET
    later = replace(TAKEN, recipe="r2")
    for key, body in (
        (keys.manifest(asset.id), msgspec.json.encode(later)),
        (keys.variant(asset.id, "r2", "960.jpg"), b"by the r2"),
    ):
        await object_store.put(bucket, key, body, content_type="application/octet-stream")
    answer = await client.get(f"/media/{asset.id}/480.webp?r=r1", headers={"range": "bytes=0-3"})
    assert (answer.status_code, answer.content) == (200, b"by the r2")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/jpeg", "no-store")
    assert "etag" not in answer.headers


@pytest.mark.parametrize(
    "stored", [b"{", b"{}", msgspec.json.encode(DRAWN), msgspec.json.encode(replace(TAKEN, recipe="r2"))]
)
async def test_a_picture_of_which_the_store_has_nothing_at_all_is_unavailable(
    client: httpx.AsyncClient, object_store: ObjectStore, settings: Settings, asset: media.Asset, stored: bytes
) -> None:
    await object_store.put(settings.S3_MEDIA_BUCKET, keys.manifest(asset.id), stored, content_type="application/json")
    assert (await client.get(f"/media/{asset.id}/480.webp?r=r1")).status_code == 503
