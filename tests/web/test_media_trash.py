from collections.abc import Awaitable, Callable

import pytest
from sdc_core import clock
from sdc_core.sqlite import Connection
from sdc_web import media, posts
from sdc_web.db import Databases
from sdc_web.media import removal, trash
from sdc_web.media.uses import InUse
from sdc_web.posts import Draft, Post

import pictures
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]


async def there(databases: Databases, asset_id: str) -> bool:
    """Whether readers and the library have it."""
    async with databases.site.read() as connection:
        return await media.find(connection, asset_id) is not None


async def test_what_is_in_the_trash_is_gone_at_once_and_can_be_brought_back(databases: Databases) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    assert await trash.put(databases.site, OWNER, [asset_id, asset_id, "nothing"]) == trash.Put(moved=1, stay=[])
    assert not await there(databases, asset_id)
    assert await trash.bring_back(databases.site, OWNER, [asset_id, "nothing"]) == 1
    assert await there(databases, asset_id)


async def test_what_a_text_shows_stays_and_the_rest_goes(databases: Databases, publish: Publish) -> None:
    used, unused = await pictures.picture(databases, "Used"), await pictures.picture(databases, "Unused")
    await publish("Cups", f"![](media:{used})")
    assert await trash.put(databases.site, OWNER, [used, unused]) == trash.Put(moved=1, stay=["Used.png"])
    assert (await there(databases, used), await there(databases, unused)) == (True, False)
    with pytest.raises(InUse, match="Cups"):
        await trash.put(databases.site, OWNER, [used])


async def test_a_text_takes_out_of_the_trash_what_it_shows(databases: Databases, author_id: str) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    await trash.put(databases.site, OWNER, [asset_id])
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="T", body=f"![](media:{asset_id})"), 1)
    assert await there(databases, asset_id)


async def test_after_its_time_it_is_deleted_for_good_with_its_files(databases: Databases) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    await trash.put(databases.site, OWNER, [asset_id])
    now_us = clock.now_us()
    assert await removal.empty_trash(databases.site, now_us + trash.KEPT_US - clock.SECOND_US) == 0
    assert await removal.empty_trash(databases.site, now_us + trash.KEPT_US + clock.SECOND_US) == 1
    async with databases.site.read() as connection:
        assert await media.find_anywhere(connection, asset_id) is None
        assert [each.asset_id for each in await removal.removals(connection)] == [asset_id]


async def test_what_is_brought_back_while_the_trash_is_emptied_stays(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    await trash.put(databases.site, OWNER, [asset_id])
    look = trash.due

    async def slowly(connection: Connection, now_us: int) -> list[str]:
        found = await look(connection, now_us)
        await trash.bring_back(databases.site, OWNER, found)
        return found

    monkeypatch.setattr(trash, "due", slowly)
    assert await removal.empty_trash(databases.site, clock.now_us() + trash.KEPT_US + clock.SECOND_US) == 0
    assert await there(databases, asset_id)


async def test_only_what_is_in_the_trash_is_deleted_before_its_time(databases: Databases) -> None:
    kept, trashed = await pictures.picture(databases, "Kept"), await pictures.picture(databases, "Trashed")
    await trash.put(databases.site, OWNER, [trashed])
    assert await removal.remove_from_trash(databases.site, OWNER, [kept, trashed, "nothing"]) == 1
    assert await there(databases, kept)


async def test_the_report_names_what_no_revision_shows_and_is_old_enough(
    databases: Databases, publish: Publish, author_id: str
) -> None:
    published, earlier, drafted, unused = [await pictures.picture(databases, name) for name in "abcd"]
    post = await publish("One", f"![](media:{published}) ![](media:{earlier})")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="One", body=f"media:{published}"), 2)
    draft = await posts.create(databases.site, OWNER, "page")
    await posts.revisions.save(databases.site, OWNER, draft.id, Draft(cover_asset_id=drafted, title="D"), 1)
    now_us = clock.now_us()
    async with databases.site.read() as connection:
        assert [each.id for each in await trash.unused(connection, OWNER, now_us + 1, 100)] == [unused]
        assert await trash.unused_total(connection, OWNER, now_us + 1) == trash.Sum(assets=1, size_bytes=13)
        assert await trash.unused(connection, OWNER, now_us - clock.DAY_US, 100) == []
