from collections.abc import Awaitable, Callable

import pytest
from sdc_core import clock
from sdc_core.sqlite import execute
from sdc_web import media, posts
from sdc_web.db import Databases
from sdc_web.media.uses import InUse, Use
from sdc_web.posts import Draft, Post, ProjectFacts, trash

import pictures
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]


async def uses(databases: Databases, asset_id: str) -> list[Use]:
    async with databases.site.read() as connection:
        return await media.uses.of(connection, asset_id)


async def test_a_published_text_uses_what_it_shows(databases: Databases, publish: Publish) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    post = await publish("Cups", f"![](media:{asset_id})", cover_asset_id=asset_id)
    (use,) = await uses(databases, asset_id)
    assert (use.post_id, use.title, use.on_site, use.in_draft) == (post.id, "Cups", True, True)
    assert set(use.places.split(",")) == {"text", "cover"}


async def test_a_picture_of_a_project_is_used(databases: Databases, publish: Publish) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    await publish("Cups", kind="project", project=ProjectFacts(pictures=(asset_id,)))
    (use,) = await uses(databases, asset_id)
    assert (use.kind, use.places) == ("project", "gallery")


@pytest.mark.parametrize(
    "body",
    [
        "[large](/media/ID/960.avif?r=3)",
        "![A cup](/media/ID/960.avif?r=3)",
        '<img src="/media/ID/r3/960.avif" alt="A cup">',
        "https://example.org/media/ID/960.avif and ![](media:ID), /media/ID/480.avif",
    ],
)
async def test_an_address_of_a_file_is_a_use(databases: Databases, publish: Publish, body: str) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    post = await publish("Cups", body.replace("ID", asset_id))
    assert [use.post_id for use in await uses(databases, asset_id)] == [post.id]
    with pytest.raises(InUse):
        await media.trash.put(databases.site, OWNER, [asset_id])


async def test_an_address_of_a_file_that_it_had_is_a_use(databases: Databases, publish: Publish) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    files = {"present": f"{'PRESENT':0<26}", "former": f"{'FORMER':0<26}", "asset": asset_id}
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE media_assets SET file_id = :present WHERE id = :asset", files)
        await execute(connection, "INSERT INTO former_media_files (file_id, asset_id) VALUES (:former, :asset)", files)
    for name in ("present", "former"):
        post = await publish(name, f"[large](/media/{files[name]}/960.avif)")
        assert post.id in [use.post_id for use in await uses(databases, asset_id)]


async def test_a_draft_uses_until_its_text_says_otherwise(databases: Databases, author_id: str) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="T", body=f"![](media:{asset_id})"), 1)
    (use,) = await uses(databases, asset_id)
    assert (use.on_site, use.in_draft) == (False, True)
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="T", body="No cup"), 2)
    assert await uses(databases, asset_id) == []


async def test_an_earlier_revision_goes_on_using(databases: Databases, publish: Publish, author_id: str) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    post = await publish("Cups", f"![](media:{asset_id})")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Cups", body="None"), 2)
    (still,) = await uses(databases, asset_id)
    await posts.publish(databases.site, OWNER, post.id)
    (use,) = await uses(databases, asset_id)
    assert (still.on_site, still.in_draft) == (True, False)
    assert (use.on_site, use.in_draft) == (False, False)


async def test_a_post_uses_its_pictures_until_it_is_deleted_for_good(databases: Databases, publish: Publish) -> None:
    asset_id = await pictures.picture(databases, "A cup")
    post = await publish("Cups", f"![](media:{asset_id})")
    await trash.put(databases.site, OWNER, post.id)
    (use,) = await uses(databases, asset_id)
    assert (use.on_site, use.trashed) == (False, True)
    with pytest.raises(InUse, match="“Cups” in the trash"):
        await media.trash.put(databases.site, OWNER, [asset_id])
    await trash.remove(databases.site, OWNER, post.id)
    assert await uses(databases, asset_id) == []


ID = "01ABCDEFGHJKMNPQRSTVWXYZ12"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"![a](media:{ID})", True),
        (f"media:{ID}", True),
        (f'"media:{ID}\\"', True),
        (f"\\media:{ID}\n\t\u2028", True),
        (f"media:media:{ID}", True),
        (f"media:{ID}9", True),
        (f"media: {ID}", False),
        (f"MEDIA:{ID}", False),
        (f"media:{ID[:25]}", False),
        (f"media:{ID.lower()}", False),
        ("media:" * 50, False),
        (f"{ID}", False),
    ],
)
async def test_an_id_is_read_out_of_any_text(databases: Databases, author_id: str, body: str, *, found: bool) -> None:
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="T", body=body), 1)
    assert bool(await uses(databases, ID)) is found


async def test_an_asset_that_comes_after_its_text_is_used(databases: Databases, publish: Publish) -> None:
    await publish("Cups", f"![](media:{ID})")
    async with databases.site.read() as connection:
        assert await media.uses.used(connection, [ID, clock.new_id()]) == {ID}
