"""The map of the site: every address once, with its last change and its pictures, in one file or in parts."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from xml.etree import ElementTree as ET

import httpx
import pytest
from sdc_core import clock
from sdc_core.variants import Manifest, StoredVariant
from sdc_web import media, posts
from sdc_web.db import Databases
from sdc_web.media import assets
from sdc_web.posts import Post
from sdc_web.site import sitemap
from sdc_web.site.routes import cacheable

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
SITE = "http://localhost:8000"


async def changes(client: httpx.AsyncClient, path: str = "/sitemap.xml") -> dict[str, str | None]:
    """Path to last change of every address of a map, or of an index of maps, with its last change."""
    root = ET.fromstring((await client.get(path)).content)
    pairs = [(str(each.findtext("{*}loc")), each.findtext("{*}lastmod")) for each in root]
    assert len(dict(pairs)) == len(pairs)
    return {address.removeprefix(SITE): changed for address, changed in pairs}


async def picture(databases: Databases, name: str) -> str:
    """The id of an asset with one variant."""
    asset = assets.new_asset(name.ljust(64, "f"), name, "image/png", 9, "A field")
    variant = StoredVariant(name="960.jpg", format="jpeg", width=960, height=600, size_bytes=1)
    manifest = Manifest(recipe="r1", width=960, height=600, variants=(variant,), placeholder="", color="#ffffff")
    async with databases.site.transaction() as connection:
        await assets.insert(connection, asset)
    await media.ready(databases.site, asset.id, manifest)
    return asset.id


async def test_every_address_has_the_moment_of_its_last_change(client: httpx.AsyncClient, publish: Publish) -> None:
    with clock.frozen(clock.DAY_US):
        await publish("Fog", tags=("a b", "fog"), series="On fog")
        await publish("A lamp", kind="project", tags=("fog",))
    with clock.frozen(2 * clock.DAY_US):
        await publish("Light", tags=("a b",))
        await publish("About", kind="page")
    with clock.frozen(3 * clock.DAY_US):
        await publish("Home", kind="page")
    first, second, third = (f"1970-01-0{day}T00:00:00Z" for day in (2, 3, 4))
    assert await changes(client) == {
        "/": third,
        "/posts": second,
        "/posts/light": second,
        "/posts/fog": first,
        "/projects": first,
        "/projects/a-lamp": first,
        "/about": second,
        "/series/on-fog": first,
        "/tags": second,
        "/tags/a%20b": second,
        "/tags/fog": first,
    }


async def test_what_is_withdrawn_is_on_no_map(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    post = await publish("Fog", tags=("fog",), series="On fog")
    await posts.unpublish(databases.site, OWNER, post.id)
    assert await changes(client) == {"/": None, "/posts": None}


async def test_a_post_names_its_pictures_once_each(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    above, inside = await picture(databases, "a"), await picture(databases, "b")
    text = f"![](media:{inside}) ![](media:{above}) ![](media:{inside}) ![](media:00000000000000000000000000)"
    await publish("Fog", text, cover_asset_id=above)
    root = ET.fromstring((await client.get("/sitemap.xml")).content)
    found = [str(each.text) for each in root.iterfind("{*}url/{*}image/{*}loc")]
    assert found == [f"{SITE}/media/{each}/960.jpg?r=r1" for each in (above, inside)]


async def test_a_large_site_has_a_map_in_parts_which_are_true_together(
    client: httpx.AsyncClient, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemap, "WHOLE", 2)
    for day in range(5):
        with clock.frozen((day + 1) * clock.DAY_US):
            await publish(f"Fog {day}", tags=("fog",))
    with clock.frozen(6 * clock.DAY_US):
        await publish("About", kind="page")
    index = await changes(client)
    day = "1970-01-0{}T00:00:00Z".format
    assert index == {
        "/sitemap-1.xml": day(7),
        "/sitemap-2.xml": day(3),
        "/sitemap-3.xml": day(5),
        "/sitemap-4.xml": day(6),
    }
    parts = [await changes(client, path) for path in index]
    assert [list(part) for part in parts] == [
        ["/", "/posts", "/tags", "/tags/fog", "/about"],
        ["/posts/fog-0", "/posts/fog-1"],
        ["/posts/fog-2", "/posts/fog-3"],
        ["/posts/fog-4"],
    ]
    assert (await client.get("/sitemap-5.xml")).status_code == HTTPStatus.NOT_FOUND


async def test_each_part_that_the_map_names_is_there(
    client: httpx.AsyncClient, publish: Publish, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemap, "WHOLE", 2)
    await publish("Elsewhere", canonical_url="https://other.example/a")
    hidden = await publish("Hidden")
    await posts.indexing.hide(databases.site, OWNER, hidden.id, hidden=True)
    for number in range(5):
        await publish(f"Fog {number}")
    parts = {path: list(await changes(client, path)) for path in await changes(client)}
    assert list(parts.values())[1:] == [
        ["/posts/fog-0", "/posts/fog-1"],
        ["/posts/fog-2", "/posts/fog-3"],
        ["/posts/fog-4"],
    ]


async def test_a_small_site_has_no_parts(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog")
    assert (await client.get("/sitemap-1.xml")).status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("path", ["/sitemap.xml", "/sitemap-2.xml"])
def test_the_page_cache_may_keep_a_map(path: str) -> None:
    assert cacheable(path)
