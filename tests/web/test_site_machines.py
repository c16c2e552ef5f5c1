"""What a page tells machines: Open Graph, and linked data."""

import html
import re
from collections.abc import Awaitable, Callable

import httpx
import msgspec
from sdc_core.variants import Manifest, StoredVariant
from sdc_web import media
from sdc_web.db import Databases
from sdc_web.media import assets
from sdc_web.posts import Post

Publish = Callable[..., Awaitable[Post]]
SITE = "http://localhost:8000"


def told(page: str) -> dict[str, str]:
    """The Open Graph properties of a page."""
    return dict(re.findall(r'<meta property="([^"]+)" content="([^"]*)">', page))


def linked(page: str) -> dict[str, object]:
    """Its linked data."""
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return msgspec.json.decode(found[1], type=dict[str, object])


async def cover(databases: Databases) -> str:
    """The id of an asset with one variant."""
    asset = assets.new_asset("f" * 64, "fog.png", "image/png", 9, "Fog")
    variant = StoredVariant(name="960.jpg", format="jpeg", width=960, height=600, size_bytes=1)
    manifest = Manifest(recipe="r1", width=1600, height=1000, variants=(variant,), placeholder="", color="#ffffff")
    async with databases.site.transaction() as connection:
        await assets.insert(connection, asset)
    await media.ready(databases.site, asset.id, manifest)
    return asset.id


async def test_a_post_says_what_it_is_in_linked_data(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("A </script> & “fog”", slug="fog", summary="In short", tags=("fog", "light"))
    data = linked((await client.get("/posts/fog")).text)
    assert data["@context"] == "https://schema.org"
    assert data["@type"] == "BlogPosting"
    assert data["headline"] == "A </script> & “fog”"
    assert data["url"] == f"{SITE}/posts/fog"
    assert data["@id"] == data["url"]
    assert data["keywords"] == ["fog", "light"]
    assert data["author"] == {"@type": "Person", "name": "Ada Lovelace", "url": f"{SITE}/"}


async def test_without_a_cover_the_drawn_card_is_the_picture(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog")
    await publish("A lamp", kind="project")
    await publish("About", kind="page")
    for path in ("/posts/fog", "/projects/a-lamp", "/about"):
        page = (await client.get(path)).text
        drawn = told(page)["og:image"]
        assert drawn.startswith(f"{SITE}/share/")
        assert linked(page)["image"] == {"@type": "ImageObject", "url": drawn, "width": 1200, "height": 630}
        answer = await client.get(drawn.removeprefix(SITE))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert [int.from_bytes(answer.content[at : at + 4], "big") for at in (16, 20)] == [1200, 630]


async def test_a_text_that_is_at_home_elsewhere_is_that_one_in_all_that_machines_read(
    client: httpx.AsyncClient, publish: Publish
) -> None:
    home = "https://other.example/2019/fog?a=1&b=2"
    await publish("Fog", canonical_url=home)
    page = (await client.get("/posts/fog")).text
    assert (linked(page)["@id"], linked(page)["url"]) == (home, home)
    assert html.unescape(told(page)["og:url"]) == home
    assert f'<link rel="canonical" href="{html.escape(home)}">' in page


async def test_a_cover_is_the_picture_of_a_shared_link(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    asset_id = await cover(databases)
    await publish("Fog", cover_asset_id=asset_id)
    page = (await client.get("/posts/fog")).text
    address = f"{SITE}/media/{asset_id}/960.jpg?r=r1"
    assert told(page)["og:image"] == address
    assert (told(page)["og:image:width"], told(page)["og:image:alt"]) == ("960", "Fog")
    assert linked(page)["image"] == {"@type": "ImageObject", "url": address, "width": 960, "height": 600}


async def test_the_home_page_says_what_the_site_is(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Fog")
    assert linked((await client.get("/")).text) == {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": "A new site",
        "url": f"{SITE}/",
        "inLanguage": "en",
        "author": {"@type": "Person", "name": "Ada Lovelace", "url": f"{SITE}/"},
    }


async def test_a_page_is_no_article(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("About", kind="page")
    page = (await client.get("/about")).text
    assert told(page)["og:type"] == "website"
    assert linked(page)["@type"] == "WebPage"
    assert "article:published_time" not in told(page)


async def test_a_project_is_a_work_with_its_dates(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("A lamp", kind="project")
    page = (await client.get("/projects/a-lamp")).text
    assert linked(page)["@type"] == "CreativeWork"
    assert linked(page)["datePublished"] == told(page)["article:published_time"]
