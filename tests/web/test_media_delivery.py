"""Pictures that readers fetch from a public bucket or a CDN: `SDC_MEDIA_URL`."""

import re
from collections.abc import Awaitable, Callable

import httpx
import pytest
from pydantic import ValidationError
from sdc_core import keys
from sdc_core.settings import Settings
from sdc_web import media
from sdc_web.db import Databases
from sdc_web.posts import Post, ProjectFacts

from pictures import picture

Publish = Callable[..., Awaitable[Post]]
BUCKET = "https://pictures.example:8443/site/variants"
PAGE = "/posts/fog"
ADDRESS = re.compile(r"[^\s\"'<>,;&]*/[0-9A-HJKMNP-TV-Z]{26}/[^\s\"'<>,;&]*")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of a site whose pictures come from elsewhere."""
    return settings.model_copy(update={"MEDIA_URL": BUCKET})


@pytest.fixture
async def shown(databases: Databases, publish: Publish) -> list[str]:
    """The ids of a cover, a picture in the text and one of a gallery."""
    cover, inside, beside = [await picture(databases, alt) for alt in ("A fog", "A lamp", "A hill")]
    await publish("Fog", f"![](media:{inside})", cover_asset_id=cover)
    await publish("Hills", "Words.", kind="project", project=ProjectFacts(pictures=(beside,)))
    return [cover, inside, beside]


async def addresses(client: httpx.AsyncClient, path: str) -> set[str]:
    """Every address of a picture's file in an answer."""
    answer = await client.get(path)
    assert answer.status_code == 200
    return {each for each in ADDRESS.findall(answer.text) if "/share/" not in each}


@pytest.mark.parametrize("path", [PAGE, "/projects/hills", "/feed.xml", "/rss.xml", "/feed.json", "/sitemap.xml"])
async def test_readers_are_sent_to_the_bucket(client: httpx.AsyncClient, shown: list[str], path: str) -> None:
    found = await addresses(client, path)
    assert found
    assert {each.rpartition("/variants/")[0] + "/variants" for each in found} == {BUCKET}


async def test_an_address_in_the_bucket_is_the_key_of_the_object(client: httpx.AsyncClient, shown: list[str]) -> None:
    found = {each.removeprefix(BUCKET).removeprefix("/") for each in await addresses(client, PAGE)}
    expected = {
        keys.variant(each, "r1", f"{width}.{end}").removeprefix(keys.VARIANTS)
        for each in shown[:2]
        for width in (480, 960)
        for end in ("webp", "jpg")
    }
    assert found == expected


async def test_pictures_alone_may_come_from_there(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/")).headers["content-security-policy"]
    assert "img-src 'self' https://pictures.example:8443 data:;" in policy
    assert policy.count("pictures.example") == 1


async def test_a_draft_and_the_library_show_pictures_from_here(
    client: httpx.AsyncClient, databases: Databases, shown: list[str]
) -> None:
    async with databases.site.read() as connection:
        found = await media.by_ids(connection, set(shown))
    html = [media.picture.render(each, each.manifest) for each in found.values()]
    assert not any("pictures.example" in each for each in html)
    assert media.for_readers(found, "") is found


@pytest.mark.parametrize("address", ["https://a.example/x; script-src *", "//a.example", "https://a.example/x?y", "x"])
def test_an_address_that_would_change_the_policy_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="MEDIA_URL"):
        Settings(MEDIA_URL=address, _env_file=None)
